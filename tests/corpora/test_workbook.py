"""Excel workbooks: the first sheet as a table of texts, and what is refused."""

import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from newsimages.corpora.tables import first_columns, read_table
from newsimages.errors import NewsImagesError

ROWS = [
    ["Article_ID", "title", "date", "image"],
    [1, "Köln", date(2022, 3, 31), "a.jpg"],
    [],
    [2.0, "=1+1", datetime(2022, 4, 1, 12, 30), None],
    ["007", "N/A"],
]


def workbook(path: Path, rows: list[list[object]]) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    made.create_sheet("notes").append(["not", "read"])
    made.save(path)
    return path


def test_cells_become_text(tmp_path: Path) -> None:
    path = workbook(tmp_path / "test.xlsx", ROWS)
    assert first_columns(path) == {"article_id", "title", "date", "image"}
    rows = read_table(path).rows
    assert rows.index.to_list() == [2, 4, 5]
    assert rows.to_numpy().tolist() == [
        ["1", "Köln", "2022-03-31", "a.jpg"],
        ["2", "", "2022-04-01T12:30:00", ""],  # a formula that no program has computed yet
        ["007", "N/A", "", ""],
    ]


def test_a_cell_far_away_costs_no_memory(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(["article_id", "title", "image"])
    made.active.cell(row=1_000_000, column=16_000, value="x")
    made.save(tmp_path / "test.xlsx")
    with pytest.raises(NewsImagesError, match="16,000 columns, expected at most 1,000"):
        read_table(tmp_path / "test.xlsx")


def test_rows_beyond_the_header_are_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "test.xlsx", [["article_id", "title"], [1, "One"], [2, "Two", 3]])
    with pytest.raises(NewsImagesError, match="beyond its header of 2 columns: row 3"):
        read_table(path)


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "test.xlsx"
    path.write_bytes(b"article_id,title\n")
    with pytest.raises(NewsImagesError, match=r"test\.xlsx cannot be read as a workbook: BadZip"):
        read_table(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<a>")
    with pytest.raises(NewsImagesError, match=r"test\.xlsx cannot be read as a workbook"):
        read_table(path)


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match="is empty"):
        read_table(workbook(tmp_path / "test.xlsx", []))


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "test.xlsx", ROWS)
    monkeypatch.setattr("newsimages.corpora.workbook._MAX_BYTES", 1000)
    with pytest.raises(NewsImagesError, match="larger than 1 GB unpacked"):
        read_table(path)


def test_entities_of_xml_are_not_expanded(tmp_path: Path) -> None:
    path = workbook(tmp_path / "test.xlsx", ROWS)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    laughs = "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' if n else '<!ENTITY a0 "haha">' for n in range(12)
    )
    sheet = parts["xl/worksheets/sheet1.xml"].decode().replace("Köln", "&a11;")
    parts["xl/worksheets/sheet1.xml"] = f"<!DOCTYPE x [{laughs}]>{sheet}".encode()
    strings = parts.get("xl/sharedStrings.xml", b"").decode().replace("Köln", "&a11;")
    declaration, _, rest = strings.partition("?>") if "?>" in strings else ("", "", strings)
    parts["xl/sharedStrings.xml"] = f"<!DOCTYPE x [{laughs}]>{rest or declaration}".encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(NewsImagesError, match="cannot be read as a workbook"):
        read_table(path)
