"""Step 6 of 6: similarities to ranked images, in a total order.

In come query and gallery embeddings, out come the ``top_k`` images of each article by
(−score, image_id): images of equal score are ordered by their id, so that a ranking never depends
on the machine, the device or the order of the gallery.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.revision import checked_scale, dual_softmax_scores, image_normalisers
from newsimages.similarity import SimilarityTiles

Revision = Literal["none", "dual_softmax"]
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
    revision: Revision = "dual_softmax",
    scale: float = 1.0,
    top_k: int = 100,
    memory_mb: int = 512,
    device: torch.device | str = "cpu",
) -> Ranking:
    """Ranks the gallery for every query: similarity, revision, order.

    Args:
        queries: C articles.
        gallery: D images.
        revision: ``none`` orders by cosine; ``dual_softmax`` by the paper's Z*, its first
            softmax taken over these same queries.
        scale: s, the factor in front of the similarities in dual softmax.
        top_k: Length of the lists; the whole gallery where it holds fewer images.
        memory_mb: Budget in MiB beyond the inputs and the answer.
        device: Where to compute, as torch names it.

    Returns:
        min(top_k, D) images per article, in the queries' order.

    Raises:
        NewsImagesError: As `SimilarityTiles`; a scale or top_k that is not above 0; an
            unknown revision.
    """
    if top_k < 1:
        raise NewsImagesError(f"top_k is {top_k}, but a list needs at least 1 image.")
    if revision not in ("none", "dual_softmax"):
        raise NewsImagesError(f"revision is {revision!r}, expected 'none' or 'dual_softmax'.")
    checked_scale(scale)
    gallery = gallery.sorted_by_id()  # from here on a position orders as its id does
    tiles = SimilarityTiles(
        torch.from_numpy(queries.vectors).to(device),
        torch.from_numpy(gallery.vectors).to(device),
        memory_mb=memory_mb,
    )
    normalisers = (
        tiles.equalise(image_normalisers(tiles, tiles.n_images, scale=scale))
        if revision == "dual_softmax"
        else None
    )
    top_k = min(top_k, tiles.n_images)
    scores = np.empty((len(queries), top_k), np.float32)
    similarities = np.empty_like(scores)
    image_ids = np.empty((len(queries), top_k), gallery.ids.dtype)
    for rows, tile, revised in _revised(tiles, normalisers, scale):
        best, order = top(revised, top_k)
        scores[rows], image_ids[rows] = best.cpu(), gallery.ids[order.cpu().numpy()]
        similarities[rows] = tile.gather(1, order).cpu()
    return Ranking(
        article_ids=queries.ids,
        image_ids=image_ids,
        scores=scores,
        similarities=similarities,
    )


def _revised(
    tiles: SimilarityTiles, normalisers: Tensor | None, scale: float
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Yields (rows, similarities (B, D), scores (B, D)); both are only valid until the next."""
    start, buffer = 0, None
    for tile in tiles:
        rows = slice(start, start + len(tile))
        start = rows.stop
        if normalisers is None:
            yield rows, tile, tile
            continue
        buffer = torch.empty_like(tile) if buffer is None else buffer[: len(tile)]
        yield rows, tile, dual_softmax_scores(tile, normalisers, scale=scale, out=buffer)


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
