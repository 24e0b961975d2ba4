"""The results table: metrics of many runs in, one table out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.metrics.metrics import METRICS

_HEADINGS = {name: metric.heading for name, metric in METRICS.items()}
_KEYS = ["data set", "run", "variant"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """The metrics of one run on one data set."""

    data_set: str
    run: int
    """The run's number."""
    variant: str
    metrics: Mapping[str, float]
    """`METRICS`, each from 0 to 1."""
    mrr_interval: tuple[float, float]
    """Bounds of the MRR, as `newsimages.metrics.reciprocal_rank.mrr_interval`."""
    ranks: NDArray[np.float64]
    """(articles,) as from `newsimages.metrics.metrics.ranks_of_truth`."""


def results_table(
    measured: Sequence[Measured],
    published: Mapping[tuple[str, int], Mapping[str, float]] | None = None,
) -> pd.DataFrame:
    """One row per data set and run, or three where published figures stand beside ours.

    Args:
        measured: In any order.
        published: The paper's figures by (data set, run); None where the corpus is another.

    Returns:
        Columns data set, run, variant, R@5, R@10, R@50, R@100, MRR, MRR 95 % (``low–high``);
        ordered by data set and run. With ``published``, the column ``figures`` says which are
        ``ours``, the ``paper``'s and the ``difference``, ours minus the paper's.
    """
    rows = []
    for item in sorted(measured, key=lambda item: (item.data_set, item.run)):
        low, high = item.mrr_interval
        head = dict(zip(_KEYS, (item.data_set, item.run, item.variant), strict=True))
        ours = {name: float(item.metrics[name]) for name in METRICS}
        rows.append({**head, "figures": "ours", **ours, "MRR 95 %": f"{low:.3f}–{high:.3f}"})
        paper = (published or {}).get((item.data_set, item.run))
        if paper is not None:
            less = {name: ours[name] - figure for name, figure in paper.items()}
            rows.append({**head, "figures": "paper", **paper, "MRR 95 %": ""})
            rows.append({**head, "figures": "difference", **less, "MRR 95 %": ""})
    columns = [*_KEYS, *(["figures"] if published else []), *METRICS, "MRR 95 %"]
    return pd.DataFrame(rows, columns=columns).rename(columns=_HEADINGS)


def markdown(table: pd.DataFrame) -> str:
    """The table as Markdown, figures with five digits, columns aligned for a terminal."""
    cells = [
        [f"{value:.5f}" if isinstance(value, float) else str(value) for value in row]
        for row in table.itertuples(index=False)
    ]
    widths = [
        max(len(name), *(len(row[column]) for row in cells)) if cells else len(name)
        for column, name in enumerate(table.columns)
    ]
    lines = [list(table.columns), ["-" * width for width in widths], *cells]
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )
