"""Language detection: made-up articles, bad codes, and the real corpora where they are present."""

from pathlib import Path

import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.plain_text import readable
from newsimages.preprocessing.language import (
    RARE_SHARE,
    START_CHARACTERS,
    Languages,
    detect,
    rare_languages,
)

GERMAN, ENGLISH = "Der Verkehr wird umgeleitet.", "Traffic is being diverted through the city."
NAMES = "schmidt, werner mueller, deutsche bank, bundesverfassungsgericht, karl heinz becker"
TAGS = "stock market, interest rates, shareholders, the federal reserve, quarterly earnings"


def test_each_title_gets_its_language_and_a_confidence() -> None:
    found = detect(["Polizei sperrt die Brücke", "Police close the bridge"], [GERMAN, ""])
    assert (found.titles, found.texts) == (["de", "en"], ["de", "en"])
    assert all(0.5 <= sure <= 1 for sure in found.title_confidences)


def test_title_and_text_are_told_apart() -> None:
    titles = ["Police close the bridge", "Polizei sperrt die Brücke"]
    found = detect(titles, [GERMAN, ENGLISH])
    assert (found.titles, found.texts) == (["en", "de"], ["de", "en"])


@pytest.mark.parametrize("names", [NAMES, NAMES.replace(", ", ";"), "deutsche bundesbahn", ""])
def test_names_and_tags_never_overrule_a_clear_title(names: str) -> None:
    found = detect(["Lottery winner shares prize", "Sturm legt den Hafen lahm"], [names] * 2)
    assert (found.titles, found.texts) == (["en", "de"], ["en", "de"])
    found = detect(["Sturm legt den Hafen lahm"], [TAGS])
    assert (found.titles, found.texts) == (["de"], ["de"])


def test_an_unclear_title_goes_with_its_text() -> None:
    unclear = detect(["Trump in Davos"], [""])
    assert unclear.title_confidences[0] < 0.8
    for text, language in ((GERMAN, "de"), (ENGLISH, "en")):
        found = detect(["Trump in Davos"], [text])
        assert (found.titles, found.texts) == ([language], [language])


def test_tags_speak_where_a_title_says_nothing() -> None:
    assert detect(["1:0"], [NAMES]).titles == ["de"]


def test_the_end_of_a_long_text_does_not_count() -> None:
    german = "Die Stadt erneuert im Sommer alle Brücken. " * (START_CHARACTERS // 40 + 1)
    found = detect(["Neue Brücken"], [german + "The weather is fine. " * 1000])
    assert (found.titles, found.texts) == (["de"], ["de"])


@pytest.mark.parametrize("title", ["1:0", "😀", "\x00", "\ud800"])
def test_what_speaks_for_no_language_gets_the_first_one_without_confidence(title: str) -> None:
    found = detect([title], [""], languages=("de", "en"))
    assert (found.titles, found.title_confidences) == (["de"], [0.0])


def test_no_article_has_no_language() -> None:
    assert detect([], []).titles == []


def test_a_single_language_is_not_detected() -> None:
    found = detect(["Police close the bridge"], [""], languages=("de",))
    assert (found.titles, found.texts, found.title_confidences) == (["de"], ["de"], [1.0])


@pytest.mark.parametrize("languages", [("en", "xx"), ("en", "DE"), (), ("en", "en")])
def test_bad_codes_are_refused(languages: tuple[str, ...]) -> None:
    with pytest.raises(NewsImagesError, match="ISO 639-1 codes in lower case, such as en and de"):
        detect(["Title"], [""], languages=languages)


def test_titles_and_texts_must_match() -> None:
    with pytest.raises(NewsImagesError, match="Got 2 titles but 1 texts"):
        detect(["a", "b"], [""])


def test_rare_languages_are_those_of_few_articles() -> None:
    few = round(100 * RARE_SHARE)
    codes = ["de"] * few + ["fr"] * (few + 1) + ["en"] * (99 - 2 * few)
    assert rare_languages(codes, ("en", "de", "fr", "es")) == ("de", "es")
    assert rare_languages(codes, ("de", "fr")) == ()


def test_what_is_doubtfully_in_a_rare_language_counts_as_english() -> None:
    found = Languages(
        titles=["de", "de", "fr", "en"],
        texts=["de", "en", "de", "de"],
        title_confidences=[0.95, 0.6, 0.6, 0.6],
        text_confidences=[0.6, 0.6, 0.95, 0.89],
    )
    settled = found.without_doubtful(["de"])
    assert settled.titles == ["de", "en", "fr", "en"]
    assert settled.texts == ["en", "en", "de", "en"]
    assert found.without_doubtful([]) == found


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("part", ["val", "test_2016_flickr"])
def test_captions_are_told_apart(shared_data: Path, part: str, language: str) -> None:
    captions = (shared_data / "multi30k" / f"{part}.{language}").read_text("utf-8").splitlines()
    found = detect(captions, [""] * len(captions))
    assert found.titles.count(language) >= 0.99 * len(captions)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("content2019-01.tsv", "utf-8"), ("MediaEvalNewsImagesBatch04articles.tsv", "cp1252")],
)
def test_german_news_are_german(shared_data: Path, name: str, encoding: str) -> None:
    articles = pd.read_csv(
        shared_data / "newsimages2021" / name,
        sep="\t",
        encoding=encoding,
        quoting=3,
        keep_default_na=False,
    )
    found = detect(articles["title"].tolist(), articles["text"].tolist())
    for codes in (found.titles, found.texts):
        assert codes.count("de") >= 0.999 * len(articles)


def test_english_headlines_are_english_whatever_their_tags(shared_data: Path) -> None:
    path = shared_data / "newsimages2025" / "newsarticles.csv"
    articles = pd.read_csv(path, keep_default_na=False, encoding="utf-8-sig")
    tags = articles["article_tags"].str.replace(";", ", ").tolist()
    found = detect(articles["article_title"].map(readable).tolist(), tags)
    assert found.titles.count("en") >= 0.997 * len(articles)
    settled = found.without_doubtful(rare_languages(found.titles, ("en", "de")))
    assert set(settled.titles) == set(settled.texts) == {"en"}
