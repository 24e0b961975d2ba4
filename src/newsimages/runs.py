"""The runs of the paper, as data: which retriever, on which text, with which revision."""

from dataclasses import dataclass
from typing import Literal

from newsimages.revision import Method


@dataclass(frozen=True, kw_only=True)
class Run:
    """One row of the paper's table of runs."""

    number: int
    """Its number in the paper."""
    variant: str
    """Its short name, in tags and columns."""
    official_name: str
    """The name under which it was handed in."""
    retriever: Literal["clip"]
    """What puts texts and images into one space."""
    text_field: Literal["title"]
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
)
