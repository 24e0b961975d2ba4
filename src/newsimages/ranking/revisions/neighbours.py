"""Nearest-neighbour normalisation: an image near to many queries is held back by how near it is.

Chowdhury et al., "Nearest Neighbor Normalization Improves Multimodal Retrieval", EMNLP 2024.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from newsimages.errors import NewsImagesError
from newsimages.ranking.revisions.base import Revision
from newsimages.ranking.similarity import SimilarityTiles

MAX_K = 512  # so many numbers per image are held beside the similarities
MAX_ALPHA = 2.0
# Share of newcomers in a tile up to which only they are looked at, which takes two thirds of the
# time of `topk` over the whole tile (`benchmarks/revisions.py`).
FEW = 1 / 16


@dataclass(frozen=True, kw_only=True)
class Neighbours(Revision):
    """score_ij = z_ij − α · the mean of image j's k greatest similarities."""

    name: ClassVar[str] = "neighbours"
    k: int = 10
    """How many nearest queries of an image count."""
    alpha: float = 0.5
    """α, how much of their mean is taken off (the authors: .5 to .75)."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a number out of range."""
        if not 1 <= self.k <= MAX_K:
            raise NewsImagesError(f"k is {self.k}, expected 1 to {MAX_K} nearest queries.")
        if not 0 < self.alpha <= MAX_ALPHA:
            raise NewsImagesError(
                f"alpha is {self.alpha}, expected above 0 and at most {MAX_ALPHA:g}."
            )

    @property
    def rows_beside(self) -> int:
        """The k greatest similarities of each image, and what they are merged with."""
        return 4 * self.k

    def offsets(self, tiles: SimilarityTiles, *, bank: bool = False) -> Tensor:
        """α times the means, (D,)."""
        return tiles.equalise(self.alpha * mean_of_nearest(tiles, k=self.k))

    @classmethod
    def candidates(cls) -> tuple[Revision, ...]:
        """Around its authors' settings."""
        return tuple(cls(k=k, alpha=alpha) for k in (5, 10, 20) for alpha in (0.5, 0.75))


def mean_of_nearest(tiles: Iterable[Tensor], *, k: int) -> Tensor:
    """(D,) the mean of every image's k greatest similarities, of all where there are fewer.

    Raises:
        NewsImagesError: There is no query.
    """
    greatest: Tensor | None = None  # (up to k, D)
    for tile in tiles:
        if greatest is None:
            greatest = _top(tile, k)
        elif len(greatest) < k:
            greatest = _top(torch.cat([greatest, tile]), k)
        else:
            greatest = _with_newcomers(greatest, tile)
    if greatest is None:
        raise NewsImagesError("Nearest neighbours among 0 queries: give at least one query.")
    return greatest.double().mean(dim=0).float()  # in whatever order they stand


def _top(similarities: Tensor, k: int) -> Tensor:
    """(min(k, B), D) the greatest of each column."""
    return similarities.topk(min(k, len(similarities)), dim=0, sorted=False).values


def _with_newcomers(greatest: Tensor, tile: Tensor) -> Tensor:
    """The k greatest of each column of both; fast, as few of a tile are ever among them.

    Args:
        greatest: (k, D).
        tile: (B, D).
    """
    k, n_images = greatest.shape
    exceeds = tile > greatest.amin(dim=0)
    if int(exceeds.count_nonzero()) > FEW * tile.numel():
        return _top(torch.cat([greatest, tile]), k)
    rows, columns = exceeds.nonzero(as_tuple=True)
    counts = columns.bincount(minlength=n_images)  # (D,)
    touched = counts.nonzero().flatten()
    if not len(touched):
        return greatest
    columns, order = columns.sort(stable=True)
    first = counts.cumsum(0) - counts  # (D,) where a column's newcomers begin
    place = torch.arange(len(columns), device=tile.device) - first[columns]
    # (k + the most newcomers of one column, D), −inf where a column has fewer
    beside = tile.new_full((k + int(counts.max()), n_images), -torch.inf)
    beside[:k] = greatest
    beside[k + place, columns] = tile[rows[order], columns]
    beside[:k, touched] = _top(beside[:, touched], k)
    return beside[:k].clone()
