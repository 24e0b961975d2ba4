"""How true stated probabilities are: a reliability diagram per kind of statement."""

import pandas as pd
from matplotlib.axes import Axes

from newsimages.metrics.calibration import calibration_error, reliability
from newsimages.reports.figures.canvas import LINE, QUIET, Drawing, canvas, note, title

STATEMENTS = {
    "confidence": ("is_right", "The first picture is the right one"),
    "none_fits": ("is_lost", "The right picture is not here"),
}
"""Of each column of probabilities: the column of what came of it, and the words."""
COLOUR = "#2f6db3"


def reliability_diagram(asked: pd.DataFrame, *, name: str) -> Drawing:
    """Draws what was stated against what was observed, in tenths.

    Args:
        asked: As `newsimages.runs.certainty.half_lost` gives it: a row per article.
        name: Of the data set.
    """
    figure, panels = canvas(len(STATEMENTS), columns=2, panel_height=3.6)
    tables = []
    for panel, (column, (outcome, words)) in zip(panels, STATEMENTS.items(), strict=True):
        stated, observed = asked[column].to_numpy(), asked[outcome].to_numpy(bool)
        table = reliability(stated, observed)
        tables.append(table.assign(statement=column))
        error = calibration_error(stated, observed)
        title(panel, f"{words}\n{name}, calibration error {error:.3f}")
        _draw(panel, table)
    panels[0].set_ylabel("share that was so")
    figure.supxlabel(
        f"probability as stated ({len(asked):,} articles, half of whose right pictures are gone)",
        fontsize=10,
    )
    return Drawing(figure, pd.concat(tables, ignore_index=True))


def _draw(panel: Axes, table: pd.DataFrame) -> None:
    """Dots with their numbers of articles, and the diagonal on which all is true."""
    panel.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle="--")
    panel.plot(table["stated"], table["observed"], color=COLOUR, marker="o", markersize=6)
    for n, stated, observed in table[["n", "stated", "observed"]].itertuples(index=False):
        note(panel, f"{n}", (stated, observed), offset=(0, 7), ha="center", fontsize=8.5)
    panel.set_xlim(-0.03, 1.03)
    panel.set_ylim(-0.03, 1.1)
    panel.grid(axis="x", color=LINE, linewidth=0.8)
