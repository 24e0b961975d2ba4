"""The logsumexp of every column of a matrix that comes in tiles of rows.

In come similarities in tiles (B, D), out comes one number per image (D,), in one pass.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from newsimages.errors import NewsImagesError


def column_logsumexp(tiles: Iterable[Tensor], *, scale: float) -> Tensor:
    """(D,) the logarithm over all queries of the sum of exp(scale · z), for every image.

    A maximum per tile is taken out, so that nothing overflows.

    Raises:
        NewsImagesError: There is no query.
    """
    maximum: Tensor | None = None  # (D,) the greatest s·z so far
    total: Tensor | None = None  # (D,) sum over the queries so far of exp(s·z − maximum)
    buffer: Tensor | None = None  # one for all tiles: fresh memory costs more than the sums
    for tile in tiles:
        tile_maximum = tile.amax(dim=0).mul_(scale)  # (D,)
        if buffer is None or len(buffer) < len(tile):
            buffer = torch.empty_like(tile)
        shifted = torch.add(tile_maximum.neg(), tile, alpha=scale, out=buffer[: len(tile)])
        tile_total = shifted.exp_().sum(dim=0)  # (D,)
        if maximum is None or total is None:
            maximum, total = tile_maximum, tile_total
            continue
        greatest = torch.maximum(maximum, tile_maximum)
        total = total * (maximum - greatest).exp_() + tile_total * (tile_maximum - greatest).exp_()
        maximum = greatest
    if maximum is None or total is None:
        raise NewsImagesError("A sum over 0 queries: give at least one query.")
    return maximum + total.log()
