"""What components add in, a sentence on each and a table for a page out.

Tables are as `newsimages.runs.components` makes them.
"""

from collections.abc import Mapping

import pandas as pd

from newsimages.reports.tables import markdown


def components_markdown(table: pd.DataFrame, meanings: Mapping[str, str]) -> str:
    """A section per data set with a sentence on each of its components, and the table.

    Args:
        table: As `components_table`, of one or more data sets.
        meanings: What having a component means, by its name.
    """
    parts = []
    for name, own in table.groupby("data set", sort=False):
        first = own.iloc[0]
        parts.append(f"## {name}: from {first['none']:.3f} to {first['all']:.3f}")
        parts.append("\n".join(f"- {_sentence(row, meanings)}" for _, row in own.iterrows()))
    return "\n\n".join([*parts, markdown(readable_components(table))])


def components_line(table: pd.DataFrame) -> str:
    """In a line per data set, what adds most."""
    lines = []
    for name, own in table.groupby("data set", sort=False):
        ordered = own.sort_values("added", ascending=False, kind="stable")
        said = [f"{row['component']} {row['added']:+.3f}" for _, row in ordered.iterrows()]
        lines.append(
            f"- {name}: MRR {own['none'].iloc[0]:.3f} without any component, "
            f"{own['all'].iloc[0]:.3f} with all: {', '.join(said)}"
        )
    return "\n".join(lines)


def readable_components(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the interval in one column, and no more digits than mean something."""
    interval = [f"{row['low']:+.3f} to {row['high']:+.3f}" for _, row in table.iterrows()]
    signed = {name: [f"{v:+.3f}" for v in table[name]] for name in ("added", "alone", "last")}
    told = table.assign(**signed, low=interval).rename(columns={"low": "95 %"})
    return told[["data set", "component", "added", "95 %", "alone", "last"]]


def _sentence(row: "pd.Series[float]", meanings: Mapping[str, str]) -> str:
    name, added = str(row["component"]), float(row["added"])
    meaning = meanings[name]
    if not row[["added", "low", "high"]].any():
        return f"**{name}** changes nothing here ({meaning})."
    doubt = ", so it may be chance" if row["low"] <= 0 <= row["high"] else ""
    return (
        f"**{name}** {'adds' if added >= 0 else 'costs'} {abs(added):.3f} (95 % interval "
        f"{row['low']:+.3f} to {row['high']:+.3f}{doubt}): {meaning}. Without the others it comes "
        f"to {row['alone']:+.3f}, on top of all of them to {row['last']:+.3f}."
    )
