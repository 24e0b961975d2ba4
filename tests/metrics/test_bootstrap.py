"""Intervals of means: rows share their draws, and each has the bounds that it has alone."""

import numpy as np
import pytest

from newsimages.metrics import bootstrap
from newsimages.metrics.bootstrap import mean_interval


def test_rows_have_the_bounds_that_they_have_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(3, 40))
    low, high = mean_interval(values)
    for row, *bounds in zip(values, low, high, strict=True):
        np.testing.assert_allclose(mean_interval(row), bounds)
    monkeypatch.setattr(bootstrap, "CELLS", 50)
    np.testing.assert_array_equal(mean_interval(values), (low, high))


def test_one_article_is_its_own_bounds() -> None:
    low, high = mean_interval(np.array([[0.5], [0.25]]))
    assert low.tolist() == high.tolist() == [0.5, 0.25]
