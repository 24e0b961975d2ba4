"""What a score is made of: each view's share of the similarity, and the revision's.

A score is slope · Σ_k w_k · cos_k − offset, so it falls into one summand per view and one of the
revision. They are worked out in float64, on a grid on which their sums have no rounding; what the
score's own float32 rounding leaves over (about 1e-7 of it) goes to the greatest of them.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from newsimages.ranking.spaces import Gallery, Queries, View, Weights, shares, vectors_of

REVISION = "revision"
"""The name of the revision's summand."""
_IMAGES = 4096  # in float64 at a time
_GRID = 2.0**-40  # numbers up to 4096 on it have sums without rounding in float64


def contributions(
    queries: Queries,
    gallery: Gallery,
    weights: Weights,
    rows: NDArray[np.int64],
    *,
    slope: float,
    offsets: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> dict[str, NDArray[np.float64]]:
    """The summands of scores.

    Args:
        queries: C articles.
        gallery: The images in each tower.
        weights: Of the views.
        rows: (C, K) where the images are that are listed.
        slope: The revision's.
        offsets: (C, K) the revision's offsets of these images.
        scores: (C, K) what they must add up to.

    Returns:
        (C, K) by ``TOWER_FIELD`` of each view with a weight, and by ``revision``; at each place
        their sum in float64, in any order, is the score.
    """
    summands: dict[str, NDArray[np.float64]] = {}
    for view, share in shares(queries, weights).items():
        images, asked = vectors_of(view, queries, gallery)
        cosines = _cosines(asked.vectors, images.vectors, rows)
        summands[name_of(view)] = slope * share[:, None].astype(np.float64) * cosines
    summands[REVISION] = -offsets.astype(np.float64)
    return _made_exact(summands, scores.astype(np.float64))


def differences(
    queries: Queries,
    gallery: Gallery,
    weights: Weights,
    rows: NDArray[np.int64],
    *,
    slope: float,
) -> NDArray[np.float64]:
    """How much more images score for the first of the articles than for each of the others.

    Args:
        queries: C articles.
        gallery: The images in each tower.
        weights: Of the views.
        rows: (K,) where the images are.
        slope: The revision's, against a bank: there an image's offset is the same for all.

    Returns:
        (C − 1, K); exactly 0 where an article has the vectors of the first.

    Raises:
        NewsImagesError: As `shares`.
    """
    found = np.zeros((len(queries) - 1, len(rows)))
    for view, share in shares(queries, weights).items():
        images, asked = vectors_of(view, queries, gallery)
        weighted = slope * share[:, None].astype(np.float64) * asked.vectors
        less = weighted[0] - weighted[1:]
        for start in range(0, len(rows), _IMAGES):
            part = slice(start, start + _IMAGES)
            found[:, part] += less @ images.vectors[rows[part]].astype(np.float64).T
    return found


def name_of(view: View) -> str:
    """How a view is called in an answer."""
    return f"{view.tower}_{view.text_field}"


def _cosines(
    asked: NDArray[np.float32], images: NDArray[np.float32], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(C, K) of each article with its images; a row at a time, so that memory is bounded."""
    products = [
        images[own].astype(np.float64) @ one.astype(np.float64)
        for own, one in zip(rows, asked, strict=True)
    ]
    return np.stack(products)


def _made_exact(
    summands: Mapping[str, NDArray[np.float64]], scores: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """The summands on the grid, of which the greatest takes what is left over."""
    names = list(summands)
    parts = np.round(np.stack(list(summands.values())) / _GRID) * _GRID  # (N, C, K)
    greatest = np.abs(parts).argmax(axis=0)[None]  # (1, C, K)
    np.put_along_axis(parts, greatest, 0.0, axis=0)
    np.put_along_axis(parts, greatest, (scores - parts.sum(axis=0))[None], axis=0)
    return dict(zip(names, parts, strict=True))
