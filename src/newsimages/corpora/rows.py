"""Cuts the text of a CSV or TSV file into rows: text in, cells with their line numbers out."""

import csv
import io
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from newsimages.errors import NewsImagesError, first_ten

Rows = list[tuple[int, list[str]]]
"""Cells of each row with the number of the line on which the row ends."""

_SAID_DELIMITER = re.compile(r'"?sep=([,;\t])"?', re.IGNORECASE)
_ONE_NAME = re.compile(r'\s*(?:"\w+"|\w+)\s*')
_BLANK = re.compile(r"\s")
_LETTERS, _DIGITS = re.compile(r"[^\W\d_]+"), re.compile(r"\d+")
_MAX_COLUMNS = 1_000
_QUOTED_CELL = re.compile(r'"(?:[^"]|"")*"', re.DOTALL)


def recognised_delimiter(first_line: str) -> str | None:
    """The delimiter that cuts the header into the most cells, None where none cuts it."""
    best = max(("\t", ",", ";"), key=first_line.count)
    return best if best in first_line else None


def said_delimiter(line: str) -> str | None:
    """The delimiter of Excel's line ``sep=;`` that may stand above the header, else None."""
    said = _SAID_DELIMITER.fullmatch(line.strip())
    return said[1] if said else None


def cut_rows(path: Path, text: str) -> tuple[list[str], Rows]:
    """The header and the rows of ``text``, which all have the header's length.

    Raises:
        NewsImagesError: There is no text, no known delimiter, a row does not fit the header, or a
            quotation mark swallows rows.
    """
    lines = text.split("\n")
    n_above = next((n for n, line in enumerate(lines) if line.strip()), None)
    if n_above is None:
        raise NewsImagesError(f"{path} is empty. Expected a table with a header; remove the file.")
    delimiter = said_delimiter(lines[n_above])
    if delimiter:
        lines[n_above] = ""
    first = next((line for line in lines[n_above:] if line.strip()), "")
    delimiter = delimiter or recognised_delimiter(first)
    if delimiter is None and _ONE_NAME.fullmatch(first):
        delimiter = ","  # the only column, in which a cell with a comma is quoted
    if delimiter is None:
        raise NewsImagesError(
            f"No delimiter is recognised in the header of {path}: got {first[:120]!r}, expected "
            "column names separated by tabs, commas or semicolons. Save the table as CSV or TSV."
        )
    check_width(path, first.count(delimiter) + 1)
    rows = _tab_rows(path, lines) if delimiter == "\t" else _quoted_rows(path, lines, delimiter)
    _, header = rows[0]
    body, ragged = _fitted(rows[1:], len(header))
    if ragged:
        raise _ragged(path, header, ragged)
    return header, body


def check_width(path: Path, n_columns: int) -> None:
    """Raises NewsImagesError where a table has more columns than any table of articles has."""
    if n_columns > _MAX_COLUMNS:
        raise NewsImagesError(
            f"{path} has {n_columns:,} columns, expected at most {_MAX_COLUMNS:,}: it is no table "
            "of articles. Move it out of the folder, or keep the columns that are needed."
        )


def _ragged(path: Path, header: list[str], ragged: Rows) -> NewsImagesError:
    shown = [f"line {line} ({len(cells)})" for line, cells in ragged]
    advice = "Check these lines for stray delimiters, line breaks or quotation marks."
    if all(len(cells) < len(header) for _, cells in ragged):
        advice = (
            f"They are shorter. Excel leaves out the delimiters of empty last cells (here "
            f"{header[-1]}): put a column that is always filled last. Or a line break cuts a row "
            "in two: put its cell into quotation marks."
        )
    return NewsImagesError(
        f"{path} has rows that do not fit its header of {len(header)} columns: "
        f"{first_ten(shown)}. {advice}"
    )


def _fitted(rows: Rows, n_columns: int) -> tuple[Rows, Rows]:
    """Rows that fit the header, without empty cells beyond it, and rows that do not."""
    body: Rows = []
    ragged: Rows = []
    for line, cells in rows:
        fits = len(cells) >= n_columns and not any(cells[n_columns:])
        (body if fits else ragged).append((line, cells[:n_columns] if fits else cells))
    return body, ragged


