"""NewsImages 2021 to 2023: roles, splits, ids and tags of their tables."""

import pandas as pd
import pytest

from newsimages.corpora import read_corpus
from newsimages.corpora.newsimages_tsv import readable_tags
from newsimages.errors import NewsImagesError

from .conftest import MakeCorpus

HEADER = "article\taid\turl\timg\tiid\thashvalue\ttitle\ttext\timgFile\r\n"
APRIL = "articleID\taid\turl\t\t\thashvalue\ttitle\ttext\r\n"
HEADER_2023 = "# article\taid\turl\timg\tiid\thashvalue\ttitle\ttext\timgFile\tDate\n"


def row(article: str, iid: str, title: str = "Titel") -> str:
    return f"{article}\t1\thttps://x/{article}\thttps://i/{iid}\t{iid}\th{iid}\t{title}\tText\th{iid}.jpg\r\n"


def test_2021_batches_merge_and_april_ids_meet_the_ground_truth(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {
            "content2019-01.tsv": HEADER + row("509005634", "11"),
            "content2019-02.tsv": HEADER + row("509005635", "12"),
            "content2019-04-gt.tsv": HEADER + row("526000026", "13"),
            "MediaEvalNewsImagesBatch04articles.tsv": (
                APRIL + "1000265260\t\thttps://x/a\t\t\t\tAuf offener Straße\tIn der Nähe\r\n"
            ).encode("cp1252"),
            "MediaEvalNewsImagesBatch04images.tsv": (
                "img\tiid\timgFile\r\nhttps://i/13\t13\th13.jpg\r\nhttps://i/14\t14\th14.jpg\r\n"
            ),
            "images/h13.jpg": b"",
            "images/14.png": b"",
        }
    )
    train, test = read_corpus(folder).data_sets
    assert (train.split, list(train.articles["image_id"])) == ("train", ["11", "12"])
    assert test.articles.iloc[0][["article_id", "title", "image_id"]].to_list() == [
        "526000026",
        "Auf offener Straße",
        "13",
    ]
    assert test.articles["scrambled_id"].to_list() == ["1000265260"]
    assert "scrambled_id" not in train.articles
    assert list(test.images["path"]) == ["images/h13.jpg", "images/14.png"]


def test_2023_files_as_published(make_corpus: MakeCorpus) -> None:
    header_rt = HEADER_2023.strip() + "\ttitleEN\ttextEN\n"
    folder = make_corpus(
        {
            "RT-Dataset/rt-training.txt": header_rt
            + "1\t1\tu1\ti1\t21\th1\tTitel\tText\th1.jpg\t2022-03-31 10:00:00\tTitle\tText EN\n",
            "RT-Dataset/rt-test-text.txt": header_rt
            + "2\t2\tu2\t\t\t\tNoch ein Titel\tText\t\t31.03.2022\t\t\n",
            "RT-Dataset/rt-test-img.txt": header_rt + "\t\t\t\t22\th2\t\t\t h2.jpg \t\t\t\n",
            "RT-Dataset/images-Test/h2": b"",
            "GDELT/GDELT-P1-Training.txt": HEADER_2023
            + "1\t1\tu1\ti1\t31\th1\tOne\t['Joe Biden', 'White House']\tg1.jpg\t\n",
            "GDELT/GDELT-P2-Test-Text.txt": HEADER_2023 + "3\t3\tu3\t\t\t\tThree\tun;nato|g7\t\t\n",
            "GDELT/GDELT-P2-Test-Img.txt": HEADER_2023 + "\t\t\t\t33\t\t\t\tg3.jpg\t\n",
            "GDELT/readme.txt": "Read me, please; this is text, and title.\n",
        }
    )
    corpus = read_corpus(folder)
    found = {(each.name, each.split): each for each in corpus.data_sets}
    assert list(found) == [
        ("GDELT-P1", "train"),
        ("GDELT-P2", "test"),
        ("RT-Dataset", "train"),
        ("RT-Dataset", "test"),
    ]
    article = found["RT-Dataset", "train"].articles.iloc[0]
    assert (article["title_en"], article["text_en"]) == ("Title", "Text EN")
    assert article["date"] == pd.Timestamp("2022-03-31 10:00")
    test = found["RT-Dataset", "test"]
    assert test.articles["date"].iloc[0] == pd.Timestamp("2022-03-31")
    assert test.articles[["title_en", "text_en", "image_id"]].isna().all(axis=None)
    assert test.images["path"].to_list() == ["RT-Dataset/images-Test/h2"]
    assert found["GDELT-P1", "train"].articles["text"].iloc[0] == "Joe Biden, White House"
    assert found["GDELT-P2", "test"].articles["text"].iloc[0] == "un, nato, g7"


