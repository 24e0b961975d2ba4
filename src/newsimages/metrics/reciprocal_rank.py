"""MRR = (1/N) Σ_i [rank_i ≤ 100] / rank_i, over the N articles of the ground truth.

rank_i is the rank of article i's one right image, infinite where it is not listed.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

DEPTH = 100  # the official length of a list
_CELLS = 2_000_000  # of a batch of resamples: 16 MB


def reciprocal_ranks(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """(articles,) 1/rank, and 0 beyond rank 100."""
    return np.where(ranks <= DEPTH, 1 / ranks, 0.0)


def mean_reciprocal_rank(ranks: NDArray[np.float64]) -> float:
    """Mean of `reciprocal_ranks`."""
    return float(reciprocal_ranks(ranks).mean())


def mrr_interval(ranks: NDArray[np.float64]) -> tuple[float, float]:
    """95 % bounds of the MRR of other such articles: a percentile bootstrap (Efron 1979).

    Args:
        ranks: (articles,) as from `newsimages.metrics.metrics.ranks_of_truth`.

    Returns:
        The lower and the upper bound; both the MRR itself where there is one article.
    """
    values = reciprocal_ranks(ranks)
    if len(values) == 1:  # of which scipy makes no interval
        return float(values[0]), float(values[0])
    low, high = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=2000,
        batch=max(1, _CELLS // len(values)),
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(low), float(high)
