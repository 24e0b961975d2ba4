"""What a picture desk has chosen: tables of an article and its picture in, a training set out.

A table has the columns ``title`` and ``image`` (the path of the file: whole, or from the table's
folder), and maybe others of `COLUMNS`, which the desk writes. It is CSV or another form of
`newsimages.corpora.tables`, or JSON as MLflow writes tables: ``{"columns": …, "data": …}``.

An article for which several pictures were taken is as many pairs.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from newsimages.corpora.assembly import SKIPPED_COLUMNS
from newsimages.corpora.folder import Corpus, DataSet
from newsimages.corpora.image_files import IMAGE_ENDINGS
from newsimages.corpora.parts import known, require_columns
from newsimages.corpora.schema import check
from newsimages.corpora.tables import Table, clean, is_table, read_table
from newsimages.errors import NewsImagesError, first_ten, told_as
from newsimages.paths import looked_for
from newsimages.plain_text import encodable, readable

NAME = "choices"
"""The name of the data set."""
COLUMNS = (
    "article_id",
    "title",
    "text",
    "image_id",
    "image",
    "credit",
    "rank",
    "score",
    "model",
    "version",
    "taken_at",
)
"""Of a table of choices: ``image`` is the path of the file ("" where it is not known), ``rank`` the
picture's in the model's list, ``taken_at`` a moment in UTC."""
FORM = "title,image and maybe article_id,text,taken_at (a desk's choices)"


def with_choices(corpus: Corpus, source: Path) -> Corpus:
    """The corpus with a training set of what was chosen beside its own.

    Choices that cannot be used are reported among what was skipped.

    Args:
        corpus: Which has no training set of the name `NAME`.
        source: A table, or a folder of tables.

    Raises:
        NewsImagesError: There is no such table, a column is missing, or no choice has a picture.
    """
    if any((each.name, each.split) == (NAME, "train") for each in corpus.data_sets):
        raise NewsImagesError(
            f"The corpus has a training set {NAME!r} already, the name of the choices of {source}. "
            "Rename it, or leave choices out."
        )
    skipped: list[tuple[str, str]] = []
    rows = pd.concat([_rows(table, skipped) for table in _tables(source)], ignore_index=True)
    rows = rows.drop_duplicates(["title", "text", "image_id"], keep="last", ignore_index=True)
    if rows.empty:
        reasons = first_ten([f"{where}: {why}" for where, why in skipped])
        raise NewsImagesError(
            f"{source}: no choice has a title and a picture that is there"
            f"{f' ({reasons})' if reasons else ''}. Expected a table of {FORM}."
        )
    number = rows.groupby("article_id").cumcount() + 1
    again = "/" + number.astype("str")
    rows["article_id"] = rows["article_id"] + again.where(number > 1, "")
    articles = rows[
        ["article_id", "url", "title", "text", "title_en", "text_en", "image_id", "date"]
    ]
    images = rows[["image_id"]].drop_duplicates(ignore_index=True)
    images = images.assign(path=images["image_id"], url="", reason=pd.Series(pd.NA, dtype="str"))
    check(articles, images, str(source))
    own = DataSet(name=NAME, split="train", articles=articles, images=images)
    left_out = pd.DataFrame(
        [(NAME, "train", "article", where, why) for where, why in skipped],
        columns=SKIPPED_COLUMNS,
        dtype="str",
    )
    data_sets = sorted([*corpus.data_sets, own], key=lambda each: (each.name, each.split == "test"))
    return replace(
        corpus,
        data_sets=tuple(data_sets),
        skipped=pd.concat([corpus.skipped, left_out], ignore_index=True),
    )


def _tables(source: Path) -> Iterator[Table]:
    """The tables of choices. Raises: NewsImagesError where there is none."""
    if source.is_dir():
        paths = [path for path in sorted(source.iterdir()) if _is_table(path)]
        tables = [table for table in map(_read, paths) if table.columns >= {"title", "image"}]
    elif source.is_file():
        tables = [_read(source)]
    else:
        tables = []
    if not tables:
        got = "holds none" if source.exists() else "is neither a file nor a folder"
        raise NewsImagesError(
            f"Looked for a table of choices in {source}, which {got}{looked_for(source)}. Expected "
            f"a table of {FORM}, such as the artifact taken.json of a desk's run."
        )
    for table in tables:
        require_columns(table, FORM, "title", "image")
        yield table


def _is_table(path: Path) -> bool:
    return path.is_file() and (is_table(path) or path.suffix.lower() == ".json")


def _read(path: Path) -> Table:
    if path.suffix.lower() != ".json":
        return read_table(path)
    with told_as(path, "a table as MLflow logs it", "Fetch the artifact again."):
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = pd.DataFrame(content["data"], columns=content["columns"], dtype="object")
    rows.columns = rows.columns.astype("str").str.lower()
    if twice := sorted({*rows.columns[rows.columns.duplicated()]}):
        raise NewsImagesError(
            f"{path} has the column {first_ten(twice)} more than once. Keep one of each name."
        )
    return Table(path=path, rows=rows.map(_cell).astype("str"))


def _cell(value: object) -> str:
    is_nothing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if is_nothing else clean(str(value))


def _rows(table: Table, skipped: list[tuple[str, str]]) -> pd.DataFrame:
    """The choices of a table that can be used; of the others, place and reason are added."""
    folder = table.path.resolve().parent
    rows = pd.DataFrame(
        {
            "article_id": known(table.column("article_id", "articleid")),
            "url": "",
            "title": table.column("title").map(readable),
            "text": table.column("text").map(readable),
            "title_en": pd.Series(pd.NA, index=table.rows.index, dtype="str"),
            "text_en": pd.Series(pd.NA, index=table.rows.index, dtype="str"),
            "image_id": known(table.column("image")),
            "date": _moments(table.column("taken_at", "date")),
        }
    )
    is_used = []
    for line, title, image in zip(rows.index, rows["title"], rows["image_id"], strict=True):
        reason = "the title is empty" if not title else _why_no_picture(folder, image)
        if reason:
            skipped.append((f"{encodable(table.path.name)}:{line}", reason))
        is_used.append(not reason)
    rows = rows[np.array(is_used, np.bool_)]
    unnamed = pd.Series([f"{table.path.stem}-{line}" for line in rows.index], rows.index, "str")
    return rows.assign(
        article_id=rows["article_id"].where(rows["article_id"] != "", unnamed),
        image_id=[str(folder / image) for image in rows["image_id"]],
    ).astype({"article_id": "str", "image_id": "str", "title": "str", "text": "str"})


def _why_no_picture(folder: Path, image: str) -> str:
    if not image:
        return "no picture"
    if Path(image).suffix.lower() not in IMAGE_ENDINGS:
        return f"{image} is no image file by its name"
    try:
        return "" if (folder / image).is_file() else f"{image} is not there"
    except (OSError, ValueError) as error:  # a name that no file system has
        return f"{image} cannot be looked up: {error}"


def _moments(cells: pd.Series) -> pd.Series:
    """Moments in UTC; NaT for what is none."""
    found = pd.to_datetime(cells, errors="coerce", utc=True, format="ISO8601")
    return found.dt.tz_localize(None).astype("datetime64[us]")
