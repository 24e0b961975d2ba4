"""Step 2, languages: titles and texts in, the language of each article out."""

from collections.abc import Sequence
from functools import cache

import pandas as pd
from lingua import IsoCode639_1, Language, LanguageDetector, LanguageDetectorBuilder

from newsimages.errors import NewsImagesError, first_ten

# Of title and text each that are looked at: long texts mislead the detector, and hold it up.
START_CHARACTERS = 300
UNKNOWN = "und"  # as ISO 639-2 has it


def detect(
    titles: Sequence[str], texts: Sequence[str], *, languages: Sequence[str] = ("en", "de")
) -> pd.DataFrame:
    """Detects the language of articles from their title and the start of their text.

    Args:
        titles: One per article.
        texts: One per article, "" where there is none.
        languages: ISO 639-1 codes. With a single one nothing is detected: all articles get it,
            with confidence 1.

    Returns:
        A table with a row per article, in their order: `language` (one of ``languages``) and
        `confidence` (0 to 1). Where nothing speaks for any language (digits, emoji), it is the
        first of ``languages`` with confidence 0.

    Raises:
        NewsImagesError: Codes that are unknown or given twice, or not as many titles as texts.
    """
    _check(titles, texts, languages)
    if len(languages) == 1:
        return pd.DataFrame({"language": languages[0], "confidence": 1.0}, index=range(len(titles)))
    starts = [
        f"{title[:START_CHARACTERS]} {text[:START_CHARACTERS]}"
        for title, text in zip(titles, texts, strict=True)
    ]
    # Without lone surrogates, which lingua does not take.
    starts = [start.encode("utf-8", errors="replace").decode("utf-8") for start in starts]
    values = _detector(tuple(languages)).compute_language_confidence_values_in_parallel(starts)
    best = [candidates[0] for candidates in values]
    codes = [
        each.language.iso_code_639_1.name.lower() if each.value else languages[0] for each in best
    ]
    confidences = pd.Series([each.value for each in best], dtype="float64")
    return pd.DataFrame({"language": pd.Series(codes, dtype="str"), "confidence": confidences})


def _check(titles: Sequence[str], texts: Sequence[str], languages: Sequence[str]) -> None:
    if len(titles) != len(texts):
        raise NewsImagesError(f"Got {len(titles)} titles but {len(texts)} texts: one per article.")
    known = {language.iso_code_639_1.name.lower() for language in Language.all()}
    unknown = [code for code in languages if code not in known]
    if unknown or not languages or len(set(languages)) < len(languages):
        raise NewsImagesError(
            f"Cannot detect the languages {list(languages)}"
            f"{': unknown ' + first_ten(unknown) if unknown else ''}. Expected different "
            "ISO 639-1 codes in lower case, such as en and de. Set the parameter languages."
        )


@cache
def _detector(languages: tuple[str, ...]) -> LanguageDetector:
    codes = [getattr(IsoCode639_1, code.upper()) for code in languages]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
