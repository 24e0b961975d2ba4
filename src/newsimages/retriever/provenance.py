"""What a registered retriever was made of, for its card and its tags."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The run and the data behind a retriever."""

    variant: str
    """The run whose choice it goes by."""
    corpus: str
    backbone: str
    """openCLIP's name of the model."""
    pretrained: str
    """The tag of its weights."""
    precision: str
    """In which its texts are encoded."""
    gallery: str
    """Whose images it ranks, as the parameter said."""
    gallery_size: int
    bank_sets: tuple[str, ...]
    """The data sets whose training articles are the query bank."""
    bank_size: int
    """Articles in the query bank."""
    validation_articles: int
    """Articles that its weights and revision were chosen on."""
