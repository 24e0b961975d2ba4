"""The articles and images of one table, in the form that all readers return.

A reader turns a `Table` into a `Part`; `newsimages.corpora.assembly` puts the parts of a data set
and split together.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from newsimages.corpora.tables import Table
from newsimages.errors import NewsImagesError, first_ten
from newsimages.plain_text import readable

Split = Literal["train", "test"]
NOTHING = frozenset(
    {
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "#na",
        "<na>",
        "nan",
        "null",
        "none",
        "nil",
        "\\n",
        "-",
        "--",
        "–",
    }
)
"""Words that stand for nothing in a cell of ids or addresses, in lower case."""
_SPLIT_OF_WORD: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trainset", "trainval"), "train"),
    **dict.fromkeys(("test", "tests", "testing", "testset"), "test"),
}
Role = Literal["pairs", "articles", "images", "truth"]
"""``pairs``: articles with their images; ``truth``: answers for the articles of another table."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One table's articles and images.

    Attributes:
        articles: article_id, url, title, text, title_en, text_en, image_id, date, where, and
            scrambled_id where the release scrambles its ids – all text, "" for nothing.
        images: image_id, url, names (tuple of the names its file may have), where.
    """

    path: Path
    role: Role
    split: Split
    articles: pd.DataFrame
    images: pd.DataFrame


def said_split(path: Path) -> Split | None:
    """The split that the last such word of a file's name says: ``train``, ``training``, ``test``.

    ``contest``, ``testimony`` and ``trainspotting`` say none.
    """
    said = [_SPLIT_OF_WORD[word] for word in words_of(path) if word in _SPLIT_OF_WORD]
    return said[-1] if said else None


def words_of(path: Path) -> list[str]:
    """The words of a file's name without its ending, in lower case."""
    return re.split(r"[^a-z]+", stem_of(path).lower())


def stem_of(path: Path) -> str:
    """A file's name without its ending, and without ``.gz`` behind that."""
    return Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem


def require_columns(table: Table, form: str, *names: str) -> None:
    """Raises NewsImagesError where ``table`` lacks one of the columns ``names``."""
    missing = [name for name in names if name.lower() not in table.columns]
    if missing:
        raise NewsImagesError(
            f"{table.path} lacks the column {first_ten(missing)}: got the columns "
            f"{', '.join(table.rows.columns)}, expected {form}. Add or rename the column."
        )


def known(cells: pd.Series) -> pd.Series:
    """Ids or addresses without the words that mean none, such as ``N/A`` and ``null``."""
    return cells.mask(cells.str.casefold().isin(NOTHING), "")


def whole_numbers(ids: pd.Series) -> pd.Series:
    """Ids without the ``.0`` that pandas gives whole numbers of a column with empty cells."""
    filled = ids[ids != ""]
    is_float = len(filled) and filled.str.fullmatch(r"[0-9]+\.0").all()
    return ids.str.removesuffix(".0") if is_float else ids


def part_of(
    table: Table,
    *,
    article_id: pd.Series,
    image_id: pd.Series,
    image_url: pd.Series,
    image_names: tuple[pd.Series, ...],
    text: pd.Series,
    title: str = "title",
    url: str = "url",
    role: Role = "pairs",
    unsaid_split: Split = "test",
    scrambled_id: pd.Series | None = None,
) -> Part:
    """The part that ``table`` is; rows without an image id give no image.

    ``title`` and ``url`` are names of columns. ``unsaid_split`` is for a file whose name says none.
    """
    article_id, image_id = whole_numbers(article_id), whole_numbers(known(image_id))
    image_names = (*map(known, image_names), image_id)
    index = table.rows.index
    where = pd.Series([f"{table.path.name}:{line}" for line in index], index=index, dtype="str")
    articles = pd.DataFrame(
        {
            "article_id": article_id,
            "url": known(table.column(url)),
            "title": table.column(title).map(readable),
            "text": text.map(readable),
            "title_en": table.column("titleen", "title_en").map(readable),
            "text_en": table.column("texten", "text_en").map(readable),
            "image_id": image_id,
            "date": table.column("date"),
            "where": where,
        }
    )
    if scrambled_id is not None:
        articles["scrambled_id"] = scrambled_id
    names = pd.Series(list(zip(*image_names, strict=True)), index=index, dtype="object")
    images = pd.DataFrame(
        {"image_id": image_id, "url": known(image_url), "names": names, "where": where}
    )
    return Part(
        path=table.path,
        role=role,
        split=said_split(table.path) or unsaid_split,
        articles=articles.iloc[:0] if role == "images" else articles,
        images=images[images["image_id"] != ""],
    )
