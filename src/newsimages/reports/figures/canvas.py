"""The size and style of all charts, and the `Drawing` that each function returns.

Figures are made without pyplot, so nothing global is touched and several threads may draw.
"""

from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 8.0  # inches; at 800 pixels a point of type is about a pixel and a half
DPI = 150
TEXT = "#1b1b19"
QUIET = "#5f5f59"
LINE = "#dcdcd8"


class Drawing(NamedTuple):
    """A figure and the table behind it."""

    figure: Figure
    data: pd.DataFrame


def canvas(n_panels: int, *, columns: int, panel_height: float) -> tuple[Figure, list[Axes]]:
    """A figure with panels in house style, ``columns`` side by side at most; height in inches."""
    columns = min(columns, n_panels)
    n_rows = -(-n_panels // columns)
    figure = Figure(figsize=(WIDTH, n_rows * panel_height), dpi=DPI, layout="constrained")
    panels = [figure.add_subplot(n_rows, columns, place + 1) for place in range(n_panels)]
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.spines[["left", "bottom"]].set_color(QUIET)
        panel.tick_params(colors=QUIET, labelcolor=TEXT, labelsize=9.5, length=3)
        panel.xaxis.label.set(color=TEXT, fontsize=10)
        panel.yaxis.label.set(color=TEXT, fontsize=10)
        panel.grid(axis="y", color=LINE, linewidth=0.8)
        panel.set_axisbelow(True)
    return figure, panels


def title(panel: Axes, text: str) -> None:
    """A heading above a panel, at its left edge; ``$`` stays a dollar."""
    panel.set_title(plain(text), loc="left", fontsize=11, fontweight="bold", color=TEXT)


def plain(text: str) -> str:
    """A name as matplotlib shows it literally: no mathematics between dollars."""
    return text.replace("$", r"\$")


def note(panel: Axes, text: str, at: Any, *, offset: tuple[float, float], **options: Any) -> None:
    """Words at ``offset`` points from a place in the panel; ``options`` as of ``annotate``."""
    panel.annotate(text, at, xytext=offset, textcoords="offset points", color=TEXT, **options)
