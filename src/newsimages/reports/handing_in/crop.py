"""Where a picture is cropped: its size and perhaps a heat map in, the part that is shown out."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 460, 260
"""Pixels of a picture that is handed in."""


class Part(NamedTuple):
    """A part of a picture in pixels, which need not be whole."""

    left: float
    top: float
    right: float
    bottom: float


def crop(size: tuple[int, int], heat: NDArray[np.floating] | None = None) -> Part:
    """The largest part of a picture that has the ratio of 460 to 260.

    Args:
        size: The picture's width and height in pixels.
        heat: (h, w) over the whole upright picture, row 0 at the top; what is above zero speaks for
            showing it. Of the parts with the greatest sum of that it is the one that has it most
            in its middle; without any, it is the middle of the picture.
    """
    width, height = size
    is_wide = width * HEIGHT > height * WIDTH
    length, whole = (
        (height * WIDTH / HEIGHT, width) if is_wide else (width * HEIGHT / WIDTH, height)
    )
    start = (whole - length) / 2
    if heat is not None:
        start = _warmest(_along(heat, axis=0 if is_wide else 1), length / whole, start / whole)
        start *= whole
    if is_wide:
        return Part(start, 0, start + length, height)
    return Part(0, start, width, start + length)


def _along(heat: NDArray[np.floating], axis: int) -> NDArray[np.float64]:
    """The sums of all that is above zero, over one axis."""
    warm: NDArray[np.float64] = np.nan_to_num(heat.astype(np.float64), posinf=0).clip(0)
    return np.asarray(warm.sum(axis=axis))


def _warmest(sums: NDArray[np.float64], length: float, centre: float) -> float:
    """Where the stretch of a ``length`` with the greatest sum begins, all as shares of the whole.

    Within a cell heat is even, so that the sum is greatest where an end meets that of a cell.
    """
    total = sums.sum()
    last = 1 - length
    if not total > 0 or last <= 0:
        return centre
    ends = np.linspace(0, 1, len(sums) + 1)
    grown = np.concatenate([[0], sums.cumsum() / total])
    middle = float(((ends[:-1] + ends[1:]) / 2 * sums).sum() / total - length / 2)
    middle = min(max(middle, 0), last)
    starts = np.concatenate([ends, ends - length, [middle, 0, last]])
    starts = starts[(starts >= 0) & (starts <= last)]
    found = np.interp(starts + length, ends, grown) - np.interp(starts, ends, grown)
    best = starts[found >= found.max() - 1e-9]
    return float(best[np.abs(best - middle).argmin()])
