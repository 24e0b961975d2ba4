"""Step 6 of 6: similarities to ranked images, in a total order.

In come query and gallery embeddings, out come the ``top_k`` images of each article by
(−score, image_id): images of equal score are ordered by their id, so that a ranking never depends
on the machine, the device or the order of the gallery.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking.bank import ImageOffsets
from newsimages.ranking.revision import Revision, image_offsets, revised_scores
from newsimages.ranking.similarity import SimilarityTiles

PAPER = Revision()  # dual softmax at the paper's scale
GROUP = 8  # columns whose maximum stands for them in the search for the greatest scores


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The first K images of each of C articles, best first."""

    article_ids: NDArray[np.str_]
    """(C,)"""
    image_ids: NDArray[np.str_]
    """(C, K)"""
    scores: NDArray[np.float32]
    """(C, K) what the order rests on, falling along each row."""
    similarities: NDArray[np.float32]
    """(C, K) plain cosine of article and image."""

    def table(self) -> pd.DataFrame:
        """One row per article and rank: article_id, rank (from 1), image_id, score, similarity."""
        n_articles, top_k = self.image_ids.shape
        return pd.DataFrame(
            {
                "article_id": np.repeat(self.article_ids, top_k),
                "rank": np.tile(np.arange(1, top_k + 1, dtype=np.int32), n_articles),
                "image_id": self.image_ids.ravel(),
                "score": self.scores.ravel(),
                "similarity": self.similarities.ravel(),
            }
        )


def rank(
    queries: Embeddings,
    gallery: Embeddings,
    *,
    revision: Revision = PAPER,
    offsets: ImageOffsets | None = None,
    top_k: int = 100,
    memory_mb: int = 512,
    device: torch.device | str = "cpu",
) -> Ranking:
    """Ranks the gallery for every query: similarity, revision, order.

    Without ``offsets`` they are taken over these same queries, as the paper does: an article's list
    then depends on the others. With a bank's offsets it does not: on a CPU the answer for an
    article is the same, bit for bit, alone, in any batch and in any order.

    Args:
        queries: C articles.
        gallery: D images.
        revision: What is done to the similarities.
        offsets: The images' offsets over a query bank, from `newsimages.ranking.bank.bank_offsets`.
        top_k: Length of the lists; the whole gallery where it holds fewer images.
        memory_mb: Budget in MiB beyond the inputs and the answer.
        device: Where to compute, as torch names it.

    Returns:
        min(top_k, D) images per article, in the queries' order.

    Raises:
        NewsImagesError: As `SimilarityTiles`; a top_k that is not above 0; offsets of another
            gallery or revision.

    Warns:
        UserWarning: One article is to be revised without a bank. A revision over a single query
            changes nothing (or, as inverted softmax, leaves nothing), so it is ranked by cosine.
    """
    gallery = gallery.sorted_by_id()  # from here on a position orders as its id does
    tiles = SimilarityTiles.between(
        queries,
        gallery,
        memory_mb=memory_mb,
        device=device,
        rows_beside=revision.rows_beside,
    )
    numbers = offsets_of(gallery.ids, tiles, revision, offsets)
    return listed(scored(tiles, numbers, revision), queries.ids, gallery.ids, top_k=top_k)


def offsets_of(
    image_ids: NDArray[np.str_],
    tiles: SimilarityTiles,
    revision: Revision,
    offsets: ImageOffsets | None,
) -> Tensor | None:
    """The bank's offsets, or those over the queries of ``tiles``: (D,), None for plain cosine.

    Raises, warns: As `rank`.
    """
    if offsets is not None:
        if offsets.revision != revision:
            raise NewsImagesError(
                f"The offsets were made for {offsets.revision}, but the revision is {revision}. "
                "Make them with `bank_offsets` for this revision."
            )
        values = offsets.of(image_ids)
        return None if revision.method == "none" else torch.from_numpy(values).to(tiles.device)
    if revision.method == "none":
        return None
    if tiles.n_queries == 1:
        warnings.warn(
            f"{revision.method} over one article changes nothing: it is ranked by cosine. Give the "
            "offsets of a query bank, or rank several articles at once.",
            stacklevel=3,
        )
        return None
    return image_offsets(tiles, revision)


