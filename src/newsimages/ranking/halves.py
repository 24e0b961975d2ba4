"""What is worked out once of a gallery's vectors: a copy in half the bytes, and who repeats whom.

In come the vectors of D images, out come `Halves`, the same in bfloat16 with a bound on how far
off they are, and `Copies`, the images whose vectors another has as well.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_ROWS_AT_A_TIME = 65_536


@dataclass(frozen=True, kw_only=True, eq=False)
class Halves:
    """The vectors of D images in one tower in bfloat16, half the bytes to read."""

    vectors: Tensor
    """(D, E) bfloat16, each number rounded to the nearest; may lie in a memory-mapped file."""
    error: float
    """The greatest length of what rounding took off a vector, or a number above it."""

    @classmethod
    def mapped(cls, bits: NDArray[np.uint16], error: float) -> "Halves":
        """Those whose bits (D, E) lie in an array, such as a memory-mapped file; not copied."""
        return cls(vectors=torch.from_numpy(bits).view(torch.bfloat16), error=error)


def halves_of(vectors: NDArray[np.float32]) -> Halves:
    """The halves of vectors (D, E), made in memory."""
    halves = torch.empty(vectors.shape, dtype=torch.bfloat16)
    error = 0.0
    for start in range(0, len(vectors), _ROWS_AT_A_TIME):
        part = halves[start : start + _ROWS_AT_A_TIME]
        error = max(error, rounded(vectors[start : start + _ROWS_AT_A_TIME], part))
    return Halves(vectors=halves, error=error)


def rounded(vectors: NDArray[np.float32], out: Tensor) -> float:
    """Writes vectors (N, E) into ``out`` (N, E) bfloat16; the greatest length that was taken off.

    A number above the true one by what the length itself is rounded.
    """
    whole = torch.from_numpy(np.ascontiguousarray(vectors))
    out.copy_(whole)
    if not len(vectors):
        return 0.0
    lengths = torch.linalg.vector_norm(whole - out.float(), dim=1)  # the difference is exact
    return float(lengths.max()) * (1 + 1e-4)


@dataclass(frozen=True, kw_only=True, eq=False)
class Copies:
    """The images that repeat another's vectors."""

    rows: NDArray[np.int64]
    """(N,)"""
    originals: NDArray[np.int64]
    """(N,) the first image with the vectors of each."""


def copies_of(blocks: Sequence[NDArray[np.float32]]) -> Copies:
    """Those of D images, (D, E) per block, that are equal to another in every block."""
    first_of: dict[bytes, int] = {}
    rows, originals = [], []
    _, group, sizes = np.unique(blocks[0][:, 0], return_inverse=True, return_counts=True)
    for row in np.flatnonzero(sizes[group] > 1).tolist():  # few, so few are hashed whole
        digest = hashlib.sha256(b"".join(block[row].tobytes() for block in blocks)).digest()
        first = first_of.setdefault(digest, row)
        if first != row:
            rows.append(row)
            originals.append(first)
    return Copies(rows=np.array(rows, np.int64), originals=np.array(originals, np.int64))
