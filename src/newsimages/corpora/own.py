"""Own data: a table with ``article_id,title,text,image`` in, a part out.

``text`` may be absent; ``url``, ``date``, ``titleEN`` and ``textEN`` may be there. ``image`` is a
path or a file name below the data set's folder or its ``images/``, with or without ending, and
serves as the image's id. A table whose name does not say ``train`` is a test set.
"""

from newsimages.corpora.parts import Part, part_of, require_columns
from newsimages.corpora.tables import Table

_ID_COLUMNS = ("article_id", "articleid")
FORM = "article_id,title,text,image (own data)"


def is_form(columns: frozenset[str]) -> bool:
    """Whether a table with these (lower-case) columns is meant to be of this form."""
    return "article_id" in columns or {"title", "image"} <= columns


def has_all(columns: frozenset[str]) -> bool:
    """Whether all columns are there that the form needs."""
    return {"title", "image"} <= columns and not columns.isdisjoint(_ID_COLUMNS)


def read(table: Table) -> Part:
    """Reads the table. Raises: NewsImagesError where a column is missing."""
    require_columns(table, FORM, "title", "image")
    if table.columns.isdisjoint(_ID_COLUMNS):
        require_columns(table, FORM, "article_id")
    image_id = table.column("image").str.replace("\\", "/", regex=False)
    image_id = image_id.str.replace(r"^(\./+)+", "", regex=True)
    return part_of(
        table,
        article_id=table.column(*_ID_COLUMNS),
        text=table.column("text"),
        image_id=image_id,
        image_url=table.column(),
        image_names=(image_id,),
    )