def scored(
    tiles: SimilarityTiles, offsets: Tensor | None, revision: Revision
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yields similarities and scores, both (B, D) and only valid until the next."""
    buffer: Tensor | None = None
    for tile in tiles:
        if offsets is None:
            yield tile, tile
            continue
        if buffer is None or len(buffer) < len(tile):
            buffer = torch.empty_like(tile)
        yield tile, revised_scores(tile, offsets, slope=revision.slope, out=buffer[: len(tile)])


def listed(
    tiles: Iterable[tuple[Tensor, Tensor]],
    article_ids: NDArray[np.str_],
    image_ids: NDArray[np.str_],
    *,
    top_k: int,
) -> Ranking:
    """Cuts scores to lists, in the total order.

    Args:
        tiles: Similarities and scores (B, D), of the C articles in their order.
        article_ids: (C,).
        image_ids: (D,) rising, so that a column orders as its id does.
        top_k: Length of the lists.

    Raises:
        NewsImagesError: top_k is not above 0.
    """
    if top_k < 1:
        raise NewsImagesError(f"top_k is {top_k}, but a list needs at least 1 image.")
    top_k = min(top_k, len(image_ids))
    scores = np.empty((len(article_ids), top_k), np.float32)
    similarities = np.empty_like(scores)
    images = np.empty(scores.shape, image_ids.dtype)
    start = 0
    for tile, revised in tiles:
        rows = slice(start, start + len(tile))
        start = rows.stop
        best, order = top(revised, top_k)
        scores[rows], images[rows] = best.cpu(), image_ids[order.cpu().numpy()]
        similarities[rows] = tile.gather(1, order).cpu()
    return Ranking(
        article_ids=article_ids, image_ids=images, scores=scores, similarities=similarities
    )


def top(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k greatest scores of each row and their columns, by (−score, column).

    Args:
        scores: (B, D) float32 without NaN.
        k: At most D.

    Returns:
        Scores (B, k), falling, and columns (B, k) int64; equal scores by rising column.
    """
    n_images = scores.shape[1]
    values, columns = _greatest(scores, min(k + 1, n_images))
    if k < n_images:
        # torch.topk takes any of several equal scores at the cut: those rows are cut by hand.
        tied = (values[:, k] == values[:, k - 1]).nonzero().flatten().tolist()
        values, columns = values[:, :k], columns[:, :k].clone()
        for row in tied:
            above = columns[row, values[row] > values[row, -1]]
            equal = (scores[row] == values[row, -1]).nonzero().flatten()
            columns[row] = torch.cat([above, equal[: k - len(above)]])
    columns, _ = columns.sort(dim=1)
    values, order = scores.gather(1, columns).sort(dim=1, descending=True, stable=True)
    return values, columns.gather(1, order)


def _greatest(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """`torch.topk` along the rows, faster for long ones; of equal scores it takes any, too.

    The k greatest scores lie in the k groups of columns with the greatest maxima.
    """
    n_groups = scores.shape[1] // GROUP
    if n_groups < GROUP * k // 2:
        return torch.topk(scores, k, dim=1)
    grouped = n_groups * GROUP  # the few columns behind belong to no group
    maxima = scores[:, :grouped].unflatten(1, (GROUP, n_groups)).amax(dim=1)  # (B, groups)
    groups = torch.topk(maxima, k, dim=1, sorted=False).indices
    steps = torch.arange(0, grouped, n_groups, device=scores.device)
    behind = torch.arange(grouped, scores.shape[1], device=scores.device)
    candidates = torch.cat(
        [
            (groups[:, None, :] + steps[:, None]).flatten(1),
            behind.expand(len(scores), -1),
        ],
        dim=1,
    )
    values, order = torch.topk(scores.gather(1, candidates), k, dim=1)
    return values, candidates.gather(1, order)
