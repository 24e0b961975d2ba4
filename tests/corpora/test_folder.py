"""Corpus folders: data sets and their names, reported skips, refused input, speed."""

import gzip
import os
import time
from pathlib import Path

import pandas as pd
import pytest

from newsimages.corpora import OUTPUT_MARKER, read_corpus
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
    assert test.articles["image_id"].fillna("").to_list() == ["11", "", "99"]
    assert test.images["image_id"].to_list() == ["11"]
    reasons = {item: reason for _, item, reason in skipped(folder)}
    assert "no image; kept" in reasons["2"]
    assert "image 99 is not in the image table" in reasons["3"]


def test_images_without_a_file_are_kept_and_reported(make_corpus: MakeCorpus) -> None:
    rows = "article_id,title,image\n1,One,a.jpg\n2,Two,../corpus.json\n3,Three,b.jpg\n"
    folder = make_corpus({"A/test.csv": rows, "A/a.jpg": b""})
    (test,) = read_corpus(folder).data_sets
    assert test.images["path"].fillna("").to_list() == ["A/a.jpg", "", ""]
    assert test.images["reason"].fillna("").to_list() == [
        "",
        "'../corpus.json' leaves the corpus folder and is not followed",
        "no image file found by the name b.jpg",
    ]
    assert test.articles["image_id"].to_list() == ["a.jpg", "../corpus.json", "b.jpg"]
    reasons = {item: reason for _, item, reason in skipped(folder)}
    assert "leaves the corpus folder" in reasons["../corpus.json"]
    assert "no image file found" in reasons["b.jpg"]


@pytest.mark.parametrize(
    "cell",
    [
        "03/04/2022",
        "today",
        "now",
        "12.13.2022",
        "-5",
        "9999-12-31T23:59:59-23:59",
        "2022",
        "2022-02-30",
        "31.03.2022 25:00",
        "31.03.22",
    ],
)
def test_a_date_that_cannot_be_read_is_reported(make_corpus: MakeCorpus, cell: str) -> None:
    rows = f"article_id,title,image,date\n1,One,a,{cell}\n2,Two,a,2022-03-31\n"
    folder = make_corpus({"A/test.csv": rows, "A/a.jpg": b""})
    dates = read_corpus(folder).data_sets[0].articles["date"]
    assert dates.isna().to_list() == [True, False]
    assert skipped(folder) == [
        ("article", "1", f"{cell!r} is no date such as 2022-03-31; kept without")
    ]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2022-03-31", "2022-03-31 00:00"),
        ("2022-03-31 10:00:30", "2022-03-31 10:00:30"),
        ("2022-03-31T10:00:00+02:00", "2022-03-31 08:00"),
        ("31.3.2022", "2022-03-31 00:00"),
        ("31.03.2022 10:00", "2022-03-31 10:00"),
        ("31.03.2022 10:00:30", "2022-03-31 10:00:30"),
    ],
)
def test_dates(make_corpus: MakeCorpus, cell: str, expected: str) -> None:
    rows = f"article_id,title,image,date\n1,One,a,{cell}\n"
    folder = make_corpus({"A/test.csv": rows, "A/a.jpg": b""})
    date = read_corpus(folder).data_sets[0].articles["date"].iloc[0]
    assert date == pd.Timestamp(expected)


