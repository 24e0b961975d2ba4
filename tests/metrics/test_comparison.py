"""Comparison of variants: against plain loops, exact tests, and scipy."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from newsimages.errors import NewsImagesError
from newsimages.metrics.comparison import compare, groups, holm, mrr_of
from newsimages.metrics.reciprocal_rank import reciprocal_ranks

Ranks = NDArray[np.float64]


def drawn(n: int, seed: int = 0, n_variants: int = 3) -> dict[str, Ranks]:
    """Ranks of variants that share most of their luck; the last one is the worst."""
    generator = np.random.default_rng(seed)
    shared = generator.geometric(0.3, n)
    return {
        f"v{at}": (shared + generator.integers(0, 1 + 2 * at, n)).astype(np.float64)
        for at in range(n_variants)
    }


def test_figures_of_a_pair_by_hand() -> None:
    first = np.array([1, 2, 10, np.inf, 150, 1])
    second = np.array([2, 1, 1, 100, np.inf, 1])
    row = compare({"RSS": {"clip": first, "txv": second}}).iloc[0]
    assert (row["data set"], row["variant"], row["against"]) == ("RSS", "txv", "clip")
    assert (row["won"], row["lost"], row["tied"], row["articles"]) == (3, 1, 2, 6)
    assert row["MRR"] == pytest.approx((0.5 + 1 + 1 + 0.01 + 0 + 1) / 6)
    assert row["MRR against"] == pytest.approx((1 + 0.5 + 0.1 + 0 + 0 + 1) / 6)
    assert row["difference"] == pytest.approx(row["MRR"] - row["MRR against"])
    assert row["low"] <= row["difference"] <= row["high"]


def test_p_agrees_with_all_choices_of_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = drawn(12)
    monkeypatch.setattr("newsimages.metrics.comparison.PERMUTATIONS", 200_000)
    table = compare({"x": ranks})
    for _, row in table.iterrows():
        d = reciprocal_ranks(ranks[row["variant"]]) - reciprocal_ranks(ranks[row["against"]])
        totals = [
            abs(np.dot(signs, d)) >= abs(d.sum()) - 1e-12
            for signs in itertools.product((-1, 1), repeat=12)
        ]
        assert row["p"] == pytest.approx(np.mean(totals), abs=0.005)


def test_interval_and_p_agree_with_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = drawn(400)
    monkeypatch.setattr("newsimages.metrics.comparison.RESAMPLES", 4000)
    table = compare({"x": ranks})
    for _, row in table.iterrows():
        d = reciprocal_ranks(ranks[row["variant"]]) - reciprocal_ranks(ranks[row["against"]])
        theirs = stats.bootstrap(
            (d,), np.mean, n_resamples=4000, method="percentile", rng=1
        ).confidence_interval
        width = theirs.high - theirs.low
        assert row["low"] == pytest.approx(theirs.low, abs=0.06 * width)
        assert row["high"] == pytest.approx(theirs.high, abs=0.06 * width)
        flipped = stats.permutation_test(
            (d,), np.mean, permutation_type="samples", n_resamples=5000, rng=1
        )
        assert row["p"] == pytest.approx(flipped.pvalue, abs=0.02)


def test_alike_variants_rarely_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two variants that are alike, p is below a half in half of the cases."""
    generator = np.random.default_rng(0)
    monkeypatch.setattr("newsimages.metrics.comparison.RESAMPLES", 1)
    monkeypatch.setattr("newsimages.metrics.comparison.PERMUTATIONS", 200)
    p = []
    for _ in range(200):
        a, b = (generator.integers(1, 120, 50).astype(np.float64) for _ in range(2))
        p.append(compare({"x": {"a": a, "b": b}})["p"].iloc[0])
    assert np.mean(np.array(p) < 0.5) == pytest.approx(0.5, abs=0.12)
    assert np.mean(np.array(p) < 0.05) < 0.12


