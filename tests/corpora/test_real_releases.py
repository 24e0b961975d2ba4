"""The published NewsImages files, read whole."""

from pathlib import Path

import pytest

from newsimages.corpora import DataSet, read_corpus
from newsimages.corpora.tables import read_table
from newsimages.plain_text import readable


@pytest.fixture(scope="module")
def sets_2021(shared_data: Path) -> dict[str, DataSet]:
    return {each.split: each for each in read_corpus(shared_data / "newsimages2021").data_sets}


def test_2021_is_whole(sets_2021: dict[str, DataSet]) -> None:
    train, test = sets_2021["train"], sets_2021["test"]
    assert (len(train.articles), len(train.images)) == (2539, 2539)
    assert (len(test.articles), len(test.images)) == (1915, 1915)
    assert test.articles["image_id"].notna().all()


def test_2021_umlauts_are_right_in_both_encodings(sets_2021: dict[str, DataSet]) -> None:
    for each in sets_2021.values():
        text = "".join(each.articles["title"]) + "".join(each.articles["text"])
        assert text.count("ü") > 3000
        assert "Ã" not in text
        assert "\ufffd" not in text
    titles = sets_2021["test"].articles["title"]
    assert titles.iloc[0] == "Trainspotting-Star auf offener Straße erschossen"


def test_2021_april_ids_are_those_of_the_ground_truth(
    sets_2021: dict[str, DataSet], shared_data: Path
) -> None:
    truth = read_table(shared_data / "newsimages2021" / "content2019-04-gt.tsv").rows
    read = sets_2021["test"].articles.set_index("article_id")
    truth = truth.set_index("article").loc[read.index]
    assert len(truth) == 1915
    assert (read["image_id"] == truth["iid"]).all()
    assert (read["url"] == truth["url"]).all()
    assert (read["title"] == truth["title"].map(readable)).all()


def test_2021_april_articles_keep_the_ids_that_the_organisers_unscramble(
    sets_2021: dict[str, DataSet], shared_data: Path
) -> None:
    folder = shared_data / "newsimages2021"
    given = read_table(folder / "MediaEvalNewsImagesBatch04articles.tsv").rows["articleid"]
    truth = read_table(folder / "content2019-04-gt.tsv").rows["article"]
    articles = sets_2021["test"].articles
    assert articles["scrambled_id"].to_list() == given.to_list()
    assert {one[6:10] + one[1:6] for one in articles["scrambled_id"]} == set(truth)


def test_2025_is_whole(shared_data: Path) -> None:
    (test,) = read_corpus(shared_data / "newsimages2025").data_sets
    assert (len(test.articles), len(test.images)) == (8500, 8500)
    assert test.articles["title"].duplicated().sum() == 342
    assert not test.articles["title"].str.startswith("\ufeff").any()
