"""MRR of all variants on all data sets, each with its 95 % interval."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from newsimages.metrics.reciprocal_rank import mean_reciprocal_rank, mrr_interval
from newsimages.reports.figures.canvas import LINE, TEXT, Drawing, canvas, note, plain, title
from newsimages.reports.figures.variants import variant_styles


def mrr_intervals(ranks: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> Drawing:
    """Draws a panel per data set with a dot and its 95 % interval per variant.

    Args:
        ranks: By data set and variant, (articles,) as from `ranks_of_truth`.
    """
    rows = [
        (name, variant, len(one), mean_reciprocal_rank(one), *mrr_interval(one))
        for name, variants in ranks.items()
        for variant, one in variants.items()
    ]
    data = pd.DataFrame(rows, columns=["data set", "variant", "articles", "mrr", "low", "high"])
    names = list(dict.fromkeys(data["variant"]))
    styles = variant_styles(names)
    figure, panels = canvas(len(ranks), columns=3, panel_height=0.9 + 0.36 * len(names))
    for panel in panels[1:]:
        panel.sharex(panels[0])
    for place, (panel, name) in enumerate(zip(panels, ranks, strict=True)):
        own = data[data["data set"] == name]
        for _, variant, _, mrr, low, high in own.itertuples(index=False):
            style, at = styles[variant], names.index(variant)
            panel.plot([low, high], [at, at], color=style.colour, linewidth=2.2)
            panel.plot(mrr, at, marker=style.marker, color=style.colour, markersize=7)
            note(panel, f"{mrr:.3f}", (mrr, at), offset=(0, 6), ha="center", fontsize=8.5)
        is_first = place % 3 == 0
        panel.set_yticks(range(len(names)), map(plain, names) if is_first else [])
        panel.set_ylim(len(names) - 0.5, -0.7)
        panel.margins(x=0.1)
        panel.grid(axis="x", color=LINE, linewidth=0.8)
        panel.grid(axis="y", visible=False)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        title(panel, f"{name} ({own['articles'].max():,} articles)")
    figure.supxlabel("MRR with 95 % interval (bootstrap over articles)", fontsize=10, color=TEXT)
    return Drawing(figure, data)