def _tab_rows(path: Path, lines: list[str]) -> Rows:
    """Rows of a tab-separated file.

    NewsImages files are cut at tabs and line ends, though spreadsheets have quoted single cells;
    only a file whose lines do not fit its header is parsed as a quoted table.
    """
    rows = [(n, line.rstrip("\r").split("\t")) for n, line in enumerate(lines, 1) if line.strip()]
    if _fitted(rows, len(rows[0][1]))[1] and any('"' in line for line in lines):
        with suppress(_UnreadableQuotesError):
            quoted = _quoted_rows(path, lines, "\t")
            if not _fitted(quoted, len(quoted[0][1]))[1]:
                return quoted
    return [(line, [_unquoted(cell) for cell in cells]) for line, cells in rows]


def _unquoted(cell: str) -> str:
    if cell.startswith('"') and _QUOTED_CELL.fullmatch(cell):
        return cell[1:-1].replace('""', '"').replace('\\"', '"')
    return cell


class _UnreadableQuotesError(NewsImagesError):
    """Quotation marks that are not a quoted table's."""


def _quoted_rows(path: Path, lines: list[str], delimiter: str) -> Rows:
    limit = csv.field_size_limit(sys.maxsize)  # of a cell
    text = io.StringIO("\n".join(lines), newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise _UnreadableQuotesError(
            f"{path} cannot be read as a quoted table, line {reader.line_num}: {error}. "
            'Put cells that hold quotation marks into ", and double the marks in them.'
        ) from error
    finally:
        csv.field_size_limit(limit)
    _reject_swallowed_rows(path, lines, rows, delimiter)
    return rows


def _reject_swallowed_rows(path: Path, lines: list[str], rows: Rows, delimiter: str) -> None:
    """Raises where lines within a quoted cell look like rows of the table.

    Two marks that are opened and never closed (``"Ferry runs aground`` … ``55"``) take the rows
    between them into one cell, and no parser objects.
    """
    several = [(end, sum(cell.count("\n") for cell in cells)) for end, cells in rows]
    several = [(end, n_breaks) for end, n_breaks in several if n_breaks]
    if not several:
        return
    n_columns = len(rows[0][1])
    columns = list(zip(*(cells for _, cells in rows[1:] if len(cells) == n_columns), strict=True))
    keys = {
        at: _Keys.of(column)
        for at, column in enumerate(columns)
        if not any(map(_BLANK.search, column))
    }
    for end, n_breaks in several:
        inner = range(end - n_breaks + 1, end + 1)
        like_rows = [n for n in inner if _is_row(lines[n - 1], delimiter, n_columns, keys)]
        if like_rows:
            raise NewsImagesError(
                f"{path}: a quotation mark is opened on line {end - n_breaks} and closed on line "
                f"{end}, and lines between look like rows of their own: {first_ten(like_rows)}. "
                "Remove or double the stray quotation marks."
            )


class _Keys(NamedTuple):
    """What the cells of a column without blanks look like, as ids and names of files."""

    shapes: frozenset[str]
    shortest: int
    longest: int

    @classmethod
    def of(cls, column: Sequence[str]) -> "_Keys":
        lengths = [len(cell) for cell in column]
        return cls(frozenset(map(_shape, column)), min(lengths), max(lengths))

    def has_such(self, cell: str) -> bool:
        """Whether ``cell`` could stand in the column."""
        return self.shortest <= len(cell) <= self.longest + 1 and _shape(cell) in self.shapes


def _shape(cell: str) -> str:
    """``ab12.jpg`` as ``a0.a``: runs of letters and of digits as one character each."""
    return _DIGITS.sub("0", _LETTERS.sub("a", cell))


def _is_row(line: str, delimiter: str, n_columns: int, keys: Mapping[int, _Keys]) -> bool:
    """Whether ``line`` has as many cells as the table, and such keys where the table has them.

    A line of prose may have as many commas, but no such words where the keys are.
    """
    for cells in (line.split(delimiter), next(csv.reader([line], delimiter=delimiter), [])):
        fits = len(cells) == n_columns and any(cells[at] for at in keys)
        if fits and all(each.has_such(cells[at]) for at, each in keys.items()):
            return True
    return False
