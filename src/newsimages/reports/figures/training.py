"""How a T×V training went: loss, recalls, score and learning rate, epoch by epoch."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter

from newsimages.errors import NewsImagesError
from newsimages.reports.figures.canvas import QUIET, TEXT, Drawing, canvas, note, plain, title

COLUMNS = ("epoch", "loss", "learning_rate", "score")
DIRECTIONS = {"text_to_image": ("text to image", "-"), "image_to_text": ("image to text", "--")}
CUTS = {1: ("#0072B2", "o"), 5: ("#D55E00", "s"), 10: ("#009E73", "^")}


def training_curves(epochs: pd.DataFrame, *, name: str = "T×V") -> Drawing:
    """Draws a training; the epoch with the greatest score, which is kept, is marked.

    Args:
        epochs: A row per epoch with the columns `COLUMNS`, epoch from 1, and any of
            ``text_to_image_recall_at_1``, 5, 10 and ``image_to_text_…`` (0 to 1).
        name: Of the training.

    Returns:
        The figure, and those columns.

    Raises:
        NewsImagesError: No epoch, or columns that are missing.
    """
    missing = [column for column in COLUMNS if column not in epochs]
    if missing or epochs.empty:
        raise NewsImagesError(
            f"{len(epochs)} epochs without the columns {missing}: expected at least one epoch with "
            f"{', '.join(COLUMNS)}."
        )
    figure, (loss, score, recalls, rate) = canvas(4, columns=2, panel_height=3.1)
    best = int(epochs["epoch"].iloc[int(epochs["score"].to_numpy().argmax())])
    for panel, column, heading in (
        (loss, "loss", "Training loss (mean per pair)"),
        (score, "score", "Validation score (sum of recalls, 0–6)"),
        (rate, "learning_rate", "Learning rate"),
    ):
        panel.plot(epochs["epoch"], epochs[column], "o-", color=TEXT, lw=1.6, ms=3.5)
        title(panel, heading)
    rate.set_yscale("log")
    rate.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    rate.yaxis.set_major_formatter("{x:.0e}")
    rate.yaxis.set_minor_locator(NullLocator())
    named = _draw_recalls(recalls, epochs)
    for panel in (loss, score, recalls, rate):
        panel.axvline(best, color=QUIET, linewidth=1, linestyle=":")
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
        panel.set_xlabel("Epoch")
    is_late = best > epochs["epoch"].mean()
    side, offset = ("right", (-5, 0)) if is_late else ("left", (5, 0))
    kept, place = f"kept: epoch {best}, {epochs['score'].max():.3f}", ("data", "axes fraction")
    note(score, kept, (best, 0.05), offset=offset, xycoords=place, ha=side, fontsize=9)
    figure.suptitle(plain(f"{name}: training"), fontsize=12, color=TEXT)
    return Drawing(figure, epochs[[*COLUMNS, *named]].copy())


def _draw_recalls(panel: Axes, epochs: pd.DataFrame) -> list[str]:
    """Draws the recalls that ``epochs`` has. Returns: their columns."""
    named = []
    for direction, (words, dash) in DIRECTIONS.items():
        for cut, (colour, marker) in CUTS.items():
            column = f"{direction}_recall_at_{cut}"
            if column not in epochs:
                continue
            named.append(column)
            x, y, label = epochs["epoch"], epochs[column], f"R@{cut} {words}"
            panel.plot(x, y, marker + dash, color=colour, lw=1.4, ms=3.5, label=label)
    panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    title(panel, "Validation recalls (% of queries)")
    if named:
        below = panel.legend(
            frameon=False, fontsize=8.5, labelcolor=TEXT, ncols=2, loc="upper center"
        )
        below.set_bbox_to_anchor((0.5, -0.22))
    return named
