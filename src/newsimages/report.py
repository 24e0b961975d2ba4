"""Figures of many runs in one table, as people read it."""

from collections.abc import Mapping

import pandas as pd

METRICS = ("recall_at_5", "recall_at_10", "recall_at_50", "recall_at_100", "mrr")
_HEADINGS = {**{name: f"R@{name.rsplit('_', 1)[-1]}" for name in METRICS[:-1]}, "mrr": "MRR"}


def results_table(figures: Mapping[tuple[str, int, str], Mapping[str, float]]) -> pd.DataFrame:
    """One row per test set and run.

    Args:
        figures: The five metrics by (test set, run number, variant).

    Returns:
        Columns data set, run, variant, R@5, R@10, R@50, R@100, MRR; ordered by test set and run.
    """
    rows = [
        {"data set": name, "run": number, "variant": variant, **metrics}
        for (name, number, variant), metrics in figures.items()
    ]
    table = pd.DataFrame(rows, columns=["data set", "run", "variant", *METRICS])
    return table.sort_values(["data set", "run"], ignore_index=True).rename(columns=_HEADINGS)


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
