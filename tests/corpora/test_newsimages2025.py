"""NewsImages 2025: its columns, tags and image files."""

from pathlib import Path

import pytest

from newsimages.corpora import read_corpus
from newsimages.corpora.article_list import article_list
from newsimages.errors import NewsImagesError

from .conftest import MakeCorpus

HEADER = "\ufeffarticle_id,article_url,article_title,article_tags,image_id,image_url\n"


def test_2025(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {
            "newsarticles.csv": HEADER
            + '1,https://x/1,"Rams, Bears",nfl;la|us,AAA,"https://i/1,2.jpg"\n'
            + "2,https://x/2,Snow,weather,BBB,https://i/2.jpg\n",
            "newsimages/AAA.jpg": b"",
            "newsimages/2.jpg": b"",
        }
    )
    (test,) = read_corpus(folder).data_sets
    assert (test.name, test.split) == ("corpus", "test")
    assert test.articles["title"].to_list() == ["Rams, Bears", "Snow"]
    assert test.articles["text"].to_list() == ["nfl, la, us", "weather"]
    assert test.articles["image_id"].to_list() == ["AAA", "BBB"]
    assert test.images["path"].to_list() == ["newsimages/AAA.jpg", "newsimages/2.jpg"]


def test_the_name_of_the_file_makes_it_a_training_set(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"A/training.csv": HEADER + "1,u,T,t,AAA,i\n"})
    assert read_corpus(folder).data_sets[0].split == "train"


def test_a_missing_column_is_refused(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"A/a.csv": "article_id,article_title,article_tags\n1,T,t\n"})
    with pytest.raises(NewsImagesError, match="lacks the column image_id"):
        read_corpus(folder)


HEADER_2026 = "article_id,article_url,article_title,image_id,image_url\n"


def test_2026_has_no_tags_and_says_what_is_not_known(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {
            "news_articles_train.csv": HEADER_2026 + "1,https://x/1,Rams,AAA,https://i/1.jpg\n",
            "news_articles_test.csv": HEADER_2026 + "7,N/A,Snow,N/A,N/A\n8,N/A,Rain,N/A,N/A\n",
            "news_articles_evaluation.csv": HEADER_2026
            + "8,N/A,Rain,N/A,N/A\n9,N/A,Hail,N/A,N/A\n",
            "newsimages/AAA.jpg": b"",
        }
    )
    gallery = folder.parent / "gallery"
    (gallery / "sub").mkdir(parents=True)
    for name in ("b.jpg", "sub/a.png", "notes.txt"):
        (gallery / name).write_bytes(b"")
    read = read_corpus(folder, gallery=gallery)
    train, test = read.data_sets
    assert train.images["path"].to_list() == ["newsimages/AAA.jpg"]
    assert train.articles["image_id"].to_list() == ["AAA"]
    assert test.articles["article_id"].to_list() == ["8", "9", "7"]
    assert set(test.articles["url"]) == set(test.articles["text"]) == {""}
    assert test.articles["image_id"].isna().all()
    assert test.images["image_id"].to_list() == ["b.jpg", "sub/a.png"]
    assert (read.folder / test.images["path"][1]).samefile(gallery / "sub" / "a.png")
    assert read.skipped["reason"].to_list() == [
        "1 of its articles are in another table, too; kept once"
    ]


def test_articles_without_images_say_how_to_rank_others(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"news_articles_test.csv": HEADER_2026 + "7,N/A,Snow,N/A,N/A\n"})
    with pytest.raises(NewsImagesError, match=r"has articles and no images.*gallery=FOLDER"):
        read_corpus(folder)
    (folder.parent / "gallery").mkdir()
    with pytest.raises(NewsImagesError, match="holds no image files"):
        read_corpus(folder, gallery=folder.parent / "gallery")


def test_an_article_with_another_image_in_another_table_is_refused(make_corpus: MakeCorpus) -> None:
    rows = [HEADER_2026 + f"7,u,Snow,{image},i\n" for image in ("AAA", "BBB")]
    folder = make_corpus({"a.csv": rows[0], "b.csv": rows[1]})
    with pytest.raises(NewsImagesError, match="article ids occur more than once"):
        read_corpus(folder)


@pytest.mark.parametrize(
    "content",
    [
        '534,https://x/1,Kenya,tags;a,AAA,https://i\n2013,https://x/2,"Internet, again",t,B,i\n',
        "article_title,article_id\nKenya,534\nInternet,2013\n",
        "534\n2013\n",
        "article_id\n534\n2013\n",
        "\ufeff534,Kenya\r\n2013,Internet\r\n",
    ],
)
def test_lists_of_articles(content: str, make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"subset.csv": content})
    assert article_list(folder / "subset.csv") == ["534", "2013"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("534,a\n2013,b\n534,c\n", "more than once: 534"),
        ("534,a\n,b\n", "row 2 of the list"),
        ("", "is empty"),
    ],
)
def test_lists_that_cannot_be(content: str, message: str, make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"subset.csv": content})
    with pytest.raises(NewsImagesError, match=message):
        article_list(folder / "subset.csv")


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match="is no list of articles"):
        article_list(tmp_path / "subset.csv")


def test_a_list_beside_the_table_is_no_table(make_corpus: MakeCorpus) -> None:
    row = "1,https://x/1,Snow,weather,AAA,https://i/1.jpg\n"
    folder = make_corpus({"newsarticles.csv": HEADER + row, "subset.csv": row})
    read = read_corpus(folder)
    assert len(read.data_sets[0].articles) == 1
    assert "is named by the parameter article_list" in read.skipped["reason"][0]
