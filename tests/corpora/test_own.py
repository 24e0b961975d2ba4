"""Own data: CSV, TSV and Parquet alike, splits by file name, images by path or name."""

from pathlib import Path

import pandas as pd
import pytest

from newsimages.corpora import read_corpus
from newsimages.errors import NewsImagesError

from .conftest import MakeCorpus

ROWS = pd.DataFrame(
    {
        "article_id": ["a1", "a2"],
        "title": ["Flood in Köln", 'She said "no", twice'],
        "text": ["First.\nSecond.", None],
        "image": ["images/one.jpg", "two"],
    }
)


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_all_file_types_give_the_same(tmp_path: Path, ending: str) -> None:
    (tmp_path / "RSS" / "images").mkdir(parents=True)
    for name in ("one.jpg", "two.png"):
        (tmp_path / "RSS" / "images" / name).write_bytes(b"")
    path = tmp_path / "RSS" / f"test.{ending}"
    if ending == "parquet":
        ROWS.to_parquet(path)
    else:
        ROWS.to_csv(path, index=False, sep="," if ending == "csv" else "\t")
    corpus = read_corpus(tmp_path)
    (test,) = corpus.data_sets
    assert (test.name, test.split) == ("RSS", "test")
    assert test.articles["title"].to_list() == ROWS["title"].to_list()
    assert test.articles["text"].to_list() == ["First. Second.", ""]
    assert test.articles["image_id"].to_list() == ["images/one.jpg", "two"]
    assert test.images["path"].to_list() == ["RSS/images/one.jpg", "RSS/images/two.png"]
    assert corpus.skipped.empty


def test_train_and_test_by_file_name_and_text_may_be_absent(make_corpus: MakeCorpus) -> None:
    table = "article_id,title,image\n1,One,a.jpg\n"
    folder = make_corpus({"A/train.csv": table, "A/test.csv": table, "B/news.csv": table})
    data_sets = read_corpus(folder).data_sets
    assert [(each.name, each.split) for each in data_sets] == [
        ("A", "train"),
        ("A", "test"),
        ("B", "test"),
    ]
    assert (data_sets[0].articles["text"] == "").all()


def test_optional_columns(make_corpus: MakeCorpus) -> None:
    table = (
        "article_id;title;image;url;date;titleEN;textEN\n1;Eins;a;u;2022-03-31T10:00+02:00;One;\n"
    )
    (test,) = read_corpus(make_corpus({"A/a.csv": table})).data_sets
    article = test.articles.iloc[0]
    assert (article["url"], article["title_en"]) == ("u", "One")
    assert pd.isna(article["text_en"])
    assert article["date"] == pd.Timestamp("2022-03-31 08:00")


def test_articles_may_share_an_image(make_corpus: MakeCorpus) -> None:
    table = "article_id,title,image\n1,One,a.jpg\n2,Two,./a.jpg\n"
    (train,) = read_corpus(make_corpus({"A/train.csv": table})).data_sets
    assert train.articles["image_id"].to_list() == ["a.jpg", "a.jpg"]
    assert train.images["image_id"].to_list() == ["a.jpg"]


def test_a_missing_column_is_refused(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"A/train.csv": "article_id,headline,image\n1,One,a.jpg\n"})
    message = r"train\.csv lacks the column title: got the columns article_id, headline, image"
    with pytest.raises(NewsImagesError, match=message):
        read_corpus(folder)
