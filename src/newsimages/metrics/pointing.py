"""The pointing game: a heat map and where an object is in, whether the map points at it out.

A hit is a map whose greatest point lies in the object (Zhang et al., "Top-down neural attention by
excitation backprop", ECCV 2016, without their margin around it). A stricter figure is of equal
area: of the map's greatest values, as many as the object has pixels, the share that lies in it.
Either one of a point, or of pixels, chosen at random is the share of the picture that the object
takes: `by_chance`.
"""

import numpy as np
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError


def is_hit(values: NDArray[np.floating], mask: NDArray[np.bool_]) -> bool:
    """Whether a map's greatest point lies in an object; the first of several in reading order.

    Args:
        values: (h, w) over the whole picture, finite, row 0 at the top.
        mask: (H, W) where the object is, over the same picture.

    Raises:
        NewsImagesError: Values that are not finite, or one of the two is no picture.
    """
    _check(values, mask)
    row, column = np.unravel_index(values.argmax(), values.shape)
    (height, width), (full_height, full_width) = values.shape, mask.shape
    at = int((row + 0.5) / height * full_height), int((column + 0.5) / width * full_width)
    return bool(mask[at])


def equal_area(values: NDArray[np.floating], mask: NDArray[np.bool_]) -> float:
    """The share of a map's greatest values, as many as the object has pixels, that lie in it.

    Args:
        values: (H, W) finite; of equal ones, those at the end come last.
        mask: (H, W) of the object, which has a pixel at least.

    Raises:
        NewsImagesError: As `is_hit`; another shape; no object.
    """
    _check(values, mask)
    if values.shape != mask.shape or not mask.any():
        raise NewsImagesError(
            f"A map of {values.shape} and an object of {mask.sum()} pixels in {mask.shape}, "
            "expected equal shapes and an object."
        )
    greatest = np.argsort(-values, axis=None, kind="stable")[: mask.sum()]
    return float(mask.ravel()[greatest].mean())


def by_chance(mask: NDArray[np.bool_]) -> float:
    """What a map of random numbers comes to in the mean, by both measures."""
    return float(mask.mean())


def centred(shape: tuple[int, int]) -> NDArray[np.float64]:
    """A map that knows of no picture: it falls off from the middle."""
    rows, columns = ((2 * np.arange(n) + 1 - n) / n for n in shape)
    distances: NDArray[np.float64] = np.hypot(rows[:, None], columns)
    return -distances


def _check(values: NDArray[np.floating], mask: NDArray[np.bool_]) -> None:
    if values.ndim != 2 or mask.ndim != 2 or not values.size or not mask.size:
        raise NewsImagesError(
            f"A map of {values.shape} and an object in {mask.shape}, expected rows and columns."
        )
    if not np.isfinite(values).all():
        raise NewsImagesError(
            f"The map holds {np.sum(~np.isfinite(values))} values that are not finite, which no "
            "greatest one can be told among."
        )
