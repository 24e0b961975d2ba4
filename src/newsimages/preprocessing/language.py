"""Step 2, languages: titles and texts in, the language of each title and each text out."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache

from lingua import IsoCode639_1, Language, LanguageDetector, LanguageDetectorBuilder

from newsimages.errors import NewsImagesError, first_ten
from newsimages.plain_text import encodable

# Of title and text each that are looked at: long texts mislead the detector, and hold it up.
START_CHARACTERS = 300
UNKNOWN = "und"  # as ISO 639-2 has it
CLEAR = 0.8
"""Confidence from which a title or text speaks for itself: of 13,000 English and German headlines
of NewsImages, one that was told wrongly had more."""
RARE_SHARE, RARE_CONFIDENCE = 0.1, 0.9
"""A language with at most this share of a corpus's articles is believed from this confidence on."""

_DIGITS = 6  # of a confidence: in the last of a double the detector differs from call to call
_TAG_WORDS = 5  # in a name or tag, at most
_SENTENCE_END = re.compile(r"\w{4}[.!?](?:\s|$)|[。！？]")  # and not that of "St." or "Dr."


@dataclass(frozen=True, kw_only=True)
class Languages:
    """The languages of N articles, in their order, as ISO 639-1 codes.

    Where nothing speaks for any language (digits, emoji), it is the first of those that were asked
    for, with confidence 0.
    """

    titles: list[str]
    """These are the articles' own, too."""
    texts: list[str]
    title_confidences: list[float]
    """0 to 1."""
    text_confidences: list[float]

    def without_doubtful(self, rare: Collection[str]) -> "Languages":
        """What seems to be in a rare language, but not surely, counts as English."""

        def settled(codes: list[str], confidences: list[float]) -> list[str]:
            pairs = zip(codes, confidences, strict=True)
            return ["en" if c in rare and sure < RARE_CONFIDENCE else c for c, sure in pairs]

        return replace(
            self,
            titles=settled(self.titles, self.title_confidences),
            texts=settled(self.texts, self.text_confidences),
        )


def detect(
    titles: Sequence[str], texts: Sequence[str], *, languages: Sequence[str] = ("en", "de")
) -> Languages:
    """Detects the languages of titles and of texts, each from its start.

    A title or text that is clearly in a language is in that one, whatever the other is. An unclear
    title takes the text's language where that is clearer; an unclear text takes the title's, and so
    does one that is a list of names or tags, which speak for no language.

    Args:
        titles: One per article.
        texts: One per article, "" where there is none.
        languages: ISO 639-1 codes. With a single one nothing is detected: all articles get it,
            with confidence 1.

    Raises:
        NewsImagesError: Codes that are unknown or given twice, or not as many titles as texts.
    """
    detector = _detector(tuple(languages))
    if len(titles) != len(texts):
        raise NewsImagesError(f"Got {len(titles)} titles but {len(texts)} texts: one per article.")
    if detector is None:
        same, sure = [languages[0]] * len(titles), [1.0] * len(titles)
        return Languages(titles=same, texts=same, title_confidences=sure, text_confidences=sure)
    starts = [encodable(text[:START_CHARACTERS]) for text in (*titles, *texts)]
    found = detector.compute_language_confidence_values_in_parallel(starts)
    told = [
        (each[0].language.iso_code_639_1.name.lower() if each[0].value else languages[0],
         round(each[0].value, _DIGITS))
        for each in found
    ]  # fmt: skip
    fields = [
        _of_fields(title, text, is_list=_is_list(start))
        for title, text, start in zip(
            told[: len(titles)], told[len(titles) :], starts[len(titles) :], strict=True
        )
    ]
    return Languages(
        titles=[title[0] for title, _ in fields],
        texts=[text[0] for _, text in fields],
        title_confidences=[title[1] for title, _ in fields],
        text_confidences=[text[1] for _, text in fields],
    )


def rare_languages(codes: Sequence[str], languages: Sequence[str]) -> tuple[str, ...]:
    """Those of ``languages`` that few of a corpus's articles are in, where English is one of them.

    ``codes`` are the articles' languages, with or without the doubtful ones.
    """
    if "en" not in languages:
        return ()
    most, n_articles = RARE_SHARE * len(codes), Counter(codes)
    return tuple(code for code in languages if code != "en" and n_articles[code] <= most)


Told = tuple[str, float]
"""A language and the confidence in it."""


def _of_fields(title: Told, text: Told, *, is_list: bool) -> tuple[Told, Told]:
    """The languages of an article's title and text, from what each of them says."""
    if is_list:
        return (title, title) if title[1] else (text, text)
    if title[1] < CLEAR and title[1] < text[1]:
        title = text
    if text[1] < CLEAR and text[1] < title[1]:
        text = title
    return title, text


def _is_list(text: str) -> bool:
    """Whether a text is names or tags: no sentences, but short items between commas."""
    lengths = sorted(len(item.split()) for item in re.split(r"[,;|]", text))
    return lengths[len(lengths) * 3 // 4] <= _TAG_WORDS and not _SENTENCE_END.search(text)


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
