"""Recall@K = (1/N) Σ_i [rank_i ≤ K], over the N articles of the ground truth.

rank_i is the rank of article i's one right image, infinite where it is not listed.
"""

import numpy as np
from numpy.typing import NDArray


def recall_at(ranks: NDArray[np.float64], k: int) -> float:
    """Share of the (articles,) ranks that are at most ``k``."""
    return float(np.mean(ranks <= k))
