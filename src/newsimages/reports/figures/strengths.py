"""Strengths of runs by what people preferred, each with its 95 % interval."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.ticker import MaxNLocator

from newsimages.reports.figures.canvas import (
    LINE,
    QUIET,
    TEXT,
    Drawing,
    canvas,
    note,
    plain,
    title,
)
from newsimages.reports.figures.variants import variant_styles

MOST = 40
"""Runs in a panel; of more, the strongest."""


def run_strengths(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    """Draws a panel per data set with a dot and its 95 % interval per run, the strongest on top.

    Args:
        tables: By data set, as from `newsimages.metrics.ratings.strengths_table`.
    """
    shown = {name: table.head(MOST) for name, table in tables.items()}
    data = pd.concat([table.assign(**{"data set": name}) for name, table in shown.items()])
    styles = variant_styles(list(dict.fromkeys(data["run"])))
    most = max(map(len, shown.values()))
    figure, panels = canvas(len(shown), columns=2, panel_height=0.9 + 0.36 * most)
    for panel in panels[1:]:
        panel.sharex(panels[0])
    for panel, (name, table) in zip(panels, shown.items(), strict=True):
        panel.axvline(0, color=QUIET, linewidth=0.8)
        rows = table[["run", "strength", "low", "high"]].itertuples(index=False, name=None)
        for at, (run, strength, low, high) in enumerate(rows):
            style = styles[run]
            panel.plot([low, high], [at, at], color=style.colour, linewidth=2.2)
            panel.plot(strength, at, marker=style.marker, color=style.colour, markersize=7)
            note(
                panel, f"{strength:+.2f}", (strength, at), offset=(0, 6), ha="center", fontsize=8.5
            )
        panel.set_yticks(range(len(table)), map(plain, table["run"]))
        panel.set_ylim(len(table) - 0.5, -0.7)
        panel.margins(x=0.1)
        panel.grid(axis="x", color=LINE, linewidth=0.8)
        panel.grid(axis="y", visible=False)
        panel.xaxis.set_major_locator(MaxNLocator(5))
        title(panel, name)
    figure.supxlabel(
        "Strength in log-odds (Bradley–Terry) with 95 % interval over articles",
        fontsize=10,
        color=TEXT,
    )
    return Drawing(figure, data)
