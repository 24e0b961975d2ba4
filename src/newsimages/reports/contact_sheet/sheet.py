"""A contact sheet: what every variant ranks first, article by article, for people to look at.

In: articles, the variants' ranked lists and image files. Out: one HTML file below a given size.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from newsimages.atomic import write_bytes
from newsimages.errors import NewsImagesError, first_ten
from newsimages.reports.contact_sheet.content import content, judge
from newsimages.reports.contact_sheet.page import as_json, page
from newsimages.reports.contact_sheet.thumbnails import SIZES, Thumbnails, fitted

ARTICLE_COLUMNS = ("article_id", "title", "title_en", "language", "image_id")
RANKING_COLUMNS = ("article_id", "rank", "image_id", "score", "similarity")
MEGABYTE = 1_000_000
MAX_MB = 15.0  # of the file
FRAME_BYTES = 40_000  # the page without values and pictures; a test checks it
SEED = 0  # of the sample


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The figures of a written sheet."""

    n_articles: int  # in the data set
    n_shown: int  # in the sheet
    n_bytes: int  # of the file
    unreadable: Mapping[str, str]  # reason by id of each listed image that cannot be shown


def contact_sheet(
    path: Path,
    *,
    name: str,
    articles: pd.DataFrame,
    rankings: Mapping[str, pd.DataFrame],
    image_paths: Mapping[str, Path | None],
    max_articles: int = 1500,
) -> Sheet:
    """Writes the sheet of a data set.

    Args:
        path: The HTML file.
        name: Of the data set, for the heading.
        articles: Columns `ARTICLE_COLUMNS`: title as published, language a code, image_id the
            right image, missing where unknown.
        rankings: By variant, a table with the columns `RANKING_COLUMNS`, rank from 1.
        image_paths: The file of every image of the gallery; None where there is none.
        max_articles: Of more, a sample is shown.

    Raises:
        NewsImagesError: Columns that are missing, no article or no variant, none to show, an
            article that occurs twice or lists an image twice, or a file that cannot be written.
    """
    if max_articles < 1:
        raise NewsImagesError(f"max_articles={max_articles}: expected at least 1 article.")
    _check(articles, rankings)
    known = articles.dropna(subset="image_id")
    truth = dict(zip(known["article_id"], known["image_id"], strict=True))
    judged = {variant: judge(ranking, truth) for variant, ranking in rankings.items()}
    order = np.random.default_rng(SEED).permutation(len(articles))
    n_shown = min(len(articles), max_articles)
    while True:
        shown = articles.iloc[np.sort(order[:n_shown])]  # a part of any larger sample
        values = content(shown, judged, truth)
        paths = [image_paths.get(image) for image in values["images"]]
        room = round(MAX_MB * MEGABYTE) - FRAME_BYTES - len(as_json(values))
        thumbnails, share = fitted(paths, room)
        if thumbnails is not None:
            break
        if n_shown == 1:
            raise NewsImagesError(f"One article alone takes more than {MAX_MB:g} MB.")
        n_shown = max(1, min(n_shown - 1, int(n_shown * share)))
    notes = _notes(len(articles), n_shown, max_articles, thumbnails)
    data = page(values, thumbnails, name=name, notes=notes).encode("utf-8", "replace")
    write_bytes(path, data)
    reasons = zip(values["images"], thumbnails.reasons, strict=True)
    return Sheet(
        n_articles=len(articles),
        n_shown=n_shown,
        n_bytes=len(data),
        unreadable={image: reason for image, reason in reasons if reason is not None},
    )


def _check(articles: pd.DataFrame, rankings: Mapping[str, pd.DataFrame]) -> None:
    _check_columns("The articles", articles, ARTICLE_COLUMNS)
    if articles.empty or not rankings:
        raise NewsImagesError(
            f"{len(articles)} articles, {len(rankings)} variants: a contact sheet needs at least "
            "one of each."
        )
    twice = articles.loc[articles["article_id"].duplicated(), "article_id"]
    if not twice.empty:
        raise NewsImagesError(f"Articles that occur more than once: {first_ten(twice.unique())}.")
    for variant, ranking in rankings.items():
        _check_columns(f"The lists of {variant}", ranking, RANKING_COLUMNS)


def _check_columns(what: str, table: pd.DataFrame, expected: tuple[str, ...]) -> None:
    missing = [column for column in expected if column not in table]
    if missing:
        raise NewsImagesError(
            f"{what} lack the columns {', '.join(missing)}; they have {first_ten(table.columns)}."
        )


def _notes(n_articles: int, n_shown: int, max_articles: int, thumbnails: Thumbnails) -> list[str]:
    """Sentences on what was left out so that the file stays small."""
    notes = []
    if n_shown < n_articles:
        notes.append(
            f"A random sample of {n_shown:,} of {n_articles:,} articles (seed {SEED}); "
            "the shares above are those of all articles."
        )
    if n_shown < min(n_articles, max_articles):
        notes.append(f"More would not fit into {MAX_MB:g} MB.")
    if thumbnails.longest_px < SIZES[0]:
        notes.append(
            f"Pictures are reduced to {thumbnails.longest_px} pixels to fit into {MAX_MB:g} MB."
        )
    n_missing = sum(reason is not None for reason in thumbnails.reasons)
    if n_missing:
        notes.append(f"{n_missing:,} of {len(thumbnails.reasons):,} pictures cannot be shown.")
    return notes