def test_a_linked_data_set_outside_is_reported(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    folder = make_corpus({"A/test.csv": TABLE, "A/a.jpg": b"", "../outside/test.csv": TABLE})
    (folder / "B").symlink_to(tmp_path / "outside")
    assert names(folder) == [("A", "test")]
    assert skipped(folder)[0][1:] == ("B", "a link that leaves the folder; not followed")


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
        ({f"{'A' * 101}/test.csv": TABLE}, "may hold up to 100 letters"),
        ({"A B/train.csv": TABLE, "a-b/test.csv": TABLE}, "'A B' and 'a-b'. Rename one"),
        (
            {"gt.txt": "", "A/train.txt": "a|b\n"},
            r"no tables .*gt\.txt \(the file is empty\), train",
        ),
        (
            {"A/test-text.tsv": "article\ttitle\n1\tOne\n", "A/test-img.txt": "iid|imgFile\n"},
            r"has articles and no images.* Passed over: test-img\.txt \(its first line is no",
        ),
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


def test_text_files_that_are_named_like_tables_are_reported(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {"A/test.csv": TABLE, "A/a.jpg": b"", "A/train.txt": "a|b", "A/note.txt": ""}
    )
    ((kind, name, reason),) = skipped(folder)
    assert (kind, name) == ("table", "train.txt")
    assert "its first line is no header" in reason


def test_links_to_themselves_are_reported_and_stop_nothing(make_corpus: MakeCorpus) -> None:
    loops = ["loop.jpg", "B", "A/test2.csv", "A/images/loop.jpg"]
    folder = make_corpus({"A/test.csv": TABLE, "A/images/a.jpg": b"", "C-test.csv": TABLE})
    for name in loops:
        (folder / name).symlink_to(folder / name)
    assert names(folder) == [("A", "test"), ("C", "test")]
    reported = [(kind, name) for kind, name, reason in skipped(folder) if "nowhere" in reason]
    assert sorted(reported) == [
        ("image", "A/images/loop.jpg"),
        ("image", "images/loop.jpg"),
        ("image", "loop.jpg"),
        ("table", "B"),
        ("table", "test2.csv"),
    ]


def test_only_the_wanted_data_sets_are_read(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {
            "RSS/test.csv": TABLE,
            "RSS/train.csv": TABLE,
            "RT/test.csv": TABLE + "a row, of, too, many\n",
            "TW/test.parquet": b"PAR1 and no more",
            "old (1)/test.csv": TABLE,
        }
    )
    corpus = read_corpus(folder, only=["RSS"])
    assert [(each.name, each.split) for each in corpus.data_sets] == [
        ("RSS", "train"),
        ("RSS", "test"),
    ]
    with pytest.raises(NewsImagesError, match=r"test\.parquet cannot be read as Parquet"):
        read_corpus(folder, only=["TW"])
    message = r"dataset=RSS,X: .*corpus has no X; its data sets are RSS, RT, TW, old \(1\)\."
    with pytest.raises(NewsImagesError, match=message):
        read_corpus(folder, only=["RSS", "X"])
    with pytest.raises(NewsImagesError, match="has no such data set; its data sets are RSS, RT"):
        read_corpus(folder, only=[])


def test_the_projects_own_output_is_no_data_set(make_corpus: MakeCorpus) -> None:
    output = "article_id,title,image\n1,One,a.jpg\n"
    folder = make_corpus(
        {
            "test.csv": TABLE,
            "images/a.jpg": b"",
            "articles/test.csv": output,
            "articles/a.jpg": b"",
            f"articles/{OUTPUT_MARKER}": b"",
        }
    )
    assert names(folder) == [("corpus", "test")]
    (folder / "images" / "a.jpg").unlink()
    assert read_corpus(folder).data_sets[0].images["path"].isna().all()
    (folder / "articles" / OUTPUT_MARKER).rename(folder / OUTPUT_MARKER)
    assert names(folder) == [("articles", "test"), ("corpus", "test")]


def test_tables_that_are_links_out_of_the_corpus_are_not_read(
    make_corpus: MakeCorpus, tmp_path: Path
) -> None:
    folder = make_corpus({"A/test.csv": TABLE, "A/a.jpg": b"", "../outside.csv": TABLE})
    (folder / "A" / "train.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "A" / "gone-train.csv").symlink_to(tmp_path / "gone.csv")
    os.mkfifo(folder / "A" / "pipe-train.csv")
    assert names(folder) == [("A", "test")]
    assert {(item, reason) for _, item, reason in skipped(folder)} == {
        ("train.csv", "a link that leaves the folder; not followed"),
        ("gone-train.csv", "a link that leads nowhere or to itself; not followed"),
        ("pipe-train.csv", "a pipe or a device, no file"),
    }


def test_a_link_within_the_corpus_is_read(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"tables/all.tsv": "x", "A/real.dat": TABLE, "A/a.jpg": b""})
    (folder / "tables" / "all.tsv").unlink()
    (folder / "A" / "test.csv").symlink_to("real.dat")
    assert names(folder) == [("A", "test")]


def test_names_of_a_mac_and_with_combining_marks(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"Ko\u0308ln/test.csv": TABLE, "हिन्दी/test.csv": TABLE})
    assert {name for name, _ in names(folder)} == {"K\u00f6ln", "हिन्दी"}
    assert [each.name for each in read_corpus(folder, only=["Ko\u0308ln"]).data_sets] == ["Köln"]


