"""Reads what people have rated: tables in a folder in, ratings and preferences out.

Two kinds of tables, told apart by their columns:

- what a rating sheet exports: `SHEET_COLUMNS`. It names neither runs nor articles, so that whoever
  rates cannot know them; the sheet's key does (`SheetKey`).
- the long form, as of a survey: ``article_id``; ``run`` (or approach, variant, description); and
  ``rating`` (or score), 1 to 5, which may be a mean; perhaps ``rater`` and ``data_set``.

The tables come from outside. What is wrong with them is said with file and row.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from newsimages.corpora.tables import Table, is_table, read_table
from newsimages.errors import NewsImagesError, first_ten, shortened
from newsimages.metrics.ratings import HIGHEST, LOWEST, preferences_of
from newsimages.paths import looked_for

SHEET_COLUMNS = (
    *("sheet", "pair", "rater", "preference", "left_score", "right_score"),
    "rated_at",
)
KEY_COLUMNS = ("pair", "article_id", "left", "right")
SHARES = {"left": 1.0, "equal": 0.5, "neither": 0.5, "right": 0.0}
"""What the left run has won, by the word in the column preference."""
SURVEY = "survey"
"""The data set of tables that name none."""
RUN = ("run", "approach", "variant", "description")
RATING = ("rating", "score")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?|")
# Of Excel, beside a workbook that is open, and of a Mac.
_NO_TABLES = (".", "~")
_MAX_NAME = 200  # letters of a rater's name


@dataclass(frozen=True, kw_only=True, eq=False)
class SheetKey:
    """What is behind a sheet: columns `KEY_COLUMNS`, pair from 1; left and right name runs."""

    sheet: str
    data_set: str
    pairs: pd.DataFrame


@dataclass(frozen=True, kw_only=True, eq=False)
class Ratings:
    """All that was rated.

    Attributes:
        scores: Columns data_set, article_id, rater, run, rating.
        preferences: Columns data_set, article_id, rater, run, against, share (1: run is preferred,
            ½: neither, 0), neither (whether none of the two fits).
        n_replaced: Ratings that the same rater has given anew, in a later export.
    """

    scores: pd.DataFrame
    preferences: pd.DataFrame
    n_replaced: int


SCORE_COLUMNS = ["data_set", "article_id", "rater", "run", "rating"]
PREFERENCE_COLUMNS = ["data_set", "article_id", "rater", "run", "against", "share", "neither"]


def read_ratings(folder: Path, key_of: Callable[[str], SheetKey | None]) -> Ratings:
    """Reads all tables directly in a folder.

    Args:
        folder: CSV, TSV, Excel or Parquet files.
        key_of: The key of a sheet by its id; None where there is no such sheet.

    Raises:
        NewsImagesError: There is no table in it, or rows that cannot be: all of them are named.
    """
    if not folder.is_dir():
        raise NewsImagesError(
            f"ratings={folder} is no folder{looked_for(folder)}. Name the folder of the tables "
            "that people have sent."
        )
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and is_table(path) and not path.name.startswith(_NO_TABLES)
    )
    if not paths:
        raise NewsImagesError(
            f"{folder} holds no tables of ratings. Put the CSV files there that the rating sheet "
            "has exported."
        )
    sheets, surveys = [], []
    for path in paths:
        table = read_table(path)
        if "sheet" in table.columns:
            sheets.append(_of_sheet(table))
        else:
            surveys.append(_of_survey(table))
    rated, n_replaced = _newest(sheets)
    scores, preferences = _with_keys(rated, key_of)
    survey = _joined(surveys, [*SCORE_COLUMNS, "where"])
    _refuse(_twice(survey))
    implied = [
        preferences_of(own).assign(data_set=name) for name, own in survey.groupby("data_set")
    ]
    return Ratings(
        scores=_joined([scores, survey], SCORE_COLUMNS),
        preferences=_joined([preferences, *implied], PREFERENCE_COLUMNS),
        n_replaced=n_replaced,
    )


def _joined(tables: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """The rows of all tables that have some."""
    filled = [table[columns] for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


def _refuse(problems: list[str]) -> None:
    """Raises: NewsImagesError where there is a problem."""
    if problems:
        raise NewsImagesError(
            f"Ratings that cannot be used: {first_ten(problems)}. Correct these rows or remove "
            "them."
        )


def _of_sheet(table: Table) -> pd.DataFrame:
    """The rows of a sheet's export, checked: `SHEET_COLUMNS` and where."""
    missing = [name for name in SHEET_COLUMNS if name not in table.columns]
    if missing:
        raise NewsImagesError(
            f"{table.path} lacks the column {first_ten(missing)} of a rating sheet's export. "
            "Export it again; rows may be removed, columns not."
        )
    rows = _located(table, pd.DataFrame({name: table.column(name) for name in SHEET_COLUMNS}))
    _refuse([f"{row.where} ({why})" for row in rows.itertuples() for why in _sheet_faults(row)])
    for name in ("left_score", "right_score"):
        rows[name] = pd.to_numeric(rows[name], errors="coerce")
    return rows.assign(pair=rows["pair"].astype(float).astype(int))


