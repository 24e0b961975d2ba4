"""One image per article, none twice: ranked lists in, the assignment of the greatest total out.

Scores differ from the logarithm of a probability by a constant per article, which all assignments
share, so the greatest sum of scores is the likeliest choice of all together.

- Where memory holds the whole lists, it is exact (Crouse, "On implementing 2D rectangular
  assignment algorithms", 2016).
- Else each article brings its first K images (Jonker and Volgenant, "A shortest augmenting path
  algorithm for dense and sparse linear assignment problems", 1987), and K is doubled until all
  have one: best among those lists.

Nothing is drawn by lot. Articles and images go in by their ids, so the order in which they are
given, also where totals are equal, changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.ranking import Ranking
from newsimages.ranking.similarity import MEGABYTE

FIRST_K = 128  # images that each article brings, where not all can be
CELL_BYTES = 128  # of an image in a list: its ids, numbers, and what the solvers make of them


@dataclass(frozen=True, kw_only=True, eq=False)
class Assignment:
    """An image for each of C articles."""

    article_ids: NDArray[np.str_]
    """(C,)"""
    image_ids: NDArray[np.str_]
    """(C,) no two alike."""
    ranks: NDArray[np.int64]
    """(C,) the image's place in the article's own list, from 1."""
    scores: NDArray[np.float32]
    """(C,)"""
    similarities: NDArray[np.float32]
    """(C,) plain cosines."""
    is_exact: bool
    """Whether every image could be given to every article; else the first K to each."""


def assign(
    lists: Callable[[int], Ranking], *, n_articles: int, n_images: int, memory_mb: int = 512
) -> Assignment:
    """Gives every article an image of its own.

    Args:
        lists: Ranks the images for the articles, in lists of a length.
        n_articles: C.
        n_images: Those that can be given.
        memory_mb: MiB that this may take; the first K images of each article at least.

    Raises:
        NewsImagesError: There are fewer images than articles, or as ``lists``.
    """
    if n_images < n_articles:
        raise NewsImagesError(
            f"{n_images:,} images for {n_articles:,} articles, and none is given twice: "
            f"{n_articles - n_images:,} are missing. Add images, leave out fewer, or ask for fewer "
            "articles."
        )
    fits = n_articles * n_images * CELL_BYTES <= memory_mb * MEGABYTE
    top_k = n_images if fits else min(FIRST_K, n_images)
    while True:
        ranking = lists(top_k)
        places = best_places(ranking.article_ids, ranking.image_ids, ranking.scores)
        if places is not None:
            rows = np.arange(n_articles)
            return Assignment(
                article_ids=ranking.article_ids,
                image_ids=ranking.image_ids[rows, places],
                ranks=places + 1,
                scores=ranking.scores[rows, places],
                similarities=ranking.similarities[rows, places],
                is_exact=top_k == n_images,
            )
        top_k = min(2 * top_k, n_images)


def best_places(
    article_ids: NDArray[np.str_], image_ids: NDArray[np.str_], scores: NDArray[np.floating]
) -> NDArray[np.int64] | None:
    """(C,) the place in its list of the image that each article gets; None where not all get one.

    Args:
        article_ids: (C,) unique.
        image_ids: (C, K) each article's images, none twice in a row.
        scores: (C, K) of these.

    Raises:
        NewsImagesError: Scores that are no finite numbers.
    """
    if not (finite := np.isfinite(scores).all(axis=1)).all():
        raise NewsImagesError(
            f"Scores of the articles {first_ten(article_ids[~finite].tolist())} are no finite "
            "numbers, so that no assignment is best. Embed the articles and images again."
        )
    order = np.argsort(article_ids)
    names, columns = np.unique(image_ids[order], return_inverse=True)
    columns = columns.reshape(image_ids.shape)
    n_articles, top_k = scores.shape
    if len(names) < n_articles:
        return None
    own = scores[order].astype(np.float64)
    costs = own.max(axis=1, keepdims=True) - own + 1  # above 0: a cost of 0 would be no edge
    if top_k == len(names):
        dense = np.empty_like(costs)
        np.put_along_axis(dense, columns, costs, axis=1)
        _, given = linear_sum_assignment(dense)
    else:
        starts = np.arange(0, n_articles * top_k + 1, top_k)
        edges = csr_array((costs.ravel(), columns.ravel(), starts), shape=(n_articles, len(names)))
        try:
            given = np.asarray(min_weight_full_bipartite_matching(edges))[1]
        except ValueError:  # so it says that there is no such matching
            return None
    places = np.empty(n_articles, np.int64)
    places[order] = (columns == given[:, None]).argmax(axis=1)
    return places
