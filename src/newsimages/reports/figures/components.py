"""What each component adds to the MRR, a bar with its 95 % interval, a panel per data set."""

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
from newsimages.reports.figures.variants import OKABE_ITO

ADDS, COSTS = OKABE_ITO[0], OKABE_ITO[2]


def component_bars(table: pd.DataFrame) -> Drawing:
    """Draws a panel per data set with a bar per component.

    Args:
        table: As `newsimages.runs.components.components_table`, of one or more data sets.
    """
    names = list(dict.fromkeys(table["component"]))
    sets = list(dict.fromkeys(table["data set"]))
    figure, panels = canvas(len(sets), columns=3, panel_height=1.1 + 0.36 * len(names))
    for panel in panels[1:]:
        panel.sharex(panels[0])
    for place, (panel, data_set) in enumerate(zip(panels, sets, strict=True)):
        own = table[table["data set"] == data_set]
        for _, row in own.iterrows():
            at, added = names.index(row["component"]), float(row["added"])
            colour = ADDS if added >= 0 else COSTS
            panel.barh(at, added, height=0.55, color=colour)
            panel.plot([row["low"], row["high"]], [at, at], color=TEXT, linewidth=1.4)
            above = max(added, float(row["high"]), 0.0)
            note(panel, f"{added:+.3f}", (above, at), offset=(4, 0), va="center", fontsize=8.5)
        panel.axvline(0, color=QUIET, linewidth=0.8)
        panel.set_yticks(range(len(names)), map(plain, names) if place % 3 == 0 else [])
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.margins(x=0.3)
        panel.grid(axis="x", color=LINE, linewidth=0.8)
        panel.grid(axis="y", visible=False)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        first = own.iloc[0]
        title(panel, f"{data_set}: {first['none']:.3f} → {first['all']:.3f}")
    figure.supxlabel(
        "added MRR (Shapley value) with 95 % interval (bootstrap over articles)",
        fontsize=10,
        color=TEXT,
    )
    return Drawing(figure, table)
