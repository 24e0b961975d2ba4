"""Ratings in words."""

import pandas as pd

from newsimages.metrics.ratings import (
    mean_ratings,
    pairs_table,
    preferences_of,
    strengths,
    strengths_table,
)
from newsimages.reports.rated import MOST, rated_markdown, rated_sentences

SCORES = pd.DataFrame(
    [(f"x{n}", "ann", run, 3 + (run == "b") + n % 2) for n in range(12) for run in "ab"],
    columns=["article_id", "rater", "run", "rating"],
)


def test_a_pair_that_is_told_apart_and_one_that_is_not() -> None:
    [clear] = rated_sentences(pairs_table(SCORES, preferences_of(SCORES)))
    assert clear.startswith("b is preferred to a: with a probability of 0.96 (interval 0.")
    assert "on 12 articles; 12 won, 0 equal, 0 lost, 0 neither fits; rating diff" in clear
    assert "rating difference +1.00 (interval -0.05 to" not in clear
    one = preferences_of(SCORES.head(2))
    [unclear] = rated_sentences(pairs_table(SCORES.iloc[:0], one))
    assert unclear.startswith("b is not told apart from a: with a probability of 0.75")
    assert unclear.endswith("1 won, 0 equal, 0 lost, 0 neither fits.")


def test_of_a_survey_some_pairs_are_told() -> None:
    pairs = paired_of_many()
    said = rated_sentences(pairs)
    assert len(said) == MOST + 1
    assert said[-1] == f"{len(pairs) - MOST} more pairs stand in pairs.csv."
    nothing = pd.DataFrame()
    assert len(rated_markdown(nothing, nothing, pairs).splitlines()) == MOST + 2


def paired_of_many() -> pd.DataFrame:
    row = pairs_table(SCORES, preferences_of(SCORES))
    return pd.concat([row] * 45, ignore_index=True)


def test_tables_say_what_there_is() -> None:
    preferences = preferences_of(SCORES)
    fitted = strengths_table(strengths(preferences))
    text = rated_markdown(mean_ratings(SCORES), fitted, pairs_table(SCORES, preferences))
    assert text.count("| run ") == 3
    assert "| b   | 12       | 12      | 4.500       | 4." in text
    assert "group" not in text
    nothing = pd.DataFrame()
    apart = pd.concat([fitted, fitted.assign(group=2)])
    alone = rated_markdown(nothing, apart, pairs_table(SCORES.iloc[:0], preferences))
    assert "| group |" in alone
    assert "| –                 | – to –     | –" in alone