def _located(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    where = [f"{table.path.name} row {line}" for line in rows.index]
    return rows.assign(where=where)


def _sheet_faults(row: object) -> Iterator[str]:
    cells = {name: str(getattr(row, name)) for name in SHEET_COLUMNS}
    if not re.fullmatch(r"r[0-9a-f]{15}", cells["sheet"]):
        yield f"sheet is {_shown(cells['sheet'])}, expected an r and 15 hexadecimal digits"
    if not re.fullmatch(r"[1-9][0-9]{0,6}(\.0+)?", cells["pair"]):
        yield f"pair is {_shown(cells['pair'])}, expected a number from 1"
    if not 0 < len(cells["rater"]) <= _MAX_NAME:
        yield f"rater has {len(cells['rater'])} letters, expected 1 to {_MAX_NAME}"
    preference, scores = cells["preference"], [cells["left_score"], cells["right_score"]]
    if preference not in ("", *SHARES):
        yield f"preference is {_shown(preference)}, expected one of {', '.join(SHARES)}, or nothing"
    for name, score in zip(("left_score", "right_score"), scores, strict=True):
        if score and not re.fullmatch(rf"[{LOWEST}-{HIGHEST}](\.0+)?", score):
            yield f"{name} is {_shown(score)}, expected {LOWEST} to {HIGHEST}, or nothing"
    if not (preference or any(scores)):
        yield "nothing is rated"
    if not _TIME.fullmatch(cells["rated_at"]):
        yield f"rated_at is {_shown(cells['rated_at'])}, expected a time such as {_EXAMPLE}"


_EXAMPLE = "2026-11-26T17:00:00Z"


def _shown(cell: str) -> str:
    return repr(shortened(cell, 40))


def _newest(sheets: list[pd.DataFrame]) -> tuple[pd.DataFrame, int]:
    """The last that each rater has said of each pair, and how many rows it takes the place of.

    Raises:
        NewsImagesError: A rater has rated a pair differently, and it is not said when.
    """
    columns = [*SHEET_COLUMNS, "where"]
    rows = _joined(sheets, columns)
    # Without the Z, of which a whole second would come behind its own parts.
    rows["rated_at"] = rows["rated_at"].astype("str").str.removesuffix("Z")
    rows = rows.drop_duplicates(list(SHEET_COLUMNS))
    of = ["sheet", "rater", "pair"]
    rows = rows.sort_values([*of, "rated_at"], kind="stable")
    unclear = rows.duplicated([*of, "rated_at"], keep=False)
    _refuse([f"{where} (rated more than once)" for where in rows.loc[unclear, "where"]])
    newest = rows.drop_duplicates(of, keep="last")
    return newest, len(rows) - len(newest)


def _with_keys(
    rated: pd.DataFrame, key_of: Callable[[str], SheetKey | None]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores and preferences that rows of sheets are, now of runs.

    Raises:
        NewsImagesError: A sheet is not known, or a pair is not on it.
    """
    scores, preferences, problems = [], [], []
    for sheet, own in rated.groupby("sheet"):
        key = key_of(str(sheet))
        if key is None:
            problems.append(f"{own['where'].iloc[0]} (no run has made a sheet {sheet})")
            continue
        known = own["pair"].isin(key.pairs["pair"])
        problems += [
            f"{where} (there is no pair {pair} on the sheet)"
            for where, pair in own.loc[~known, ["where", "pair"]].itertuples(index=False)
        ]
        rows = own[known].merge(key.pairs[list(KEY_COLUMNS)], on="pair")
        rows = rows.assign(data_set=key.data_set)
        scores += [
            rows.rename(columns={side: "run", f"{side}_score": "rating"})[SCORE_COLUMNS].dropna()
            for side in ("left", "right")
        ]
        preferences.append(_preferences(rows))
    _refuse(problems)
    return _joined(scores, SCORE_COLUMNS), _joined(preferences, PREFERENCE_COLUMNS)


def _preferences(rows: pd.DataFrame) -> pd.DataFrame:
    """What was said, or else what the scores of both pictures imply."""
    higher = (rows["left_score"] - rows["right_score"]).map(lambda by: (by > 0) - (by < 0))
    implied = ((1 + higher) / 2).where(rows["left_score"].notna() & rows["right_score"].notna())
    share = rows["preference"].map(SHARES).fillna(implied)
    table = rows.assign(share=share, neither=rows["preference"] == "neither")
    names = {"left": "run", "right": "against"}
    return table.rename(columns=names)[PREFERENCE_COLUMNS].dropna()


def _of_survey(table: Table) -> pd.DataFrame:
    """The rows of a table in long form, checked: `SCORE_COLUMNS` and where."""
    for names in (("article_id",), RUN, RATING):
        if not table.columns & set(names):
            raise NewsImagesError(
                f"{table.path} lacks the column {' or '.join(names)}: got the columns "
                f"{first_ten(sorted(table.columns))}, expected article_id, run and rating, or what "
                "a rating sheet exports. Rename its columns or remove the file."
            )
    columns = {
        "data_set": table.column("data_set").replace("", SURVEY),
        "article_id": table.column("article_id"),
        "rater": table.column("rater"),
        "run": table.column(*RUN),
        "rating": table.column(*RATING),
    }
    rows = _located(table, pd.DataFrame(columns))
    points = rows["rating"].str.replace(",", ".")  # as Excel writes numbers in much of Europe
    ratings = pd.to_numeric(points, errors="coerce")
    fits = ratings.between(LOWEST, HIGHEST)
    problems = [
        f"{where} (rating is {_shown(rating)}, expected {LOWEST} to {HIGHEST})"
        for where, rating in rows.loc[~fits, ["where", "rating"]].itertuples(index=False)
    ]
    for name in ("article_id", "run"):
        problems += [f"{where} (no {name})" for where in rows.loc[rows[name] == "", "where"]]
    _refuse(problems)
    return rows.assign(rating=ratings)


def _twice(survey: pd.DataFrame) -> list[str]:
    """The ratings that a named rater has given twice; those of nobody are other people's."""
    named = survey[survey["rater"] != ""]
    again = named.duplicated(["data_set", "article_id", "rater", "run"])
    return [f"{where} (rated more than once)" for where in named.loc[again, "where"]]
