"""Unit vectors to similarities, in tiles of a bounded size.

In comes a `Space` of C articles and D images, out come tiles (B, D) of Z, the sum over the space's
blocks of Q·Gᵀ.

On a CPU a query's similarities are the same bits alone and among any others. Left to itself, a
product gives few rows to another kernel, which rounds differently (1 to 3 rows, and from 192
dimensions on up to 8; two threads that share the rows leave such rests as well), and from 1024
dimensions on two threads cut a query's sum in two or not, depending on the number of rows. With
multiples of 16 rows and sums over 512 dimensions at most nothing of it was left (measured, MKL).
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from newsimages.devices import Compute
from newsimages.errors import NewsImagesError
from newsimages.ranking.halves import Copies, copies_of
from newsimages.ranking.spaces import Space

BLOCK_ROWS = 1024  # rows of a matrix product: fewer, and packing the gallery for it shows
TILE_ROWS = 256  # rows that are handed out: few enough to stay in cache while they are worked on
MEGABYTE = 1 << 20
PRODUCT_ROWS = 16  # every matrix product has a multiple of so many rows, see above
WIDTH = 512  # dimensions that are summed in one matrix product at most, see above
WORKING_TILES = 3  # a tile, and the scores and exponentials that are made of it


class SimilarityTiles:
    """Z in tiles of whole rows, over which one can go as often as one likes.

    Where all of Z fits the memory budget, a tile is computed once and kept; where it does not,
    each pass computes it again, which costs time but no memory.
    """

    def __init__(
        self,
        queries: Sequence[Tensor],
        gallery: Sequence[Tensor],
        *,
        memory_mb: int = 512,
        rows_beside: int = 0,
        copies: Copies | None = None,
    ) -> None:
        """Takes float32 vectors on one device, in blocks whose inner products are summed.

        A block is (C, E) of the queries and (D, E) of the gallery. ``memory_mb`` MiB are for
        everything beyond them and the answer, ``rows_beside`` rows of D numbers among it.
        ``copies`` are those of the gallery, where they are known already.

        Raises:
            NewsImagesError: Another dimension on the two sides, nothing to rank, or a budget
                that does not hold the similarities of `PRODUCT_ROWS` queries.
        """
        check_shapes(queries, gallery)
        self.queries, self.gallery = cut(queries), cut(gallery)
        self.n_queries, self.n_images = len(queries[0]), len(gallery[0])  # C, D
        self.device = gallery[0].device
        row_bytes = 4 * self.n_images
        budget, beside = memory_mb * MEGABYTE, row_bytes * rows_beside
        affordable = (budget - beside) // (row_bytes * WORKING_TILES)
        if affordable < PRODUCT_ROWS:
            least = -(-(row_bytes * WORKING_TILES * PRODUCT_ROWS + beside) // MEGABYTE)
            raise NewsImagesError(
                f"memory_mb={memory_mb} does not hold {PRODUCT_ROWS} articles' similarities with "
                f"{self.n_images} images: set at least {least}."
            )
        self.rows = int(min(TILE_ROWS, affordable))
        working = row_bytes * self.rows * WORKING_TILES + beside
        self._keep = row_bytes * self.n_queries + working <= budget
        beside_block = row_bytes * self.rows * (WORKING_TILES - 1) + beside
        n_tiles = (budget - beside_block) // (row_bytes * self.rows)
        self._block_rows = self.rows * int(min(BLOCK_ROWS // self.rows, n_tiles))
        self._kept: Tensor | None = None
        if copies is None:
            copies = copies_of([block.cpu().numpy() for block in gallery])
        self._copies = torch.from_numpy(copies.rows).to(self.device)
        self._originals = torch.from_numpy(copies.originals).to(self.device)

    @classmethod
    def of(cls, space: Space, compute: Compute, *, rows_beside: int = 0) -> "SimilarityTiles":
        """The tiles of a space. Raises: NewsImagesError as the constructor."""
        return cls(
            [torch.from_numpy(block).to(compute.device) for block in space.queries],
            [torch.from_numpy(block).to(compute.device) for block in space.gallery],
            memory_mb=compute.memory_mb,
            rows_beside=rows_beside,
            copies=space.copies,
        )

    def equalise(self, values: Tensor) -> Tensor:
        """Gives images of equal vectors equal values (…, D), in place: rounding sets them apart."""
        if len(self._copies):
            values[..., self._copies] = values[..., self._originals]
        return values

    def __iter__(self) -> Iterator[Tensor]:
        """Yields Z[0:B], Z[B:2B], …, each (B, D) float32; they must not be written to."""
        if self._kept is not None:
            yield from self._kept.split(self.rows)
            return
        block_rows = self.n_queries if self._keep else min(self._block_rows, self.n_queries)
        store = self.queries[0].new_empty(max(block_rows, PRODUCT_ROWS), self.n_images)
        for start in range(0, self.n_queries, block_rows):
            product = self._product(slice(start, min(start + block_rows, self.n_queries)), store)
            yield from self.equalise(product).split(self.rows)
        if self._keep:
            self._kept = store[-self.n_queries :]

    def _product(self, rows: slice, store: Tensor) -> Tensor:
        """Z[rows], written into ``store``, in products of multiples of `PRODUCT_ROWS` rows.

        What is over is multiplied together with the rows before it (once more), or with zeros.
        """
        n_rows = rows.stop - rows.start
        over = n_rows % PRODUCT_ROWS
        n_whole = n_rows - over
        if n_whole:
            self._multiply(
                [q[rows.start : rows.stop - over] for q in self.queries], store[:n_whole]
            )
        if not over:
            return store[:n_rows]
        last = [block[max(rows.stop - PRODUCT_ROWS, 0) : rows.stop] for block in self.queries]
        filled_up = [nn.functional.pad(part, (0, 0, PRODUCT_ROWS - len(part), 0)) for part in last]
        end = max(n_rows, PRODUCT_ROWS)
        self._multiply(filled_up, store[end - PRODUCT_ROWS : end])
        return store[end - n_rows : end]

    def _multiply(self, queries: Sequence[Tensor], out: Tensor) -> None:
        """The sum of the slices' products, written into ``out`` (rows, D)."""
        torch.mm(queries[0], self.gallery[0].T, out=out)
        for part, images in zip(queries[1:], self.gallery[1:], strict=True):
            out.addmm_(part, images.T)