def test_names_that_are_no_text_are_reported(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"A/test.csv": TABLE, "A/a.jpg": b""})
    for name in (b"A/caf\xe9-train.csv", b"A/\xff.jpg", b"B\xe9/test.csv"):
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        path.parent.mkdir(exist_ok=True)
        path.write_text(TABLE)
    assert names(folder) == [("A", "test")]
    reported = {item for _, item, reason in skipped(folder) if "not UTF-8" in reason}
    assert reported == {"caf\ufffd-train.csv", "\ufffd.jpg", "B\ufffd"}
    read_corpus(folder).skipped.to_csv().encode()


def test_a_table_without_header_beside_others_is_passed_over(make_corpus: MakeCorpus) -> None:
    row = "11,https://a.example/x,One,tags,A1,https://a.example/a.jpg\n"
    folder = make_corpus({"A/test.csv": TABLE, "A/a.jpg": b"", "A/subset.csv": row})
    assert names(folder) == [("A", "test")]
    ((kind, item, reason),) = skipped(folder)
    assert (kind, item) == ("table", "subset.csv")
    assert reason.startswith("no header: its first line is a row (11,https://a.example/x,One")


def test_a_test_table_without_header_is_refused(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(
        {"A/train.csv": TABLE, "A/a.jpg": b"", "A/test.csv": "1,One,a.jpg\n2,B,b\n"}
    )
    with pytest.raises(NewsImagesError, match=r"test\.csv has no header: its first line is a row"):
        read_corpus(folder)


def test_words_for_nothing_are_no_image_of_everyone(make_corpus: MakeCorpus) -> None:
    rows = ["1,NA,N/A", "2,null,null", "N/A,Three,a.jpg", "N/A,Four,a.jpg", "na,5,a.jpg"]
    table = "\n".join(["article_id,title,image", *rows])
    folder = make_corpus({"A/test.csv": table, "A/a.jpg": b""})
    (test,) = read_corpus(folder).data_sets
    assert test.articles["article_id"].to_list() == ["1", "2", "na"]
    assert test.articles["title"].to_list() == ["NA", "null", "5"]
    assert test.articles["image_id"].fillna("").to_list() == ["", "", "a.jpg"]
    assert test.images["image_id"].to_list() == ["a.jpg"]


@pytest.mark.parametrize(
    "header",
    ["article_id,title,article,image", "articleID,title,text,image", "Article_ID,Title,x,Image"],
)
def test_the_form_is_told_by_all_its_columns(make_corpus: MakeCorpus, header: str) -> None:
    folder = make_corpus({"A/test.csv": f"{header}\n1,One,,a.jpg\n", "A/a.jpg": b""})
    (test,) = read_corpus(folder).data_sets
    assert test.articles["article_id"].to_list() == ["1"]
    assert test.images["path"].to_list() == ["A/a.jpg"]


def test_files_of_other_kinds_are_named(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"A/test.ods": b"PK", "A/test.jsonl": "{}", "A/a.jpg": b""})
    with pytest.raises(
        NewsImagesError, match=r"Passed over: test\.jsonl \(.*test\.ods \(this kind"
    ):
        read_corpus(folder)


def test_packed_tables_are_read(make_corpus: MakeCorpus) -> None:
    packed = gzip.compress(TABLE.encode())
    folder = make_corpus({"RT-train.csv.gz": packed, "RSS-test.csv.gz": packed})
    assert names(folder) == [("RSS", "test"), ("RT", "train")]


def test_own_columns_in_a_text_file_are_read(make_corpus: MakeCorpus) -> None:
    text = TABLE.upper().replace("A.JPG", "a.jpg").replace(",", "\t")
    folder = make_corpus({"A/test.txt": text.encode("utf-16"), "A/readme.txt": "a, b, c 2022"})
    assert names(folder) == [("A", "test")]


def test_the_encoding_that_is_named_is_used(make_corpus: MakeCorpus) -> None:
    rows = "article_id,title,image\n1,Grüße,a.jpg\n".encode("cp850")
    folder = make_corpus({"A/test.csv": rows, "A/a.jpg": b""})
    with pytest.raises(NewsImagesError, match=r"The encoding of .* is not recognised"):
        read_corpus(folder)
    (test,) = read_corpus(folder, encoding="cp850").data_sets
    assert test.articles["title"].to_list() == ["Grüße"]
