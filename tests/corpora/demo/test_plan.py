"""What the demo corpus holds, checked at full size."""

from collections import Counter

import pytest

from newsimages.corpora.demo.plan import Plan, Row, Sizes, plan_corpus
from newsimages.corpora.demo.scenes import pretraining_scenes


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_corpus(2022, Sizes())


def _column(rows: list[Row], name: str) -> list[str]:
    return [row[name] for row in rows]


def test_equal_seeds_give_equal_corpora(plan: Plan) -> None:
    again = plan_corpus(2022, Sizes())
    assert (again.tables, again.pictures) == (plan.tables, plan.pictures)
    assert plan_corpus(2023, Sizes()).tables != plan.tables


def test_counts(plan: Plan) -> None:
    sizes = {name: len(rows) for name, rows in plan.tables.items()}
    wanted = {f"{name}/train.csv": 800 for name in ("RSS", "RT", "TW")}
    wanted |= {f"{name}/test.csv": 300 for name in ("RSS", "RT", "TW")}
    captions = {name: sizes.pop(name) for name in list(sizes) if name.endswith("/captions.csv")}
    assert sizes == wanted | {"pairs/pairs.csv": 5000}
    assert list(captions) == [f"{name}/captions.csv" for name in ("RSS", "RT", "TW")]
    assert all(600 < n < 800 for n in captions.values())  # of some 1,075 pictures


def test_headlines_are_the_titles_in_both_languages(plan: Plan) -> None:
    for table, headlines in plan.headlines.items():
        for row, (english, german) in zip(plan.tables[table], headlines, strict=True):
            own = german if table.startswith("RT") else english
            assert row["title"] == own or row["title"].endswith(f": {own}")
            assert english != german


def test_no_two_pictures_show_the_same(plan: Plan) -> None:
    assert len(set(plan.pictures.values())) == len(plan.pictures)
    assert not set(plan.pictures.values()) & set(pretraining_scenes(5000, 2022))


@pytest.mark.parametrize("name", ["RSS", "RT", "TW"])
class TestDataSet:
    def test_captions_are_of_its_pictures_and_have_no_sentence_of_an_article(
        self, plan: Plan, name: str
    ) -> None:
        rows = plan.tables[f"{name}/captions.csv"]
        articles = [row for part in ("train", "test") for row in plan.tables[f"{name}/{part}.csv"]]
        assert {*_column(rows, "image")} < {*_column(articles, "image")}
        assert _column(rows, "image") == sorted({*_column(rows, "image")})
        captions = {*_column(rows, "caption")}
        assert len(captions) > 0.99 * len(rows)
        written = {*_column(articles, "title")}
        written |= {end for row in articles for end in row["text"].split(". ")}
        assert not {part for own in captions for part in (own, own.split(". ")[0])} & written

    def test_test_and_train_share_nothing(self, plan: Plan, name: str) -> None:
        train, test = plan.tables[f"{name}/train.csv"], plan.tables[f"{name}/test.csv"]
        for column in ("title", "image"):
            assert not set(_column(train, column)) & set(_column(test, column))
            assert len(set(_column(test, column))) == 300

    def test_some_training_articles_share_an_image_or_a_title(self, plan: Plan, name: str) -> None:
        train = plan.tables[f"{name}/train.csv"]
        assert 10 <= 800 - len(Counter(_column(train, "image"))) <= 40
        assert 5 <= 800 - len(Counter(_column(train, "title"))) <= 30

    def test_test_days_come_after_training_days(self, plan: Plan, name: str) -> None:
        train, test = plan.tables[f"{name}/train.csv"], plan.tables[f"{name}/test.csv"]
        assert max(_column(train, "date")) < min(_column(test, "date"))

    def test_ids_tell_nothing_of_images(self, plan: Plan, name: str) -> None:
        for row in plan.tables[f"{name}/test.csv"]:
            assert row["article_id"] not in row["image"]
        test = plan.tables[f"{name}/test.csv"]
        assert _column(test, "image") != sorted(_column(test, "image"))
