"""Corpus folders: data sets and their names, reported skips, refused input, speed."""

import time
from pathlib import Path

import pytest

from newsimages.corpora import read_corpus
from newsimages.errors import NewsImagesError

from .conftest import Files, MakeCorpus

TABLE = "article_id,title,image\n1,One,a.jpg\n"


def names(folder: Path) -> list[tuple[str, str]]:
    return [(each.name, each.split) for each in read_corpus(folder).data_sets]


def test_each_folder_is_a_data_set_and_caption_pairs_are_none(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {
            "TW/test.csv": TABLE,
            "RSS/test.csv": TABLE,
            "RSS/train.csv": TABLE,
            "pairs/pairs.csv": "caption,image\nA dog.,1.jpg\n",
            "pairs/more.tsv": "image\tcaption\nonly the header of pairs is read\n",
            ".git/test.csv": "nonsense",
            "corpus.json": '{"translator": "x/y"}',
        }
    )
    assert names(folder) == [("RSS", "train"), ("RSS", "test"), ("TW", "test")]
    assert read_corpus(folder).models == {"translator": "x/y"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["test.csv", "train.csv"], ["corpus", "corpus"]),
        (["RT-train.csv", "rt-test.csv"], ["RT", "RT"]),
        (["RT-test.csv", "RSS_test.csv"], ["RSS", "RT"]),
        (["RT-test.csv", "train.csv"], ["corpus", "corpus"]),
        (["A/RT-train.csv", "A/RT-test.csv"], ["A", "A"]),
        (["A/RT-test.csv", "A/TW-test.csv", "B/test.csv"], ["B", "RT", "TW"]),
    ],
)
def test_names_of_data_sets(make_corpus: MakeCorpus, files: list[str], expected: list[str]) -> None:
    folder = make_corpus(dict.fromkeys(files, TABLE))
    assert [name for name, _ in names(folder)] == expected


def skipped(folder: Path) -> list[tuple[str, str, str]]:
    table = read_corpus(folder).skipped
    return list(zip(table["kind"], table["id"], table["reason"], strict=True))


def test_articles_without_title_or_id_are_left_out_and_reported(make_corpus: MakeCorpus) -> None:
    rows = "article_id,title,image\n1,One,a.jpg\n2, \u200b,b.jpg\n,Three,c.jpg\n"
    images: Files = {f"A/images/{name}.jpg": b"" for name in "abc"}
    folder = make_corpus({"A/test.csv": rows, **images})
    assert read_corpus(folder).data_sets[0].articles["article_id"].to_list() == ["1"]
    assert skipped(folder) == [
        ("article", "", "test.csv:4: no article id; left out"),
        ("article", "2", "test.csv:3: the title is empty; left out"),
    ]


def test_articles_without_a_known_image_are_kept_and_reported(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {
            "A/test-news.csv": "article_id,title,image\n1,One,11\n2,Two,\n3,Three,99\n",
            "A/test-images.tsv": "img\tiid\timgFile\nu\t11\ta.jpg\n",
            "A/a.jpg": b"",
        }
    )
    (test,) = read_corpus(folder).data_sets
    assert test.articles["image_id"].fillna("").to_list() == ["11", "", ""]
    reasons = {item: reason for _, item, reason in skipped(folder)}
    assert "no image; kept" in reasons["2"]
    assert "image 99 is not in the image table" in reasons["3"]


def test_images_without_a_file_are_kept_and_reported(make_corpus: MakeCorpus) -> None:
    rows = "article_id,title,image\n1,One,a.jpg\n2,Two,../corpus.json\n3,Three,b.jpg\n"
    folder = make_corpus({"A/test.csv": rows, "A/a.jpg": b""})
    (test,) = read_corpus(folder).data_sets
    assert test.images["path"].fillna("").to_list() == ["A/a.jpg", "", ""]
    assert test.articles["image_id"].to_list() == ["a.jpg", "../corpus.json", "b.jpg"]
    reasons = {item: reason for _, item, reason in skipped(folder)}
    assert "leaves the corpus folder" in reasons["../corpus.json"]
    assert "no image file found" in reasons["b.jpg"]


