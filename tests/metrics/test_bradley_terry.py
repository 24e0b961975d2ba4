"""The Bradley–Terry model: formulas, other fits, and simulated raters."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import expit

from newsimages.errors import NewsImagesError
from newsimages.metrics.bradley_terry import Strengths, Z, bradley_terry

TRUE = np.array([0.8, 0.3, -0.1, -1.0])


def of_two(shares: list[float]) -> Strengths:
    """Two runs; one observation per article."""
    n = len(shares)
    zeros = np.zeros(n, int)
    return bradley_terry(
        ["a", "b"], articles=np.arange(n), first=zeros, second=zeros + 1, shares=np.array(shares)
    )


def drawn(n: int, m: int, seed: int) -> dict[str, NDArray[np.generic]]:
    """Every two of four runs on n articles, each rated by m raters, who may see no difference."""
    generator = np.random.default_rng(seed)
    pairs = np.array(list(itertools.combinations(range(4), 2)))
    first, second = np.tile(pairs, (n, 1)).T
    chance = expit(TRUE[first] - TRUE[second])[:, None]
    won = generator.random((len(first), m)) < chance
    return {
        "articles": np.repeat(np.arange(n), len(pairs)),
        "first": first,
        "second": second,
        "shares": won.mean(axis=1),
    }


def fitted(n: int, m: int, seed: int) -> Strengths:
    return bradley_terry(["a", "b", "c", "d"], **drawn(n, m, seed))  # type: ignore[arg-type]


@pytest.mark.parametrize(("won", "n"), [(7, 10), (10, 10), (0, 3), (1, 1)])
def test_of_two_runs_it_is_firths_estimate(won: int, n: int) -> None:
    two = of_two([1.0] * won + [0.0] * (n - won))
    odds = (won + 0.5) / (n - won + 0.5)
    assert two.values == pytest.approx([np.log(odds) / 2, -np.log(odds) / 2])
    assert two.preferred("a", "b")[0] == pytest.approx(odds / (1 + odds))


def test_it_is_the_greatest_likelihood() -> None:
    data = drawn(30, 1, seed=1)

    def loss(values: NDArray[np.float64]) -> float:
        s = np.append(values, -values.sum())
        p = expit(s[data["first"]] - s[data["second"]])
        seen = data["shares"] * np.log(p) + (1 - data["shares"]) * np.log1p(-p)
        added = sum(
            0.5 * np.log(expit(s[i] - s[j])) + 0.5 * np.log(expit(s[j] - s[i]))
            for i, j in itertools.combinations(range(4), 2)
        )
        return float(-seen.sum() - added)

    found = optimize.minimize(loss, np.zeros(3), tol=1e-12).x
    assert fitted(30, 1, seed=1).values[:3] == pytest.approx(found, abs=1e-5)


def test_one_sided_data_give_finite_and_wide_intervals() -> None:
    widths = []
    for n in (1, 3, 10, 100):
        p, low, high = of_two([1.0] * n).preferred("a", "b")
        assert low < p < high < 1
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert of_two([1.0]).preferred("a", "b")[1] < 0.5  # one article proves nothing
    assert of_two([1.0] * 10).preferred("a", "b")[1] > 0.5


def test_a_tie_is_half_a_win_for_either() -> None:
    assert of_two([0.5] * 8).values == pytest.approx([0, 0])
    assert of_two([1, 0.5, 0.5]).values == pytest.approx(of_two([1, 1, 0]).values)


def test_raters_who_agree_add_no_certainty() -> None:
    """The mean of an article's raters is one observation, however many they are."""
    one, many = of_two([1, 1, 0, 1, 0, 1]), of_two([1, 1, 0, 1, 0, 1])
    assert one.preferred("a", "b") == many.preferred("a", "b")
    agree, differ = fitted(40, 1, seed=3), fitted(40, 9, seed=3)
    assert np.diag(differ.covariance).max() < np.diag(agree.covariance).min()


def test_runs_that_no_comparisons_connect_are_in_groups_of_their_own() -> None:
    four = bradley_terry(
        ["a", "b", "c", "d"],
        articles=np.arange(4),
        first=np.array([0, 0, 2, 2]),
        second=np.array([1, 1, 3, 3]),
        shares=np.array([1, 1, 0, 0.5]),
    )
    assert four.groups.tolist() == [0, 0, 1, 1]
    assert four.values[:2] == pytest.approx(of_two([1, 1]).values)
    assert four.values[2:].sum() == pytest.approx(0)
    with pytest.raises(NewsImagesError, match="No comparisons lead from a to c"):
        four.preferred("a", "c")


def test_known_strengths_are_recovered_and_intervals_cover() -> None:
    n_covered, n_pairs, n_ordered = 0, 0, 0
    trials = 250
    chance = expit(TRUE[0] - TRUE[3])
    for seed in range(trials):
        found = fitted(25, 3, seed)
        low, high = found.intervals()
        n_covered += int(((low <= TRUE) & (high >= TRUE)).sum())
        _, below, above = found.preferred("a", "d")
        n_pairs += int(below <= chance <= above)
        n_ordered += int(found.values.argmax() == 0 and found.values.argmin() == 3)
    assert n_covered / trials / 4 == pytest.approx(0.95, abs=0.025)
    assert n_pairs / trials == pytest.approx(0.95, abs=0.035)
    assert n_ordered / trials > 0.95
    assert pytest.approx(1.96, abs=0.001) == Z


@pytest.mark.parametrize(
    ("first", "shares"), [([], []), ([1], [1.0]), ([0], [1.5]), ([0], [np.nan])]
)
def test_what_cannot_be_is_refused(first: list[int], shares: list[float]) -> None:
    n = len(first)
    with pytest.raises(NewsImagesError, match=f"{n} comparisons: expected at least one"):
        bradley_terry(
            ["a", "b"],
            articles=np.arange(n),
            first=np.array(first, int),
            second=np.ones(n, int),
            shares=np.array(shares, float),
        )
