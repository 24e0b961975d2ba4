"""NewsImages 2021, 2022 and 2023: a table in, a part out.

The columns are ``article aid url img iid hashvalue title text imgFile``, in later years also
``Date titleEN textEN``, in any order; which of them are filled differs:

- training: all of them;
- test articles: no image. Those of April 2021 call the id ``articleID`` and scramble it;
- test images: ``iid`` and ``imgFile``, no title;
- ground truth: as training, with the word ``gt`` in the file's name.
"""

import ast
import re

import pandas as pd

from newsimages.corpora.parts import (
    Part,
    Role,
    Split,
    article_frame,
    image_frame,
    require_columns,
    said_split,
    words_of,
)
from newsimages.corpora.tables import Table
from newsimages.errors import NewsImagesError, first_ten

FORM = "article aid url img iid hashvalue title text imgFile (NewsImages 2021 to 2023)"

COLUMNS = frozenset(FORM.partition(" (")[0].lower().split())
_MARKS = frozenset({"article", "articleid", "iid", "imgfile", "hashvalue"})
_ID_COLUMNS = ("article", "articleid", "#")
_SCRAMBLED_ID = re.compile(r"[0-9]{10}")


def is_form(columns: frozenset[str]) -> bool:
    """Whether a table with these (lower-case) columns is meant to be of this family."""
    return not columns.isdisjoint(_MARKS)


def read(table: Table) -> Part:
    """Reads a table of training pairs, test articles, test images or ground truth.

    Raises:
        NewsImagesError: A column is missing, or some article ids are scrambled and some not.
    """
    role = _role(table)
    image_id = _image_id(table)
    articles = article_frame(
        table,
        article_id=_article_id(table),
        url="url",
        title="title",
        text=_text(table),
        image_id=image_id if role != "articles" else image_id.where(image_id == "", ""),
    )
    images = image_frame(
        table,
        image_id=image_id,
        url=table.column("img"),
        names=(table.column("imgfile"), table.column("iid"), table.column("hashvalue")),
    )
    return Part(
        path=table.path,
        role=role,
        split=_split(table, role),
        articles=articles.iloc[:0] if role == "images" else articles,
        images=images.iloc[:0] if role == "articles" else images,
    )


def unscrambled(article_id: str) -> str:
    """The true id behind an id of the April 2021 test articles: digits 7–10, then 2–6."""
    return article_id[6:10] + article_id[1:6]


def _role(table: Table) -> Role:
    """The role by the columns, else by the file name, else by the cells that are filled."""
    words = words_of(table.path)
    if table.columns.isdisjoint({"title", "text"}):
        if table.columns.isdisjoint({"iid", "imgfile"}):
            require_columns(table, FORM, "title", "iid", "imgFile")
        return "images"
    for_images = "img" in words or "images" in words or not (table.column("title") != "").any()
    if for_images and said_split(table.path) == "test":
        return "images"
    require_columns(table, FORM, "title")
    if table.columns.isdisjoint(_ID_COLUMNS):
        require_columns(table, FORM, "article")
    if "gt" in words:
        return "truth"
    told = "text" in words and said_split(table.path) == "test"
    return "articles" if told or not (_image_id(table) != "").any() else "pairs"


def _split(table: Table, role: Role) -> Split:
    return said_split(table.path) or ("train" if role == "pairs" else "test")


def _article_id(table: Table) -> pd.Series:
    ids = table.column(*_ID_COLUMNS)
    if "articleid" not in table.columns or "article" in table.columns:
        return ids
    scrambled = ids.str.fullmatch(_SCRAMBLED_ID)
    if scrambled.all():
        return ids.map(unscrambled)
    if scrambled.any():
        raise NewsImagesError(
            f"{table.path}: the column articleID mixes scrambled ids of ten digits with others: "
            f"{first_ten(list(ids[~scrambled]))}. Expected all or none; check these rows."
        )
    return ids


def _image_id(table: Table) -> pd.Series:
    """``iid``; where it is blank the hash value, then the file's name."""
    ids = table.column("iid")
    for other in ("hashvalue", "imgfile"):
        ids = ids.where(ids != "", table.column(other))
    return ids


def _text(table: Table) -> pd.Series:
    texts = table.column("text")
    if table.path.stem.lower().startswith("gdelt") or table.path.parent.name.lower().startswith(
        "gdelt"
    ):
        return texts.map(readable_tags)
    return texts


def readable_tags(cell: str) -> str:
    """A list of tags, ``a;b|c`` or ``['a', 'b']``, as text: ``a, b, c``."""
    tags: list[str] = re.split(r"[;|]", cell)
    if cell.startswith("[") and cell.endswith("]"):
        try:
            tags = [str(tag) for tag in ast.literal_eval(cell)]
        except (ValueError, SyntaxError):
            tags = cell[1:-1].split(",")
    return ", ".join(tag.strip() for tag in tags if tag.strip())
