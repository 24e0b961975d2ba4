"""Reciprocal ranks by hand, and the interval of their mean against the normal one."""

import numpy as np
import pytest

from newsimages.metrics.reciprocal_rank import (
    mean_reciprocal_rank,
    mrr_interval,
    reciprocal_ranks,
)


def test_reciprocal_ranks_end_at_100() -> None:
    ranks = np.array([1, 4, 100, 101, np.inf])
    assert reciprocal_ranks(ranks).tolist() == [1, 0.25, 0.01, 0, 0]
    assert mean_reciprocal_rank(ranks) == pytest.approx(1.26 / 5)


def test_interval_holds_the_mean_and_narrows_with_more_articles() -> None:
    ranks = np.random.default_rng(0).integers(1, 200, 200).astype(np.float64)
    low, high = mrr_interval(ranks)
    assert low < reciprocal_ranks(ranks).mean() < high
    many_low, many_high = mrr_interval(np.tile(ranks, 16))
    assert many_high - many_low == pytest.approx((high - low) / 4, rel=0.15)
    assert mrr_interval(ranks) == (low, high)


def test_interval_agrees_with_the_normal_one_where_articles_are_many() -> None:
    ranks = np.random.default_rng(1).integers(1, 20, 2000).astype(np.float64)
    values = reciprocal_ranks(ranks)
    half = 1.96 * values.std() / len(values) ** 0.5
    assert mrr_interval(ranks) == pytest.approx(
        (values.mean() - half, values.mean() + half), abs=2e-3
    )


def test_interval_of_equal_ranks_is_a_point() -> None:
    assert mrr_interval(np.full(30, 2.0)) == (0.5, 0.5)


def test_interval_of_one_article_is_its_reciprocal_rank() -> None:
    assert mrr_interval(np.array([4.0])) == (0.25, 0.25)


def test_batches_of_resamples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = np.random.default_rng(2).integers(1, 20, 30).astype(np.float64)
    whole = mrr_interval(ranks)
    monkeypatch.setattr("newsimages.metrics.bootstrap.CELLS", 100)
    assert mrr_interval(ranks) == whole
