"""Deletion and insertion against scores that are known."""

import numpy as np
import pytest

from newsimages.errors import NewsImagesError
from newsimages.metrics.deletion import area, deleted, in_cells, inserted, order_of


def test_the_greatest_cells_go_first_and_equal_ones_in_reading_order() -> None:
    assert order_of(np.array([[0.5, -2.0], [3.0, 0.5]])).tolist() == [2, 0, 3, 1]


def test_cells_go_one_step_after_the_other_until_none_is_left() -> None:
    order = np.array([2, 0, 3, 1])
    assert deleted(order, 2).tolist() == [[0, 0, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]]
    assert np.array_equal(inserted(order, 2), ~deleted(order, 2))
    assert deleted(order, 3).sum(axis=1).tolist() == [0, 1, 3, 4]


def test_the_order_of_a_sum_of_cells_beats_every_other_order() -> None:
    rng = np.random.default_rng(3)
    worth = rng.normal(size=(4, 4))
    orders = [order_of(worth), *(rng.permutation(16) for _ in range(50))]
    falls = [area(~deleted(order, 16) @ worth.ravel()) for order in orders]
    rises = [area(~inserted(order, 16) @ worth.ravel()) for order in orders]
    assert min(falls) == falls[0] < falls[1]
    assert max(rises) == rises[0] > rises[1]
    assert np.allclose(np.add(falls, rises), worth.sum())  # one's curve is the other's rest


def test_the_area_is_that_of_trapezia() -> None:
    assert area(np.array([[1.0, 0.0], [2.0, 2.0]])).tolist() == [0.5, 2.0]
    curve = np.array([3.0, 1.0, 4.0, 1.0])
    assert area(curve) == pytest.approx(np.trapezoid(curve, dx=1 / 3))


@pytest.mark.parametrize("shape", [(6, 9), (7, 10), (224, 150)])
def test_cells_are_means_over_parts_of_a_map(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(1).normal(size=shape)
    cells = in_cells(values, 3)
    down, across = (np.linspace(0, side, 4).round().astype(int) for side in shape)
    assert cells[1, 2] == pytest.approx(values[down[1] : down[2], across[2] :].mean())
    assert np.array_equal(in_cells(np.full(shape, 2.0), 3), np.full((3, 3), 2.0))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(NewsImagesError, match="each cell from 0 once"):
        deleted(np.array([0, 0, 1]), 2)
    with pytest.raises(NewsImagesError, match="4 steps, expected"):
        deleted(np.array([0, 1, 2]), 4)
    with pytest.raises(NewsImagesError, match="Ask for fewer"):
        in_cells(np.zeros((2, 9)), 3)