def test_a_date_that_cannot_be_read_is_reported(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {"A/test.csv": "article_id,title,image,date\n1,One,a,03/04/2022\n", "A/a.jpg": b""}
    )
    assert read_corpus(folder).data_sets[0].articles["date"].isna().all()
    assert skipped(folder) == [
        ("article", "1", "'03/04/2022' is no date such as 2022-03-31; kept without")
    ]


def test_a_linked_data_set_outside_is_reported(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    folder = make_corpus({"A/test.csv": TABLE, "A/a.jpg": b"", "../outside/test.csv": TABLE})
    (folder / "B").symlink_to(tmp_path / "outside")
    assert names(folder) == [("A", "test")]
    assert skipped(folder)[0][1:] == (
        "B",
        "the folder is a link that leaves the corpus folder and is not followed",
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"notes.md": "x"}, "holds no tables of articles"),
        ({"captions.csv": "image,caption\na.jpg,A dog.\n"}, "holds no tables of articles"),
        ({"A/x.csv": "foo,bar\n1,2\n"}, r"x\.csv is of no known form: got the columns foo, bar"),
        ({"A/x.csv": TABLE + "1,Two,b.jpg\n"}, r"more than once: 1 in x\.csv:2, 1 in x\.csv:3"),
        (
            {"A/train1.csv": TABLE, "A/train2.csv": TABLE},
            r"1 in train1\.csv:2, 1 in train2\.csv:2",
        ),
        ({"A/x.csv": "article_id,title,image\n1, ,a.jpg\n"}, "no article with an id and a title"),
        ({"A/x.csv": "article_id,title,image\n1,One,\n"}, "has articles and no images"),
        ({"A/test-img.tsv": "iid\timgFile\n1\ta.jpg\n"}, "a table of images and none of articles"),
        (
            {
                "A/test.csv": TABLE,
                "A/images.tsv": "iid\timgFile\n1\ta.jpg\n1\tb.jpg\n",
            },
            r"different files or addresses: 1 in images\.tsv:2, 1 in images\.tsv:3",
        ),
        ({"A(1)/test.csv": TABLE}, r"got 'A\(1\)'"),
        ({"RT-test.csv": TABLE, "rt/test.csv": TABLE}, "more than one data set of the same name"),
    ],
)
def test_refused(make_corpus: MakeCorpus, files: Files, message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        read_corpus(make_corpus(files))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match="absent does not exist"):
        read_corpus(tmp_path / "absent")
    (tmp_path / "file").write_text("")
    with pytest.raises(NewsImagesError, match="file is a file"):
        read_corpus(tmp_path / "file")


def test_reading_time_grows_no_faster_than_the_table(make_corpus: MakeCorpus) -> None:
    rows = "".join(f"{n},Überschrift Nummer {n},Ein Text.,{n}.jpg\n" for n in range(10_000))
    folder = make_corpus({"A/train.csv": "article_id,title,text,image\n" + rows})
    before = time.process_time()
    (train,) = read_corpus(folder).data_sets
    assert len(train.articles) == len(train.images) == 10_000
    assert time.process_time() - before < 20  # takes less than one second; quadratic work minutes


def test_what_cannot_be_read_is_said(
    make_corpus: MakeCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_corpus({"A/test.csv": TABLE})

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(NewsImagesError, match=r"Cannot read .*A: Permission denied"):
        read_corpus(folder)


def test_two_images_of_one_file_are_reported(make_corpus: MakeCorpus) -> None:
    rows = "article_id,title,image\n1,One,a.jpg\n2,Two,images/a.jpg\n"
    folder = make_corpus({"A/test.csv": rows, "A/images/a.jpg": b""})
    assert skipped(folder) == [
        ("image", "images/a.jpg", "its file is also that of image a.jpg; both are kept")
    ]
