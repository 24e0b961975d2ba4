"""Step 2, languages: titles and texts in, the language of each article out."""

from collections.abc import Sequence
from functools import cache

import pandas as pd
from lingua import IsoCode639_1, Language, LanguageDetector, LanguageDetectorBuilder

from newsimages.errors import NewsImagesError, first_ten
from newsimages.plain_text import encodable

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
    codes, confidences = detected(titles, texts, languages)
    return pd.DataFrame(
        {
            "language": pd.Series(codes, dtype="str"),
            "confidence": pd.Series(confidences, dtype="float64"),
        }
    )


def detected(
    titles: Sequence[str], texts: Sequence[str], languages: Sequence[str]
) -> tuple[list[str], list[float]]:
    """The columns of `detect`, for requests: a table of one row would take longer than they do."""
    detector = _detector(tuple(languages))
    if len(titles) != len(texts):
        raise NewsImagesError(f"Got {len(titles)} titles but {len(texts)} texts: one per article.")
    if detector is None:
        return [languages[0]] * len(titles), [1.0] * len(titles)
    starts = [
        f"{title[:START_CHARACTERS]} {text[:START_CHARACTERS]}"
        for title, text in zip(titles, texts, strict=True)
    ]
    starts = [encodable(start) for start in starts]
    values = detector.compute_language_confidence_values_in_parallel(starts)
    best = [candidates[0] for candidates in values]
    codes = [
        each.language.iso_code_639_1.name.lower() if each.value else languages[0] for each in best
    ]
    return codes, [each.value for each in best]


@cache
def _detector(languages: tuple[str, ...]) -> LanguageDetector | None:
    """What tells these languages apart; None for a single one."""
    known = {language.iso_code_639_1.name.lower() for language in Language.all()}
    unknown = [code for code in languages if code not in known]
    if unknown or not languages or len(set(languages)) < len(languages):
        raise NewsImagesError(
            f"Cannot detect the languages {list(languages)}"
            f"{': unknown ' + first_ten(unknown) if unknown else ''}. Expected different "
            "ISO 639-1 codes in lower case, such as en and de. Set the parameter languages."
        )
    if len(languages) == 1:
        return None
    codes = [getattr(IsoCode639_1, code.upper()) for code in languages]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
