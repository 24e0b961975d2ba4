"""CSV that a spreadsheet opens without running anything of a corpus."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from newsimages.reports.spreadsheet import spreadsheet_csv


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+49 221", "-cmd", "@SUM(A1)", "\t=1", "\n=1", "\tx", "  =1", "＝1", '="a","b"', "-"],
)
def test_what_a_spreadsheet_would_run_becomes_text(cell: str) -> None:
    table = pd.DataFrame({"id": [cell, "n1"], cell: ["x", cell]})
    back = pd.read_csv(io.StringIO(spreadsheet_csv(table), newline=""), dtype=str)
    assert back["id"].to_list() == [f"'{cell}", "n1"]
    assert list(back.columns) == ["id", f"'{cell}"]


@pytest.mark.parametrize("cell", ["a\r=1", "\r=1", "a\r\n=1", "\r"])
def test_a_carriage_return_begins_no_row(cell: str) -> None:
    text = spreadsheet_csv(pd.DataFrame({"id": [cell], "n": [1]}))
    assert "\r" not in text
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in rows] == [2, 2]
    assert not rows[1][0].startswith(("\n", "="))


def test_all_else_is_written_as_pandas_writes_it() -> None:
    table = pd.DataFrame(
        {
            "title": ["a=b", "5-4", "it's", None, 'ü, "q"'],
            "low": [-0.5, 1e-9, np.nan, 0.0, -2.0],
            "n": [-1, 2, 3, 4, 5],
            "k": pd.array([-1, None, 3, 4, 5], dtype="Int64"),
            "is": [True, False, True, True, False],
            "day": pd.to_datetime(["2022-03-31", None, "2022-04-01", "2022-04-02", "2022-04-03"]),
            "set": pd.Categorical(["RSS", "TW", "RSS", "RSS", "TW"]),
            "mixed": [-1, "a", 2.5, None, "b"],
        }
    )
    for part in (table, table.iloc[:0], pd.DataFrame(columns=["a"]), table.iloc[::-1]):
        assert spreadsheet_csv(part) == part.to_csv(index=False, lineterminator="\n")
