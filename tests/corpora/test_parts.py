"""Parts: the split that a file's name says, words for nothing, ids that became floats."""

from pathlib import Path

import pandas as pd
import pytest

from newsimages.corpora.parts import known, said_split, whole_numbers


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.csv", "train"),
        ("RT-Training.txt", "train"),
        ("rss_test.csv.gz", "test"),
        ("GDELT-P2-Test-Text.txt", "test"),
        ("train_test_split_train.csv", "train"),
        ("testimony-train.csv", "train"),
        ("attestation.csv", None),
        ("trainers.csv", None),
        ("protest_contest_latest.csv", None),
        ("news_articles_test.csv", "test"),
    ],
)
def test_the_split_is_a_word_of_its_own(name: str, split: str | None) -> None:
    assert said_split(Path(name)) == split


def test_words_for_nothing_are_unknown() -> None:
    cells = pd.Series(["N/A", "null", "NaN", "none", "<NA>", "-", "7", "NA.jpg", "Nancy"])
    assert known(cells).to_list() == ["", "", "", "", "", "", "7", "NA.jpg", "Nancy"]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["12.0", "", "7.0"], ["12", "", "7"]),
        (["12.0", "7"], ["12.0", "7"]),
        (["1.0.0", "2.0.0"], ["1.0.0", "2.0.0"]),
        (["", ""], ["", ""]),
    ],
)
def test_whole_numbers_lose_their_point_where_all_have_one(
    ids: list[str], expected: list[str]
) -> None:
    assert whole_numbers(pd.Series(ids, dtype="str")).to_list() == expected
