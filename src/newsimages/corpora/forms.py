"""Reads a table of articles or images in any of its forms: a file in, a `Part` out."""

import re
from pathlib import Path
from types import ModuleType

from newsimages.corpora import newsimages2025, newsimages_tsv, own
from newsimages.corpora.names import reason_not_to_follow
from newsimages.corpora.parts import Part, said_split, stem_of, words_of
from newsimages.corpora.tables import first_cells, first_columns, is_table, read_table
from newsimages.errors import NewsImagesError

_FORMS: tuple[ModuleType, ...] = (newsimages2025, newsimages_tsv, own)
CAPTIONS = "captions"
"""The name, without its ending, of a table of captions."""
_CELL_OF_A_ROW = re.compile(r"[0-9]+(\.[0-9]+)?|\w+://\S+", re.ASCII)  # a number or an address
_NO_TABLE = "its first line is no header of a NewsImages table, with tabs, commas or semicolons"


def reason_to_pass_over(path: Path) -> str | None:
    """Why a file is no table of articles or images, by its header; None where it is one.

    "" is for a file that is something else as its form says: pairs for pre-training, or a text that
    no name calls a table. A broken file counts as a table, so that reading it reports what is
    wrong.
    """
    try:
        columns = first_columns(path)
        if any(form.has_all(columns) for form in _FORMS):
            return None
        is_often_no_table = not {".txt", ".xlsx"}.isdisjoint(path.suffixes[-2:])
        if is_often_no_table and len(columns & newsimages_tsv.COLUMNS) < 3:
            is_called_table = said_split(path) or "gt" in words_of(path)
            empty = "the file is empty" if not path.stat().st_size else _NO_TABLE
            return empty if is_called_table else ""
        if not said_split(path) and (row := _row_instead_of_header(path)):
            return row
    except (NewsImagesError, OSError):
        return None
    is_meant = any(form.is_form(columns) for form in _FORMS)
    return "" if not is_meant and columns >= {"caption", "image"} else None


def captions_tables(folder: Path, root: Path) -> list[Path]:
    """The tables of the captions of a folder's images: named ``captions``, beside articles' tables.

    Without articles beside it, such a table holds pairs for pre-training.
    """
    tables = [path for path in sorted(folder.iterdir()) if is_table(path) and path.is_file()]
    named = [
        path
        for path in tables
        if stem_of(path).lower() == CAPTIONS
        and not reason_not_to_follow(path, root)
        and not _holds_articles(path)
    ]
    others = (path for path in tables if path not in named)
    return named if named and any(reason_to_pass_over(path) is None for path in others) else []


def _holds_articles(path: Path) -> bool:
    """Whether a table has all columns of one of the forms."""
    try:
        columns = first_columns(path)
    except (NewsImagesError, OSError):
        return False
    return any(form.has_all(columns) for form in _FORMS)


def read_part(path: Path, encoding: str | None = None) -> Part:
    """Reads a table. Raises: NewsImagesError where it is broken or of no known form."""
    expected = "; ".join(form.FORM for form in _FORMS)
    if row := _row_instead_of_header(path):
        raise NewsImagesError(f"{path} has {row}. Expected one of: {expected}.")
    table = read_table(path, encoding)
    by_columns = [form for form in _FORMS if form.has_all(table.columns)]
    for form in by_columns or [form for form in _FORMS if form.is_form(table.columns)]:
        part: Part = form.read(table)
        return part
    raise NewsImagesError(
        f"{path} is of no known form: got the columns {', '.join(table.rows.columns)}, expected "
        f"one of: {expected}. Rename its columns or move the file out of the corpus."
    )


def _row_instead_of_header(path: Path) -> str:
    """What stands where a text table has its header, where that is a row; else ""."""
    if path.suffix.lower() == ".parquet":
        return ""
    cells = [cell.strip().strip('"') for cell in first_cells(path)]
    if not any(_CELL_OF_A_ROW.fullmatch(cell) for cell in cells):
        return ""
    shown = ",".join(cells)[:120]
    return (
        f"no header: its first line is a row ({shown}…). Put the columns' names above it; "
        "a list of articles is named by the parameter article_list"
    )
