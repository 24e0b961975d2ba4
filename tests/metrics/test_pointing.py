"""The pointing game, on maps and objects that are known."""

import numpy as np
import pytest

from newsimages.errors import NewsImagesError
from newsimages.metrics.pointing import by_chance, centred, equal_area, is_hit


def _mask() -> np.ndarray:
    mask = np.zeros((8, 8), np.bool_)
    mask[4:6, 6:8] = True
    return mask


@pytest.mark.parametrize(("row", "column", "hit"), [(2, 3, True), (2, 2, False), (3, 3, False)])
def test_a_hit_is_a_greatest_point_within_the_object(row: int, column: int, hit: bool) -> None:
    values = np.full((4, 4), -3.0)  # a cell is two pixels of the mask
    values[row, column] = -1
    assert is_hit(values, _mask()) is hit


def test_equal_area_counts_as_many_values_as_the_object_has() -> None:
    values = np.zeros((8, 8))
    values[4, 6:8] = 2, 3
    values[0, :2] = 1, 1
    assert equal_area(values, _mask()) == 0.5
    assert equal_area(_mask().astype(float), _mask()) == 1


def test_random_maps_come_to_chance_by_both() -> None:
    rng, mask = np.random.default_rng(0), _mask()
    maps = rng.random((4000, 8, 8))
    assert by_chance(mask) == 4 / 64
    assert np.mean([is_hit(each, mask) for each in maps]) == pytest.approx(1 / 16, abs=0.012)
    assert np.mean([equal_area(each, mask) for each in maps]) == pytest.approx(1 / 16, abs=0.006)


def test_a_centred_map_is_greatest_in_the_middle_and_falls_off_evenly() -> None:
    values = centred((5, 7))
    assert np.unravel_index(values.argmax(), values.shape) == (2, 3)
    assert np.array_equal(values, values[::-1])
    assert np.array_equal(values, values[:, ::-1])


@pytest.mark.parametrize(
    ("values", "mask", "words"),
    [
        (np.array([[np.nan, 1.0]]), np.ones((1, 2), np.bool_), "1 values that are not finite"),
        (np.zeros(3), np.ones((1, 2), np.bool_), "expected rows and columns"),
        (np.zeros((0, 3)), np.ones((1, 2), np.bool_), "expected rows and columns"),
    ],
)
def test_what_is_no_map_is_refused(values: np.ndarray, mask: np.ndarray, words: str) -> None:
    with pytest.raises(NewsImagesError, match=words):
        is_hit(values, mask)


def test_equal_area_wants_an_object_and_its_shape() -> None:
    for mask in (np.zeros((2, 2), np.bool_), np.ones((4, 4), np.bool_)):
        with pytest.raises(NewsImagesError, match="expected equal shapes and an object"):
            equal_area(np.zeros((2, 2)), mask)
