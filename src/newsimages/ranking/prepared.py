"""A gallery prepared for search: what is worked out once and not for every request.

In comes a `Gallery`, in memory or in memory-mapped files, out comes a `Prepared`, which makes a
`Space` of it and of an article's vectors without going through the gallery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from newsimages.devices import resolve_precision
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.halves import Copies, Halves, copies_of, halves_of
from newsimages.ranking.search import MANY
from newsimages.ranking.spaces import (
    Gallery,
    Queries,
    Space,
    Tower,
    Weights,
    blocks_of,
    check_same_ids,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """D images in each tower, in rows of any order."""

    gallery: Gallery
    """The same ids in the same order in each tower."""
    places: NDArray[np.int64] | None = None
    """(D,) each image's place in the order of the ids, by which equal scores are ordered; None: the
    ids rise."""
    alive: NDArray[np.bool_] | None = None
    """(D,) the images that are there: the others were taken away and are never found. None: all."""
    halves: Mapping[Tower, Halves] = field(default_factory=dict)
    """The towers in bfloat16, where they are at hand. Those of `MANY` images are made when they are
    first needed, where the processor multiplies in bfloat16; elsewhere it would be slower."""

    @classmethod
    def of(cls, gallery: Gallery) -> "Prepared":
        """Embeddings in memory. Raises: NewsImagesError where the towers hold other images."""
        first = next(iter(gallery.values()))
        for images in gallery.values():
            check_same_ids(images.ids, first.ids, "images of a further tower")
        made = {id(images): images.sorted_by_id() for images in gallery.values()}
        return cls(gallery={tower: made[id(images)] for tower, images in gallery.items()})

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where the parts are not of the same number of images."""
        sizes = {f"{name} vectors": len(images) for name, images in self.gallery.items()}
        sizes |= {f"{name} halves": len(own.vectors) for name, own in self.halves.items()}
        for name in ("places", "alive"):
            if (values := getattr(self, name)) is not None:
                sizes[name] = len(values)
        if len(set(sizes.values())) != 1:
            told = ", ".join(f"{size} {name}" for name, size in sizes.items())
            raise NewsImagesError(
                f"A gallery of {told or 'no tower'}: expected the same number of each."
            )

    @property
    def ids(self) -> NDArray[np.str_]:
        """(D,) the images."""
        return next(iter(self.gallery.values())).ids

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, image_ids: Sequence[str]) -> NDArray[np.int64]:
        """Where images are. Raises: NewsImagesError for those that are not there."""
        names = np.asarray(image_ids, np.str_)
        starts, ends = (
            np.searchsorted(self.ids, names, side=side, sorter=self._by_id).tolist()
            for side in ("left", "right")
        )
        rows: list[int] = []
        missing: list[str] = []
        for name, start, end in zip(image_ids, starts, ends, strict=True):
            found = np.arange(start, end) if self._by_id is None else self._by_id[start:end]
            found = found if self.alive is None else found[self.alive[found]]
            is_there = len(found) and str(self.ids[found[0]]) == name  # arrays end at a NUL
            rows += found.tolist()
            missing += [] if is_there else [name]
        if missing:
            raise NewsImagesError(f"The gallery has no image {first_ten(missing)}.")
        return np.array(rows, np.int64)

    def space(self, queries: Queries, weights: Weights) -> Space:
        """The space of articles and these images, as `newsimages.ranking.spaces.fuse` makes it.

        Raises:
            NewsImagesError: A view or a tower is missing, or as `shares`.
        """
        blocks = blocks_of(queries, self.gallery, weights)
        many = len(self) >= MANY
        halves = many and resolve_precision("auto", torch.device("cpu")) == "bf16"
        return Space(
            article_ids=queries.ids,
            image_ids=self.ids,
            queries=tuple(asked for _, asked in blocks),
            gallery=tuple(images.vectors for images, _ in blocks),
            halves=tuple(self._halves_of(images) for images, _ in blocks) if halves else None,
            places=self.places,
            alive=self.alive,
            copies=None if many or len(blocks) < self._n_blocks else self._copies,
        )

    @cached_property
    def _by_id(self) -> NDArray[np.int64] | None:
        """(D,) the rows in the order of the ids; None: they are."""
        return None if self.places is None else np.argsort(self.places)

    @cached_property
    def _copies(self) -> Copies:
        return copies_of([images.vectors for images in self._blocks.values()])

    @property
    def _n_blocks(self) -> int:
        return len(self._blocks)

    @cached_property
    def _blocks(self) -> dict[int, Embeddings]:
        """The towers' images; towers that share theirs are one block."""
        return {id(images): images for images in self.gallery.values()}

    @cached_property
    def _made(self) -> dict[int, Halves]:
        return {id(self.gallery[tower]): halves for tower, halves in self.halves.items()}

    def _halves_of(self, images: Embeddings) -> Halves:
        if id(images) not in self._made:
            self._made[id(images)] = halves_of(images.vectors)
        return self._made[id(images)]
