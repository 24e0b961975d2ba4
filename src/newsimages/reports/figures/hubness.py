"""Hubness: whether a few images stand in far too many top tens, before and after dual softmax.

An image's k-occurrence is the number of articles that have it among their first k images; the more
skewed it is over the gallery, the more a few images fill the top tens (Radovanović, Nanopoulos and
Ivanović, "Hubs in space", JMLR 11, 2010, equation 1).
"""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from newsimages.errors import NewsImagesError
from newsimages.reports.figures.canvas import TEXT, Drawing, canvas, plain, title
from newsimages.reports.figures.variants import revised_pairs, variant_styles

TOP = 10


def occurrences(ranking: pd.DataFrame, image_ids: Collection[str]) -> NDArray[np.int64]:
    """(images,) numbers of top tens in which each image of the gallery stands."""
    counts = ranking.loc[ranking["rank"] <= TOP, "image_id"].value_counts()
    return np.asarray(counts.reindex(list(image_ids), fill_value=0), np.int64)


def skewness(counts: NDArray[np.int64]) -> float:
    """E[(N − μ)³] / σ³; 0 where all are equal."""
    return float(stats.skew(counts)) if np.ptp(counts) else 0.0


def hubness(
    rankings: Mapping[str, pd.DataFrame], image_ids: Collection[str], *, name: str
) -> Drawing:
    """Draws a panel per retriever: without dual softmax and, where there is such a variant, with.

    Args:
        rankings: By variant, a table with the columns rank (from 1), image_id.
        image_ids: The gallery.
        name: Of the data set.

    Returns:
        The figure, and the columns variant, skewness, most (top tens of one image), from, to (the
        bin: numbers of top tens), images.

    Raises:
        NewsImagesError: The gallery is empty.
    """
    if len(image_ids) == 0:
        raise NewsImagesError(f"{name}: the gallery is empty, so it has no hubs.")
    counts = {variant: occurrences(one, image_ids) for variant, one in rankings.items()}
    skewed = {variant: skewness(one) for variant, one in counts.items()}
    most = max((int(one.max()) for one in counts.values()), default=0)
    edges = np.append(0, 2 ** np.arange(max(2, most.bit_length() + 1)))  # 0, 1, 2, 4, … > most
    bins = list(zip(edges[:-1].tolist(), (edges[1:] - 1).tolist(), strict=True))
    labels = [f"{low}" if low == high else f"{low}–{high}" for low, high in bins]
    binned = {variant: np.histogram(one, edges)[0] for variant, one in counts.items()}
    pairs = dict(revised_pairs(rankings))
    alone = [one for one in rankings if one not in pairs.values()]
    groups = [[one, pairs[one]] if one in pairs else [one] for one in alone]
    styles = variant_styles(rankings)
    figure, panels = canvas(max(1, len(groups)), columns=2, panel_height=3.1)
    highest = max((int(one.max()) for one in binned.values()), default=1)
    for panel, group in zip(panels, groups, strict=False):
        width = 0.84 / len(group)
        for place, variant in enumerate(group):
            offsets = np.arange(len(labels)) + (place - (len(group) - 1) / 2) * width
            panel.bar(
                offsets,
                binned[variant],
                width=width,
                color=styles[variant].colour,
                hatch="////" if place else None,
                edgecolor="white",
                linewidth=0.4,
                label=plain(f"{variant}: skewness {skewed[variant]:.2f}"),
            )
        panel.set_yscale("log")
        panel.set_ylim(0.7, 6 * highest)  # room for the legend
        panel.yaxis.set_major_formatter("{x:,.0f}")
        panel.set_xticks(range(len(labels)), labels)
        panel.tick_params(axis="x", labelsize=8.5)
        panel.legend(frameon=False, fontsize=9, loc="upper right", labelcolor=TEXT)
        title(panel, group[0])
    figure.suptitle(plain(f"{name}: how often an image stands in a top ten"), fontsize=12)
    figure.supxlabel("Top tens in which an image stands", fontsize=10, color=TEXT)
    figure.supylabel("Images (number, logarithmic)", fontsize=10, color=TEXT)
    rows = [
        (variant, skewed[variant], int(counts[variant].max()), low, high, n)
        for variant, one in binned.items()
        for (low, high), n in zip(bins, one.tolist(), strict=True)
    ]
    columns = ["variant", "skewness", "most", "from", "to", "images"]
    return Drawing(figure, pd.DataFrame(rows, columns=columns))
