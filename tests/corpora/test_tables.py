"""Tables: cells, delimiters, quoting and Parquet, and what is refused."""

import csv
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from newsimages.corpora.tables import Table, clean, first_columns, read_table
from newsimages.errors import NewsImagesError


def table(tmp_path: Path, text: str, name: str = "table.csv") -> Table:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return read_table(path)


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        (" Köln \n", "Köln"),
        ("a\0b\x07c", "abc"),
        ("eins\r\n\tzwei", "eins zwei"),
        ("Ko\u0308ln", "Köln"),
        ("\u200b\ufeff\u00a0", ""),
        ("„30\u00a0Grad“ 😀", "„30\u00a0Grad“ 😀"),
    ],
)
def test_clean(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_are_recognised(tmp_path: Path, delimiter: str) -> None:
    text = delimiter.join(["article_id", "title", "image"]) + "\n" + delimiter.join("abc") + "\n"
    rows = table(tmp_path, text).rows
    assert rows.to_dict("list") == {"article_id": ["a"], "title": ["b"], "image": ["c"]}


def test_names_of_columns_lose_case_blanks_and_hash(tmp_path: Path) -> None:
    read = table(tmp_path, "# article\t imgFile \tTitle\n1\tx.jpg\tOne\n")
    assert read.columns == {"article", "imgfile", "title"}


def test_quoted_csv_keeps_delimiters_marks_and_line_breaks(tmp_path: Path) -> None:
    read = table(tmp_path, 'article_id,title\n1,"A, ""b""\nc"\n\n2,d\n')
    assert list(read.rows["title"]) == ['A, "b" c', "d"]
    assert list(read.rows.index) == [3, 5]


def test_tab_separated_cells_are_unquoted_only_where_they_are_quoted_whole(tmp_path: Path) -> None:
    lines = ['1\t"Er sagt ""ja"""', '2\t"Ja" und "nein"', '3\t5" Regen', '4\t"\\""Don\\"" kommt"']
    read = table(tmp_path, "\n".join(["article\ttitle", *lines]), "table.tsv")
    assert list(read.rows["title"]) == [
        'Er sagt "ja"',
        '"Ja" und "nein"',
        '5" Regen',
        '"Don" kommt',
    ]


def test_quoted_line_breaks_in_a_tab_separated_file(tmp_path: Path) -> None:
    read = table(tmp_path, 'article\ttitle\n1\t"one\ntwo"\n2\tthree\n', "table.tsv")
    assert list(read.rows["title"]) == ["one two", "three"]


def test_line_separators_of_unicode_do_not_end_a_row(tmp_path: Path) -> None:
    read = table(tmp_path, "article\ttitle\n1\tone\u2028two\x85three\n", "table.tsv")
    assert list(read.rows["title"]) == ["one two three"]


def test_huge_cells_are_read_and_the_csv_limit_is_put_back(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    read = table(tmp_path, f"article_id,title\n1,{'x' * 300_000}\n")
    assert len(read.rows["title"].iloc[0]) == 300_000
    assert csv.field_size_limit() == limit


def test_empty_cells_beyond_the_header_and_empty_rows_are_dropped(tmp_path: Path) -> None:
    read = table(tmp_path, "article_id,title\n1,one,,\n,\n2,two\n")
    assert list(read.rows["title"]) == ["one", "two"]


def test_parquet_cells_become_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "article_id": [1.0, 2.0],
            "title": ["Ko\u0308ln ", None],
            "text": [["a", "b"], []],
            "date": [date(2022, 3, 31), None],
            "image": [1234567, None],
        }
    )
    frame.to_parquet(tmp_path / "table.parquet")
    rows = read_table(tmp_path / "table.parquet").rows
    assert rows.iloc[0].to_list() == ["1", "Köln", "a, b", "2022-03-31", "1234567"]
    assert rows.iloc[1].to_list() == ["2", "", "", "", ""]


