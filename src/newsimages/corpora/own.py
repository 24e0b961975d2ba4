"""Own data: a table with ``article_id,title,text,image`` in, a part out.

``text`` may be absent; ``url``, ``date``, ``titleEN`` and ``textEN`` may be there. ``image`` is a
path or a file name below the data set's folder or its ``images/``, with or without ending, and
serves as the image's id. A table whose name does not begin with ``train`` is a test set.
"""

import pandas as pd

from newsimages.corpora.parts import (
    Part,
    article_frame,
    image_frame,
    require_columns,
    said_split,
)
from newsimages.corpora.tables import Table

FORM = "article_id,title,text,image (own data)"


def is_form(columns: frozenset[str]) -> bool:
    """Whether a table with these (lower-case) columns is meant to be of this form."""
    return "article_id" in columns or {"title", "image"} <= columns


def read(table: Table) -> Part:
    """Reads the table. Raises: NewsImagesError where a column is missing."""
    require_columns(table, FORM, "article_id", "title", "image")
    image_id = table.column("image").str.replace("\\", "/", regex=False)
    image_id = image_id.str.replace(r"^(\./+)+", "", regex=True)
    return Part(
        path=table.path,
        role="pairs",
        split=said_split(table.path) or "test",
        articles=article_frame(
            table,
            article_id=table.column("article_id"),
            url="url",
            title="title",
            text=table.column("text"),
            image_id=image_id,
        ),
        images=image_frame(
            table,
            image_id=image_id,
            url=pd.Series("", index=table.rows.index, dtype="str"),
            names=(image_id,),
        ),
    )
