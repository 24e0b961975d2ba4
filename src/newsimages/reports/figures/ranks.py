"""Ranks of the right images: how many articles have theirs at which rank."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.reports.figures.canvas import TEXT, Drawing, canvas, plain, title
from newsimages.reports.figures.variants import variant_styles

LAST = (1, 2, 5, 10, 20, 50, 100)  # last rank of each bin but the last
BINS = ("1", "2", "3–5", "6–10", "11–20", "21–50", "51–100", ">100")


def rank_histogram(ranks: Mapping[str, NDArray[np.float64]], *, name: str) -> Drawing:
    """Draws a panel per variant of a data set, by (articles,) ranks as from `ranks_of_truth`.

    Returns:
        The figure, and the columns variant, rank (the bin), articles, share.
    """
    styles = variant_styles(ranks)
    counts = {
        variant: np.bincount(np.searchsorted(LAST, one), minlength=len(BINS))
        for variant, one in ranks.items()
    }
    figure, panels = canvas(len(counts), columns=2, panel_height=2.5)
    shares = {variant: count / count.sum() for variant, count in counts.items()}
    highest = max(share.max() for share in shares.values())
    for panel, (variant, share) in zip(panels, shares.items(), strict=True):
        bars = panel.bar(BINS, share, color=styles[variant].colour, width=0.82)
        shown = [f"{100 * one:.0f}" for one in share]
        panel.bar_label(bars, shown, fontsize=9, color=TEXT, padding=2)
        panel.set_ylim(0, 1.15 * highest)
        panel.tick_params(axis="x", labelsize=8.5, length=0)
        panel.set_yticks([])  # the bars say their height
        panel.spines["left"].set_visible(False)
        title(panel, variant)
    figure.suptitle(plain(f"{name}: where the right image stands"), fontsize=12, color=TEXT)
    figure.supxlabel("Rank of the right image", fontsize=10, color=TEXT)
    figure.supylabel("Articles (%)", fontsize=10, color=TEXT)
    table = pd.DataFrame(counts, index=pd.Index(BINS, name="rank"))
    data = table.melt(var_name="variant", value_name="articles", ignore_index=False).reset_index()
    data["share"] = np.concatenate(list(shares.values()))
    return Drawing(figure, data[["variant", "rank", "articles", "share"]])
