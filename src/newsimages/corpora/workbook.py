"""Reads the first sheet of an Excel workbook (.xlsx): a path in, rows of text cells out."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl

from newsimages.corpora.rows import Rows, check_width
from newsimages.corpora.values import text_of
from newsimages.errors import NewsImagesError, first_ten, told_as

_REMEDY = "Save its table as CSV."
_MAX_BYTES = 1 << 30  # of the workbook, unpacked


def workbook_rows(path: Path) -> tuple[list[str], Rows]:
    """The header and the rows below it, as long as the header, with their numbers in the sheet.

    Formulas are what they showed when the workbook was saved. Rows of nothing are left out.

    Raises:
        NewsImagesError: It is no workbook, holds no row, is larger than 1 GB unpacked, or a row
            is longer than the header.
    """
    with told_as(path, "a workbook", _REMEDY):
        rows = _filled_rows(path)
        _, header = next(rows, (0, []))
        body = [(number, cells + [""] * (len(header) - len(cells))) for number, cells in rows]
    if not header:
        raise NewsImagesError(f"{path} is empty. Expected a table with a header; remove the file.")
    if longer := [f"row {number}" for number, cells in body if len(cells) > len(header)]:
        raise NewsImagesError(
            f"{path} has rows that go beyond its header of {len(header)} columns: "
            f"{first_ten(longer)}. Name these columns in the first row, or empty their cells."
        )
    return header, body


def workbook_header(path: Path) -> list[str]:
    """The cells of the first row that holds any; none where there is no such row.

    Raises:
        NewsImagesError: It is no workbook.
    """
    with told_as(path, "a workbook", _REMEDY):
        return next(_filled_rows(path), (0, []))[1]


def _filled_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields (number, cells up to the last that is filled) of the rows that are not empty."""
    with zipfile.ZipFile(path) as archive:
        if sum(each.file_size for each in archive.infolist()) > _MAX_BYTES:
            raise NewsImagesError(f"{path} is larger than 1 GB unpacked, expected less. Split it.")
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()  # what the file says of them may be wrong
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells = [text_of(value) for value in values]
            while cells and not cells[-1].strip():
                cells.pop()
            if cells:
                check_width(path, len(cells))
                yield number, cells
    finally:
        workbook.close()