def test_holm_by_hand() -> None:
    assert holm(np.array([0.04, 0.01, 0.03])).tolist() == pytest.approx([0.06, 0.03, 0.06])
    assert holm(np.array([0.9, 0.6])).tolist() == [1, 1]
    assert holm(np.array([])).tolist() == []


def test_pairs_are_corrected_within_their_data_set() -> None:
    sets = {"RSS": drawn(100), "RT": drawn(50, n_variants=2)}
    table = compare(sets)
    assert table.groupby("data set", sort=False).size().to_dict() == {"RSS": 3, "RT": 1}
    for _, pairs in table.groupby("data set"):
        assert pairs["p corrected"].tolist() == holm(pairs["p"].to_numpy()).tolist()
    assert compare(sets).equals(table)
    assert not compare(sets, seed=1).equals(table)


def test_memory_of_draws_is_bounded_and_blocks_do_not_matter_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = compare({"x": drawn(100)})
    monkeypatch.setattr("newsimages.metrics.comparison.CELLS", 1000)
    blocks = compare({"x": drawn(100)})
    assert np.allclose(whole["low"], blocks["low"], atol=0.01)
    assert np.allclose(whole["p"], blocks["p"], atol=0.02)


def test_equal_variants_are_tied_and_one_alone_is_not_compared() -> None:
    ranks = drawn(20)["v0"]
    row = compare({"x": {"a": ranks, "b": ranks.copy()}}).iloc[0]
    assert (row["p"], row["low"], row["high"], row["tied"]) == (1, 0, 0, 20)
    assert compare({"x": {"a": ranks}}).empty


@pytest.mark.parametrize("sizes", [(3, 4), (0, 0)])
def test_other_articles_are_refused(sizes: tuple[int, int]) -> None:
    ranks = {f"v{at}": np.ones(n) for at, n in enumerate(sizes)}
    with pytest.raises(NewsImagesError, match="RSS: numbers of articles by variant"):
        compare({"RSS": ranks})


def pairs_of(variants: str, apart: set[frozenset[str]]) -> pd.DataFrame:
    """The pairs of variants, each a letter, the best first, of which some differ beyond chance."""
    mrr = {variant: 1 - at / 10 for at, variant in enumerate(variants)}
    rows = [
        (one, other, mrr[one], mrr[other], 0.01 if frozenset((one, other)) in apart else 0.5)
        for one, other in itertools.combinations(sorted(variants), 2)
    ]
    return pd.DataFrame(rows, columns=["variant", "against", "MRR", "MRR against", "p corrected"])


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        ("", ["cabd"]),
        ("ca cb cd ab ad bd", ["c", "a", "b", "d"]),
        ("cd", ["cab", "abd"]),
        ("cb cd ad", ["ca", "ab", "bd"]),
        ("ca bd", ["cb", "cd", "ab", "ad"]),  # what chance explains need not be neighbours
    ],
)
def test_groups_by_hand(apart: str, expected: list[str]) -> None:
    pairs = pairs_of("cabd", {frozenset(pair) for pair in apart.split()})
    assert ["".join(group) for group in groups(pairs)] == expected
    assert list(mrr_of(pairs)) == list("cabd")


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_all_largest_sets_without_a_difference(seed: int) -> None:
    generator = np.random.default_rng(seed)
    every = {frozenset(pair) for pair in itertools.combinations("abcdefgh", 2)}
    apart = {pair for pair in sorted(every, key=sorted) if generator.random() < 0.4}
    free = [
        set(some)
        for n in range(1, 9)
        for some in itertools.combinations("abcdefgh", n)
        if not any(frozenset(pair) in apart for pair in itertools.combinations(some, 2))
    ]
    largest = sorted("".join(sorted(one)) for one in free if not any(one < two for two in free))
    assert ["".join(group) for group in groups(pairs_of("abcdefgh", apart))] == largest
    assert not groups(pairs_of("", set()))
