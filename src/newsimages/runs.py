"""The runs of the paper, as data: which retriever, on which text, with which revision."""

from dataclasses import dataclass
from typing import Literal

from newsimages.errors import NewsImagesError, first_ten
from newsimages.protocols import TextField
from newsimages.revision import Method

ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One row of the paper's table of runs."""

    number: int
    """Its number in the paper."""
    variant: str
    """Its short name, in tags and columns."""
    official_name: str
    """The name under which it was handed in."""
    retriever: Literal["clip", "txv"]
    """What puts texts and images into one space."""
    text_field: TextField
    """What of an article is the query."""
    revision: Method
    """What is done to the similarities."""


RUNS = (
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
)


def choose_runs(variants: str) -> tuple[Run, ...]:
    """The runs of these variants, in the paper's order.

    Args:
        variants: Their names, separated by commas, or ``all``.

    Raises:
        NewsImagesError: No such variant, or none at all.
    """
    if variants == ALL:
        return RUNS
    wanted = [name.strip() for name in variants.split(",") if name.strip()]
    known = [run.variant for run in RUNS]
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise NewsImagesError(
            f"variants={variants!r}: got {first_ten(unknown) or 'none'}, expected {ALL} or some of "
            f"{first_ten(known)}, separated by commas."
        )
    return tuple(run for run in RUNS if run.variant in wanted)