def scaled(
    tiles: Iterable[Tensor], slope: float, summand: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yields each tile and slope · tile + summand (D,), which is valid until the next only."""
    buffer: Tensor | None = None  # one for all tiles: fresh memory costs more than the sums
    for tile in tiles:
        if buffer is None or len(buffer) < len(tile):
            buffer = torch.empty_like(tile)
        yield tile, torch.add(summand, tile, alpha=slope, out=buffer[: len(tile)])


def check_shapes(
    queries: Sequence[Tensor | NDArray[np.float32]], gallery: Sequence[Tensor | NDArray[np.float32]]
) -> None:
    """Raises: NewsImagesError where the two sides do not fit each other, or one is empty."""
    for asked, images in zip(queries, gallery, strict=True):
        if asked.ndim != 2 or images.ndim != 2 or asked.shape[1] != images.shape[1]:
            raise NewsImagesError(
                f"Queries of shape {tuple(asked.shape)} against a gallery of shape "
                f"{tuple(images.shape)}: expected (articles, E) and (images, E) with the same E. "
                "Were both encoded by the same backbone?"
            )
    if not len(queries[0]) or not len(gallery[0]):
        raise NewsImagesError(
            f"Nothing to rank: {len(queries[0])} articles and {len(gallery[0])} images."
        )


def cut(blocks: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The same dimensions in slices of at most `WIDTH`."""
    return tuple(piece for block in blocks for piece in block.split(WIDTH, dim=1))
