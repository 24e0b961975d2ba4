"""Dual softmax and the top 100: `ranking` beside the textbook and the bare product.

Every size is measured in a process of its own, so that its peak memory is its own too.
"""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmarks.timing import Row, best_of, cost, gain
from newsimages.devices import Compute
from newsimages.embeddings import Embeddings
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revisions import DualSoftmax
from newsimages.ranking.spaces import Space

DIMENSION = 1024
TOP_K = 100
MEMORY_MB = 512
BLOCK_ROWS = 1024  # rows of the bare product at a time, where its result does not fit
MEGABYTE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class _Figures:
    """The figures of one size."""

    ours_s: float
    bare_s: float
    textbook_s: float
    beyond_mb: float
    """Peak memory beyond inputs and outputs."""
    agreement: float
    """Share of the places in all lists that the textbook fills with the same image."""


def run() -> list[Row]:
    """Measures a matrix that fits the memory budget and one that does not."""
    return [*_fitting(10_000), *_tiled(40_000)]


def _fitting(n: int) -> list[Row]:
    figures = _in_own_process(n, repeats=3, textbook=True)
    name = f"ranking {n:,} × {n:,} × {DIMENSION}"
    textbook_s, bare_s = (figures.ours_s, figures.textbook_s), (figures.ours_s, figures.bare_s)
    same = figures.agreement
    return [
        gain(
            f"{name}, and the textbook",
            textbook_s,
            2,
            f"{same:.2%} same places (≥ 99 %)",
            same >= 0.99,
        ),
        cost(f"{name}, and the bare product", bare_s, 1.6, *_memory(figures)),
    ]


def _tiled(n: int) -> list[Row]:
    figures = _in_own_process(n, repeats=1, textbook=False)
    name = f"ranking {n:,} × {n:,} × {DIMENSION}, and the bare product"
    return [cost(name, (figures.ours_s, figures.bare_s), 2.4, *_memory(figures))]


def _memory(figures: _Figures) -> tuple[str, bool]:
    within = figures.beyond_mb <= MEMORY_MB
    return f"{figures.beyond_mb:.0f} MB more (≤ {MEMORY_MB})", within


def _in_own_process(n: int, *, repeats: int, textbook: bool) -> _Figures:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(_measure, n, repeats=repeats, textbook=textbook).result()


def _measure(n: int, *, repeats: int, textbook: bool) -> _Figures:
    torch.manual_seed(0)
    _ours(Space.of(random_embeddings(1000, "a"), random_embeddings(1000, "i")))  # warm-up
    space = Space.of(random_embeddings(n, "a"), random_embeddings(n, "i"))
    before_mb = resident_mb()
    start = time.perf_counter()
    ranking = _ours(space)
    first_s = time.perf_counter() - start
    beyond_mb = peak_mb() - before_mb - megabytes(ranking)
    q, g = torch.from_numpy(space.queries[0]), torch.from_numpy(space.gallery[0])
    (bare_s,) = best_of(1, lambda: _bare(q, g))
    if repeats > 1:
        again_s, bare_again_s = best_of(repeats - 1, lambda: _ours(space), lambda: _bare(q, g))
        first_s, bare_s = min(first_s, again_s), min(bare_s, bare_again_s)
    textbook_s, agreement = float("nan"), float("nan")
    if textbook:
        places: list[NDArray[np.int64]] = []
        (textbook_s,) = best_of(2, lambda: places.append(_textbook(q, g)))
        agreement = float((space.image_ids[places[-1]] == ranking.image_ids).mean())
    return _Figures(
        ours_s=first_s,
        bare_s=bare_s,
        textbook_s=textbook_s,
        beyond_mb=beyond_mb,
        agreement=agreement,
    )


def _ours(space: Space) -> Ranking:
    return rank(space, DualSoftmax(), top_k=TOP_K, compute=Compute(memory_mb=MEMORY_MB))


def _bare(queries: Tensor, gallery: Tensor) -> None:
    """Computes Z, whole where it fits the budget, else block by block into the same memory."""
    fits = 4 * len(queries) * len(gallery) <= MEMORY_MB * MEGABYTE
    rows = len(queries) if fits else BLOCK_ROWS
    block = torch.empty(rows, len(gallery))
    for start in range(0, len(queries), rows):
        part = queries[start : start + rows]
        torch.mm(part, gallery.T, out=block[: len(part)])


def _textbook(queries: Tensor, gallery: Tensor) -> NDArray[np.int64]:
    """The paper's formula as it stands, and a full sort."""
    similarities = queries @ gallery.T
    revised = similarities.softmax(dim=0) * similarities.softmax(dim=1)
    order: NDArray[np.int64] = revised.argsort(dim=1, descending=True)[:, :TOP_K].numpy()
    return order


def random_embeddings(n: int, letter: str) -> Embeddings:
    """Random directions, made in place: no memory is used and given back on the way."""
    vectors = torch.empty(n, DIMENSION).normal_()
    for part in vectors.split(1000):
        functional.normalize(part, dim=1, out=part)
    return Embeddings(np.array([f"{letter}{i:06d}" for i in range(n)]), vectors.numpy())


def megabytes(ranking: Ranking) -> float:
    """Memory of the answer itself, in MiB."""
    arrays = (ranking.image_ids, ranking.scores, ranking.similarities)
    return sum(array.nbytes for array in arrays) / MEGABYTE


def resident_mb() -> float:
    """Resident memory of this process, in MiB."""
    return _status_mb("VmRSS")


def peak_mb() -> float:
    """Peak resident memory of this process, in MiB."""
    # Not from getrusage, whose peak a process inherits from the one that started it.
    return _status_mb("VmHWM")


def _status_mb(field: str) -> float:
    status = Path("/proc/self/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith(f"{field}:")]
    return int(line.split()[1]) / 1024  # the kernel's unit is KiB
