"""Deletion and insertion: how soon a score falls, or rises, as a picture goes or comes by a map.

In: a map's cells. Out: which of them are covered at each step, and, of the scores that the pictures
so covered get, the area under their curve. A map that knows what the score comes from makes it fall
sooner than a random order does when its greatest cells go first (a smaller area), and rise sooner
when they come first (a greater one). (Petsiuk, Das and Saenko, "RISE", BMVC 2018, section 4.1.)
"""

import numpy as np
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError


def order_of(cells: NDArray[np.floating]) -> NDArray[np.int64]:
    """(h·w,) the cells of a map (h, w), counted in reading order, the greatest value first."""
    return np.argsort(-cells, axis=None, kind="stable").astype(np.int64)


def in_cells(values: NDArray[np.floating], n_cells: int) -> NDArray[np.float64]:
    """(n, n) means of a map (h, w) over the cells of a grid of n to a side.

    Raises: NewsImagesError where the map has fewer values than cells on a side.
    """
    if min(values.shape) < n_cells:
        raise NewsImagesError(
            f"A map of {values.shape} has no {n_cells} cells on each side. Ask for fewer."
        )
    bounds = [np.linspace(0, side, n_cells + 1).round().astype(int) for side in values.shape]
    sums = np.asarray(values, np.float64)
    for axis, edges in enumerate(bounds):
        sums = np.add.reduceat(sums, edges[:-1], axis=axis)
    heights, widths = (np.diff(edges) for edges in bounds)
    means: NDArray[np.float64] = sums / (heights[:, None] * widths)
    return means


def deleted(order: NDArray[np.int64], n_steps: int) -> NDArray[np.bool_]:
    """(n_steps + 1, cells) which cells are covered: none at first, in the end all.

    Args:
        order: (cells,) each of them once.
        n_steps: From 1 to as many as there are cells.

    Raises:
        NewsImagesError: It is no order of cells, or another number of steps.
    """
    n = len(order)
    if not np.array_equal(np.sort(order), np.arange(n)) or not 1 <= n_steps <= n:
        raise NewsImagesError(
            f"An order of {n} cells in {n_steps} steps, expected each cell from 0 once, and 1 to "
            f"{n} steps."
        )
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    gone = np.round(np.arange(n_steps + 1) * n / n_steps)
    covered: NDArray[np.bool_] = place < gone[:, None]
    return covered


def inserted(order: NDArray[np.int64], n_steps: int) -> NDArray[np.bool_]:
    """As `deleted`, the other way round: all are covered at first, in the end none."""
    return ~deleted(order, n_steps)


def area(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """(…) the area under curves (…, steps + 1) over a length of 1, by the trapezoidal rule."""
    curves = np.asarray(scores, np.float64)
    means: NDArray[np.float64] = (curves[..., :-1] + curves[..., 1:]).mean(axis=-1) / 2
    return means
