"""Recall@K by hand."""

import numpy as np

from newsimages.metrics.recall import recall_at


def test_ranks_up_to_k_count() -> None:
    ranks = np.array([1, 5, 6, np.inf])
    assert [recall_at(ranks, k) for k in (1, 5, 6, 100)] == [0.25, 0.5, 0.75, 0.75]
