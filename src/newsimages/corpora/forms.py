"""Reads a table of articles or images in any of its forms: a file in, a `Part` out."""

from pathlib import Path
from types import ModuleType

from newsimages.corpora import newsimages2025, newsimages_tsv, own
from newsimages.corpora.parts import Part
from newsimages.corpora.tables import first_columns, read_table
from newsimages.errors import NewsImagesError

_FORMS: tuple[ModuleType, ...] = (newsimages2025, newsimages_tsv, own)


def is_table_of_articles(path: Path) -> bool:
    """Whether a file holds articles or images, by its header.

    Caption pairs do not count, as they serve pre-training. A broken file counts, so that reading it
    reports what is wrong.
    """
    try:
        columns = first_columns(path)
    except (NewsImagesError, OSError):
        return True
    if path.suffix.lower() == ".txt":
        return len(columns & newsimages_tsv.COLUMNS) >= 3
    return any(form.is_form(columns) for form in _FORMS) or not columns >= {"caption", "image"}


def read_part(path: Path) -> Part:
    """Reads a table. Raises: NewsImagesError where it is broken or of no known form."""
    table = read_table(path)
    for form in _FORMS:
        if form.is_form(table.columns):
            part: Part = form.read(table)
            return part
    expected = "; ".join(form.FORM for form in _FORMS)
    raise NewsImagesError(
        f"{path} is of no known form: got the columns {', '.join(table.rows.columns)}, expected "
        f"one of: {expected}. Rename its columns or move the file out of the corpus."
    )
