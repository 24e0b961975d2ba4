"""How good rankings are: Recall@5, @10, @50, @100 and mean reciprocal rank.

The official definition of MediaEval NewsImages: one relevant image per article; the divisor is
the number of articles in the ground truth, so an article without a list counts as a miss; ranks
beyond 100 count nothing.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError, first_ten

CUTS = (5, 10, 50, 100)


def ranks_of_truth(ranking: pd.DataFrame, truth: Mapping[str, str]) -> NDArray[np.float64]:
    """The rank at which each article's right image stands.

    Args:
        ranking: Columns article_id, image_id, rank (from 1).
        truth: The right image of each article.

    Returns:
        (articles of the truth,) in the truth's order; infinity where the image is not listed.

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
    """As `ranks_of_truth`, of lists as an array: many times as fast.

    Args:
        article_ids: (C,) unique.
        image_ids: (C, k) each article's images, best first, none twice in a row.
        truth: The right image of each article; at least one.

    Returns:
        (articles of the truth,) in the truth's order; infinity where the image is not listed.
    """
    right = np.array([truth.get(article_id, "") for article_id in article_ids.tolist()])
    hits = (image_ids == right[:, None]) & (right != "")[:, None]  # (C, k)
    found = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1.0, np.inf)
    rank_of = dict(zip(article_ids.tolist(), found.tolist(), strict=True))
    return np.array([rank_of.get(article_id, np.inf) for article_id in truth])


def recall_at(ranks: NDArray[np.float64], k: int) -> float:
    """Share of articles whose right image is among the first ``k``: mean of [rank ≤ k]."""
    return float(np.mean(ranks <= k))


def reciprocal_ranks(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """(articles,) 1/rank, and 0 beyond rank 100."""
    return np.where(ranks <= CUTS[-1], 1 / ranks, 0.0)


def mrr_interval(
    ranks: NDArray[np.float64], *, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Between which bounds the MRR of other such articles would lie.

    The percentile bootstrap (Efron 1979): articles are drawn anew with replacement.

    Args:
        ranks: (articles,) as from `ranks_of_truth`.
        confidence: Share of the resamples that the interval holds.
        resamples: How many are drawn.
        seed: Of the drawing.

    Returns:
        The lower and the upper bound; both the MRR itself where there is one article.
    """
    values = reciprocal_ranks(ranks)
    generator = np.random.default_rng(seed)
    means = np.array(
        [generator.choice(values, len(values)).mean() for _ in range(resamples)]
    )  # one by one, so that memory does not grow with resamples × articles
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def measure(ranking: pd.DataFrame, truth: Mapping[str, str]) -> dict[str, float]:
    """All figures of a ranking: recall_at_5, recall_at_10, recall_at_50, recall_at_100, mrr.

    Raises:
        NewsImagesError: As `ranks_of_truth`.
    """
    return figures_of(ranks_of_truth(ranking, truth))


def figures_of(ranks: NDArray[np.float64]) -> dict[str, float]:
    """As `measure`, of (articles,) ranks."""
    recalls = {f"recall_at_{k}": recall_at(ranks, k) for k in CUTS}
    return {**recalls, "mrr": float(reciprocal_ranks(ranks).mean())}
