"""Pairs of texts and images as vectors, on which T×V is trained and validated.

In come embeddings of texts and of images and the image of each text, out come `Pairs`. The vectors
are never copied, so that they may be memory-mapped files (`vector_file`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings, rows_of
from newsimages.errors import NewsImagesError, first_ten


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """N pairs of a text and its image; several texts may have the same image."""

    # Per feature, the same items in the same order; those without a pair are allowed.
    texts: tuple[Embeddings, ...]
    images: tuple[Embeddings, ...]
    # (N,) the row of each pair; of texts unique.
    text_rows: NDArray[np.int64]
    image_rows: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where features or rows do not belong together."""
        _check_rows("text", self.texts, self.text_rows)
        _check_rows("image", self.images, self.image_rows)
        if len(self.text_rows) != len(self.image_rows):
            raise NewsImagesError(
                f"{len(self.text_rows)} texts for {len(self.image_rows)} images: expected one "
                "image per text."
            )
        rows, counts = np.unique(self.text_rows, return_counts=True)
        if len(rows) < len(self.text_rows):
            twice = self.texts[0].ids[rows[counts > 1]]
            raise NewsImagesError(f"Texts that are in more than one pair: {first_ten(twice)}.")

    def __len__(self) -> int:
        return len(self.text_rows)

    @property
    def text_ids(self) -> NDArray[np.str_]:
        """(N,) unique."""
        return self.texts[0].ids[self.text_rows]

    @property
    def image_ids(self) -> NDArray[np.str_]:
        """(N,) the image of each text."""
        return self.images[0].ids[self.image_rows]

    def subset(self, text_ids: Sequence[str]) -> "Pairs":
        """The pairs of these texts, in their order. Raises: NewsImagesError if one has none."""
        positions = _positions(self.text_ids, text_ids, "text")
        return replace(
            self, text_rows=self.text_rows[positions], image_rows=self.image_rows[positions]
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all ids and of an evenly spaced sample of the vectors.

        It may miss a single picture that was replaced under its old id.
        """
        digest = hashlib.sha256()
        for ids in (self.text_ids, self.image_ids):
            digest.update("\0".join(ids.tolist()).encode() + b"\1")
        for features, rows in ((self.texts, self.text_rows), (self.images, self.image_rows)):
            sample = rows[:: max(1, len(rows) // 256)]
            for feature in features:
                digest.update(np.ascontiguousarray(feature.vectors[sample]).tobytes())
        return digest.hexdigest()


def pair_up(
    texts: Sequence[Embeddings], images: Sequence[Embeddings], image_of: Mapping[str, str]
) -> Pairs:
    """Pairs of texts and images by ``image_of``: the image id of each text id, in their order.

    Raises:
        NewsImagesError: An id of ``image_of`` has no vector.
    """
    return Pairs(
        texts=tuple(texts),
        images=tuple(images),
        text_rows=_positions(texts[0].ids, list(image_of), "text"),
        image_rows=_positions(images[0].ids, list(image_of.values()), "image"),
    )


def merged(parts: Mapping[str, Embeddings]) -> Embeddings:
    """Embeddings of several data sets in one table, under the ids ``NAME/id``.

    Raises: NewsImagesError where there are none, or their dimensions differ.
    """
    dimensions = {name: part.dimension for name, part in parts.items()}
    if len(set(dimensions.values())) != 1:
        raise NewsImagesError(
            f"Cannot merge vectors of the dimensions {dimensions}: embed all data sets with the "
            "same backbone."
        )
    ids = [f"{name}/{item}" for name, part in parts.items() for item in part.ids.tolist()]
    return Embeddings(np.asarray(ids), np.concatenate([part.vectors for part in parts.values()]))


def check_features(kind: str, features: Sequence[Embeddings]) -> None:
    """Raises: NewsImagesError where the features are not of the same items in the same order."""
    for feature in features[1:]:
        if not np.array_equal(feature.ids, features[0].ids):
            strangers = np.setxor1d(feature.ids, features[0].ids)
            raise NewsImagesError(
                f"The {kind} features are not of the same {kind}s in the same order: "
                f"{len(features[0])} and {len(feature)} ids; in one only: "
                f"{first_ten(strangers) or 'none'}. Embed the same {kind}s with each backbone."
            )


def _check_rows(kind: str, features: Sequence[Embeddings], rows: NDArray[np.int64]) -> None:
    if not features:
        raise NewsImagesError(f"Pairs without a {kind} feature: give at least one.")
    check_features(kind, features)
    if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(features[0]):
        raise NewsImagesError(
            f"Pairs name {kind} rows {rows.min()} to {rows.max()}, but there are "
            f"{len(features[0])} {kind}s."
        )


def _positions(ids: NDArray[np.str_], wanted: Sequence[str], kind: str) -> NDArray[np.int64]:
    rows, missing = rows_of(ids, wanted)
    if missing:
        raise NewsImagesError(
            f"Pairs name {kind}s that have no vector: {first_ten(missing)}. Embed these {kind}s, "
            "or leave their pairs out."
        )
    return rows
