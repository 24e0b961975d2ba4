"""Which runs stand for an evaluation in its headline: chosen before any test article is seen."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from newsimages.runs.choice import Chooser
from newsimages.runs.paper import published
from newsimages.runs.table import Run

Role: TypeAlias = Literal["paper", "champion"]


def leading(chooser: Chooser, runs: Sequence[Run]) -> dict[Role, Run]:
    """The best of the paper's runs, and of the fused ones that answer one article alone.

    Best is the greatest MRR on the validation part. Without one, it is the greatest mean MRR that
    the paper has published.

    Args:
        chooser: What the runs go by.
        runs: Those that were measured.

    Returns:
        ``paper`` and ``champion`` (as what the model that is registered as fused answers), where
        there are such runs.
    """
    paper = [run for run in runs if run.family == "paper"]
    fused = [run for run in runs if run.fuses_alone]
    found: dict[Role, Run] = {}
    if paper:
        measure = chooser.mrr_of if chooser.can_measure else published_mrr
        found["paper"] = max(paper, key=measure)
    if fused:
        found["champion"] = max(fused, key=chooser.mrr_of)
    return found


def published_mrr(run: Run) -> float:
    """The MRR that the paper has published for one of its runs, its mean over the test sets."""
    own = [figures["mrr"] for (_, n), figures in published("official").items() if n == run.number]
    return sum(own) / len(own)
