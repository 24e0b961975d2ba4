"""Language detection: made-up articles, bad codes, and the real corpora where they are present."""

from pathlib import Path

import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.preprocessing.language import START_CHARACTERS, detect


def test_each_article_gets_its_language_and_a_confidence() -> None:
    found = detect(
        ["Polizei sperrt die Brücke", "Police close the bridge"],
        ["Der Verkehr wird umgeleitet.", ""],
    )
    assert found["language"].tolist() == ["de", "en"]
    assert found["confidence"].between(0.5, 1).all()


def test_the_end_of_a_long_text_does_not_count() -> None:
    german = "Die Stadt erneuert im Sommer alle Brücken. " * (START_CHARACTERS // 40 + 1)
    found = detect(["Neue Brücken"], [german + "The weather is fine. " * 1000])
    assert found["language"].tolist() == ["de"]


@pytest.mark.parametrize("title", ["1:0", "😀", "\x00", "\ud800"])
def test_what_speaks_for_no_language_gets_the_first_one_without_confidence(title: str) -> None:
    found = detect([title], [""], languages=("de", "en"))
    assert found.iloc[0].tolist() == ["de", 0.0]


def test_no_article_gives_an_empty_table() -> None:
    assert detect([], []).columns.tolist() == ["language", "confidence"]


def test_a_single_language_is_not_detected() -> None:
    found = detect(["Police close the bridge"], [""], languages=("de",))
    assert found.iloc[0].tolist() == ["de", 1.0]


@pytest.mark.parametrize("languages", [("en", "xx"), ("en", "DE"), (), ("en", "en")])
def test_bad_codes_are_refused(languages: tuple[str, ...]) -> None:
    with pytest.raises(NewsImagesError, match="ISO 639-1 codes in lower case, such as en and de"):
        detect(["Title"], [""], languages=languages)


def test_titles_and_texts_must_match() -> None:
    with pytest.raises(NewsImagesError, match="Got 2 titles but 1 texts"):
        detect(["a", "b"], [""])


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("part", ["val", "test_2016_flickr"])
def test_captions_are_told_apart(shared_data: Path, part: str, language: str) -> None:
    captions = (shared_data / "multi30k" / f"{part}.{language}").read_text("utf-8").splitlines()
    found = detect(captions, [""] * len(captions))
    assert (found["language"] == language).mean() >= 0.99


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
    assert (found["language"] == "de").mean() >= 0.98
