"""What words and sentences add to scores: an article and images in, a number per part out.

Each word of a title and each sentence of a text is left out in turn, and the score is worked out
again, through all towers: what it loses is what the part adds. An article that was translated has
parts of two kinds: those of the original, which multilingual views read, and those of the English
version, which all others read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from newsimages.preprocessing.sentences import sentences_at
from newsimages.preprocessing.words import words_of
from newsimages.ranking.spaces import TextField, Tower
from newsimages.retriever.articles import ArticleEncoder, ReadArticle, ReadsTexts
from newsimages.retriever.retriever import MINUS_WEIGHT, Retriever

MAX_PARTS = 80  # of a title or text; no title's further words are read in a context of 77 tokens
Of = Literal["original", "english"]
_SUFFIXES: Mapping[Of, str] = {"original": "", "english": "_en"}
_TOWERS: Mapping[Of, Tower] = {"original": "multilingual", "english": "clip"}
_PLACES = {"title": words_of, "text": sentences_at}
_WHOLE = "the article"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A word of a title or a sentence of a text."""

    field: TextField
    of: Of
    """The article as it was written, or its translation; where both are the same, ``original``."""
    start: int
    """Where it begins in that title or text, as `in_article` gives it."""
    end: int
    """Behind its last character."""
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Added:
    """What the parts of one article add to the scores of K images."""

    article: ReadArticle
    """In whose titles and texts the parts are."""
    parts: tuple[Part, ...]
    """Those that some view with a weight reads, titles first, each in its order."""
    values: NDArray[np.float64]
    """(P, K) the score for the whole article minus that without the part, against the bank. They
    do not add up to a score: what words say together, none of them says alone."""
    n_left: int
    """Parts behind the first `MAX_PARTS`, which were not looked at."""


def in_article(article: ReadArticle, field: TextField, of: Of) -> str:
    """The title or text that a part is in."""
    read: str = getattr(article, field + _SUFFIXES[of])
    return read


def added_to_scores(
    retriever: Retriever,
    encoder: ArticleEncoder,
    article: ReadArticle,
    rows: NDArray[np.int64],
    *,
    revision: str | None = None,
    minus: str = "",
    minus_weight: float = MINUS_WEIGHT,
) -> Added:
    """What each word of the title and each sentence of the text adds to images' scores.

    The article and all that it is without a part are encoded in one batch. Of a title of one word
    a blank title is left, which a tower reads as it does any text. What no tower reads, such as
    the end of a long text, adds exactly 0.

    Args:
        retriever: What ranks.
        encoder: Its encoder.
        article: As ``encoder.read`` gives it.
        rows: (K,) the images, as a `Ranking` or `Retriever.rows_of` has them.
        revision: As `Retriever.retrieve`.
        minus: Likewise.
        minus_weight: Likewise.

    Raises:
        NewsImagesError: As `Retriever.rank`.
    """
    parts: list[Part] = []
    variants, n_left = {_WHOLE: article}, 0
    for field in ("title", "text"):
        for of, towers in _versions_read(article, field, encoder).items():
            text = in_article(article, field, of)
            places = _PLACES[field](text)
            n_left += len(places[MAX_PARTS:])
            places = places[:MAX_PARTS]
            n_read = _n_read(text, places, [encoder.towers[tower] for tower in towers], encoder)
            for number, (start, end) in enumerate(places):
                part = Part(field=field, of=of, start=start, end=end, text=text[start:end])
                if number < n_read:
                    variants[str(len(parts))] = _without(article, part)
                parts.append(part)
    queries = encoder.encode(variants)
    if minus:
        queries = retriever.less(queries, minus, minus_weight)
    values = np.zeros((len(parts), len(rows)))
    encoded = [int(number) for number in list(variants)[1:]]
    values[encoded] = retriever.differences(queries, rows, revision=revision)
    return Added(article=article, parts=tuple(parts), values=values, n_left=n_left)


def _versions_read(
    article: ReadArticle, field: TextField, encoder: ArticleEncoder
) -> dict[Of, list[Tower]]:
    """The versions of a title or text that towers read, and which do; one where all is the same."""
    found: dict[Of, list[Tower]] = {}
    for of, tower in _TOWERS.items():
        has_text = bool(in_article(article, "text", of).strip())
        stands_for_text = field == "title" and not has_text
        asked = encoder.fields(tower)
        if field in asked or (stands_for_text and asked):
            found[of] = [tower]
    if found and _is_same(article, field):
        return {"original": [tower for towers in found.values() for tower in towers]}
    return found


def _n_read(
    text: str, places: Sequence[tuple[int, int]], towers: Sequence[ReadsTexts], by: ArticleEncoder
) -> int:
    """How many of a text's first parts the towers read; beyond their context they read none."""

    def is_full(beginning: str) -> bool:
        return all(tower.fills_context(beginning) for tower in towers)

    if by.long_text != "cut" or not is_full(text):
        return len(places)
    full = (number for number, (start, _) in enumerate(places) if is_full(text[:start]))
    return next(full, len(places)) + 1  # one more, as tokens may reach over a word


def _is_same(article: ReadArticle, field: TextField) -> bool:
    return in_article(article, field, "original") == in_article(article, field, "english")


def _without(article: ReadArticle, part: Part) -> ReadArticle:
    """The article without a part, in all versions that it is a part of."""
    text = in_article(article, part.field, part.of)
    rest = " ".join((text[: part.start] + text[part.end :]).split())
    versions: tuple[Of, ...] = ("original", "english")
    touched = versions if _is_same(article, part.field) else (part.of,)
    changes: dict[str, Any] = {part.field + _SUFFIXES[of]: rest for of in touched}
    left = replace(article, **changes)
    return replace(left, has_text=left.has_text and bool(left.text or left.text_en))
