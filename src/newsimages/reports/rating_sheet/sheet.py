"""A rating sheet: two runs' lists in, an HTML file for whoever rates and the key to it out.

Only articles for which the two runs choose different pictures are shown; the others are counted.
The key says which run each side was, and stays with whoever evaluates.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from newsimages.atomic import write_bytes
from newsimages.errors import NewsImagesError, first_ten
from newsimages.reports.contact_sheet.content import MAX_TITLE
from newsimages.reports.contact_sheet.page import as_json
from newsimages.reports.contact_sheet.thumbnails import Thumbnails, fit
from newsimages.reports.rating_sheet.page import page
from newsimages.reports.rating_sheet.pairs import SAME, UNREADABLE, candidates, drawn

MEGABYTE = 1_000_000
MIN_MB = 0.1  # the page takes a third of that
SIZES = (640, 480, 384, 288)
"""Pixels of the longer side of a picture, the largest that fit."""
ARTICLE_COLUMNS = ("article_id", "title", "title_en", "language")
KEY_COLUMNS = ["pair", "article_id", "left", "right", "left_image", "right_image", "note"]


@dataclass(frozen=True, kw_only=True)
class RatingSheetConfig:
    """What a sheet shows."""

    pairs: int = 50  # at most; articles that are drawn
    max_mb: float = 15.0  # size of the file, a megabyte being 1,000,000 bytes
    seed: int = 0  # of the draw, the order and the sides
    workers: int = 2  # threads that make pictures

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a sheet that could hold nothing."""
        if self.pairs < 1 or not MIN_MB <= self.max_mb < math.inf or self.workers < 1:
            raise NewsImagesError(
                f"pairs={self.pairs}, max_mb={self.max_mb}, workers={self.workers}: expected at "
                f"least 1 pair, {MIN_MB} MB and 1 thread."
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class RatingSheet:
    """A written sheet.

    Attributes:
        sheet: Its id, an r and 15 hexadecimal digits: other pictures or sides, another id.
        key: A row per article, columns `KEY_COLUMNS`: pair from 1, and left and right the run that
            is shown there; 0, and the reason in note, where no pair is shown.
        n_bytes: Size of the file.
        picture_px: Of a picture's longer side, at most.
    """

    sheet: str
    key: pd.DataFrame
    n_bytes: int
    picture_px: int

    @property
    def n_pairs(self) -> int:
        """Pairs that it shows."""
        return int((self.key["pair"] > 0).sum())

    @property
    def n_same(self) -> int:
        """Articles for which both runs choose the same picture."""
        return int((self.key["note"] == SAME).sum())


def rating_sheet(
    path: Path,
    *,
    name: str,
    articles: pd.DataFrame,
    rankings: Mapping[str, pd.DataFrame],
    image_paths: Mapping[str, Path | None],
    config: RatingSheetConfig | None = None,
) -> RatingSheet:
    """Writes the sheet of a data set.

    Args:
        path: The HTML file.
        name: Of the data set.
        articles: Columns `ARTICLE_COLUMNS`, each article once.
        rankings: Of exactly two runs, by a name that stands in the key: article_id, rank, image_id.
        image_paths: The file of every image; None where there is none.
        config: None: the defaults.

    Raises:
        NewsImagesError: Not two runs, no article whose pictures differ and can be shown, or a file
            that cannot be written.
    """
    config = config or RatingSheetConfig()
    if len(rankings) != 2:
        raise NewsImagesError(
            f"A rating sheet compares two runs, got {len(rankings)}: {first_ten(list(rankings))}."
        )
    table = candidates(articles["article_id"].tolist(), rankings, image_paths)
    n_pairs = config.pairs
    while True:
        shown = drawn(table, n_pairs, np.random.default_rng(config.seed))
        if shown.empty:
            raise NewsImagesError(_nothing_to_rate(name, table))
        images = sorted({*shown["left"], *shown["right"]})
        values = _values(shown, articles, images, table)
        key = _key(shown, table, list(rankings), config.pairs)
        values["id"] = _id(name, key)
        room = round(config.max_mb * MEGABYTE) - len(page(values, [], name=name).encode())
        paths = [image_paths[image] for image in images]
        thumbnails, share = fit(paths, room, config.workers, SIZES)
        if thumbnails is None:
            if n_pairs == 1:
                raise NewsImagesError(f"One pair alone takes more than {config.max_mb:g} MB.")
            n_pairs = max(1, min(len(shown) - 1, int(len(shown) * share)))
        elif broken := _broken(images, thumbnails):
            is_out = table["one"].isin(broken) | table["other"].isin(broken)
            table.loc[is_out & (table["note"] == ""), "note"] = UNREADABLE
        else:
            break
    data = page(values, _pictures(thumbnails), name=name).encode("utf-8", "replace")
    write_bytes(path, data)
    return RatingSheet(
        sheet=values["id"], key=key, n_bytes=len(data), picture_px=thumbnails.longest_px
    )


def _values(
    shown: pd.DataFrame, articles: pd.DataFrame, images: list[str], table: pd.DataFrame
) -> dict[str, Any]:
    """What the page's script reads: per pair title, English title or 0, language and images."""
    number = {image: place for place, image in enumerate(images)}
    rows = articles.set_index("article_id", drop=False).loc[shown["article_id"]]
    sides = zip(shown["left"].map(number), shown["right"].map(number), strict=True)
    return {
        "pairs": [
            [*titles, left, right]
            for titles, (left, right) in zip(_titles(rows), sides, strict=True)
        ],
        "articles": len(table),
        "same": int((table["note"] == SAME).sum()),
        "id": "",
    }


def _titles(articles: pd.DataFrame) -> list[list[str | int]]:
    """[title, English title or 0 where it says nothing new, language] of each article."""
    rows = articles[list(ARTICLE_COLUMNS[1:])].astype(object).fillna("").astype(str)
    return [
        [title[:MAX_TITLE], english[:MAX_TITLE] if english not in ("", title) else 0, language]
        for title, english, language in rows.itertuples(index=False)
    ]


def _key(shown: pd.DataFrame, table: pd.DataFrame, runs: list[str], n_asked: int) -> pd.DataFrame:
    one, other = runs
    own = shown.assign(
        left_image=shown["left"],
        right_image=shown["right"],
        left=np.where(shown["is_turned"], other, one),
        right=np.where(shown["is_turned"], one, other),
    )
    rest = table[~table["article_id"].isin(own["article_id"])]
    why = "not drawn" if len(own) == n_asked else "no room in the file, or not drawn"
    rest = rest.assign(pair=0, left="", right="", left_image="", right_image="")
    rest["note"] = rest["note"].mask(rest["note"] == "", why)
    return pd.concat([own[KEY_COLUMNS], rest[KEY_COLUMNS]], ignore_index=True)


def _id(name: str, key: pd.DataFrame) -> str:
    shown = key.loc[key["pair"] > 0, KEY_COLUMNS].astype(str).to_numpy().tolist()
    digest = hashlib.sha256(as_json([name, shown]).encode()).hexdigest()
    return f"r{digest[:15]}"  # which no spreadsheet takes for a number


def _broken(images: list[str], thumbnails: Thumbnails) -> set[str]:
    reasons = zip(images, thumbnails.reasons, strict=True)
    return {image for image, reason in reasons if reason is not None}


def _pictures(thumbnails: Thumbnails) -> list[str]:
    return [picture for picture in thumbnails.pictures if picture is not None]


def _nothing_to_rate(name: str, table: pd.DataFrame) -> str:
    counts = table["note"].value_counts().items()
    said = ", ".join(f"{n} {note}" for note, n in counts)
    return (
        f"{name}: there is nothing to rate, as of {len(table)} articles not one has two different "
        f"pictures that can be shown ({said or 'there is none'}). Choose two other runs, or "
        "give the images that these have ranked."
    )
