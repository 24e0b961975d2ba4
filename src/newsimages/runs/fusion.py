"""Several rankings, one ranking, by ranks alone: reciprocal rank fusion, with nothing to choose.

In come rankings of the same articles, out come the ``top_k`` images of each by (−score, image_id).
Source: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual
Rank Learning Methods", SIGIR 2009.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError
from newsimages.ranking.ranking import Ranking
from newsimages.runs.combination import check_same

RANK_OFFSET = 60  # k of Cormack et al.


def fuse_ranks(
    rankings: Sequence[Ranking], *, top_k: int = 100, rank_offset: int = RANK_OFFSET
) -> Ranking:
    """Reciprocal rank fusion: the score of an image is Σ over the rankings of 1 / (k + rank).

    Args:
        rankings: Lists for the same articles, in any order; an image that one of them does not list
            gets nothing from it.
        top_k: Length of the lists; no longer than the longest lists that came in.
        rank_offset: k, 60 as its authors have it.

    Returns:
        Articles in the order of the first ranking; ``similarities`` are those of the first ranking
        that lists the image.

    Raises:
        NewsImagesError: No ranking, rankings of different articles, a top_k or k that is not
            above 0.
    """
    if not rankings:
        raise NewsImagesError("Nothing to fuse: give at least one ranking.")
    if top_k < 1 or rank_offset < 1:
        raise NewsImagesError(f"top_k is {top_k} and k {rank_offset}, expected 1 or more.")
    article_ids = rankings[0].article_ids
    for number, ranking in enumerate(rankings, start=1):
        check_same(ranking.article_ids, article_ids, f"articles of ranking {number}")
    rows = [_rows(ranking.article_ids, article_ids) for ranking in rankings]
    top_k = min(top_k, max(ranking.image_ids.shape[1] for ranking in rankings))
    lists = [
        _fused(
            [r.image_ids[row] for r, row in zip(rankings, at, strict=True)],
            [r.similarities[row] for r, row in zip(rankings, at, strict=True)],
            rank_offset,
        )
        for at in zip(*rows, strict=True)
    ]
    return Ranking(
        article_ids=article_ids,
        image_ids=np.stack([images[:top_k] for images, _, _ in lists]),
        scores=np.stack([scores[:top_k] for _, scores, _ in lists]),
        similarities=np.stack([similarities[:top_k] for _, _, similarities in lists]),
    )


def _rows(ids: NDArray[np.str_], wanted: NDArray[np.str_]) -> NDArray[np.int64]:
    """Where each of ``wanted`` stands among ``ids``."""
    order = np.argsort(ids)
    rows: NDArray[np.int64] = order[np.searchsorted(ids, wanted, sorter=order)]
    return rows


def _fused(
    images: list[NDArray[np.str_]], similarities: list[NDArray[np.float32]], rank_offset: int
) -> tuple[NDArray[np.str_], NDArray[np.float32], NDArray[np.float32]]:
    """One article's images, scores and similarities, best first."""
    names, first, which = np.unique(
        np.concatenate(images), return_index=True, return_inverse=True
    )  # names rise, so a stable sort by score leaves equal ones in the order of their ids
    given = np.zeros((len(names), len(images)))
    start = 0
    for column, listed_images in enumerate(images):
        rows = which[start : start + len(listed_images)]
        given[rows, column] = 1 / (rank_offset + np.arange(1, len(listed_images) + 1))
        start += len(listed_images)
    given.sort(axis=1)  # sums of the same ranks are then the same, whoever gave them
    scores = given.sum(axis=1).astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    return names[order], scores[order], np.concatenate(similarities)[first[order]]
