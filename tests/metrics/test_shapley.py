"""Shapley values on games whose shares are known, and by their definition, written out."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError
from newsimages.metrics.shapley import members, shapley_values


def game(n: int, n_games: int = 3, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(2**n, n_games))


def by_orders(pays: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """The mean of what a player adds when all come in one after the other, over all orders."""
    orders = list(itertools.permutations(range(n)))
    values = np.zeros((n, pays.shape[1]))
    for order in orders:
        there = 0
        for player in order:
            values[player] += pays[there | 1 << player] - pays[there]
            there |= 1 << player
    return values / len(orders)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_values_are_the_means_over_all_orders(n: int) -> None:
    np.testing.assert_allclose(shapley_values(game(n)), by_orders(game(n), n), atol=1e-12)


@pytest.mark.parametrize("n", [1, 4, 7])
def test_values_add_up_to_what_all_are_paid(n: int) -> None:
    pays = game(n, n_games=50)
    sums = shapley_values(pays).sum(axis=0)
    np.testing.assert_allclose(sums, pays[-1] - pays[0], rtol=0, atol=1e-9)


def test_in_an_additive_game_each_gets_its_own_share() -> None:
    own = np.array([[0.3, 1.0], [-0.1, 2.0], [0.0, 0.5]])  # (n, C)
    pays = members(3) @ own + 0.2
    np.testing.assert_allclose(shapley_values(pays), own, atol=1e-12)


def test_an_interaction_is_halved_a_dummy_gets_nothing_and_equals_get_the_same() -> None:
    is_in = members(4)  # 0 and 1 are alike and pay .1 each, .4 more together; 2 pays .2; 3 nothing
    pays = is_in @ [0.1, 0.1, 0.2, 0.0] + 0.4 * (is_in[:, 0] & is_in[:, 1])
    np.testing.assert_allclose(shapley_values(pays[:, None])[:, 0], [0.3, 0.3, 0.2, 0], atol=1e-12)


def test_values_are_linear() -> None:
    one, other = game(4, seed=1), game(4, seed=2)
    both = shapley_values(2 * one - 3 * other)
    np.testing.assert_allclose(both, 2 * shapley_values(one) - 3 * shapley_values(other))
    np.testing.assert_allclose(
        shapley_values(one.mean(axis=1, keepdims=True))[:, 0], shapley_values(one).mean(axis=1)
    )


def test_a_game_of_nobody_and_one_that_misses_coalitions() -> None:
    assert shapley_values(np.ones((1, 2))).shape == (0, 2)
    for n_rows in (0, 3, 12):
        with pytest.raises(NewsImagesError, match=f"{n_rows} coalitions: expected 2\\^n"):
            shapley_values(np.zeros((n_rows, 1)))
