"""The cost of the other revisions beside dual softmax: medians of five of `ranking` with each.

Each is measured in turn with dual softmax in a process of its own, so that its peak memory is its
own too.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import torch

from benchmarks.ranking import (
    DIMENSION,
    MEMORY_MB,
    TOP_K,
    megabytes,
    peak_mb,
    random_embeddings,
    resident_mb,
)
from benchmarks.timing import Row, cost, median_of
from newsimages.devices import Compute
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revisions import (
    DualSoftmax,
    InvertedSoftmax,
    Neighbours,
    Revision,
    Sinkhorn,
)
from newsimages.ranking.spaces import Space

N = 10_000
REPEATS = 5
DUAL_SOFTMAX = DualSoftmax(scale=100.0)
AT_MOST: tuple[tuple[Revision, float], ...] = (
    (InvertedSoftmax(scale=100.0), 1.2),
    (Neighbours(), 1.2),
    (Sinkhorn(scale=100.0, rounds=50, tolerance=0.0), 5.0),
)


def run() -> list[Row]:
    """Measures every revision; Sinkhorn in all of its rounds."""
    return [_row(revision, at_most) for revision, at_most in AT_MOST]


def _row(revision: Revision, at_most: float) -> Row:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        ours_s, dual_s, beyond_mb = pool.submit(_measure, revision).result()
    name = f"{revision.words} {N:,} × {N:,} × {DIMENSION}, and dual softmax"
    memory = f"{beyond_mb:.0f} MB more (≤ {MEMORY_MB})"
    return cost(name, (ours_s, dual_s), at_most, memory, beyond_mb <= MEMORY_MB)


def _measure(revision: Revision) -> tuple[float, float, float]:
    """Seconds of the revision and of dual softmax, and MiB beyond inputs and outputs."""
    torch.manual_seed(0)
    small = _space(1000)
    for warm_up in (DUAL_SOFTMAX, revision):
        _ranked(small, warm_up)
    space = _space(N)
    before_mb = resident_mb()
    ranking = _ranked(space, revision)
    beyond_mb = peak_mb() - before_mb - megabytes(ranking)
    ours_s, dual_s = median_of(
        REPEATS,
        lambda: _ranked(space, revision),
        lambda: _ranked(space, DUAL_SOFTMAX),
    )
    return ours_s, dual_s, beyond_mb


def _space(n: int) -> Space:
    return Space.of(random_embeddings(n, "a"), random_embeddings(n, "i"))


def _ranked(space: Space, revision: Revision) -> Ranking:
    return rank(space, revision, top_k=TOP_K, compute=Compute(memory_mb=MEMORY_MB))
