"""All runs, as data: the five of the paper, and those that go beyond it."""

from dataclasses import dataclass
from typing import Literal

from newsimages.errors import NewsImagesError, first_ten
from newsimages.protocols import TextField
from newsimages.revision import Method

ALL, PAPER = "all", "paper"
Source = tuple[Literal["clip", "txv"], TextField]
"""A retriever and the text that it is asked with."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One row of the table of runs."""

    number: int
    """Its number; those of the paper are 1 to 5."""
    variant: str
    """Its short name, in tags and columns."""
    official_name: str
    """The name under which it was, or would be, handed in."""
    retriever: Literal["clip", "txv", "mix"]
    """What puts texts and images into one space; mix: CLIP and T×V."""
    text_field: Literal["title", "text", "both"]
    """What of an article is the query."""
    revision: Method | Literal["chosen"]
    """What is done to the similarities; chosen: what wins on the validation part."""
    against: Literal["batch", "bank"] = "batch"
    """Whether the revision is over the test articles, or over the training headlines, so that each
    article is answered alone."""
    fusion: Literal["weights", "ranks"] | None = None
    """How several sources become one: a weighted sum, or reciprocal rank fusion."""
    family: Literal["paper", "beyond"] = "paper"
    """Whether the paper has it."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """The retrievers and texts that it combines; one for most runs."""
        retrievers = ("clip", "txv") if self.retriever == "mix" else (self.retriever,)
        fields = ("title", "text") if self.text_field == "both" else (self.text_field,)
        return tuple((retriever, field) for retriever in retrievers for field in fields)  # type: ignore[misc]


_ALONE: tuple[tuple[Literal["clip", "txv"], Literal["batch", "bank"]], ...] = (
    ("clip", "batch"),
    ("clip", "bank"),
    ("txv", "batch"),
    ("txv", "bank"),
)
_FUSED: tuple[Literal["weights", "ranks"], ...] = ("weights", "ranks")

RUNS: tuple[Run, ...] = (
    Run(
        number=1,
        variant="clip",
        official_name="iti_certh_clip_run_1",
        retriever="clip",
        text_field="title",
        revision="none",
    ),
    Run(
        number=2,
        variant="clip_ds",
        official_name="iti_certh_clip_ds_run_2",
        retriever="clip",
        text_field="title",
        revision="dual_softmax",
    ),
    Run(
        number=3,
        variant="txv",
        official_name="iti_certh_TxV_run_3",
        retriever="txv",
        text_field="title",
        revision="none",
    ),
    Run(
        number=4,
        variant="txv_ds",
        official_name="iti_certh_TxV_ds_run_4",
        retriever="txv",
        text_field="title",
        revision="dual_softmax",
    ),
    Run(
        number=5,
        variant="txv_text_ds",
        official_name="iti_certh_TxV_text_ds_run_5",
        retriever="txv",
        text_field="text",
        revision="dual_softmax",
    ),
    *(
        Run(
            number=number,
            variant=f"{retriever}_{against}",
            official_name=f"newsimages_{retriever}_{against}_run_{number}",
            retriever=retriever,
            text_field="title",
            revision="chosen",
            against=against,
            family="beyond",
        )
        for number, (retriever, against) in enumerate(_ALONE, start=6)
    ),
    *(
        Run(
            number=number,
            variant=f"mix_{fusion}",
            official_name=f"newsimages_mix_{fusion}_run_{number}",
            retriever="mix",
            text_field="both",
            revision="chosen",
            fusion=fusion,
            family="beyond",
        )
        for number, fusion in enumerate(_FUSED, start=10)
    ),
)


def choose_runs(variants: str) -> tuple[Run, ...]:
    """The runs of these variants, in the order of their numbers.

    Args:
        variants: Their names, separated by commas; ``paper`` for the five of the paper, ``all``.

    Raises:
        NewsImagesError: No such variant, or none at all.
    """
    if variants in (ALL, PAPER):
        return tuple(run for run in RUNS if variants == ALL or run.family == PAPER)
    wanted = [name.strip() for name in variants.split(",") if name.strip()]
    known = [run.variant for run in RUNS]
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise NewsImagesError(
            f"variants={variants!r}: got {first_ten(unknown) or 'none'}, expected {ALL}, {PAPER} "
            f"or some of {', '.join(known)}, separated by commas."
        )
    return tuple(run for run in RUNS if run.variant in wanted)
