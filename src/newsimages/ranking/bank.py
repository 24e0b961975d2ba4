"""The query bank: offsets of images over a fixed set of queries, so that an article stands alone.

In come a bank of articles (those of the training part) and a gallery, out comes one number per
image with the revision that it belongs to. Over the articles of a request an image's offset would
depend on which other articles share it, and over a single one no revision changes anything.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from newsimages.devices import ON_CPU, Compute
from newsimages.embeddings import Embeddings, rows_of
from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.revisions import Revision
from newsimages.ranking.similarity import SimilarityTiles, check_shapes
from newsimages.ranking.spaces import Queries, Space, View

IMAGES = 16_384  # at a time, so that memory does not grow with the gallery
STEP = 64  # their number is made a multiple of it
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

    @classmethod
    def known(
        cls, ids: NDArray[np.str_], values: NDArray[np.float32], revision: Revision
    ) -> "ImageOffsets":
        """As the constructor, of what was checked when it was written: it is not gone through."""
        made = object.__new__(cls)
        for name, value in (("ids", ids), ("values", values), ("revision", revision)):
            object.__setattr__(made, name, value)
        return made

    def part(self, rows: NDArray[np.int64]) -> "ImageOffsets":
        """Those of some rows."""
        return ImageOffsets.known(self.ids[rows], self.values[rows], self.revision)

    def select(self, ids: Sequence[str]) -> "ImageOffsets":
        """Those of some images, in their order. Raises: NewsImagesError for an unknown one."""
        rows, missing = rows_of(self.ids, ids)
        if missing:
            raise NewsImagesError(f"No offsets of the images {first_ten(missing)}.")
        return ImageOffsets(np.asarray(ids, np.str_), self.values[rows], self.revision)

    def of(self, ids: NDArray[np.str_]) -> NDArray[np.float32]:
        """The values in the order of ``ids``.

        Raises:
            NewsImagesError: These are not the same images.
        """
        if self.ids is ids or np.array_equal(self.ids, ids):
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


def bank_offsets(space: Space, revision: Revision, *, compute: Compute = ON_CPU) -> ImageOffsets:
    """The offsets of D images, in the order of their ids, over the bank's articles of a space.

    An image of a revision that goes image by image gets the same bits among any others.

    Raises:
        NewsImagesError: The bank is empty, or as `SimilarityTiles`.
    """
    if not len(space.article_ids):
        raise NewsImagesError(
            "The query bank is empty: give it the articles of the training part, or rank without "
            "a bank."
        )
    check_shapes(space.queries, space.gallery)
    n_images = len(space.image_ids)
    parts = [np.arange(n_images)]
    if revision.image_by_image:
        parts = np.split(parts[0], range(IMAGES, n_images, IMAGES))
        # Exponentials and sums have other bits at the end of a row: filled up, images have none.
        parts = [np.resize(part, len(part) + -len(part) % STEP) for part in parts]
    values = []
    for part in parts:
        tiles = SimilarityTiles.of(space.part(part), compute, rows_beside=revision.rows_beside)
        values.append(revision.offsets(tiles, bank=True).cpu().numpy())
    return ImageOffsets(space.image_ids, np.concatenate(values)[:n_images], revision)


def without_asked(
    bank: Queries,
    asked: Sequence[Queries],
    views: Collection[View],
    *,
    compute: Compute = ON_CPU,
) -> Queries:
    """The bank without the articles that are asked: they would leak what is measured into it.

    Those stay whose id is not asked, and whose vector in none of ``views`` comes to a cosine of
    `COPY_COSINE` or more with one that is asked.

    Raises:
        NewsImagesError: No article is left, or a view is missing.
    """
    left = np.ones(len(bank), np.bool_)
    for queries in asked:
        for view in views:
            left &= ~_in(bank.of(view), queries.of(view), compute)
    if not left.any():
        raise NewsImagesError(
            f"All {len(bank)} training articles are among those that are asked for, or have the "
            f"same vectors (a cosine of {COPY_COSINE} or more): no query bank is left."
        )
    return bank if left.all() else bank.select(bank.ids[left].tolist())


def _in(bank: Embeddings, asked: Embeddings, compute: Compute) -> NDArray[np.bool_]:
    """(B,) whether an article's id, or as good as its vector, is among those that are asked."""
    same_id = np.isin(bank.ids, asked.ids)
    if not len(bank) or not len(asked):
        return same_id
    tiles = SimilarityTiles.of(Space.of(bank, asked), compute)
    nearest = torch.cat([tile.amax(dim=1) for tile in tiles]).cpu().numpy()  # (B,)
    same: NDArray[np.bool_] = same_id | (nearest >= COPY_COSINE)
    return same