@pytest.mark.parametrize("name", ["title", '"title"', " Title "])
def test_a_table_may_have_a_single_column(tmp_path: Path, name: str) -> None:
    rows = table(tmp_path, f'{name}\n"Storm, again"\n\nFlood\n').rows
    assert rows["title"].tolist() == ["Storm, again", "Flood"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_empty_rows_between_others_can_be_kept(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"table.{ending}"
    frame = pd.DataFrame({"a": ["", "1", "", "2", ""], "b": ["", "3", "", "", ""]})
    getattr(frame, f"to_{ending}")(path, index=False)
    assert read_table(path).rows["a"].tolist() == ["1", "2"]
    assert read_table(path, keep_empty=True).rows["a"].tolist() == ["", "1", "", "2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"table\.csv is empty"),
        ("  \n\n", r"table\.csv is empty"),
        ("article_id,title\n", "a header and no rows"),
        ("article_id,title\n,\n", "a header and no rows"),
        ("article_id|title\n1|one\n", r"No delimiter is recognised .*got 'article_id\|title'"),
        ("title\n", "a header and no rows"),
        ("title\nFlood, again\n", r"header of 1 columns: line 2 \(2\)"),
        ("a,b\n1,2\n3\n4,5,6\n", r"header of 2 columns: line 3 \(1\), line 4 \(3\)"),
        ('a,b\n1,"2\n3,4\n', "cannot be read as a quoted table, line 3"),
        ("a,title,Title\n1,2,3\n", "has the column title more than once"),
    ],
)
def test_unusable_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        table(tmp_path, text)


def test_only_ten_ragged_rows_are_shown(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match=r"line 11 \(1\), … \(25 in all\)"):
        table(tmp_path, "a\tb\n" + "1\n" * 25, "table.tsv")


def test_a_broken_parquet_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(NewsImagesError, match="cannot be read as Parquet"):
        read_table(tmp_path / "table.parquet")


def test_altered_data_pages_are_refused_by_the_file_s_name(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pd.DataFrame({"title": ["A headline of some length"] * 500}).to_parquet(path)
    data = bytearray(path.read_bytes())
    data[4:120] = b"\xff" * 116
    path.write_bytes(data)
    with pytest.raises(NewsImagesError, match=r"table\.parquet cannot be read .* fetch the file"):
        read_table(path)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([b"title"], "binary"),
        ([{"path": "a.jpg"}], "struct<path: string>"),
        ([[b"title"]], "list<element: binary>"),
    ],
)
def test_columns_that_hold_no_text_are_refused_where_they_are_used(
    tmp_path: Path, values: list[object], kind: str
) -> None:
    path = tmp_path / "table.parquet"
    pd.DataFrame({"text": [""], "Image": values}).to_parquet(path)
    read = read_table(path)
    assert list(read.column("text")) == [""]
    with pytest.raises(NewsImagesError, match=f"the column image is of the type {kind}, expected"):
        read.column("image")


@pytest.mark.parametrize("said", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_that_says_the_delimiter_is_no_header(tmp_path: Path, said: str) -> None:
    read = table(tmp_path, f"{said}\narticle_id;title\n1;One, two, three\n")
    assert read.rows.to_dict("list") == {"article_id": ["1"], "title": ["One, two, three"]}
    assert first_columns(tmp_path / "table.csv") == {"article_id", "title"}


@pytest.mark.parametrize(
    "lines",
    [
        ['1,"Dog bites,,1.jpg', "2,Cat,,2.jpg", '3,A 55",,3.jpg', "4,Bird,,4.jpg"],
        ["1,Dog,,1.jpg", '2,"Cat,,2.jpg', '3,"Bird, singing",,3.jpg', '4,A 9",,4.jpg'],
        ['1,Dog,"Long text,1.jpg', '2,Cat,5",2.jpg', "3,Bird,,3.jpg"],
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_marks_that_swallow_rows_are_refused(
    tmp_path: Path, lines: list[str], delimiter: str
) -> None:
    rows = ["article_id,title,text,image", *lines, '9,Snake,"one\ntwo",9.jpg']
    text = "\n".join(rows).replace(",", delimiter)
    with pytest.raises(NewsImagesError, match="quotation mark|stray"):
        table(tmp_path, text)


@pytest.mark.parametrize(
    "cell",
    [
        "First, a line\nsecond, line, here\nthird, with, three, commas",
        "one\n\ntwo, three, four, five",
        "Preis: 5,00 Euro\n7,1,2,3",
    ],
)
def test_prose_of_several_lines_swallows_nothing(tmp_path: Path, cell: str) -> None:
    rows = f'article_id,title,text,image\nn1,Dog,"{cell}",1.jpg\nn2,Cat,,2.jpg\n'
    read = table(tmp_path, rows)
    assert list(read.rows["article_id"]) == ["n1", "n2"]


def test_shorter_rows_are_called_so(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match=r"line 3 \(2\)\. They are shorter.*\(here text\)"):
        table(tmp_path, "id;image;text\n1;1.jpg;One\n2;2.jpg\n")


@pytest.mark.parametrize("name", ["wide.csv", "wide.parquet"])
def test_a_table_of_very_many_columns_is_refused_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    columns = [f"c{n}" for n in range(200_000 if name.endswith("csv") else 2_000)]
    if name.endswith("csv"):
        path.write_text(f"{','.join(columns)}\n{',' * (len(columns) - 1)}\n")
    else:
        pd.DataFrame({column: [""] for column in columns}).to_parquet(path)
    started = time.perf_counter()
    with pytest.raises(NewsImagesError, match="columns, expected at most 1,000"):
        read_table(path)
    assert time.perf_counter() - started < 5


def test_a_parquet_file_of_endless_equal_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsimages.corpora.tables._MAX_ROWS", 99)
    path = tmp_path / "table.parquet"
    pd.DataFrame({"title": ["x"] * 100}).to_parquet(path)
    with pytest.raises(NewsImagesError, match="says to have 100 rows, expected at most 99"):
        read_table(path)
