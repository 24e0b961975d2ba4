"""NewsImages 2021, 2022 and 2023: a table in, a part out.

The columns are ``article aid url img iid hashvalue title text imgFile``, in later years also
``Date titleEN textEN``, in any order; which of them are filled differs:

- training: all of them;
- test articles: no image. Those of April 2021 call the id ``articleID`` and scramble it; it is
  kept as ``scrambled_id``, which the organisers' evaluator wants;
- test images: ``iid`` and ``imgFile``, no title;
- ground truth: as training, with the word ``gt`` in the file's name.
"""

import ast
import re

import pandas as pd

from newsimages.corpora.parts import (
    Part,
    Role,
    known,
    part_of,
    require_columns,
    said_split,
    words_of,
)
from newsimages.corpora.tables import Table
from newsimages.errors import NewsImagesError, first_ten
from newsimages.plain_text import readable

FORM = "article aid url img iid hashvalue title text imgFile (NewsImages 2021 to 2023)"

COLUMNS = frozenset(FORM.partition(" (")[0].lower().split())
_MARKS = frozenset({"article", "articleid", "iid", "imgfile", "hashvalue"})
_OF_RELEASES = frozenset({"aid", "hashvalue", "iid", "imgfile"})
_ID_COLUMNS = ("article", "articleid", "#")


def is_form(columns: frozenset[str]) -> bool:
    """Whether a table with these (lower-case) columns is meant to be of this family."""
    return not columns.isdisjoint(_MARKS)


def has_all(columns: frozenset[str]) -> bool:
    """Whether all columns are there that articles, pairs or images of the form need."""
    is_images = not columns.isdisjoint({"iid", "imgfile"}) and "title" not in columns
    is_articles = "title" in columns and not columns.isdisjoint(_ID_COLUMNS)
    return is_images or (is_articles and not columns.isdisjoint(_OF_RELEASES))


def read(table: Table) -> Part:
    """Reads a table of training pairs, test articles, test images or ground truth.

    Raises:
        NewsImagesError: A column is missing, or some article ids are scrambled and some not.
    """
    role = _role(table)
    text = table.column("text")
    if any(name.lower().startswith("gdelt") for name in (table.path.stem, table.path.parent.name)):
        text = text.map(readable_tags)
    ids = table.column(*_ID_COLUMNS)
    scrambled = _are_scrambled(table, ids)
    return part_of(
        table,
        role=role,
        unsaid_split="train" if role == "pairs" else "test",
        article_id=_unscrambled(ids) if scrambled else ids,
        scrambled_id=ids if scrambled else None,
        text=text,
        image_id=table.column() if role == "articles" else _image_id(table),
        image_url=table.column("img"),
        image_names=(table.column("imgfile"), table.column("iid"), table.column("hashvalue")),
    )


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


def _are_scrambled(table: Table, ids: pd.Series) -> bool:
    """Whether the ids are those of April 2021, in the column articleID and of ten digits."""
    if "articleid" not in table.columns or "article" in table.columns:
        return False
    ids = ids[ids != ""]
    scrambled = ids.str.fullmatch("[0-9]{10}")
    if scrambled.any() and not scrambled.all():
        raise NewsImagesError(
            f"{table.path}: the column articleID mixes scrambled ids of ten digits with others: "
            f"{first_ten(list(ids[~scrambled]))}. Expected all or none; check these rows."
        )
    return bool(scrambled.any())


def _unscrambled(ids: pd.Series) -> pd.Series:
    """The true ids: the digits 7–10 of the scrambled ones, then 2–6."""
    return ids.str[6:10] + ids.str[1:6]


def _image_id(table: Table) -> pd.Series:
    """``iid``; where it is blank the hash value, then the file's name."""
    ids = known(table.column("iid"))
    for other in ("hashvalue", "imgfile"):
        ids = ids.where(ids != "", known(table.column(other)))
    return ids


def readable_tags(cell: str) -> str:
    """A list of tags, ``a;b|c`` or ``['a', 'b']``, as text: ``a, b, c``."""
    cell = readable(cell)  # an entity ends in a semicolon, too
    tags: list[str] = re.split(r"[;|]", cell)
    if cell.startswith("[") and cell.endswith("]"):
        try:
            tags = [str(tag) for tag in ast.literal_eval(cell)]
        except (ValueError, SyntaxError):
            tags = cell[1:-1].split(",")
    return ", ".join(tag.strip() for tag in tags if tag.strip())
