"""What a request's articles become: as the corpus, and no more than is read."""

from pathlib import Path

import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.preprocessing.articles import preprocess
from newsimages.preprocessing.served import MAX_SENTENCES, Preprocessing
from tests.preprocessing.test_articles import ENGLISH, GERMAN, Shouting

LANGUAGES = ("en", "de")


class Counting(Shouting):
    """Keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def translate(self, sentences):  # type: ignore[no-untyped-def]
        self.asked += sentences
        return super().translate(sentences)


@pytest.mark.parametrize("rare", [(), ("de",)])
def test_articles_become_what_they_become_in_a_corpus(
    tmp_path: Path, rare: tuple[str, ...]
) -> None:
    rows = [GERMAN, ENGLISH, (GERMAN[0], ""), (ENGLISH[0], GERMAN[1]), (GERMAN[0], ENGLISH[1])]
    rows += [("Trump in Davos", text) for text in ("", GERMAN[1], ENGLISH[1], "Bern, Zürich")]
    rows += [("Test of Guts on Pulau Seribu Bends", ""), (ENGLISH[0], "schmidt, deutsche bank")]
    rows += [("2022: 3:0", ""), ("👍", "👍"), ("Ein Titel\u2028mit \x00 Zeichen", "")]
    table = pd.DataFrame(rows, columns=["title", "text"]).assign(title_en=None, text_en=None)
    corpus, _ = preprocess(
        table, load_translator=Shouting, cache_path=tmp_path / "c.sqlite", rare=rare
    )
    served = Preprocessing(languages=LANGUAGES, rare=rare, translator=Shouting())(
        [title for title, _ in rows], [text for _, text in rows]
    )
    assert served.titles == corpus["title_en"].tolist()
    assert served.texts == corpus["text_en"].tolist()
    known = corpus["confidence"] > 0
    assert served.languages == corpus["language"].where(known, "und").tolist()
    assert served.languages[:3] == ["de", "en", "de"]
    assert "und" in served.languages
    assert all(served.in_english)


@pytest.mark.parametrize("text", ["\ud800", "\ud83d Sturm \udfff", "\0\x1b[0m", "\u2028"])
def test_any_text_is_preprocessed(text: str) -> None:
    preprocessing = Preprocessing(languages=LANGUAGES, translator=Shouting())
    english = preprocessing([GERMAN[0], text], [text, text])
    assert english.titles[0] == GERMAN[0].upper()
    assert english.languages[0] == "de"


def test_only_what_is_not_english_is_translated_and_once() -> None:
    translator = Counting()
    preprocessing = Preprocessing(languages=LANGUAGES, translator=translator)
    for _ in range(3):
        preprocessing([GERMAN[0], ENGLISH[0], GERMAN[0]], [GERMAN[1], ENGLISH[1], GERMAN[1]])
    assert translator.asked == [GERMAN[0], "Der Verkehr wird umgeleitet.", "Es gibt Staus."]


def test_no_more_is_translated_than_is_read() -> None:
    translator = Counting()
    preprocessing = Preprocessing(languages=LANGUAGES, translator=translator)
    sentences = [f"Der Zug Nummer {n} hält heute nicht in Köln." for n in range(2500)]
    text = " ".join(sentences)
    assert len(text) > 100_000
    english = preprocessing([GERMAN[0]], [text], is_enough=lambda read: len(read) > 300)
    assert len(translator.asked) == 9  # the title, and twice four sentences
    assert english.texts == [" ".join(sentences[:8]).upper()]
    for is_enough in (None, lambda read: False):
        with pytest.raises(NewsImagesError, match=f"more than {MAX_SENTENCES} sentences"):
            preprocessing([GERMAN[0]], [text], is_enough=is_enough)


def test_an_article_is_in_english_where_its_title_and_text_are() -> None:
    english = Preprocessing(languages=LANGUAGES)(
        [ENGLISH[0], ENGLISH[0], GERMAN[0]], [GERMAN[1], ENGLISH[1], ENGLISH[1]]
    )
    assert english.in_english == [False, True, False]


def test_without_a_translator_what_is_not_english_stays_as_it_is() -> None:
    english = Preprocessing(languages=LANGUAGES)([GERMAN[0], ENGLISH[0]], ["", ENGLISH[1]])
    assert english.in_english == [False, True]
    assert english.titles == [GERMAN[0], ENGLISH[0]]
    assert english.languages == ["de", "en"]
