"""The results table: metrics of many runs in, one table out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.metrics.metrics import METRICS


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """The metrics of one run on one data set."""

    data_set: str
    run: int
    variant: str
    metrics: Mapping[str, float]  # `METRICS`, each from 0 to 1
    mrr_interval: tuple[float, float]  # bounds as from `mrr_interval`
    ranks: NDArray[np.float64]  # (articles,) as from `ranks_of_truth`


def results_table(
    measured: Sequence[Measured],
    published: Mapping[tuple[str, int], Mapping[str, float]] | None = None,
) -> pd.DataFrame:
    """One row per data set and run, or three where published figures stand beside ours.

    ``published`` holds the paper's by (data set, run); None where the corpus is another.

    Returns:
        Columns data set, run, variant, those of `METRICS` and MRR 95 %, ordered by data set and
        run; with ``published`` also figures: ours, paper, or the difference, ours minus paper.
    """
    rows = []
    for item in sorted(measured, key=lambda item: (item.data_set, item.run)):
        low, high = item.mrr_interval
        head = {"data set": item.data_set, "run": item.run, "variant": item.variant}
        ours = {name: float(item.metrics[name]) for name in METRICS}
        rows.append({**head, "figures": "ours", **ours, "MRR 95 %": f"{low:.3f}–{high:.3f}"})
        paper = (published or {}).get((item.data_set, item.run))
        if paper is not None:
            less = {name: ours[name] - figure for name, figure in paper.items()}
            rows.append({**head, "figures": "paper", **paper, "MRR 95 %": ""})
            rows.append({**head, "figures": "difference", **less, "MRR 95 %": ""})
    figures = ["figures"] if published else []
    columns = ["data set", "run", "variant", *figures, *METRICS, "MRR 95 %"]
    headings = {name: metric.heading for name, metric in METRICS.items()}
    return pd.DataFrame(rows, columns=columns).rename(columns=headings)


def markdown(table: pd.DataFrame) -> str:
    """The table as Markdown, figures with five digits, columns aligned for a terminal."""
    columns = []
    for name, values in table.items():
        cells = [f"{value:.5f}" if isinstance(value, float) else str(value) for value in values]
        width = max(map(len, [str(name), *cells]))
        columns.append([cell.ljust(width) for cell in (str(name), "-" * width, *cells)])
    return "\n".join(f"| {' | '.join(line)} |" for line in zip(*columns, strict=True))
