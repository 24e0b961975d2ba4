"""Mean ratings, preferences and paired tests: by hand, and of simulated raters."""

import numpy as np
import pandas as pd
import pytest

from newsimages.metrics.ratings import (
    mean_ratings,
    pairs_table,
    preferences_of,
    strengths,
    strengths_table,
)

BY_HAND = pd.DataFrame(
    [
        ("x", "ann", "a", 5),
        ("x", "ann", "b", 3),
        ("x", "bob", "a", 3),
        ("x", "bob", "b", 3),
        ("y", "ann", "a", 2),
        ("y", "ann", "b", 4),
        ("z", "bob", "a", 4),
    ],
    columns=["article_id", "rater", "run", "rating"],
)


def simulated(
    n: int, m: int, seed: int, means: tuple[float, ...] = (3.6, 3.0, 2.4)
) -> pd.DataFrame:
    """N articles, some harder than others, each rated by m raters, who differ by chance."""
    generator = np.random.default_rng(seed)
    size = (n, m, len(means))
    felt = np.array(means) + generator.normal(0, 0.5, (n, 1, 1)) + generator.normal(0, 0.8, size)
    article, rater, run = (each.ravel() for each in np.indices(size))
    return pd.DataFrame(
        {
            "article_id": article.astype(str),
            "rater": rater.astype(str),
            "run": np.array([*"abc"])[run],
            "rating": np.clip(felt.round(), 1, 5).ravel(),
        }
    )


def test_mean_ratings_average_an_articles_raters_first() -> None:
    table = mean_ratings(BY_HAND).set_index("run")
    assert table.loc["a", "mean"] == pytest.approx((4 + 2 + 4) / 3)
    assert table.loc["b", "mean"] == pytest.approx((3 + 4) / 2)
    assert table.loc["a", ["articles", "ratings"]].tolist() == [3, 4]
    assert list(table.index) == ["b", "a"]
    assert (table["low"] <= table["mean"]).all()
    assert (table["mean"] <= table["high"]).all()


def test_a_higher_rating_by_the_same_rater_is_a_preference() -> None:
    table = preferences_of(BY_HAND).set_index(["article_id", "rater"])
    assert table["share"].to_dict() == {("x", "ann"): 1, ("x", "bob"): 0.5, ("y", "ann"): 0}
    assert preferences_of(BY_HAND[BY_HAND["run"] == "a"]).empty


def test_a_pair_by_hand() -> None:
    row = pairs_table(BY_HAND, preferences_of(BY_HAND)).iloc[0]
    assert row[["articles", "won", "equal", "lost", "neither"]].tolist() == [2, 1, 1, 1, 0]
    assert row["rating difference"] == pytest.approx(abs((2 + 0) / 2 - 2) / 2)
    assert row["p"] == row["p rating"] == 1


def test_the_better_run_stands_first_and_all_is_said_of_it() -> None:
    preferences = preferences_of(simulated(30, 2, seed=0))
    turned = preferences.assign(
        run=preferences["against"], against=preferences["run"], share=1 - preferences["share"]
    )
    scores = simulated(30, 2, seed=0)
    table = pairs_table(scores, preferences)
    assert list(zip(table["run"], table["against"], strict=True)) == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    pd.testing.assert_frame_equal(table, pairs_table(scores, turned))
    assert (table["won"] > table["lost"]).all()
    assert (table["rating difference"] > 0).all()
    assert (table["preferred low"] < table["preferred"]).all()
    assert (table["p corrected"] >= table["p"]).all()


def test_what_fits_not_at_all_is_a_tie_that_is_counted() -> None:
    preferences = preferences_of(BY_HAND)
    preferences["neither"] = preferences["share"] == 0.5
    row = pairs_table(BY_HAND, preferences).iloc[0]
    assert (row["equal"], row["neither"]) == (0, 1)


def test_preferences_without_scores() -> None:
    table = pairs_table(BY_HAND.iloc[:0], preferences_of(BY_HAND))
    assert table[["rating difference", "low", "p rating"]].isna().all(axis=None)
    assert table["p"].notna().all()


def test_where_all_ratings_are_one_the_interval_is_honest() -> None:
    widths = []
    for n in (1, 4, 40):
        same = pd.DataFrame(
            {"article_id": map(str, range(n)), "rater": "ann", "run": "a", "rating": 4}
        )
        row = mean_ratings(same).iloc[0]
        assert 1 <= row["low"] < row["mean"] < row["high"] <= 5
        widths.append(row["high"] - row["low"])
    assert widths[0] > 3.8
    assert widths == sorted(widths, reverse=True)


def test_raters_of_known_preferences_are_recovered_and_intervals_cover(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The truth is what a great many such articles come to."""
    monkeypatch.setattr("newsimages.metrics.comparison.RESAMPLES", 400)
    monkeypatch.setattr("newsimages.metrics.comparison.PERMUTATIONS", 1)
    many = simulated(3000, 3, seed=999)
    means = mean_ratings(many).set_index("run")["mean"]
    pairs = pairs_table(many, preferences_of(many))
    trials = 25
    covered = {"mean": 0, "preferred": 0, "difference": 0}
    n_ordered = 0
    for seed in range(trials):
        scores = simulated(25, 3, seed)
        preferences = preferences_of(scores)
        table = mean_ratings(scores, seed=seed).set_index("run").loc[means.index]
        covered["mean"] += int(means.between(table["low"], table["high"]).sum())
        own = pairs_table(scores, preferences, seed=seed)
        if own["run"].tolist() == pairs["run"].tolist():
            said = own["preferred low"], own["preferred high"]
            covered["preferred"] += int(pairs["preferred"].between(*said).sum())
            said = own["low"], own["high"]
            covered["difference"] += int(pairs["rating difference"].between(*said).sum())
        n_ordered += strengths_table(strengths(preferences))["run"].tolist() == [*"abc"]
    for what, n in covered.items():
        assert n / trials / len(pairs) == pytest.approx(0.95, abs=0.06), what
    assert n_ordered / trials > 0.95


def test_alike_runs_rarely_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsimages.metrics.comparison.RESAMPLES", 1)
    monkeypatch.setattr("newsimages.metrics.comparison.PERMUTATIONS", 100)
    p = []
    for seed in range(25):
        scores = simulated(15, 2, seed, means=(3.0, 3.0))
        p.append(pairs_table(scores, preferences_of(scores))[["p", "p rating"]].iloc[0].to_numpy())
    assert ((np.array(p) < 0.2).mean(axis=0) < 0.4).all()
    assert ((np.array(p) < 0.05).mean(axis=0) < 0.15).all()
