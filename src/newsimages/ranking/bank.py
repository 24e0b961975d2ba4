"""The query bank: offsets of images over a fixed set of queries, so that an article stands alone.

In come the vectors of a bank (training headlines) and of a gallery, out comes one number per image
with the revision that it belongs to. Over the articles of a request an image's offset would depend
on which other articles share it, and over a single one no revision changes anything.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.revision import Revision, image_offsets
from newsimages.ranking.similarity import SimilarityTiles

COPY_COSINE = 0.9999  # the same text encoded twice, in bf16 and in another batch, comes this close


@dataclass(frozen=True, eq=False)
class ImageOffsets:
    """D images and their offsets over a query bank."""

    ids: NDArray[np.str_]
    """(D,) the images, unique."""
    values: NDArray[np.float32]
    """(D,) finite."""
    revision: Revision
    """What they were made for; they mean nothing to another."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where ids and values do not belong together."""
        if self.values.shape != self.ids.shape or self.values.ndim != 1:
            raise NewsImagesError(
                f"{self.ids.shape} ids for offsets of shape {self.values.shape}: expected one "
                "number per id."
            )
        if self.values.dtype != np.float32:
            raise NewsImagesError(f"Offsets are {self.values.dtype}, expected float32.")
        names, counts = np.unique(self.ids, return_counts=True)
        if len(names) < len(self.ids):
            raise NewsImagesError(
                f"Offsets of images that occur more than once: {first_ten(names[counts > 1])}."
            )
        wrong = ~np.isfinite(self.values)
        if wrong.any():
            raise NewsImagesError(f"Offsets that are not finite: {first_ten(self.ids[wrong])}.")

    def __len__(self) -> int:
        return len(self.ids)

    def of(self, ids: NDArray[np.str_]) -> NDArray[np.float32]:
        """The values in the order of ``ids``.

        Raises:
            NewsImagesError: These are not the same images.
        """
        if np.array_equal(self.ids, ids):
            return self.values
        strangers, missing = np.setdiff1d(self.ids, ids), np.setdiff1d(ids, self.ids)
        if len(strangers) or len(missing):
            raise NewsImagesError(
                f"The offsets are those of another gallery: {len(missing)} images have none "
                f"({first_ten(missing) or '-'}), {len(strangers)} are not in the gallery "
                f"({first_ten(strangers) or '-'}). Make them with `bank_offsets` for this gallery."
            )
        order = np.argsort(self.ids)
        return self.values[order[np.searchsorted(self.ids, ids, sorter=order)]]


def bank_offsets(
    bank: Embeddings,
    gallery: Embeddings,
    revision: Revision,
    *,
    memory_mb: int = 512,
    device: torch.device | str = "cpu",
) -> ImageOffsets:
    """The offsets of a gallery's images over a query bank.

    Args:
        bank: B queries, none of them an article that will be ranked (`check_disjoint`).
        gallery: D images.
        revision: Which formula.
        memory_mb: Budget in MiB beyond the inputs and the answer.
        device: Where to compute, as torch names it.

    Returns:
        The offsets in the order of the images' ids.

    Raises:
        NewsImagesError: The bank is empty, or as `SimilarityTiles`.
    """
    if not len(bank):
        raise NewsImagesError(
            "The query bank is empty: give it the articles of the training part, or rank without "
            "a bank."
        )
    gallery = gallery.sorted_by_id()
    tiles = SimilarityTiles.between(
        bank,
        gallery,
        memory_mb=memory_mb,
        device=device,
        rows_beside=revision.rows_beside,
    )
    values = image_offsets(tiles, revision, bank=True).cpu().numpy()
    return ImageOffsets(gallery.ids, values, revision)


def without_asked(
    bank: Embeddings,
    queries: Embeddings,
    *,
    memory_mb: int = 512,
    device: torch.device | str = "cpu",
) -> Embeddings:
    """The bank without the articles that are among the queries, as `in_bank` finds them."""
    asked = in_bank(bank, queries, memory_mb=memory_mb, device=device)
    return bank.select(bank.ids[~asked].tolist())


def in_bank(
    bank: Embeddings,
    queries: Embeddings,
    *,
    memory_mb: int = 512,
    device: torch.device | str = "cpu",
) -> NDArray[np.bool_]:
    """Which of the bank's articles are among the queries, by id or by vector.

    Args:
        bank: B articles.
        queries: C articles.
        memory_mb: Budget in MiB.
        device: Where to compare.

    Returns:
        (B,) True where a query has the same id, or a vector of a cosine of `COPY_COSINE` or more.

    Raises:
        NewsImagesError: As `SimilarityTiles`.
    """
    same_id = np.isin(bank.ids, queries.ids)
    if not len(bank) or not len(queries):
        return same_id
    tiles = SimilarityTiles.between(bank, queries, memory_mb=memory_mb, device=device)
    nearest = torch.cat([tile.amax(dim=1) for tile in tiles]).cpu().numpy()  # (B,)
    same: NDArray[np.bool_] = same_id | (nearest >= COPY_COSINE)
    return same


def check_disjoint(
    bank: Embeddings,
    queries: Embeddings,
    *,
    memory_mb: int = 512,
    device: torch.device | str = "cpu",
) -> None:
    """Refuses a bank in which articles stand that are to be ranked: it would know the test set.

    Raises:
        NewsImagesError: As `in_bank` finds them, or as `SimilarityTiles`.
    """
    known = in_bank(bank, queries, memory_mb=memory_mb, device=device)
    if known.any():
        raise NewsImagesError(
            f"Articles of the query bank that are among those to rank, by their id or their "
            f"vector: {first_ten(bank.ids[known])}. Leave them out of the bank."
        )
