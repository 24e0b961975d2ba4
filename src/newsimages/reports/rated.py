"""What people have rated, in words: tables of `newsimages.metrics.ratings` in, Markdown out."""

import math

import pandas as pd

from newsimages.metrics.comparison import CONFIDENCE
from newsimages.reports.tables import markdown

MOST = 20
"""Pairs of runs that are told of; a survey has hundreds."""


def rated_sentences(pairs: pd.DataFrame) -> list[str]:
    """A sentence on every two runs, of a table of `newsimages.metrics.ratings.pairs_table`."""
    said = [_sentence(row) for _, row in pairs.head(MOST).iterrows()]
    n_more = len(pairs) - len(said)
    return [*said, f"{n_more:,} more pairs stand in pairs.csv."] if n_more else said


def rated_markdown(means: pd.DataFrame, strengths: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """The tables of a data set as people read them; those without rows are left out."""
    readable = [
        of(table)
        for of, table in ((_means, means), (_strengths, strengths), (_pairs, pairs))
        if len(table)
    ]
    return "\n\n".join(map(markdown, readable))


def _sentence(row: "pd.Series[float]") -> str:
    differs = row["p corrected"] < 1 - CONFIDENCE
    how = "is preferred to" if differs else "is not told apart from"
    said = (
        f"{row['run']} {how} {row['against']}: with a probability of {row['preferred']:.2f} "
        f"(interval {row['preferred low']:.2f} to {row['preferred high']:.2f}, p = "
        f"{row['p corrected']:.4f}) on {row['articles']:,} articles; {row['won']:,} won, "
        f"{row['equal']:,} equal, {row['lost']:,} lost, {row['neither']:,} neither fits"
    )
    if math.isnan(row["rating difference"]):
        return f"{said}."
    return (
        f"{said}; rating difference {row['rating difference']:+.2f} (interval {row['low']:+.2f} to "
        f"{row['high']:+.2f}, p = {row['p rating corrected']:.4f})."
    )


def _means(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "run": table["run"],
            "articles": table["articles"],
            "ratings": table["ratings"],
            "mean rating": [f"{mean:.3f}" for mean in table["mean"]],
            "95 %": _interval(table, "low", "high", ".2f"),
        }
    )


def _strengths(table: pd.DataFrame) -> pd.DataFrame:
    readable = {
        "run": table["run"],
        "strength": [f"{strength:+.3f}" for strength in table["strength"]],
        "95 %": _interval(table, "low", "high", "+.2f"),
    }
    if table["group"].nunique() > 1:  # which no comparisons connect
        readable["group"] = table["group"]
    return pd.DataFrame(readable)


def _pairs(table: pd.DataFrame) -> pd.DataFrame:
    counted = ["run", "against", "articles", "won", "equal", "lost", "neither"]
    table = table.head(MOST)
    return table[counted].assign(
        **{
            "preferred": [f"{share:.2f}" for share in table["preferred"]],
            "95 %": _interval(table, "preferred low", "preferred high", ".2f"),
            "p corrected": [f"{p:.4f}" for p in table["p corrected"]],
            "rating difference": [_or_dash(by, "+.2f") for by in table["rating difference"]],
            "95 % of it": _interval(table, "low", "high", "+.2f"),
            "its p corrected": [_or_dash(p, ".4f") for p in table["p rating corrected"]],
        }
    )


def _interval(table: pd.DataFrame, low: str, high: str, spec: str) -> list[str]:
    bounds = zip(table[low], table[high], strict=True)
    return [f"{_or_dash(one, spec)} to {_or_dash(other, spec)}" for one, other in bounds]


def _or_dash(value: float, spec: str) -> str:
    return "–" if math.isnan(value) else format(value, spec)
