"""Step 2: a data set's articles in, the same table with languages and English texts out.

An English title or text is the given one, the article's own where it is in English, and a
translation for all others.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from newsimages.engine import LOCAL, Engine
from newsimages.errors import NewsImagesError, first_ten
from newsimages.preprocessing.language import Languages, detect
from newsimages.preprocessing.translation import TranslationCounts, Translator, translate_texts
from newsimages.preprocessing.translation_cache import TranslationCache

_FIELDS = {"title": "title_en", "text": "text_en"}
_LANGUAGE_OF = {"title": "language", "text": "text_language"}


@dataclass(frozen=True, kw_only=True)
class PreprocessingCounts:
    """The counts of preprocessing a data set."""

    articles_per_language: Mapping[str, int]  # by ISO 639-1 code, the most frequent first
    translation: TranslationCounts
    doubtful: tuple[str, ...] = ()
    """The articles with a title or text in a rare language, but too doubtfully to translate it."""


def preprocess(
    articles: pd.DataFrame,
    *,
    load_translator: Callable[[], Translator],
    cache_path: Path,
    languages: Sequence[str] = ("en", "de"),
    found: Languages | None = None,
    rare: Sequence[str] = (),
    engine: Engine = LOCAL,
) -> tuple[pd.DataFrame, PreprocessingCounts]:
    """Detects the articles' languages and fills in the English titles and texts.

    Args:
        articles: With `title`, `text`, `title_en` and `text_en` (NA for no English version).
        load_translator: Called only if there is anything to translate.
        cache_path: The file that keeps translations between runs.
        languages: ISO 639-1 codes; the translator must know all of them but English.
        found: What `detect` found of these articles; None: it is asked here.
        rare: Of the languages those that are rare in the corpus (`rare_languages`).
        engine: Where to translate.

    Returns:
        The table with `language` and `confidence` (the title's), `text_language` and complete
        `title_en` and `text_en`, its order and index kept; and the counts.

    Raises:
        NewsImagesError: Unknown languages, or a translator or cache that cannot be used.
    """
    if found is None:
        found = detect(articles["title"].tolist(), articles["text"].tolist(), languages=languages)
    settled = found.without_doubtful(rare)
    table = articles.assign(
        language=pd.Series(settled.titles, articles.index, dtype="str"),
        confidence=pd.Series(found.title_confidences, articles.index, dtype="float64"),
        text_language=pd.Series(settled.texts, articles.index, dtype="str"),
    )
    doubtful = [
        (found.titles[row], found.texts[row]) != (settled.titles[row], settled.texts[row])
        for row in range(len(table))
    ]
    for own, english in _FIELDS.items():
        copied = table[own].where(table[_LANGUAGE_OF[own]] == "en")
        table[english] = table[english].astype("object").fillna(copied).astype("str")
    counts = _translate_missing(table, load_translator, cache_path, engine)
    languages_found = dict(Counter(table["language"].tolist()).most_common())
    return table, PreprocessingCounts(
        articles_per_language=languages_found,
        translation=counts,
        doubtful=tuple(_names(table)[doubtful]),
    )


def _names(table: pd.DataFrame) -> pd.Series:
    """The articles' ids."""
    return table.get("article_id", table.index.to_series()).astype("str")


def _translate_missing(
    table: pd.DataFrame,
    load_translator: Callable[[], Translator],
    cache_path: Path,
    engine: Engine,
) -> TranslationCounts:
    """Fills what is missing in `title_en` and `text_en`, in place."""
    missing = {own: table[english].isna() for own, english in _FIELDS.items()}
    texts = [text for own, rows in missing.items() for text in table.loc[rows, own]]
    translated, counts = [""] * len(texts), TranslationCounts()
    if any(text.strip() for text in texts):
        try:
            translator = load_translator()
        except NewsImagesError as error:
            names = _names(table)[missing["title"] | missing["text"]].tolist()
            raise NewsImagesError(
                f"{error} It is asked for by the articles {first_ten(names)}, which are not in "
                "English, as it seems; if they are, set languages=en."
            ) from error
        with TranslationCache(cache_path) as cache:
            translated, counts = translate_texts(texts, translator, cache, engine=engine)
    rest = iter(translated)
    for own, english in _FIELDS.items():
        table.loc[missing[own], english] = list(islice(rest, int(missing[own].sum())))
    return counts
