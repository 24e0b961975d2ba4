"""Cuts the text of a CSV or TSV file into rows: text in, cells with their line numbers out."""

import csv
import io
import re
import sys
from contextlib import suppress
from pathlib import Path

from newsimages.errors import NewsImagesError, first_ten

Rows = list[tuple[int, list[str]]]
"""Cells of each row with the number of the line on which the row ends."""

_QUOTED_CELL = re.compile(r'"(?:[^"]|"")*"', re.DOTALL)


def recognised_delimiter(first_line: str) -> str | None:
    """The delimiter that cuts the header into the most cells, None where none cuts it."""
    best = max(("\t", ",", ";"), key=first_line.count)
    return best if best in first_line else None


def cut_rows(path: Path, text: str) -> tuple[list[str], Rows]:
    """The header and the rows of ``text``, which all have the header's length.

    Raises:
        NewsImagesError: There is no text, no known delimiter, or a row does not fit the header.
    """
    if not text.strip():
        raise NewsImagesError(f"{path} is empty. Expected a table with a header; remove the file.")
    first = next(line for line in text.split("\n") if line.strip())
    delimiter = recognised_delimiter(first)
    if delimiter is None:
        raise NewsImagesError(
            f"No delimiter is recognised in the header of {path}: got {first[:120]!r}, expected "
            "column names separated by tabs, commas or semicolons. Save the table as CSV or TSV."
        )
    rows = _tab_rows(path, text) if delimiter == "\t" else _quoted_rows(path, text, delimiter)
    _, header = rows[0]
    body, ragged = _fitted(rows[1:], len(header))
    if ragged:
        shown = [f"line {line} ({len(cells)})" for line, cells in ragged]
        raise NewsImagesError(
            f"{path} has rows that do not fit its header of {len(header)} columns: "
            f"{first_ten(shown)}. Check these lines for stray delimiters, line breaks or "
            "quotation marks."
        )
    return header, body


def _fitted(rows: Rows, n_columns: int) -> tuple[Rows, Rows]:
    """Rows that fit the header, without empty cells beyond it, and rows that do not."""
    body: Rows = []
    ragged: Rows = []
    for line, cells in rows:
        fits = len(cells) >= n_columns and not any(cells[n_columns:])
        (body if fits else ragged).append((line, cells[:n_columns] if fits else cells))
    return body, ragged


def _tab_rows(path: Path, text: str) -> Rows:
    """Rows of a tab-separated file.

    NewsImages files are cut at tabs and line ends, though spreadsheets have quoted single cells;
    only a file whose lines do not fit its header is parsed as a quoted table.
    """
    lines = text.split("\n")
    rows = [(n, line.rstrip("\r").split("\t")) for n, line in enumerate(lines, 1) if line.strip()]
    if _fitted(rows, len(rows[0][1]))[1] and '"' in text:
        with suppress(NewsImagesError):
            quoted = _quoted_rows(path, text, "\t")
            if not _fitted(quoted, len(quoted[0][1]))[1]:
                return quoted
    return [(line, [_unquoted(cell) for cell in cells]) for line, cells in rows]


def _unquoted(cell: str) -> str:
    if cell.startswith('"') and _QUOTED_CELL.fullmatch(cell):
        return cell[1:-1].replace('""', '"').replace('\\"', '"')
    return cell


def _quoted_rows(path: Path, text: str, delimiter: str) -> Rows:
    limit = csv.field_size_limit(sys.maxsize)  # of a cell
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise NewsImagesError(
            f"{path} cannot be read as a quoted table, line {reader.line_num}: {error}. "
            'Put cells that hold quotation marks into ", and double the marks in them.'
        ) from error
    finally:
        csv.field_size_limit(limit)
