"""NewsImages 2025: its columns, tags and image files."""

import pytest

from newsimages.corpora import read_corpus
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
