"""All runs, as data: the five of the paper, and those that go beyond it."""

from dataclasses import dataclass
from typing import Literal

from newsimages.errors import NewsImagesError, first_ten
from newsimages.protocols.parts import TextField
from newsimages.ranking.revision import Method

ALL, PAPER = "all", "paper"
Single = Literal["clip", "txv", "multilingual"]
"""multilingual: as clip, with a multilingual backbone that is asked with the original text."""
Against = Literal["batch", "bank"]
Retriever = Literal[Single, "mix", "languages", "all"]
Source = tuple[Single, TextField]
"""A retriever and the text that it is asked with."""
COMBINED: dict[Retriever, tuple[Single, ...]] = {
    "mix": ("clip", "txv"),
    "languages": ("clip", "multilingual"),
    "all": ("clip", "txv", "multilingual"),
}
"""Retrievers that are several."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One row of the table of runs."""

    number: int
    """Its number; those of the paper are 1 to 5."""
    variant: str
    """Its short name, in tags and columns."""
    official_name: str
    """The name under which it was, or would be, handed in."""
    retriever: Retriever
    """What puts texts and images into one space, or a combination of such."""
    text_field: Literal["title", "text", "both"]
    """What of an article is the query."""
    revision: Method | Literal["chosen"]
    """What is done to the similarities; chosen: what wins on the validation part."""
    against: Against = "batch"
    """Whether the revision is over the test articles, or over the training headlines, so that each
    article is answered alone."""
    fusion: Literal["weights", "ranks"] | None = None
    """How several sources become one: a weighted sum, or reciprocal rank fusion."""
    family: Literal["paper", "beyond"] = "paper"
    """Whether the paper has it."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """The retrievers and texts that it combines; one for most runs."""
        retrievers = COMBINED.get(self.retriever, (self.retriever,))
        fields = ("title", "text") if self.text_field == "both" else (self.text_field,)
        return tuple((retriever, field) for retriever in retrievers for field in fields)  # type: ignore[misc]

    def asks(self, retriever: Single) -> bool:
        """Whether it is among its sources."""
        return any(name == retriever for name, _ in self.sources)


def _beyond(
    number: int,
    retriever: Retriever,
    how: Literal["batch", "bank", "weights", "ranks"],
    *,
    text_field: Literal["title", "both"] = "title",
) -> Run:
    return Run(
        number=number,
        variant=f"{retriever}_{how}",
        official_name=f"newsimages_{retriever}_{how}_run_{number}",
        retriever=retriever,
        text_field=text_field,
        revision="chosen",
        against="bank" if how == "bank" else "batch",
        fusion=how if how in ("weights", "ranks") else None,
        family="beyond",
    )


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
    _beyond(6, "clip", "batch"),
    _beyond(7, "clip", "bank"),
    _beyond(8, "txv", "batch"),
    _beyond(9, "txv", "bank"),
    _beyond(10, "mix", "weights", text_field="both"),
    _beyond(11, "mix", "ranks", text_field="both"),
    _beyond(12, "multilingual", "batch"),
    _beyond(13, "multilingual", "bank"),
    _beyond(14, "languages", "weights"),
    _beyond(15, "all", "weights", text_field="both"),
)


def choose_runs(variants: str) -> tuple[Run, ...]:
    """The runs of these variants, in the order of their numbers.

    Args:
        variants: Their names, separated by commas; ``paper`` stands for the paper's five, ``all``
            for all.

    Raises:
        NewsImagesError: No such variant, or none at all.
    """
    wanted = {name.strip() for name in variants.split(",") if name.strip()}
    known = [run.variant for run in RUNS]
    unknown = sorted(wanted - {ALL, PAPER, *known})
    if unknown or not wanted:
        raise NewsImagesError(
            f"variants={variants!r}: got {first_ten(unknown) or 'none'}, expected {ALL}, {PAPER} "
            f"or some of {', '.join(known)}, separated by commas."
        )
    return tuple(run for run in RUNS if wanted & {ALL, run.family, run.variant})
