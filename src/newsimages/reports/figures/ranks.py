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
    """Draws a panel per variant of a data set, all to one scale.

    Args:
        ranks: By variant, (articles,) as from `newsimages.metrics.metrics.ranks_of_truth`.
        name: Name of the data set.

    Returns:
        The figure, and the columns variant, rank (the bin), articles, share.
    """
    styles = variant_styles(ranks)
    counts = {
        variant: np.bincount(np.searchsorted(LAST, one), minlength=len(BINS))
        for variant, one in ranks.items()
    }
    figure, panels = canvas(max(1, len(counts)), columns=2, panel_height=2.5)
    shares = {variant: count / max(1, count.sum()) for variant, count in counts.items()}
    highest = max((float(share.max()) for share in shares.values()), default=1)
    for panel, (variant, share) in zip(panels, shares.items(), strict=False):
        bars = panel.bar(BINS, share, color=styles[variant].colour, width=0.82)
        panel.bar_label(
            bars, [f"{100 * one:.0f}" for one in share], fontsize=9, color=TEXT, padding=2
        )
        panel.set_ylim(0, 1.15 * highest)
        panel.tick_params(axis="x", labelsize=8.5, length=0)
        panel.set_yticks([])  # the bars say their height
        panel.spines["left"].set_visible(False)
        title(panel, variant)
    figure.suptitle(plain(f"{name}: where the right image stands"), fontsize=12, color=TEXT)
    figure.supxlabel("Rank of the right image", fontsize=10, color=TEXT)
    figure.supylabel("Articles (%)", fontsize=10, color=TEXT)
    rows = [
        (variant, label, int(n), float(share))
        for variant in counts
        for label, n, share in zip(BINS, counts[variant], shares[variant], strict=True)
    ]
    return Drawing(figure, pd.DataFrame(rows, columns=["variant", "rank", "articles", "share"]))
