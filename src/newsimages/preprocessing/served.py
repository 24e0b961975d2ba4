"""Step 2 as it is served: titles and texts of a request in, the same in English out.

What `articles.preprocess` does to a corpus: the same languages, the same translator, sentence by
sentence. Of a text, as much is translated as a text tower reads of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from newsimages.errors import NewsImagesError
from newsimages.preprocessing.language import UNKNOWN, detect
from newsimages.preprocessing.translation import (
    MAX_SENTENCES,
    Translator,
    in_one,
    sentences_of,
    translate_sentences,
)
from newsimages.preprocessing.translation_cache import TranslationMemory

AT_A_TIME = 4  # sentences of each text; a tower's context holds two to four


class EnglishArticles(NamedTuple):
    """N articles, in their order."""

    languages: list[str]
    """ISO 639-1 codes; ``und`` where nothing speaks for a language."""
    titles: list[str]
    texts: list[str]
    in_english: list[bool]
    """False where title and text are as they were written, as there is no translator."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Preprocessing:
    """Finds languages and translates, as the corpus was preprocessed."""

    languages: tuple[str, ...] = ("en",)
    """ISO 639-1 codes of those that articles may be in."""
    rare: tuple[str, ...] = ()
    """Those of them that were rare in the corpus: only a sure one is believed."""
    translator: Translator | None = None
    """None: only articles in English can be read in English."""
    memory: TranslationMemory = field(default_factory=TranslationMemory)

    def __call__(
        self,
        titles: Sequence[str],
        texts: Sequence[str],
        *,
        is_enough: Callable[[str], bool] | None = None,
    ) -> EnglishArticles:
        """The articles in English.

        Args:
            titles: One per article.
            texts: One per article, "" where there is none.
            is_enough: Whether a beginning of a title or text is all that is read of it; None: all
                of it is read.

        Raises:
            NewsImagesError: More than `MAX_SENTENCES` sentences to translate of one text.
        """
        found = detect(titles, texts, languages=self.languages).without_doubtful(self.rare)
        pairs = zip(found.titles, found.title_confidences, strict=True)
        shown = [code if sure else UNKNOWN for code, sure in pairs]
        both, codes = [*titles, *texts], [*found.titles, *found.texts]
        foreign = [
            place
            for place, (text, code) in enumerate(zip(both, codes, strict=True))
            if code != "en" and text
        ]
        in_english = [True] * len(titles)
        if foreign and self.translator is None:
            for place in foreign:
                in_english[place % len(titles)] = False
        elif foreign and self.translator is not None:
            own = [both[place] for place in foreign]
            for place, english in zip(
                foreign, self._translated(self.translator, own, is_enough), strict=True
            ):
                both[place] = english
        return EnglishArticles(shown, both[: len(titles)], both[len(titles) :], in_english)

    def _translated(
        self,
        translator: Translator,
        texts: Sequence[str],
        is_enough: Callable[[str], bool] | None,
    ) -> list[str]:
        """The English versions, as far as they are read."""
        sentences = [sentences_of(text, translator) for text in texts]
        english: dict[str, str] = {}
        n_read = [0] * len(texts)
        going_on = [row for row, own in enumerate(sentences) if own]
        while going_on:
            for row in going_on:
                last = len(sentences[row]) if is_enough is None else n_read[row] + AT_A_TIME
                n_read[row] = min(last, len(sentences[row]))
            if max(n_read) > MAX_SENTENCES:
                raise NewsImagesError(
                    f"A text has more than {MAX_SENTENCES} sentences to translate: send its "
                    "beginning."
                )
            wanted = [each for row in going_on for each in sentences[row][: n_read[row]]]
            missing = [each for each in dict.fromkeys(wanted) if each not in english]
            english |= translate_sentences(missing, translator, self.memory, quiet=True)[0]
            going_on = [
                row
                for row in going_on
                if n_read[row] < len(sentences[row])
                and not (is_enough and is_enough(in_one(sentences[row][: n_read[row]], english)))
            ]
        return [in_one(own[:n], english) for own, n in zip(sentences, n_read, strict=True)]
