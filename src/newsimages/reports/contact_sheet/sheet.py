"""A contact sheet: what every variant ranks first, article by article, for people to look at.

In: articles, the variants' ranked lists and image files. Out: one HTML file below a given size.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from newsimages.atomic import write_bytes
from newsimages.errors import NewsImagesError, first_ten
from newsimages.explanations.answers import Explanation
from newsimages.ranking.ranking import RANKING_COLUMNS
from newsimages.reports.contact_sheet.content import content, judge
from newsimages.reports.contact_sheet.page import as_json, page
from newsimages.reports.contact_sheet.thumbnails import SIZES, Thumbnails, fit

ARTICLE_COLUMNS = ("article_id", "title", "title_en", "language", "image_id")
MEGABYTE = 1_000_000
MIN_MB = 0.1  # the page takes a third of that
FRAME_BYTES = 54_000  # the page without values and pictures; a test checks it


@dataclass(frozen=True, kw_only=True)
class SheetConfig:
    """The limits of a sheet."""

    max_articles: int = 1500  # of more, a sample is drawn
    max_mb: float = 15.0  # size of the file, a megabyte being 1,000,000 bytes
    seed: int = 0  # of the sample
    workers: int = 2  # threads that make thumbnails

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a sheet that could hold nothing."""
        if self.max_articles < 1 or not MIN_MB <= self.max_mb < math.inf or self.workers < 1:
            raise NewsImagesError(
                f"max_articles={self.max_articles}, max_mb={self.max_mb}, workers={self.workers}: "
                f"expected at least 1 article, {MIN_MB} MB and 1 thread."
            )


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The figures of a written sheet."""

    n_articles: int  # in the data set
    n_shown: int  # in the sheet
    n_bytes: int  # of the file
    thumbnail_px: int  # of the longer side, at most
    unreadable: Mapping[str, str]  # reason by id of each listed image that cannot be shown


def contact_sheet(
    path: Path,
    *,
    name: str,
    articles: pd.DataFrame,
    rankings: Mapping[str, pd.DataFrame],
    image_paths: Mapping[str, Path | None],
    leading: Sequence[str] = (),
    words: Mapping[str, str] | None = None,
    explanations: Sequence[Explanation] = (),
    config: SheetConfig | None = None,
) -> Sheet:
    """Writes the sheet of a data set.

    Args:
        path: The HTML file.
        name: Of the data set.
        articles: Columns `ARTICLE_COLUMNS`: title as published, language a code, image_id the
            right image, missing where unknown.
        rankings: By variant, a table with the columns `RANKING_COLUMNS`, rank from 1; confidence
            and none_fits, where it has them, are shown.
        image_paths: The file of every image of the gallery; None where there is none.
        leading: The variants that stand first, best first. The sheet opens on the first three, and
            its filters ask for the first; without any, they stand as in ``rankings``.
        words: What variants do, for people.
        explanations: Of answers of the variant that stands first. Their articles are in any sample.
        config: None: the defaults.

    Raises:
        NewsImagesError: Columns that are missing, no article or no variant, a leading one without
            lists, an article that occurs twice or lists an image twice, or a file that cannot be
            written.
    """
    config = config or SheetConfig()
    _check(articles, rankings)
    if unknown := [variant for variant in leading if variant not in rankings]:
        raise NewsImagesError(
            f"leading={first_ten(unknown)}: expected some of {first_ten(list(rankings))}."
        )
    known = articles.dropna(subset="image_id")
    truth = dict(zip(known["article_id"], known["image_id"], strict=True))
    order = dict.fromkeys([*leading, *rankings])
    judged = {variant: judge(rankings[variant], truth) for variant in order}
    drawn = np.random.default_rng(config.seed).permutation(len(articles))
    is_explained = articles["article_id"].isin([each.article_id for each in explanations])
    drawn = drawn[np.argsort(~is_explained.to_numpy()[drawn], kind="stable")]
    n_shown = min(len(articles), config.max_articles)
    while True:
        shown = articles.iloc[np.sort(drawn[:n_shown])]  # a part of any larger sample
        values = content(shown, judged, truth, words or {}, explanations)
        paths = [image_paths.get(image) for image in values["images"]]
        room = round(config.max_mb * MEGABYTE) - FRAME_BYTES - len(as_json(values))
        thumbnails, share = fit(paths, room, config.workers)
        if thumbnails is not None:
            break
        if n_shown == 1:
            raise NewsImagesError(f"One article alone takes more than {config.max_mb:g} MB.")
        n_shown = max(1, min(n_shown - 1, int(n_shown * share)))
    notes = _notes(len(articles), values, thumbnails, config)
    data = page(values, thumbnails, name=name, notes=notes).encode("utf-8", "replace")
    write_bytes(path, data)
    reasons = zip(values["images"], thumbnails.reasons, strict=True)
    return Sheet(
        n_articles=len(articles),
        n_shown=n_shown,
        n_bytes=len(data),
        thumbnail_px=thumbnails.longest_px,
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


def _notes(
    n_articles: int, values: Mapping[str, Any], thumbnails: Thumbnails, config: SheetConfig
) -> list[str]:
    """Sentences on what was left out so that the file stays small, and on what is explained."""
    notes = []
    n_shown, n_explained = len(values["articles"]), len(values["explained"])
    if n_shown < n_articles:
        all_explained = f"All {n_explained} explained articles within a" if n_explained else "A"
        notes.append(
            f"{all_explained} random sample of {n_shown:,} of {n_articles:,} articles "
            f"(seed {config.seed}); the shares above are those of all articles."
        )
    if n_shown < min(n_articles, config.max_articles):
        notes.append(f"More would not fit into {config.max_mb:g} MB.")
    if thumbnails.longest_px < SIZES[0]:
        notes.append(
            f"Pictures are reduced to {thumbnails.longest_px} pixels to fit into "
            f"{config.max_mb:g} MB."
        )
    n_missing = sum(reason is not None for reason in thumbnails.reasons)
    if n_missing:
        notes.append(f"{n_missing:,} of {len(thumbnails.reasons):,} pictures cannot be shown.")
    if n_explained:
        notes.append(
            f"{n_explained:,} articles are explained, those that {values['variants'][0]['name']} "
            "was most wrong and right about: point at or tap the right picture or the first one."
        )
    return notes
