"""Unit vectors that travel with the ids of what they embed."""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError, first_ten

UNIT_TOLERANCE = 1e-3
_ROWS_AT_A_TIME = 65_536


@dataclass(frozen=True, eq=False)
class Embeddings:
    """N things and their vectors; a position means something only inside one instance."""

    ids: NDArray[np.str_]  # (N,) unique
    vectors: NDArray[np.float32]  # (N, E) of length 1

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where ids and vectors do not belong together."""
        if self.vectors.ndim != 2 or len(self.ids) != len(self.vectors):
            raise NewsImagesError(
                f"{len(self.ids)} ids for vectors of shape {self.vectors.shape}: "
                "expected one row per id."
            )
        if self.vectors.dtype != np.float32:
            raise NewsImagesError(f"Vectors are {self.vectors.dtype}, expected float32.")
        names, counts = np.unique(self.ids, return_counts=True)
        if len(names) < len(self.ids):
            raise NewsImagesError(f"Ids that occur more than once: {first_ten(names[counts > 1])}.")
        wrong = ~(np.abs(_lengths(self.vectors) - 1) < UNIT_TOLERANCE)  # also where one is NaN
        if wrong.any():
            raise NewsImagesError(
                f"Vectors that are not of length 1 (or hold NaN): {first_ten(self.ids[wrong])}. "
                "Divide each by its length."
            )

    @classmethod
    def known(cls, ids: NDArray[np.str_], vectors: NDArray[np.float32]) -> "Embeddings":
        """As the constructor, of what was checked when it was written: it is not gone through."""
        made = object.__new__(cls)
        object.__setattr__(made, "ids", ids)
        object.__setattr__(made, "vectors", vectors)
        return made

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dimension(self) -> int:
        """E, the length of each vector."""
        return int(self.vectors.shape[1])

    def select(self, ids: Sequence[str]) -> "Embeddings":
        """The embeddings of ``ids``, in their order. Raises: NewsImagesError if one is missing."""
        rows, missing = rows_of(self.ids, ids)
        if missing:
            raise NewsImagesError(f"No embedding for: {first_ten(missing)}.")
        return Embeddings(np.asarray(ids, dtype=np.str_), self.vectors[rows])

    def replaced(self, by: "Embeddings") -> "Embeddings":
        """The same with other vectors of some. Raises: NewsImagesError for an unknown one."""
        rows, missing = rows_of(self.ids, by.ids.tolist())
        if missing:
            raise NewsImagesError(f"No embedding to replace of: {first_ten(missing)}.")
        vectors = self.vectors.copy()
        vectors[rows] = by.vectors
        return Embeddings(self.ids, vectors)

    def sorted_by_id(self) -> "Embeddings":
        """The same in the order of the ids; itself where they are in order already."""
        if np.all(self.ids[:-1] < self.ids[1:]):
            return self
        order = np.argsort(self.ids)
        return Embeddings(self.ids[order], self.vectors[order])


def rows_of(
    ids: NDArray[np.str_], wanted: Sequence[str]
) -> tuple[NDArray[np.int64], Sequence[str]]:
    """The row of each wanted id that is among unique ids, and the wanted ones that are not."""
    row_of = {name: row for row, name in enumerate(ids.tolist())}
    missing = [name for name in wanted if name not in row_of]
    return np.array([row_of[name] for name in wanted if name in row_of], np.int64), missing


def release(vectors: NDArray[np.float32]) -> None:
    """Takes the pages of a memory-mapped file out of the process's memory, where that can be done.

    They stay in the system's cache, which gives them back at once or takes their room for others.
    Vectors in memory are left as they are.
    """
    mapped = getattr(vectors, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) of (N, E); what a memory map reads on the way is given up again."""
    lengths = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _ROWS_AT_A_TIME):
        part = vectors[start : start + _ROWS_AT_A_TIME]
        lengths[start : start + _ROWS_AT_A_TIME] = np.sqrt(np.einsum("ij,ij->i", part, part))
        release(vectors)
    return lengths
