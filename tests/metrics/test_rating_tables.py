"""Tables of ratings: sheets with their keys, surveys in long form, and damaged ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.metrics.rating_tables import (
    PREFERENCE_COLUMNS,
    SCORE_COLUMNS,
    SHEET_COLUMNS,
    Ratings,
    SheetKey,
    read_ratings,
)

SHEET = "r123456789abcdef"
KEY = SheetKey(
    sheet=SHEET,
    data_set="RSS",
    pairs=pd.DataFrame(
        {
            "pair": [1, 2, 3],
            "article_id": ["x", "y", "z"],
            "left": ["clip", "txv", "clip"],
            "right": ["txv", "clip", "txv"],
        }
    ),
)
HEADER = ",".join(SHEET_COLUMNS)
AT = "2026-11-26T17:00:00.123Z"
WHOLE = [
    f"{SHEET},1,ann,left,5,3,{AT}",
    f"{SHEET},2,ann,right,,,{AT}",
    f"{SHEET},3,ann,,2,2,{AT}",
]


def read(folder: Path, *files: list[str] | str) -> Ratings:
    """The tables of ratings whose rows, or whole texts, are given."""
    for number, rows in enumerate(files):
        text = rows if isinstance(rows, str) else "\r\n".join([HEADER, *rows]) + "\r\n"
        (folder / f"ratings{number}.csv").write_text(text)
    return read_ratings(folder, {SHEET: KEY}.get)


def test_a_sheet_and_its_key(tmp_path: Path) -> None:
    ratings = read(tmp_path, WHOLE)
    assert ratings.scores[["article_id", "run", "rating"]].to_numpy().tolist() == [
        ["x", "clip", 5],
        ["z", "clip", 2],
        ["x", "txv", 3],
        ["z", "txv", 2],
    ]
    shown = ratings.preferences[["article_id", "run", "share"]].to_numpy().tolist()
    assert shown == [["x", "clip", 1], ["y", "txv", 0], ["z", "clip", 0.5]]
    assert set(ratings.preferences["data_set"]) == {"RSS"}
    assert list(ratings.scores.columns) == SCORE_COLUMNS
    assert list(ratings.preferences.columns) == PREFERENCE_COLUMNS


def test_a_preference_that_is_said_stands_above_what_scores_imply(tmp_path: Path) -> None:
    rows = [f"{SHEET},1,ann,neither,2,1,", f"{SHEET},2,ann,,1,,", f"{SHEET},3,bob,,1,4,"]
    own = read(tmp_path, rows).preferences
    assert own["share"].tolist() == [0.5, 0]
    assert own["neither"].tolist() == [True, False]


def test_several_raters_and_the_last_that_each_has_said(tmp_path: Path) -> None:
    later = AT.replace("17:", "18:")
    bob = [row.replace("ann", "bob") for row in WHOLE]
    ratings = read(tmp_path, WHOLE, [*bob, WHOLE[1]], [f"{SHEET},1,ann,right,,,{later}"])
    own = ratings.preferences
    assert own.groupby("rater").size().to_dict() == {"ann": 3, "bob": 3}
    assert own.set_index(["rater", "article_id"]).loc[("ann", "x"), "share"] == 0
    assert ratings.n_replaced == 1


def test_a_survey_in_long_form(tmp_path: Path) -> None:
    survey = "article_id,approach,score,rater\n76,A_CLIP,4,r1\n76,B_SD,2.5,r1\n76,A_CLIP,1,r2\n"
    means = "article_id,Description,Score\n76,A_CLIP,3.1\n76,B_SD,2.9\n238,A_CLIP,3\n"
    ratings = read(tmp_path, survey, means)
    assert set(ratings.scores["data_set"]) == {"survey"}
    assert len(ratings.scores) == 6
    assert ratings.preferences["share"].tolist() == [1, 1]
    assert set(ratings.preferences["rater"]) == {"r1", ""}


def test_a_workbook_beside_a_sheet(tmp_path: Path) -> None:
    table = pd.DataFrame({"article_id": [1, 1], "run": ["a", "b"], "rating": [4, 5]})
    table.assign(data_set="LARGE").to_excel(tmp_path / "survey.xlsx", index=False)
    ratings = read(tmp_path, WHOLE)
    assert ratings.preferences.groupby("data_set").size().to_dict() == {"LARGE": 1, "RSS": 3}
    assert ratings.scores["rating"].dtype == np.float64


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (f"{SHEET},0,ann,left,,,", r"row 3 \(pair is '0', expected a number from 1\)"),
        (f"{SHEET},4,ann,left,,,", r"row 3 \(there is no pair 4 on the sheet\)"),
        (f"{SHEET},1e9,ann,left,,,", "row 3 .*expected a number from 1"),
        (f"{SHEET},2,,left,,,", r"row 3 \(rater has 0 letters, expected 1 to 200"),
        (f"{SHEET},2,{'a' * 300},left,,,", "rater has 300 letters"),
        (f"{SHEET},2,ann,LEFT,,,", "preference is 'LEFT', expected one of left, equal"),
        (f"{SHEET},2,ann,,6,,", "left_score is '6', expected 1 to 5"),
        (f"{SHEET},2,ann,,1,nan,", "right_score is 'nan'"),
        (f"{SHEET},2,ann,,,,", r"row 3 \(nothing is rated\)"),
        (f"{SHEET},2,ann,left,,,yesterday", "rated_at is 'yesterday', expected a time"),
        ("../../etc,2,ann,left,,,", "sheet is '../../etc', expected an r and 15 hexadecimal"),
        ("r" + "f" * 15 + ",2,ann,left,,,", f"no run has made a sheet r{'f' * 15}"),
        (f"{SHEET},1,ann,right,,,{AT}", r"row 2 \(rated more than once\), ratings0.csv row 3"),
        (f"{SHEET},2,ann,left", "row"),
        (f'{SHEET},2,"ann,left,,,', "quote"),
    ],
)
def test_a_damaged_row_is_told_with_its_number(tmp_path: Path, row: str, why: str) -> None:
    with pytest.raises(NewsImagesError, match=why):
        read(tmp_path, [WHOLE[0], row])


def test_all_faults_of_a_table_are_told_at_once(tmp_path: Path) -> None:
    rows = [f"{SHEET},{pair},ann,left,9,," for pair in range(1, 15)]
    with pytest.raises(NewsImagesError, match=r"row 2 .*row 11 .*\(14 in all\)"):
        read(tmp_path, rows)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (HEADER + "\n", "has a header and no rows"),
        ("article_id,rating\n1,2\n", "lacks the column run or approach"),
        ("run,rating\na,2\n", "lacks the column article_id"),
        ("article_id,run,rating\n1,a,0.5\n1,b,x\n", "row 2 .rating is '0.5'.*row 3"),
        ("article_id,run,rating\n1,a,inf\n", "rating is 'inf'"),
        ("article_id,run,rating\n,a,2\n1,,2\n", r"row 2 \(no article_id\), .* row 3 \(no run\)"),
        ("article_id,run,rating,rater\n1,a,2,r\n1,a,3,r\n", r"row 3 \(rated more than once\)"),
        (HEADER.replace("rated_at", "time") + f"\n{WHOLE[0]}\n", "lacks the column rated_at"),
        ("\x00\x01\x02,\xff\n", "ratings0.csv"),
    ],
)
def test_a_damaged_table(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(NewsImagesError, match=why):
        read(tmp_path, text)


def test_a_folder_without_tables(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("hello")
    with pytest.raises(NewsImagesError, match="holds no tables of ratings"):
        read_ratings(tmp_path, {}.get)
    with pytest.raises(NewsImagesError, match="is no folder"):
        read_ratings(tmp_path / "nowhere", {}.get)


def test_the_later_of_two_times_counts_however_fine_they_are(tmp_path: Path) -> None:
    second, later = "2026-11-26T17:00:00", "2026-11-26T17:00:00.900Z"
    rows = [f"{SHEET},1,ann,right,,,{later}", f"{SHEET},1,ann,left,,,{second}Z"]
    ratings = read(tmp_path, rows, [f"{SHEET},1,ann,left,,,{second}"])
    assert (ratings.preferences["share"].tolist(), ratings.n_replaced) == ([0], 1)


def test_what_spreadsheets_make_of_numbers_and_leave_behind_is_read(tmp_path: Path) -> None:
    (tmp_path / "~$ratings.xlsx").write_bytes(b"of Excel")
    (tmp_path / "._ratings.csv").write_bytes(b"\0of a Mac")
    survey = "article_id;run;rating\n1;clip;4,5\n"
    ratings = read(tmp_path, [f"{SHEET},1.0,ann,left,5.0,3,2026-11-26T17:00:00.123000"], survey)
    assert sorted(ratings.scores["rating"]) == [3, 4.5, 5]
