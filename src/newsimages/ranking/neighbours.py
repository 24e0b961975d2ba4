"""How near an image is to its nearest queries: the offset of nearest-neighbour normalisation.

In come similarities in tiles (B, D), out comes one number per image (D,), in one pass. Source:
Chowdhury et al., "Nearest Neighbor Normalization Improves Multimodal Retrieval", EMNLP 2024.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from newsimages.errors import NewsImagesError

FEW = 1 / 16  # share of newcomers in a tile up to which looking at them alone is quicker


def mean_of_nearest(tiles: Iterable[Tensor], *, k: int) -> Tensor:
    """The mean of every image's k greatest similarities over the queries.

    Args:
        tiles: Similarities in tiles of (queries of the tile, D), float32.
        k: How many; all queries where there are fewer.

    Returns:
        (D,) float32 on the tiles' device.

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
    return greatest.mean(dim=0)


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
