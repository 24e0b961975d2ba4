"""Step 4 of 6: unit vectors to cosine similarities, in tiles of a bounded size.

In come query vectors (C, E) and gallery vectors (D, E), out come tiles (B, D) of Z = Q·Gᵀ.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from newsimages.errors import NewsImagesError

BLOCK_ROWS = 1024  # rows of a matrix product: fewer, and packing the gallery for it shows
TILE_ROWS = 256  # rows that are handed out: few enough to stay in cache while they are worked on
MEGABYTE = 1 << 20
WORKING_TILES = 3  # a tile, and the scores and exponentials that are made of it


class SimilarityTiles:
    """Z in tiles of whole rows, over which one can go as often as one likes.

    Where all of Z fits the memory budget, a tile is computed once and kept; where it does not,
    each pass computes it again, which costs time but no memory.
    """

    def __init__(self, queries: Tensor, gallery: Tensor, *, memory_mb: int = 512) -> None:
        """Takes float32 unit vectors on one device.

        Args:
            queries: (C, E).
            gallery: (D, E).
            memory_mb: Budget in MiB for everything beyond the two inputs and the answer.

        Raises:
            NewsImagesError: Another dimension on the two sides, nothing to rank, or a budget
                that does not hold the similarities of a single query.
        """
        if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1]:
            raise NewsImagesError(
                f"Queries of shape {tuple(queries.shape)} against a gallery of shape "
                f"{tuple(gallery.shape)}: expected (articles, E) and (images, E) with the same E. "
                "Were both encoded by the same backbone?"
            )
        if not len(queries) or not len(gallery):
            raise NewsImagesError(
                f"Nothing to rank: {len(queries)} articles and {len(gallery)} images."
            )
        self.queries, self.gallery = queries, gallery
        row_bytes = 4 * len(gallery)
        budget = memory_mb * MEGABYTE
        affordable = budget // (row_bytes * WORKING_TILES)
        if affordable < 1:
            raise NewsImagesError(
                f"memory_mb={memory_mb} does not hold one article's similarities with "
                f"{len(gallery)} images: set at least {-(-row_bytes * WORKING_TILES // MEGABYTE)}."
            )
        self.rows = int(min(TILE_ROWS, affordable))
        working = row_bytes * self.rows * WORKING_TILES
        self._keep = row_bytes * len(queries) + working <= budget
        beside_block = row_bytes * self.rows * (WORKING_TILES - 1)
        n_tiles = (budget - beside_block) // (row_bytes * self.rows)
        self._block_rows = self.rows * int(min(BLOCK_ROWS // self.rows, n_tiles))
        self._kept: Tensor | None = None
        copies = _copies(gallery)
        self._copies = torch.tensor([copy for copy, _ in copies], device=gallery.device)
        self._originals = torch.tensor([original for _, original in copies], device=gallery.device)

    @property
    def n_images(self) -> int:
        """D, the number of images."""
        return len(self.gallery)

    def equalise(self, values: Tensor) -> Tensor:
        """Gives images of equal vectors equal values, which rounding may have set apart.

        Args:
            values: (…, D) numbers per image; changed in place.
        """
        if len(self._copies):
            values[..., self._copies] = values[..., self._originals]
        return values

    def __iter__(self) -> Iterator[Tensor]:
        """Yields Z[0:B], Z[B:2B], …, each (B, D) float32; they must not be written to."""
        if self._kept is not None:
            yield from self._kept.split(self.rows)
            return
        n_queries = len(self.queries)
        block_rows = n_queries if self._keep else min(self._block_rows, n_queries)
        store = self.queries.new_empty(block_rows, self.n_images)
        transposed = self.gallery.T
        for start in range(0, n_queries, block_rows):
            block = self.queries[start : start + block_rows]
            product = store[: len(block)]
            torch.mm(block, transposed, out=product)
            yield from self.equalise(product).split(self.rows)
        if self._keep:
            self._kept = store


def _copies(gallery: Tensor) -> list[tuple[int, int]]:
    """(position, first position of the same vector) of every image that repeats another."""
    first_of: dict[bytes, int] = {}
    copies = []
    vectors = gallery.cpu().numpy()
    _, group, sizes = np.unique(vectors[:, 0], return_inverse=True, return_counts=True)
    for position in np.flatnonzero(sizes[group] > 1).tolist():  # few, so few are hashed whole
        digest = hashlib.sha256(vectors[position].tobytes()).digest()
        first = first_of.setdefault(digest, position)
        if first != position:
            copies.append((position, first))
    return copies
