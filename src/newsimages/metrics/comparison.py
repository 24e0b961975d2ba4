"""Compares variants: the ranks of right images in, a paired test of every two variants out.

Variants are compared by the difference of their reciprocal ranks on each article, whose mean is the
difference of their MRR.

- The interval is that of the percentile bootstrap (Efron 1979) over articles.
- The test is the paired randomisation test (Fisher 1935): if two variants were alike, the sign of
  an article's difference could as well be the other one. Smucker, Allan and Carterette (CIKM 2007)
  recommend it over Wilcoxon's, which drops the articles on which two variants agree: most.
- Some of many pairs differ by chance, so p is corrected by Holm's method over those of a data set.

All pairs of a data set share their draws, so their figures do not depend on their order.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError
from newsimages.metrics.reciprocal_rank import reciprocal_ranks

CONFIDENCE = 0.95  # of the intervals; a corrected p below 1 − CONFIDENCE is beyond chance
RESAMPLES = 2000  # of the bootstrap
PERMUTATIONS = 10_000  # random choices of signs; no p is below 1 / (PERMUTATIONS + 1)
CELLS = 2_000_000  # numbers in a block of draws: 16 MB


def compare(
    ranks: Mapping[str, Mapping[str, NDArray[np.float64]]], *, seed: int = 0
) -> pd.DataFrame:
    """Compares every variant with every one before it, on each of one or more data sets.

    Args:
        ranks: By data set and variant, (articles,) as from `ranks_of_truth`; all variants of a
            data set over the same articles in the same order.
        seed: Of the draws.

    Returns:
        A row per data set and pair: ``low`` and ``high`` bound the ``difference``, MRR minus MRR
        against; ``won``, ``lost`` and ``tied`` count articles on which ``variant`` ranks the right
        image better, worse or the same (as all beyond 100 are).

    Raises:
        NewsImagesError: Variants of a data set with different numbers of articles, or none.
    """
    tables = [_pairs(name, variants, seed) for name, variants in ranks.items()]
    return pd.concat(tables, ignore_index=True)


class Paired(NamedTuple):
    """The mean of differences, and how sure it is; each (pairs,)."""

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    """The bounds of its interval."""
    high: NDArray[np.float64]
    p: NDArray[np.float64]
    """Two-sided, that there is no difference; not corrected."""


def paired(differences: NDArray[np.float64], *, seed: int = 0) -> Paired:
    """The bootstrap's interval and the randomisation test of (articles, pairs) differences."""
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    low, high = np.quantile(_resampled_means(differences, seed), tails, axis=0)
    mean = np.array([difference.mean() for difference in differences.T])
    return Paired(mean, low, high, p_values(differences, seed))


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's correction of (n,) p values: the i-th smallest (from 0) times n − i, never falling.

    Source: Holm, Scandinavian Journal of Statistics 6, 1979.
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(stepped)
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def beyond_chance(pairs: pd.DataFrame) -> "pd.Series[bool]":
    """Which pairs of `compare` differ by more than chance explains."""
    return pairs["p corrected"] < 1 - CONFIDENCE


def mrr_of(pairs: pd.DataFrame) -> dict[str, float]:
    """The MRR by variant of a data set's pairs of `compare`, the greatest first."""
    mrr = dict(zip(pairs["against"], pairs["MRR against"], strict=True))
    mrr |= dict(zip(pairs["variant"], pairs["MRR"], strict=True))
    return dict(sorted(mrr.items(), key=lambda item: -item[1]))


def groups(pairs: pd.DataFrame) -> list[list[str]]:
    """The largest sets of variants no two of which differ beyond chance.

    A variant may stand in several of them, and one that differs from every other stands alone. They
    are the maximal cliques of the graph of pairs that chance explains (Piepho, Journal of
    Computational and Graphical Statistics 13, 2004), found by Bron and Kerbosch's algorithm with a
    pivot (Communications of the ACM 16, 1973).

    Args:
        pairs: Those of one data set, from `compare`.

    Returns:
        The variants of each set and the sets themselves, the greatest MRR first.
    """
    place = {variant: number for number, variant in enumerate(mrr_of(pairs))}
    alike: dict[str, set[str]] = {variant: set() for variant in place}
    same = pairs[~beyond_chance(pairs)]
    for one, other in zip(same["variant"], same["against"], strict=True):
        alike[one].add(other)
        alike[other].add(one)
    found: list[list[int]] = []

    def extend(clique: set[str], left: set[str], done: set[str]) -> None:
        if not left and not done:
            found.append(sorted(place[variant] for variant in clique))
            return
        pivot = max(left | done, key=lambda variant: len(alike[variant] & left))
        for variant in left - alike[pivot]:
            extend(clique | {variant}, left & alike[variant], done & alike[variant])
            left, done = left - {variant}, done | {variant}

    if place:
        extend(set(), set(place), set())
    names = list(place)
    return [[names[number] for number in clique] for clique in sorted(found)]


def _pairs(name: str, variants: Mapping[str, NDArray[np.float64]], seed: int) -> pd.DataFrame:
    values = {variant: reciprocal_ranks(np.asarray(r)) for variant, r in variants.items()}
    sizes = {variant: len(one) for variant, one in values.items()}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        raise NewsImagesError(
            f"{name}: numbers of articles by variant: {sizes}; all must be measured on the same "
            "articles, at least one."
        )
    pairs = [(later, earlier) for earlier, later in itertools.combinations(values, 2)]
    differences = np.empty((max(sizes.values()), len(pairs)))  # (articles, pairs)
    for at, (one, other) in enumerate(pairs):
        differences[:, at] = values[one] - values[other]
    tested = paired(differences, seed=seed)
    return pd.DataFrame(
        {
            "data set": name,
            "variant": [one for one, _ in pairs],
            "against": [other for _, other in pairs],
            "articles": len(differences),
            "MRR": [values[one].mean() for one, _ in pairs],
            "MRR against": [values[other].mean() for _, other in pairs],
            "difference": tested.mean,
            "low": tested.low,
            "high": tested.high,
            "p": tested.p,
            "p corrected": holm(tested.p),
            "won": (differences > 0).sum(axis=0),
            "lost": (differences < 0).sum(axis=0),
            "tied": (differences == 0).sum(axis=0),
        }
    )


def _resampled_means(differences: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """(resamples, pairs) mean differences over articles (articles, pairs) drawn anew."""
    n = len(differences)
    return np.concatenate([counts @ differences / n for counts in resamples(n, seed)])


def resamples(n: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yields (draws, n) blocks: how often each of n articles is drawn, `RESAMPLES` times in all."""
    generator = np.random.default_rng(seed)
    for size in _blocks(RESAMPLES, n):
        drawn = generator.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        yield counts.astype(np.float64)


def p_values(differences: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """(pairs,) two-sided p of the paired randomisation test of (articles, pairs) differences.

    How often the mean is as far from 0 under random signs. A 0 says nothing, as if it were missing.
    """
    generator = np.random.default_rng(seed)
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
