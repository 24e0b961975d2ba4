"""MRR = (1/N) Σ_i [rank_i ≤ 100] / rank_i, over the N articles of the ground truth.

rank_i is the rank of article i's one right image, infinite where it is not listed.
"""

import numpy as np
from numpy.typing import NDArray

from newsimages.metrics.bootstrap import mean_interval

DEPTH = 100  # the official length of a list


def reciprocal_ranks(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """(articles,) 1/rank, and 0 beyond rank 100."""
    return np.where(ranks <= DEPTH, 1 / ranks, 0.0)


def mean_reciprocal_rank(ranks: NDArray[np.float64]) -> float:
    """Mean of `reciprocal_ranks`."""
    return float(reciprocal_ranks(ranks).mean())


def mrr_interval(ranks: NDArray[np.float64], *, seed: int = 0) -> tuple[float, float]:
    """95 % bounds of the MRR of other such articles: a percentile bootstrap (Efron 1979).

    Of (articles,) ranks as from `ranks_of_truth`; both are the MRR itself where one article is all.
    """
    low, high = mean_interval(reciprocal_ranks(ranks), seed=seed)
    return float(low), float(high)
