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

from newsimages.preprocessing.language import detect
from newsimages.preprocessing.translation import TranslationCounts, Translator, translate_texts
from newsimages.preprocessing.translation_cache import TranslationCache

_FIELDS = {"title": "title_en", "text": "text_en"}


@dataclass(frozen=True, kw_only=True)
class PreprocessingCounts:
    """The counts of preprocessing a data set."""

    articles_per_language: Mapping[str, int]  # by ISO 639-1 code, the most frequent first
    translation: TranslationCounts


def preprocess(
    articles: pd.DataFrame,
    *,
    load_translator: Callable[[], Translator],
    cache_path: Path,
    languages: Sequence[str] = ("en", "de"),
) -> tuple[pd.DataFrame, PreprocessingCounts]:
    """Detects the articles' languages and fills in the English titles and texts.

    Args:
        articles: With `title`, `text`, `title_en` and `text_en` (NA for no English version).
        load_translator: Called only if there is anything to translate.
        cache_path: The file that keeps translations between runs.
        languages: ISO 639-1 codes; the translator must know all of them but English.

    Returns:
        The table with `language`, `confidence` and complete `title_en` and `text_en`, its order
        and index kept; and the counts.

    Raises:
        NewsImagesError: Unknown languages, or a translator or cache that cannot be used.
    """
    detected = detect(articles["title"].tolist(), articles["text"].tolist(), languages=languages)
    table = articles.assign(**{name: detected[name].to_numpy() for name in detected.columns})
    for own, english in _FIELDS.items():
        copied = table[own].where(table["language"] == "en")
        table[english] = table[english].astype("object").fillna(copied).astype("str")
    counts = _translate_missing(table, load_translator, cache_path)
    languages_found = dict(Counter(table["language"].tolist()).most_common())
    return table, PreprocessingCounts(articles_per_language=languages_found, translation=counts)


def _translate_missing(
    table: pd.DataFrame, load_translator: Callable[[], Translator], cache_path: Path
) -> TranslationCounts:
    """Fills what is missing in `title_en` and `text_en`, in place."""
    missing = {own: table[english].isna() for own, english in _FIELDS.items()}
    texts = [text for own, rows in missing.items() for text in table.loc[rows, own]]
    translated, counts = [""] * len(texts), TranslationCounts()
    if any(text.strip() for text in texts):
        translator = load_translator()
        with TranslationCache(cache_path) as cache:
            translated, counts = translate_texts(texts, translator, cache)
    rest = iter(translated)
    for own, english in _FIELDS.items():
        table.loc[missing[own], english] = list(islice(rest, int(missing[own].sum())))
    return counts
