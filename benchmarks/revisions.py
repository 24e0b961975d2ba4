"""What the other revisions cost beside dual softmax: `ranking` with each of them.

Each is measured in turn with dual softmax in a process of its own, so that its peak memory is its
own too.
"""

import multiprocessing
import time
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
from benchmarks.timing import Row, best_of, cost
from newsimages.embeddings import Embeddings
from newsimages.ranking.ranking import Ranking, rank
from newsimages.ranking.revision import Revision

N = 10_000
REPEATS = 3
DUAL_SOFTMAX = Revision(scale=100.0)
AT_MOST = (
    (Revision(method="inverted_softmax", scale=100.0), 1.2),
    (Revision(method="neighbours"), 1.2),
    (Revision(method="sinkhorn", scale=100.0, rounds=50, tolerance=0.0), 5.0),
)


def run() -> list[Row]:
    """Measures every revision; Sinkhorn in all of its rounds."""
    return [_row(revision, at_most) for revision, at_most in AT_MOST]


def _row(revision: Revision, at_most: float) -> Row:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        ours_s, dual_s, beyond_mb = pool.submit(_measure, revision).result()
    name = f"{revision.method} {N:,} × {N:,} × {DIMENSION}, and dual softmax"
    memory = f"{beyond_mb:.0f} MB more (≤ {MEMORY_MB})"
    return cost(name, (ours_s, dual_s), at_most, memory, beyond_mb <= MEMORY_MB)


def _measure(revision: Revision) -> tuple[float, float, float]:
    """Seconds of the revision and of dual softmax, and MiB beyond inputs and outputs."""
    torch.manual_seed(0)
    small = random_embeddings(1000, "a"), random_embeddings(1000, "i")
    for warm_up in (DUAL_SOFTMAX, revision):
        _ranked(*small, warm_up)
    queries, gallery = random_embeddings(N, "a"), random_embeddings(N, "i")
    before_mb = resident_mb()
    start = time.perf_counter()
    ranking = _ranked(queries, gallery, revision)
    first_s = time.perf_counter() - start
    beyond_mb = peak_mb() - before_mb - megabytes(ranking)
    again_s, dual_s = best_of(
        REPEATS,
        lambda: _ranked(queries, gallery, revision),
        lambda: _ranked(queries, gallery, DUAL_SOFTMAX),
    )
    return min(first_s, again_s), dual_s, beyond_mb


def _ranked(queries: Embeddings, gallery: Embeddings, revision: Revision) -> Ranking:
    return rank(queries, gallery, revision=revision, top_k=TOP_K, memory_mb=MEMORY_MB)
