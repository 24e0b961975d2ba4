"""The content of a sheet: articles, lists and ranks in, JSON values for its script out.

Images are referred to by their number in one list, so that each is in the page once. The names
are short, as they are read by one script only:

- ``variants``: ``name``, ``words`` (what it does), ``colour``, ``ink``, ``found`` (share of all
  articles whose right picture is in the top ten, null if none is known); ``first``: how many of
  them are shown at first; ``pairs``: numbers of (X, X_ds).
- ``images``: image ids.
- ``articles``: [id, title as published, English title or 0, language, right image or −1].
- ``ranks[v][a]``: rank of the right image; −n, it is not in the list of n; 0, there is no list;
  null, the right image is not known.
- ``lists[v][a]``: image, cosine × 1000, score, confidence × 1000, image, …; the score is null where
  it is the cosine, the confidence where it is not known.
- ``explained``: as `newsimages.reports.contact_sheet.explained`.
- ``none[v]``: null, or by article the probability × 1000 that nothing in the gallery fits.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.explanations.answers import Explanation
from newsimages.metrics.metrics import ranks_of_truth
from newsimages.metrics.recall import recall_at
from newsimages.reports.contact_sheet.explained import explained, in_two
from newsimages.reports.figures.variants import revised_pairs, variant_styles

TOP = 10
FIRST = 3  # variants that are shown before others are asked for
MAX_TITLE = 600  # characters; what is longer is no title


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A variant's lists and ranks, computed once for any number of shown articles."""

    top: pd.DataFrame  # the first ten images of every article, ordered by article and rank
    lengths: Mapping[str, int]  # of each article's list
    ranks: Mapping[str, float]  # of the right image by article; infinity where it is not listed


def judge(ranking: pd.DataFrame, truth: Mapping[str, str]) -> Judged:
    """Measures a variant. Raises: NewsImagesError as `ranks_of_truth`."""
    ranks = ranks_of_truth(ranking, truth) if truth else np.empty(0)
    return Judged(
        top=ranking[ranking["rank"] <= TOP].sort_values(["article_id", "rank"]),
        lengths=Counter(ranking["article_id"]),
        ranks=dict(zip(truth, ranks.tolist(), strict=True)),
    )


def content(
    articles: pd.DataFrame,
    judged: Mapping[str, Judged],
    truth: Mapping[str, str],
    words: Mapping[str, str],
    explanations: Sequence[Explanation] = (),
) -> dict[str, Any]:
    """The values that the script reads, of the ``articles`` to show; the best variant first.

    The explanations are of the answers of the first.
    """
    ids: list[str] = articles["article_id"].tolist()
    tops = {name: one.top[one.top["article_id"].isin(ids)] for name, one in judged.items()}
    right = [truth[article] for article in ids if article in truth]
    images = sorted(set(right).union(*(top["image_id"] for top in tops.values())))
    number = {image: place for place, image in enumerate(images)}
    styles, names = variant_styles(judged), list(judged)
    return {
        "variants": [
            {
                "name": name,
                "words": words.get(name, ""),
                "colour": style.colour,
                "ink": style.ink,
                "found": _found(judged[name]),
            }
            for name, style in styles.items()
        ],
        "first": FIRST,
        "pairs": [[names.index(x), names.index(ds)] for x, ds in revised_pairs(names)],
        "images": images,
        "articles": [
            [*row, number[truth[article]] if article in truth else -1]
            for article, row in zip(ids, _titles(articles, in_two(explanations)), strict=True)
        ],
        "ranks": [[_rank(one, article) for article in ids] for one in judged.values()],
        "lists": [_lists(top, ids, number) for top in tops.values()],
        "none": [_none_fits(top, ids) for top in tops.values()],
        "explained": explained(explanations, articles, number),
    }


def _found(judged: Judged) -> float | None:
    ranks = np.array(list(judged.ranks.values()))
    return recall_at(ranks, TOP) if judged.ranks else None


def _titles(articles: pd.DataFrame, in_two: Collection[str]) -> list[list[str | int]]:
    """[id, title, English title or 0 where it says nothing new, language] of each article.

    Of articles ``in_two``, words of both are explained.
    """

    def is_said(article: str, title: str, english: str) -> bool:
        return english not in ("", title) or article in in_two

    columns = ["article_id", "title", "title_en", "language"]
    rows = articles[columns].astype(object).fillna("").astype(str)
    return [
        [article, _cut(title), _cut(english) if is_said(article, title, english) else 0, language]
        for article, title, english, language in rows.itertuples(index=False)
    ]


def _cut(title: str) -> str:
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…"


def _rank(judged: Judged, article: str) -> int | None:
    rank = judged.ranks.get(article)
    if rank is None:
        return None
    return int(rank) if np.isfinite(rank) else -judged.lengths.get(article, 0)


def _lists(
    top: pd.DataFrame, ids: Sequence[str], number: Mapping[str, int]
) -> list[list[int | float | None]]:
    lists: dict[str, list[int | float | None]] = {article: [] for article in ids}
    images = [number[image] for image in top["image_id"]]
    cosines = _finite(top["similarity"].to_numpy(np.float64) * 1000, 0)
    is_cosine = bool((top["score"] == top["similarity"]).all())
    scores = [None] * len(top) if is_cosine else _finite(top["score"].to_numpy(np.float64), 4)
    sure = [None] * len(top)
    if "confidence" in top:
        sure = [round(1000 * value) for value in top["confidence"].tolist()]
    rows = zip(top["article_id"], images, cosines, scores, sure, strict=True)
    for article, image, cosine, score, confidence in rows:
        lists[article] += (image, None if cosine is None else int(cosine), score, confidence)
    return list(lists.values())


def _none_fits(top: pd.DataFrame, ids: Sequence[str]) -> list[int | None] | None:
    """Per article; None where it is not known of any."""
    if "none_fits" not in top:
        return None
    known = dict(zip(top["article_id"], top["none_fits"].tolist(), strict=True))
    return [round(1000 * known[article]) if article in known else None for article in ids]


def _finite(values: NDArray[np.float64], digits: int) -> list[float | None]:
    """Rounded numbers; None in the place of what JSON has no number for."""
    return [round(value, digits) if np.isfinite(value) else None for value in values.tolist()]
