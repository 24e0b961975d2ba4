"""Compares variants: the ranks of right images in, a paired test of every two variants out.

Variants are compared by the difference of their reciprocal ranks on each article, whose mean is the
difference of their MRR.

- The interval is that of the percentile bootstrap (Efron 1979) over articles.
- The test is the paired randomisation test (Fisher 1935): if two variants were alike, the sign of
  an article's difference could as well be the other one. Wilcoxon's tests another figure and drops
  the articles on which two variants agree, which are most (Smucker, Allan and Carterette, CIKM
  2007, recommend randomisation).
- Some of many pairs differ by chance, so p is corrected by Holm's method over those of a data set.

All pairs of a data set share their draws, so their figures do not depend on their order.
"""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError
from newsimages.metrics.reciprocal_rank import reciprocal_ranks

COLUMNS = (
    "data set",
    "variant",
    "against",
    "articles",
    "MRR",
    "MRR against",
    "difference",
    "low",
    "high",
    "p",
    "p corrected",
    "won",
    "lost",
    "tied",
)
CONFIDENCE = 0.95  # of the intervals; a corrected p below 1 − CONFIDENCE is beyond chance
RESAMPLES = 2000  # of the bootstrap
PERMUTATIONS = 10_000  # random choices of signs; no p is below 1 / (PERMUTATIONS + 1)
SEED = 0  # of both
CELLS = 2_000_000  # numbers in a block of draws: 16 MB


def compare(ranks: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> pd.DataFrame:
    """Compares every variant with every one before it, on each data set.

    Args:
        ranks: By data set and variant, (articles,) as from `metrics.ranks_of_truth`;
            all variants of a data set over the same articles in the same order.

    Returns:
        A row per data set and pair, with the columns `COLUMNS`: ``low`` and ``high`` bound the
        ``difference``, MRR minus MRR against; ``won``, ``lost`` and ``tied`` count articles on
        which ``variant`` ranks the right image better, worse or the same (as all beyond 100 are).

    Raises:
        NewsImagesError: Variants of a data set with different numbers of articles, or none.
    """
    rows = [row for name, variants in ranks.items() for row in _rows(name, variants)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's correction of (n,) p values: the i-th smallest (from 0) times n − i, never falling.

    Source: Holm, Scandinavian Journal of Statistics 6, 1979.
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(stepped)
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def _rows(name: str, variants: Mapping[str, NDArray[np.float64]]) -> Iterator[tuple[object, ...]]:
    values = {variant: reciprocal_ranks(np.asarray(r)) for variant, r in variants.items()}
    sizes = {variant: len(one) for variant, one in values.items()}
    if len(set(sizes.values())) > 1 or 0 in sizes.values():
        raise NewsImagesError(
            f"{name}: numbers of articles by variant: {sizes}; all must be measured on the same "
            "articles, at least one."
        )
    pairs = [(later, earlier) for earlier, later in itertools.combinations(values, 2)]
    if not pairs:
        return
    differences = np.stack([values[one] - values[other] for one, other in pairs], axis=1)
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    low, high = np.quantile(_resampled_means(differences), tails, axis=0)
    p = _p_values(differences)
    corrected = holm(p)
    for at, (one, other) in enumerate(pairs):
        difference = differences[:, at]
        yield (
            *(name, one, other, len(difference)),
            *(float(values[one].mean()), float(values[other].mean()), float(difference.mean())),
            *(float(low[at]), float(high[at]), float(p[at]), float(corrected[at])),
            *(int((difference > 0).sum()), int((difference < 0).sum())),
            int((difference == 0).sum()),
        )


def _resampled_means(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """(resamples, pairs) mean differences over articles (articles, pairs) drawn anew."""
    generator = np.random.default_rng(SEED)
    n = len(differences)
    means = []
    for size in _blocks(RESAMPLES, n):
        drawn = generator.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        means.append(counts.astype(np.float64) @ differences / n)
    return np.concatenate(means)


def _p_values(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """(pairs,) two-sided p: how often the mean is as far from 0 under random signs."""
    generator = np.random.default_rng(SEED)
    n, total = len(differences), differences.sum(axis=0)
    reached = np.abs(total) - 1e-9  # the same sum in another order may be a hair smaller
    n_as_far = np.zeros(differences.shape[1])
    for size in _blocks(PERMUTATIONS, n):
        n_bytes = -(-n // 8)
        bits = np.frombuffer(generator.bytes(size * n_bytes), np.uint8).reshape(size, n_bytes)
        flipped = np.unpackbits(bits, axis=1, count=n).astype(np.float64)  # 1: the other sign
        n_as_far += (np.abs(total - 2 * (flipped @ differences)) >= reached).sum(axis=0)
    return (1 + n_as_far) / (1 + PERMUTATIONS)


def _blocks(n_draws: int, n_articles: int) -> list[int]:
    """How many draws to make at a time, so that memory is bounded."""
    size = max(1, CELLS // n_articles)
    return [min(size, n_draws - done) for done in range(0, n_draws, size)]
