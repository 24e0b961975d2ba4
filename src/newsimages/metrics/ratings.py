"""What people's ratings come to: rated pictures in, mean ratings, strengths and paired tests out.

The unit is the article, as elsewhere: what several raters say of an article is averaged first, and
intervals are those of other such articles.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from newsimages.metrics.bradley_terry import Strengths, bradley_terry
from newsimages.metrics.comparison import CONFIDENCE, holm, p_values, resamples

LOWEST, HIGHEST = 1, 5
"""The ends of the task's scale."""
TAIL = (1 - CONFIDENCE) / 2


def mean_ratings(scores: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """The mean rating of each run's pictures.

    Args:
        scores: Columns article_id, rater, run, rating (1 to 5), of one data set.
        seed: Of the bootstrap.

    Returns:
        A row per run, the best first: ``articles`` and ``ratings`` (their numbers), ``mean``, and
        ``low`` and ``high``, its 95 % bounds.
    """
    by_article = scores.pivot_table(index="article_id", columns="run", values="rating")
    means, low, high = _intervals(by_article.to_numpy(), (LOWEST, HIGHEST), seed)
    table = pd.DataFrame(
        {
            "run": by_article.columns.astype("str"),
            "articles": by_article.notna().sum().to_numpy(),
            "ratings": scores.groupby("run").size().reindex(by_article.columns).to_numpy(),
            "mean": means,
            "low": low,
            "high": high,
        }
    )
    return table.sort_values(["mean", "run"], ascending=[False, True], ignore_index=True)


def strengths(preferences: pd.DataFrame) -> Strengths:
    """The Bradley–Terry model of a data set's preferences.

    Args:
        preferences: Columns article_id, run, against, share (1: run is preferred, ½: neither, 0).

    Raises:
        NewsImagesError: There are none.
    """
    turned = _turned(preferences)
    means = turned.groupby(["article_id", "run", "against"], as_index=False)["share"].mean()
    articles, _ = pd.factorize(means["article_id"])
    runs = sorted(set(means["run"]) | set(means["against"]))
    place = {run: number for number, run in enumerate(runs)}
    return bradley_terry(
        runs,
        articles=articles,
        first=means["run"].map(place).to_numpy(np.int64),
        second=means["against"].map(place).to_numpy(np.int64),
        shares=means["share"].to_numpy(np.float64),
    )


def strengths_table(fitted: Strengths) -> pd.DataFrame:
    """A row per run, the strongest first: ``strength`` (log-odds), ``low``, ``high``, ``group``."""
    low, high = fitted.intervals()
    table = pd.DataFrame(
        {"run": fitted.runs, "strength": fitted.values, "low": low, "high": high}
    ).assign(group=fitted.groups + 1)
    order = ["group", "strength", "run"]
    return table.sort_values(order, ascending=[True, False, True], ignore_index=True)


def pairs_table(scores: pd.DataFrame, preferences: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Every two runs that were compared on the same articles of a data set, the better one first.

    Args:
        scores: As of `mean_ratings`; only ratings by raters who rated both runs' pictures count.
        preferences: As of `strengths`, with rater, and neither (none of the two fits; a tie).
        seed: Of the draws.

    Returns:
        Of preferences: ``articles``; ``won``, ``equal``, ``lost`` and ``neither``, how often raters
        said so; ``preferred``, the probability that ``run`` is, by the model of these two alone,
        and its bounds ``preferred low`` and ``preferred high``; ``p`` of the paired randomisation
        test over articles and ``p corrected`` by Holm's method. Of ratings, NaN where there are
        none: ``rating difference``, its bounds ``low`` and ``high``, ``p rating`` and ``p rating
        corrected``.
    """
    turned = _better_first(_turned(preferences))
    shares = _shares(turned)
    halves = shares.to_numpy() - 0.5
    pairs = list(zip(*map(shares.columns.get_level_values, (0, 1)), strict=True))
    differences = _differences(scores, pairs).reindex(shares.index).to_numpy()
    means, low, high = _intervals(differences, (LOWEST - HIGHEST, HIGHEST - LOWEST), seed)
    p, p_rating = (p_values(np.nan_to_num(each), seed) for each in (halves, differences))
    is_rated = ~np.isnan(means)
    p_rating, corrected = np.where(is_rated, p_rating, np.nan), np.full(len(means), np.nan)
    corrected[is_rated] = holm(p_rating[is_rated])
    counted = [_counted(own) for _, own in turned.groupby(["run", "against"])]
    return pd.DataFrame(counted).assign(
        **{
            "p": p,
            "p corrected": holm(p),
            "rating difference": means,
            "low": low,
            "high": high,
            "p rating": p_rating,
            "p rating corrected": corrected,
        }
    )


def preferences_of(scores: pd.DataFrame) -> pd.DataFrame:
    """The preferences that ratings imply: of a rater's on one article, the higher is preferred.

    Returns:
        Columns article_id, rater, run, against, share, neither.
    """
    table = scores.pivot_table(index=["article_id", "rater"], columns="run", values="rating")
    runs, values = list(table.columns), table.to_numpy()
    found = []
    for place, run in enumerate(runs):
        for other in range(place + 1, len(runs)):
            both = ~np.isnan(values[:, place]) & ~np.isnan(values[:, other])
            share = (1 + np.sign(values[both, place] - values[both, other])) / 2
            own = table.index[both].to_frame(index=False)
            found.append(own.assign(run=run, against=runs[other], share=share, neither=False))
    columns = ["article_id", "rater", "run", "against", "share", "neither"]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def _turned(preferences: pd.DataFrame, is_turned: "pd.Series[bool] | None" = None) -> pd.DataFrame:
    """The preferences with some of them said the other way round.

    Where it is not said which, so that the names of every two runs stand in one order.
    """
    if is_turned is None:
        is_turned = preferences["run"] > preferences["against"]
    return preferences.assign(
        run=preferences["run"].mask(is_turned, preferences["against"]),
        against=preferences["against"].mask(is_turned, preferences["run"]),
        share=preferences["share"].mask(is_turned, 1 - preferences["share"]),
    )


def _better_first(turned: pd.DataFrame) -> pd.DataFrame:
    """The preferences so that ``run`` has won at least half of the articles of every two runs."""
    won = _shares(turned).mean()
    pairs = pd.MultiIndex.from_frame(turned[["run", "against"]])
    return _turned(turned, pd.Series(pairs.isin(won.index[won < 0.5]), index=turned.index))


def _shares(turned: pd.DataFrame) -> pd.DataFrame:
    """(articles, pairs) the mean share of each article that the first of two runs has won."""
    pairs = ["run", "against"]
    return turned.pivot_table(index="article_id", columns=pairs, values="share")


def _counted(own: pd.DataFrame) -> dict[str, object]:
    """What was said of two runs, and the probability that the first is preferred."""
    run, against = own["run"].iloc[0], own["against"].iloc[0]
    preferred, low, high = strengths(own).preferred(run, against)
    return {
        "run": run,
        "against": against,
        "articles": own["article_id"].nunique(),
        "won": int((own["share"] == 1).sum()),
        "equal": int(((own["share"] == 0.5) & ~own["neither"]).sum()),
        "lost": int((own["share"] == 0).sum()),
        "neither": int(own["neither"].sum()),
        "preferred": preferred,
        "preferred low": low,
        "preferred high": high,
    }


def _differences(scores: pd.DataFrame, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """(articles, pairs) mean differences of two runs' ratings by the same raters."""
    table = scores.pivot_table(index=["article_id", "rater"], columns="run", values="rating")
    table = table.reindex(columns=sorted({run for pair in pairs for run in pair}))
    differences = pd.concat([table[one] - table[other] for one, other in pairs], axis="columns")
    differences.columns = pd.MultiIndex.from_tuples(pairs)
    return differences.groupby(level="article_id").mean()


def _intervals(
    values: NDArray[np.float64], ends: tuple[float, float], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Means of (articles, K) values, NaN where there is none, and their 95 % bounds.

    By the percentile bootstrap with the wider percentiles of Hesterberg ("What Teachers Should Know
    About the Bootstrap", The American Statistician 69, 2015), as many articles as there are. Where
    all n values of a column are one, resampling says nothing, and the bounds are what they would be
    if the largest share of other articles that n draws miss in one of forty cases, 1 − .025^(1/n),
    stood at an end of the scale.
    """
    there = ~np.isnan(values)
    n = there.sum(axis=0)
    filled = np.where(there, values, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = filled.sum(axis=0) / n
        blocks = [
            (counts @ filled) / (counts @ there.astype(np.float64))
            for counts in resamples(len(values), seed)
        ]
    drawn = np.concatenate(blocks)
    low, high = np.full(len(n), np.nan), np.full(len(n), np.nan)
    for place in np.flatnonzero(n):
        own = values[there[:, place], place]
        if own.min() == own.max():
            missed = 1 - TAIL ** (1 / len(own))
            low[place] = own[0] - missed * (own[0] - ends[0])
            high[place] = own[0] + missed * (ends[1] - own[0])
            continue
        wider = np.sqrt(len(own) / (len(own) - 1)) * stats.t.ppf(TAIL, len(own) - 1)
        tails = stats.norm.cdf([wider, -wider])
        low[place], high[place] = np.nanquantile(drawn[:, place], tails)
    return means, low, high
