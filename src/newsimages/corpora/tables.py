"""Reads one table of a corpus: bytes of a CSV, TSV, TXT or Parquet file in, clean text cells out.

The encoding and the delimiter are recognised, every row is checked to have as many cells as the
header, and each cell is cleaned: Unicode NFC, no control characters, no blanks at its ends.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from newsimages.corpora.encoding import decoded, first_line
from newsimages.corpora.rows import cut_rows, recognised_delimiter
from newsimages.errors import NewsImagesError, first_ten

TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".parquet")

_LINE_CONTROLS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_OTHER_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u2060\ufeff]+")


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: text cells under lower-case column names.

    Attributes:
        path: The file it was read from.
        rows: Columns of type str ("" where there is nothing); the index is the line in the file.
    """

    path: Path
    rows: pd.DataFrame

    @property
    def columns(self) -> frozenset[str]:
        """The names of its columns, lower-case."""
        return frozenset(self.rows.columns)

    def column(self, *names: str) -> pd.Series:
        """The first of the columns ``names`` that is there; empty cells where none is."""
        for name in names:
            if name in self.rows.columns:
                return self.rows[name]
        return pd.Series("", index=self.rows.index, dtype="str")


def clean(text: str) -> str:
    """``text`` in NFC, line breaks and tabs as blanks, without controls and blanks at its ends."""
    if not text.isprintable():
        text = _OTHER_CONTROLS.sub("", _LINE_CONTROLS.sub(" ", text))
    return unicodedata.normalize("NFC", text).strip()


def read_table(path: Path) -> Table:
    """Reads ``path`` whole.

    Raises:
        NewsImagesError: The file is empty, has no rows, no known encoding or delimiter, rows of
            unequal length, or a column twice.
    """
    if path.suffix.lower() == ".parquet":
        header, columns, lines = _parquet_columns(path)
    else:
        header, columns, lines = _text_columns(path)
    rows = _frame(path, header, columns, lines)
    if rows.empty:
        raise NewsImagesError(
            f"{path} has a header and no rows. Fill the table or remove the file."
        )
    return Table(path=path, rows=rows)


def first_columns(path: Path) -> frozenset[str]:
    """The column names of a table, without reading it; none where no delimiter is found."""
    if path.suffix.lower() == ".parquet":
        return frozenset(_column_name(name) for name in _opened_parquet(path).schema_arrow.names)
    line = first_line(path)
    delimiter = recognised_delimiter(line)
    return frozenset(_column_name(cell) for cell in line.split(delimiter) if delimiter)


def _column_name(cell: str) -> str:
    name = clean(cell).strip('"').lower()
    return name.removeprefix("#").strip() or name


def _frame(
    path: Path, header: Sequence[str], columns: Sequence[Sequence[str]], lines: Sequence[int]
) -> pd.DataFrame:
    named = [(_column_name(name), cells) for name, cells in zip(header, columns, strict=True)]
    names = [name for name, _ in named if name]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise NewsImagesError(
            f"{path} has the column {first_ten(twice)} more than once. Keep one of each name."
        )
    data = {name: [clean(cell) for cell in cells] for name, cells in named if name in names}
    frame = pd.DataFrame(data, index=pd.Index(lines, name="line"), dtype="str")
    filled = np.zeros(len(frame), dtype=bool)
    for name in frame.columns:
        filled |= (frame[name] != "").to_numpy()
    return frame.loc[filled]


def _text_columns(path: Path) -> tuple[list[str], list[tuple[str, ...]], list[int]]:
    header, rows = cut_rows(path, decoded(path))
    columns = list(zip(*(cells for _, cells in rows), strict=True)) or [()] * len(header)
    return header, columns, [line for line, _ in rows]


def _parquet_columns(path: Path) -> tuple[list[str], list[tuple[str, ...]], list[int]]:
    table = _opened_parquet(path).read()
    columns = [tuple(map(_text, column.to_pylist())) for column in table.columns]
    return list(table.column_names), columns, list(range(1, table.num_rows + 1))


def _opened_parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise NewsImagesError(
            f"{path} cannot be read as Parquet: {error}. Write the file again."
        ) from error


def _text(value: object) -> str:
    """A Parquet value as a cell: whole numbers without ``.0``, lists joined, nothing as ""."""
    if value is None or isinstance(value, (bytes, dict)) or value != value:  # noqa: PLR0124 (NaN)
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return str(value)
