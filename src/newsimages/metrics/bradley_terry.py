"""The Bradley–Terry model: who was preferred to whom in, a strength per run with intervals out.

P(run i is preferred to run j) = 1 / (1 + exp(s_j − s_i)) (Bradley and Terry, Biometrika 39, 1952).
A tie is half a win for either side. The unit is the article: what several raters say of two runs'
pictures for it is one observation, the mean, so that raters who agree add no certainty.

Strengths are fitted by maximum likelihood to the articles and, for every two runs that were
compared, one more article that is half won and half lost. For two runs that is Firth's estimate
(Biometrika 80, 1993), log (w + ½) / (n − w + ½): finite where one run wins everything, and nothing
beside many articles. Its variance is the sandwich over articles (Huber 1967), the added ones among
them, so that the interval stays wide where all that was seen is one and the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, ndtri

from newsimages.errors import NewsImagesError
from newsimages.metrics.comparison import CONFIDENCE

Z = float(ndtri((1 + CONFIDENCE) / 2))
_ADDED = 0.5  # of a win, and of a loss, between every two runs that were compared
_LONGEST_STEP = 1.0  # of Newton's method, in log-odds
_MAX_STEPS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Strengths:
    """Fitted strengths, as log-odds.

    Attributes:
        runs: Their names.
        values: (R,) with the mean 0 in each group.
        covariance: (R, R) of the values.
        groups: (R,) number of each run's group: runs are comparable with those of their own only,
            to which a chain of comparisons leads.
    """

    runs: tuple[str, ...]
    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    groups: NDArray[np.int64]

    def intervals(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(R,) lower and upper bounds of the values, 95 %."""
        reach = Z * np.sqrt(np.diag(self.covariance).clip(0))
        return self.values - reach, self.values + reach

    def preferred(self, run: str, against: str) -> tuple[float, float, float]:
        """The probability that ``run`` is preferred to ``against``, and its 95 % bounds.

        Raises:
            NewsImagesError: No comparisons lead from one to the other.
        """
        one, other = self.runs.index(run), self.runs.index(against)
        if self.groups[one] != self.groups[other]:
            raise NewsImagesError(
                f"No comparisons lead from {run} to {against}, so nothing is known of the two. "
                "Rate a sheet of both."
            )
        sign = np.zeros(len(self.runs))
        sign[one] += 1
        sign[other] -= 1
        middle = float(sign @ self.values)
        reach = Z * float(np.sqrt(np.maximum(sign @ self.covariance @ sign, 0)))
        low, p, high = expit(np.array([middle - reach, middle, middle + reach]))
        return float(p), float(low), float(high)


def bradley_terry(
    runs: Sequence[str],
    *,
    articles: NDArray[np.integer],
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    shares: NDArray[np.floating],
) -> Strengths:
    """Fits the model to N observations, each of an article and two runs.

    Args:
        runs: Names of the runs.
        articles: (N,) number of the article, from 0.
        first: (N,) place of a run in ``runs``.
        second: (N,) place of another one.
        shares: (N,) how much of the article the first has won, 0 to 1.

    Raises:
        NewsImagesError: Nothing was compared, a run with itself, or shares beyond 0 and 1.
    """
    if not len(shares) or (first == second).any() or not ((shares >= 0) & (shares <= 1)).all():
        raise NewsImagesError(
            f"{len(shares)} comparisons: expected at least one, each of two runs, with a share of "
            "0 to 1 for the first."
        )
    n = len(runs)
    wins, met = np.zeros((n, n)), np.zeros((n, n))
    for one, other, won in ((first, second, shares), (second, first, 1 - shares)):
        np.add.at(wins, (one, other), won)
        np.add.at(met, (one, other), 1)
    added = np.where(met > 0, _ADDED, 0)
    wins, met = wins + added, met + 2 * added
    _, groups = connected_components(met > 0, directed=False)
    same = groups[:, None] == groups
    within = same / same.sum(axis=1)  # (R, R) the mean over a run's group
    values = _fitted(wins, met, within)
    p = expit(values[:, None] - values)
    inverse = np.linalg.inv(_information(met, p) + within) - within
    slopes = np.zeros((int(articles.max()) + 1, n))  # of each article's likelihood
    rest = shares - p[first, second]
    np.add.at(slopes, (articles, first), rest)
    np.add.at(slopes, (articles, second), -rest)
    # The added articles: half of one is won with the slope 1 − p, the other half lost with −p.
    spread = added * (p**2 + (1 - p) ** 2)
    meat = slopes.T @ slopes + np.diag(spread.sum(axis=1)) - spread
    return Strengths(
        runs=tuple(runs),
        values=values,
        covariance=inverse @ meat @ inverse,
        groups=groups.astype(np.int64),
    )


def _fitted(
    wins: NDArray[np.float64], met: NDArray[np.float64], within: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(R,) strengths of the greatest likelihood, by Newton's method with short steps.

    The likelihood leaves the mean of a group open; ``within`` makes it 0.
    """
    values = np.zeros(len(wins))
    for _ in range(_MAX_STEPS):
        p = expit(values[:, None] - values)
        slope = (wins - met * p).sum(axis=1)
        step = np.linalg.solve(_information(met, p) + within, slope)
        longest = np.abs(step).max()
        values = values + step * min(1, _LONGEST_STEP / max(longest, _LONGEST_STEP))
        if longest < 1e-10:
            break
    return values


def _information(met: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, R) minus the second derivative of the log-likelihood."""
    weights = met * p * (1 - p)
    return np.diag(weights.sum(axis=1)) - weights