def test_a_lone_hash_may_head_the_article_ids_or_row_numbers(make_corpus: MakeCorpus) -> None:
    files = {
        "A/train.tsv": "#\turl\tiid\ttitle\timgFile\n5\tu\t1\tOne\ta.jpg\n",
        "B/train.tsv": "#\tarticle\turl\tiid\ttitle\timgFile\n1\t6\tu\t1\tOne\ta.jpg\n",
    }
    data_sets = read_corpus(make_corpus(dict(files))).data_sets
    assert [each.articles["article_id"].iloc[0] for each in data_sets] == ["5", "6"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [("a;b|c", "a, b, c"), ("['a', 'b']", "a, b"), ("[a, b]", "a, b"), ("one tag", "one tag")],
)
def test_readable_tags(cell: str, text: str) -> None:
    assert readable_tags(cell) == text


def test_a_missing_title_is_refused(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"RT/train.tsv": "article\tiid\ttext\timgFile\n1\t2\tText\ta.jpg\n"})
    with pytest.raises(NewsImagesError, match=r"train\.tsv lacks the column title: got .* iid"):
        read_corpus(folder)


def test_scrambled_ids_are_all_or_none(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {"A/batch.tsv": APRIL + "1000265260\t\t\t\t\t\tA\tB\r\n526000026\t\t\t\t\t\tA\tB\r\n"}
    )
    with pytest.raises(NewsImagesError, match=r"mixes scrambled ids .* 526000026"):
        read_corpus(folder)


def test_blank_ids_among_scrambled_ones_are_left_out_and_reported(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {
            "A/batch.tsv": APRIL + "1000265260\t\t\t\t\t\tA\tB\r\n\t\t\t\t\t\tC\tD\r\n",
            "A/batch-images.tsv": "img\tiid\timgFile\r\nhttps://i/13\t13\th13.jpg\r\n",
        }
    )
    corpus = read_corpus(folder)
    assert corpus.data_sets[0].articles["article_id"].to_list() == ["526000026"]
    assert "no article id" in " ".join(corpus.skipped["reason"])


def test_a_ground_truth_of_other_articles_is_refused(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {
            "A/articles.tsv": APRIL + "1000265260\t\t\t\t\t\tA\tB\r\n",
            "A/april-gt.tsv": HEADER + row("77", "1"),
        }
    )
    with pytest.raises(NewsImagesError, match="got 526000026, expected ids such as 77"):
        read_corpus(folder)


def test_gaps_between_articles_and_ground_truth_are_reported(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {
            "A/test-text.tsv": "article\ttitle\n1\tOne\n2\tTwo\n",
            "A/test-gt.tsv": HEADER + row("1", "11") + row("3", "13"),
        }
    )
    corpus = read_corpus(folder)
    assert corpus.data_sets[0].articles["image_id"].fillna("").to_list() == ["11", ""]
    reasons = corpus.skipped.query("kind == 'article'").groupby("id")["reason"].agg(" / ".join)
    assert "not in the ground truth" in reasons["2"]
    assert reasons["3"] == "in the ground truth but not among the test articles"


def test_a_right_image_outside_the_gallery_stays_known(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {
            "A/test-text.tsv": "article\ttitle\n1\tOne\n2\tTwo\n",
            "A/test-img.tsv": "iid\timgFile\n11\th11.jpg\n",
            "A/test-gt.tsv": HEADER + row("1", "11") + row("2", "12"),
        }
    )
    corpus = read_corpus(folder)
    assert corpus.data_sets[0].articles["image_id"].to_list() == ["11", "12"]
    assert corpus.data_sets[0].images["image_id"].to_list() == ["11"]
    reasons = corpus.skipped.query("kind == 'article'").set_index("id")["reason"]
    assert "its image 12 is not in the image table" in reasons["2"]
