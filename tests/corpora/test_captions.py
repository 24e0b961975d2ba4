"""Captions of a corpus's images: tables of them, those in the files, and what is none."""

from pathlib import Path

import pandas as pd
import pytest

from newsimages.corpora import read_corpus
from newsimages.corpora.caption_pairs import has_pairs, read_caption_pairs
from newsimages.corpora.captions import captions_of, with_captions
from newsimages.errors import NewsImagesError

from .conftest import Files, MakeCorpus
from .test_picture_captions import field, jpeg

TABLE = "article_id,title,image\n1,One,a.jpg\n2,Two,images/b\n3,Three,c.jpg\n4,Four,gone.jpg\n"
BASE: Files = {
    "RSS/test.csv": TABLE,
    "RSS/images/a.jpg": jpeg(field(120, b"In the file of a.")),
    "RSS/images/b.png": "no picture",
    "RSS/images/c.jpg": jpeg(field(120, b"In the file of c.")),
}


def captions(folder: Path) -> dict[str, str]:
    [data_set] = with_captions(read_corpus(folder)).data_sets
    return dict(data_set.images.set_index("image_id")["caption"].dropna())


@pytest.mark.parametrize("name", ["captions.csv", "Captions.TSV", "captions.csv.gz.txt"])
def test_a_table_goes_before_what_the_files_hold(make_corpus: MakeCorpus, name: str) -> None:
    rows = "image,caption\na.jpg,A &amp; B\u200b.\nimages/b.png,Two boats.\nc.jpg,\n"
    rows = rows.replace(",", "\t") if name.endswith("TSV") else rows
    folder = make_corpus({**BASE, f"RSS/{name}": rows})
    own = {"a.jpg": "A & B.", "images/b": "Two boats."}
    if name.endswith("txt"):  # no name of a table of captions
        own = {"a.jpg": "In the file of a."}
    assert captions(folder) == {**own, "c.jpg": "In the file of c."}


def test_parquet(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(BASE)
    table = pd.DataFrame({"caption": ["A."], "image": ["a.jpg"], "credit": [1]})
    table.to_parquet(folder / "RSS" / "captions.parquet")
    assert captions(folder)["a.jpg"] == "A."


def test_without_captions_there_is_no_column_until_they_are_read(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({**BASE, "RSS/captions.csv": "nonsense"})
    [data_set] = read_corpus(folder).data_sets  # nobody asks for them
    assert "caption" not in data_set.images
    with pytest.raises(NewsImagesError, match=r"captions\.csv"):
        captions(folder)


def test_unused_rows_are_reported_together(make_corpus: MakeCorpus) -> None:
    rows = "image,caption\nx.jpg,No such file.\n../b.png,Outside.\n,None.\nN/A,None.\na.jpg,N/A\n"
    folder = make_corpus({**BASE, "RSS/captions.csv": rows})
    corpus = with_captions(read_corpus(folder))
    row = corpus.skipped.iloc[-1]
    assert (row["data_set"], row["kind"], row["id"]) == ("RSS", "table", "captions.csv")
    assert row["reason"].startswith("4 captions of images without a file: x.jpg, ../b.png, line 4")
    assert captions(folder) == {"a.jpg": "In the file of a.", "c.jpg": "In the file of c."}


def test_a_caption_may_stand_twice_but_not_two_of_an_image(make_corpus: MakeCorpus) -> None:
    rows = "image,caption\na.jpg,A.\na,A.\nc.jpg,A.\n"
    folder = make_corpus({**BASE, "RSS/captions.csv": rows})
    assert captions(folder) == {"a.jpg": "A.", "c.jpg": "A."}
    (folder / "RSS" / "captions.csv").write_text(rows + "images/a.jpg,Another.\n")
    with pytest.raises(NewsImagesError, match=r"more than one caption .* images/a\.jpg \(line 5\)"):
        captions(folder)


@pytest.mark.parametrize("header", ["picture,caption", "image,text"])
def test_a_missing_column_is_named(make_corpus: MakeCorpus, header: str) -> None:
    folder = make_corpus({**BASE, "RSS/captions.csv": f"{header}\na.jpg,A.\n"})
    with pytest.raises(NewsImagesError, match=r"captions\.csv lacks .* expected image,caption"):
        captions(folder)


def test_hostile_captions_are_cleaned_and_cut(make_corpus: MakeCorpus) -> None:
    long = "word " * 200_000
    rows = f'image,caption\na.jpg,{long}\nb.png,"\u202e\u200b\x00\x07"\nc.jpg,"=A\nB\x1b[31m"\n'
    found = captions(make_corpus({**BASE, "RSS/captions.csv": rows}))
    assert found["a.jpg"] == long[: len(found["a.jpg"])]
    assert len(found["a.jpg"]) <= 2_000
    assert "images/b" not in found
    assert found["c.jpg"] == "=A B[31m"


def test_captions_of_a_data_set_are_no_pairs_for_pre_training(make_corpus: MakeCorpus) -> None:
    rows = "image,caption\na.jpg,A.\n"
    folder = make_corpus({**BASE, "RSS/captions.csv": rows})
    assert not has_pairs(folder)
    assert len(read_caption_pairs(folder / "RSS" / "captions.csv").pairs) == 1  # asked for by name
    (folder / "pairs").mkdir()
    (folder / "pairs" / "captions.csv").write_text("image,caption\n../RSS/x.jpg,A.\n1.jpg,B.\n")
    (folder / "pairs" / "1.jpg").write_bytes(jpeg())
    assert read_caption_pairs(folder).pairs["pair_id"].tolist() == ["pairs/captions.csv:3"]


def test_a_table_of_articles_of_that_name_stays_one(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({**BASE, "RSS/captions.csv": TABLE.replace("1,", "10,")})
    with pytest.raises(NewsImagesError, match="article ids occur more than once"):
        read_corpus(folder)


def test_a_table_that_is_a_link_out_of_the_corpus_is_not_read(
    make_corpus: MakeCorpus, tmp_path: Path
) -> None:
    outside = tmp_path / "captions.csv"
    outside.write_text("image,caption\na.jpg,Outside.\n")
    folder = make_corpus(BASE)
    (folder / "RSS" / "captions.csv").symlink_to(outside)
    assert captions(folder)["a.jpg"] == "In the file of a."
    assert "captions.csv" in read_corpus(folder).skipped["id"].tolist()


def test_a_folder_of_images_has_captions_too(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({**BASE, "RSS/captions.csv": "image,caption\na.jpg,A.\n"}) / "RSS"
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*g")}
    expected = {"images/a.jpg": "A.", "images/c.jpg": "In the file of c."}
    assert captions_of(files, folder) == expected
