"""The metrics of rankings, and the ranks of right images that they are computed from.

As MediaEval NewsImages defines them: one relevant image per article; an article without a list
counts as a miss; ranks beyond 100 count nothing. The divisor is the number of articles in the
ground truth. The official evaluator of 2021 divides by that of distinct images in it, which are as
many in its data; where articles share images they are fewer, and its figures greater than ours.
A new metric is a file beside this one and a line of `METRICS`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError, first_ten
from newsimages.metrics.recall import recall_at
from newsimages.metrics.reciprocal_rank import mean_reciprocal_rank

CUTS = (5, 10, 50, 100)


class Metric(NamedTuple):
    """A metric of a ranking."""

    heading: str  # its column in tables
    of: Callable[[NDArray[np.float64]], float]  # (articles,) ranks to a figure from 0 to 1


METRICS: Mapping[str, Metric] = {
    **{f"recall_at_{k}": Metric(f"R@{k}", partial(recall_at, k=k)) for k in CUTS},
    "mrr": Metric("MRR", mean_reciprocal_rank),
}
"""By the name under which they are logged, in the order of tables."""


def ranks_of_truth(ranking: pd.DataFrame, truth: Mapping[str, str]) -> NDArray[np.float64]:
    """(articles,) ranks of the right images, in the truth's order; infinity where not listed.

    Args:
        ranking: Columns article_id, image_id, rank (from 1).
        truth: The right image of each article.

    Raises:
        NewsImagesError: No ground truth, an article lists an image twice, or a rank below 1.
    """
    if not truth:
        raise NewsImagesError("No article has a known right image: there is nothing to measure.")
    twice = ranking.duplicated(["article_id", "image_id"])
    if twice.any():
        raise NewsImagesError(
            "Articles that list an image twice: "
            f"{first_ten(ranking.loc[twice, 'article_id'].unique())}."
        )
    if (ranking["rank"] < 1).any():
        raise NewsImagesError(f"The smallest rank is {ranking['rank'].min()}; ranks begin at 1.")
    right = ranking["image_id"] == ranking["article_id"].map(truth)
    rank_of = ranking.loc[right].set_index("article_id")["rank"]
    return rank_of.reindex(list(truth)).fillna(np.inf).to_numpy(np.float64)


def ranks_in_lists(
    article_ids: NDArray[np.str_], image_ids: NDArray[np.str_], truth: Mapping[str, str]
) -> NDArray[np.float64]:
    """As `ranks_of_truth`, but of lists in an array: many times as fast.

    Args:
        article_ids: (C,) unique.
        image_ids: (C, k) each article's images, best first, none twice in a row.
        truth: The right image of each article; at least one.
    """
    right = np.array([truth.get(article_id, "") for article_id in article_ids.tolist()])
    hits = (image_ids == right[:, None]) & (right != "")[:, None]  # (C, k)
    found = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1.0, np.inf)
    rank_of = dict(zip(article_ids.tolist(), found.tolist(), strict=True))
    return np.array([rank_of.get(article_id, np.inf) for article_id in truth])


def figures_of(ranks: NDArray[np.float64]) -> dict[str, float]:
    """All `METRICS` of (articles,) ranks, by name."""
    return {name: metric.of(ranks) for name, metric in METRICS.items()}
