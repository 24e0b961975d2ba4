"""Reads one table of a corpus: a CSV, TSV, TXT, Excel or Parquet file in, clean text cells out.

The encoding and the delimiter are recognised, every row is checked to have as many cells as the
header, and each cell is cleaned: Unicode NFC, no control characters, no blanks at its ends.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from newsimages.corpora.encoding import decoded, first_lines
from newsimages.corpora.rows import check_width, cut_rows, recognised_delimiter, said_delimiter
from newsimages.corpora.values import text_of
from newsimages.corpora.workbook import workbook_header, workbook_rows
from newsimages.errors import NewsImagesError, first_ten, told_as
from newsimages.plain_text import encodable

TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".xlsx", ".parquet")

_REMEDY = "Write or fetch the file again."
_MAX_ROWS = 20_000_000  # of a Parquet file, which packs equal rows into no space

_LINE_CONTROLS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_OTHER_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u2060\ufeff]+")


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: text cells under lower-case column names.

    Attributes:
        rows: Columns of type str ("" where there is nothing); the index is the line in the file.
        not_text: The Parquet type of each column that cannot be read as text; its cells in
            ``rows`` hold the type's name.
    """

    path: Path
    rows: pd.DataFrame
    not_text: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> frozenset[str]:
        """The names of its columns, lower-case."""
        return frozenset(self.rows.columns)

    def column(self, *names: str) -> pd.Series:
        """The first of the columns ``names`` that is there; empty cells where none is.

        Raises:
            NewsImagesError: It holds something else than text, numbers or dates.
        """
        for name in names:
            if name in self.not_text:
                raise NewsImagesError(
                    f"{self.path}: the column {name} is of the type {self.not_text[name]}, "
                    "expected text. Write its values as text (an image as the name of its file)."
                )
            if name in self.rows.columns:
                return self.rows[name]
        return pd.Series("", index=self.rows.index, dtype="str")


def clean(text: str) -> str:
    """``text`` in NFC, line breaks and tabs as blanks, without controls and blanks at its ends.

    This is for any cell, names of files included; titles and texts are made `readable` as well.
    """
    if not text.isprintable():
        text = encodable(text)
        text = _OTHER_CONTROLS.sub("", _LINE_CONTROLS.sub(" ", text))
    return unicodedata.normalize("NFC", text).strip()


def is_table(path: Path) -> bool:
    """Whether a file's name ends as those of tables do."""
    return path.name.lower().endswith(TABLE_ENDINGS)


def read_table(path: Path, encoding: str | None = None, *, keep_empty: bool = False) -> Table:
    """Reads ``path`` whole; ``encoding`` is for a text that is not UTF-8.

    Rows of empty cells are left out; with ``keep_empty`` only those behind the last that is none,
    so that a row's place in the table is the one that it has in the file (but for workbooks).

    Raises:
        NewsImagesError: The file is empty, has no rows, no known encoding or delimiter, rows of
            unequal length, or a column twice.
    """
    if path.suffix.lower() == ".parquet":
        cells, not_text = _parquet_cells(path)
    else:
        is_workbook = path.suffix.lower() == ".xlsx"
        text_rows = workbook_rows(path) if is_workbook else cut_rows(path, decoded(path, encoding))
        header, body = text_rows
        lines = [line for line, _ in body]
        cells = pd.DataFrame([row for _, row in body], index=lines, columns=header, dtype="object")
        not_text = {}
    rows = _cleaned(path, cells)
    is_empty = (rows == "").all(axis="columns")
    rows = rows[is_empty[::-1].cummin()[::-1] == 0] if keep_empty else rows[~is_empty]
    if rows.empty:
        raise NewsImagesError(
            f"{path} has a header and no rows. Fill the table or remove the file."
        )
    return Table(path=path, rows=rows, not_text=not_text)


def first_columns(path: Path) -> frozenset[str]:
    """The column names of a table, without reading it; none where no delimiter is found."""
    if path.suffix.lower() == ".parquet":
        with told_as(path, "Parquet", _REMEDY):
            names = _parquet_file(path).schema_arrow.names
        return frozenset(map(_column_name, names))
    return frozenset(map(_column_name, first_cells(path)))


def first_cells(path: Path) -> list[str]:
    """The cells of a table's header, of any form but Parquet; none where no delimiter is found."""
    if path.suffix.lower() == ".xlsx":
        return workbook_header(path)
    line, below = first_lines(path)
    delimiter = said_delimiter(line)
    line = below if delimiter else line
    delimiter = delimiter or recognised_delimiter(line)
    return line.split(delimiter) if delimiter else []


def _column_name(cell: str) -> str:
    name = clean(cell).strip('"').lower()
    return name.removeprefix("#").strip() or name


def _cleaned(path: Path, cells: pd.DataFrame) -> pd.DataFrame:
    """Clean cells under clean names, without columns that have none."""
    cells.columns = pd.Index([_column_name(name) for name in cells.columns], dtype="str")
    cells = cells.loc[:, cells.columns != ""]
    twice = sorted(set(cells.columns[cells.columns.duplicated()]))
    if twice:
        raise NewsImagesError(
            f"{path} has the column {first_ten(twice)} more than once. Keep one of each name."
        )
    return cells.map(clean).astype("str")


def _parquet_cells(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """The cells as texts, and the types of columns that are none."""
    columns: list[list[str]] = []
    not_text: dict[str, str] = {}
    with told_as(path, "Parquet", _REMEDY):
        table = _parquet_file(path).read()
        for each, values in zip(table.schema, table.columns, strict=True):
            if _is_text(each.type):
                columns.append([text_of(value) for value in _listed(values)])
            else:
                not_text[_column_name(each.name)] = str(each.type)
                columns.append([str(each.type)] * len(values))
    cells = pd.DataFrame(dict(enumerate(columns)), index=range(1, len(table) + 1), dtype="object")
    cells.columns = pd.Index(table.column_names, dtype="str")
    return cells, not_text


def _parquet_file(path: Path) -> pq.ParquetFile:
    file = pq.ParquetFile(path)
    check_width(path, len(file.schema_arrow.names))
    if file.metadata.num_rows > _MAX_ROWS:
        raise NewsImagesError(
            f"{path} says to have {file.metadata.num_rows:,} rows, expected at most "
            f"{_MAX_ROWS:,}. Split it."
        )
    return file


def _is_text(kind: pa.DataType) -> bool:
    """Whether values of this type can be cells: neither bytes nor structures."""
    if hasattr(kind, "value_type") and not pa.types.is_map(kind):  # lists and dictionaries
        return _is_text(kind.value_type)
    return not pa.types.is_nested(kind) and "binary" not in str(kind)


def _listed(values: pa.ChunkedArray) -> list[object]:
    """The values of a column; texts that are not UTF-8 as bytes."""
    try:
        return list(values.to_pylist())
    except UnicodeDecodeError:
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        is_list = hasattr(values.type, "value_type")
        return list(values.cast(pa.list_(pa.binary()) if is_list else pa.binary()).to_pylist())
