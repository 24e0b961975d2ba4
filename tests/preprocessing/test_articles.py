"""Preprocessing: given, copied and translated fields, and what is counted."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.preprocessing.articles import PreprocessingCounts, preprocess
from newsimages.preprocessing.translation import TranslationCounts, Translator


class Shouting(Translator):
    """Translates into capitals."""

    def __init__(self) -> None:
        self.fingerprint = "capitals"
        self.max_tokens = 100

    def count_tokens(self, sentence: str) -> int:
        return len(sentence.split())

    def translate(self, sentences: Sequence[str]) -> Iterator[dict[str, str]]:
        yield {sentence: sentence.upper() for sentence in sentences}


def no_translator() -> Translator:
    pytest.fail("the translator was loaded although nothing is to be translated")


def table(rows: list[tuple[str, str, str | None, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["title", "text", "title_en", "text_en"]).assign(
        article_id=[f"a{n}" for n in range(len(rows))]
    )


GERMAN = ("Polizei sperrt die Brücke", "Der Verkehr wird umgeleitet. Es gibt Staus.")
ENGLISH = ("Police close the bridge", "Traffic is being diverted through the city.")


def test_german_is_translated_english_copied_and_given_kept(tmp_path: Path) -> None:
    articles = table(
        [
            (*GERMAN, None, None),
            (*ENGLISH, None, None),
            (*GERMAN, "Bridge closed", None),
            (*GERMAN, "Bridge closed", "No way across."),
            ("Die Brücke ist gesperrt", "", None, None),
        ]
    )
    before = articles.copy()
    done, counts = preprocess(articles, load_translator=Shouting, cache_path=tmp_path / "c.sqlite")
    assert done["language"].tolist() == ["de", "en", "de", "de", "de"]
    assert done["confidence"].between(0.5, 1).all()
    assert done["title_en"].tolist() == [
        "POLIZEI SPERRT DIE BRÜCKE",
        ENGLISH[0],
        "Bridge closed",
        "Bridge closed",
        "DIE BRÜCKE IST GESPERRT",
    ]
    capitals = "DER VERKEHR WIRD UMGELEITET. ES GIBT STAUS."
    assert done["text_en"].tolist() == [capitals, ENGLISH[1], capitals, "No way across.", ""]
    assert done["text_language"].tolist() == ["de", "en", "de", "de", "de"]
    assert counts == PreprocessingCounts(
        articles_per_language={"de": 4, "en": 1},
        translation=TranslationCounts(n_translated=4),
    )
    pd.testing.assert_frame_equal(articles, before)


def test_a_text_is_translated_for_its_own_language(tmp_path: Path) -> None:
    articles = table([(ENGLISH[0], GERMAN[1], None, None), (GERMAN[0], ENGLISH[1], None, None)])
    done, _ = preprocess(articles, load_translator=Shouting, cache_path=tmp_path / "c.sqlite")
    assert done["language"].tolist() == ["en", "de"]
    assert done["text_language"].tolist() == ["de", "en"]
    assert done["title_en"].tolist() == [ENGLISH[0], GERMAN[0].upper()]
    assert done["text_en"].tolist() == [GERMAN[1].upper(), ENGLISH[1]]


def test_a_doubtful_article_in_a_rare_language_needs_no_translator(tmp_path: Path) -> None:
    odd = "Test of Guts on Pulau Seribu Bends"  # German, says lingua
    articles = table([(ENGLISH[0], "", None, None)] * 9 + [(odd, "", None, None)])
    done, counts = preprocess(
        articles, load_translator=no_translator, cache_path=tmp_path / "c.sqlite", rare=("de",)
    )
    assert done["title_en"].tolist()[-1] == odd
    assert done["language"].tolist() == ["en"] * 10
    assert counts.doubtful == ("a9",)


def test_articles_that_need_a_translator_that_is_not_there_are_named(tmp_path: Path) -> None:
    def absent() -> Translator:
        raise NewsImagesError("No such translator.")

    articles = table([(*ENGLISH, None, None), (*GERMAN, None, None)])
    with pytest.raises(NewsImagesError, match=r"No such translator\. .* a1, .* set languages=en"):
        preprocess(articles, load_translator=absent, cache_path=tmp_path / "c.sqlite")


def test_a_second_time_all_comes_from_the_cache(tmp_path: Path) -> None:
    articles = table([(*GERMAN, None, None)])
    cache_path = tmp_path / "c.sqlite"
    first, _ = preprocess(articles, load_translator=Shouting, cache_path=cache_path)
    again, counts = preprocess(articles, load_translator=Shouting, cache_path=cache_path)
    pd.testing.assert_frame_equal(first, again)
    assert counts.translation == TranslationCounts(n_cached=3)


@pytest.mark.parametrize(
    "rows",
    [
        [(*ENGLISH, None, None)],
        [(*GERMAN, "Bridge closed", "No way across.")],
        [("Die Brücke ist gesperrt", "", "Bridge closed", None)],
        [],
    ],
)
def test_no_translator_is_loaded_where_nothing_is_to_be_translated(
    tmp_path: Path, rows: list[tuple[str, str, str | None, str | None]]
) -> None:
    done, counts = preprocess(
        table(rows), load_translator=no_translator, cache_path=tmp_path / "c.sqlite"
    )
    assert done["title_en"].notna().all()
    assert done["text_en"].notna().all()
    assert counts.translation == TranslationCounts()


def test_any_index_and_the_other_columns_stay(tmp_path: Path) -> None:
    articles = table([(*GERMAN, None, None), (*ENGLISH, None, None)]).set_index(
        pd.Index([7, 3], name="row")
    )
    done, _ = preprocess(articles, load_translator=Shouting, cache_path=tmp_path / "c.sqlite")
    assert done.index.tolist() == [7, 3]
    assert done["article_id"].tolist() == ["a0", "a1"]
    assert done.loc[7, "title_en"] == "POLIZEI SPERRT DIE BRÜCKE"
    assert str(done["title_en"].dtype) == "str"
