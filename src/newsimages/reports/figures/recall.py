"""Recall@K over K: how many articles have their right image among the first K."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter
from numpy.typing import NDArray

from newsimages.metrics.recall import recall_at
from newsimages.metrics.reciprocal_rank import DEPTH
from newsimages.reports.figures.canvas import TEXT, Drawing, canvas, plain, title
from newsimages.reports.figures.variants import variant_styles

TICKS = (1, 2, 5, 10, 20, 50, 100)


def recall_curves(ranks: Mapping[str, NDArray[np.float64]], *, name: str) -> Drawing:
    """Draws the variants of a data set, by (articles,) ranks as from `ranks_of_truth`.

    Returns:
        The figure, and the columns variant, k (1 to 100), recall (0 to 1).
    """
    cuts = range(1, DEPTH + 1)
    curves = {
        variant: np.array([recall_at(one, k) for k in cuts]) for variant, one in ranks.items()
    }
    table = pd.DataFrame(curves, index=pd.Index(cuts, name="k"))
    data = table.melt(var_name="variant", value_name="recall", ignore_index=False).reset_index()
    figure, (panel,) = canvas(1, columns=1, panel_height=4.6)
    styles = variant_styles(curves)
    lowest, highest = data["recall"].min(), data["recall"].max()
    bottom = np.floor(lowest * 10) / 10
    top = np.ceil(highest * 10) / 10 if highest > bottom else bottom + 0.1
    for variant in sorted(curves, key=lambda one: -curves[one].mean()):  # the legend's order
        style = styles[variant]
        panel.plot(
            cuts,
            curves[variant],
            color=style.colour,
            linestyle=style.dash,
            marker=style.marker,
            markevery=[k - 1 for k in TICKS],
            markersize=5.5,
            linewidth=1.8,
            clip_on=False,
            label=plain(variant),
        )
    panel.legend(frameon=False, fontsize=10, loc="lower right", labelcolor=TEXT, handlelength=3.2)
    panel.set_xscale("log")
    panel.set_xlim(1, cuts[-1])
    panel.set_ylim(bottom, top)
    panel.xaxis.set_major_locator(FixedLocator(list(TICKS)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter("{x:.0f}")
    panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    panel.set_xlabel("K, images looked at")
    panel.set_ylabel("Recall@K, articles whose right image is among them")
    title(panel, f"{name}: Recall@K")
    return Drawing(figure, data[["variant", "k", "recall"]])
