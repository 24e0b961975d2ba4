"""Shapley values: what a game pays to every coalition in, what each player adds out.

    φ_k = Σ_{S ∌ k} |S|! (n − |S| − 1)! / n! · (v(S ∪ {k}) − v(S))

The one share that adds up to v(all) − v(none), pays equal players alike and a player that changes
nothing nothing, and is linear in the game (Shapley, "A value for n-person games", 1953). So the
values of the mean over articles are the means of the articles' own values.
"""

from math import factorial

import numpy as np
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError


def shapley_values(pays: NDArray[np.float64]) -> NDArray[np.float64]:
    """The exact values of n players in C games at once.

    Args:
        pays: (2^n, C) what each coalition is paid; player k is in coalition s where bit k of s is
            set, so the first row is that of nobody, and the last that of all.

    Returns:
        (n, C); they sum to ``pays[-1] - pays[0]`` over the players.

    Raises:
        NewsImagesError: The number of rows is no power of 2.
    """
    n_coalitions = len(pays)
    if n_coalitions < 1 or n_coalitions & (n_coalitions - 1):
        raise NewsImagesError(f"{n_coalitions} coalitions: expected 2^n for n players.")
    n = n_coalitions.bit_length() - 1
    is_in = members(n)
    sizes = is_in.sum(axis=1)
    of_size = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)])
    values = np.empty((n, pays.shape[1]))
    for player in range(n):
        before = np.flatnonzero(~is_in[:, player])
        added = pays[before | 1 << player] - pays[before]
        values[player] = of_size[sizes[before]] @ added
    return values


def members(n: int) -> NDArray[np.bool_]:
    """(2^n, n) whether each player is in each coalition."""
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.bool_)
