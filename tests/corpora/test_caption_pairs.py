"""Tables of captions and images."""

from pathlib import Path

import pandas as pd
import pytest

from newsimages.corpora.caption_pairs import read_caption_pairs
from newsimages.errors import NewsImagesError
from tests.corpora.conftest import MakeCorpus

TABLE = "caption,image\nA dog runs,a.jpg\nTwo dogs run,a\nA cat sleeps,b.jpg\n"
IMAGES = {"pairs/images/a.jpg": "jpeg", "pairs/images/b.jpg": "jpeg"}


@pytest.mark.parametrize("source", ["", "pairs", "pairs/pairs.csv"])
def test_a_table_is_found_by_its_name_or_in_a_folder(make_corpus: MakeCorpus, source: str) -> None:
    root = make_corpus({"pairs/pairs.csv": TABLE, **IMAGES})
    read = read_caption_pairs(root / source)
    assert read.pairs["caption"].tolist() == ["A dog runs", "Two dogs run", "A cat sleeps"]
    assert read.pairs["image_id"].nunique() == 2  # with or without ending it is the same file
    assert all((read.folder / path).read_text() == "jpeg" for path in read.pairs["path"])
    assert read.pairs["pair_id"].is_unique
    assert read.pairs["split"].isna().all()
    assert read.skipped.empty


def test_parquet_and_tsv_are_read_alike(make_corpus: MakeCorpus) -> None:
    root = make_corpus({"pairs/x.tsv": TABLE.replace(",", "\t"), **IMAGES})
    tsv = read_caption_pairs(root / "pairs" / "x.tsv").pairs
    table = pd.DataFrame({"image": ["a.jpg", "a", "b.jpg"], "caption": list(tsv["caption"])})
    table.to_parquet(root / "pairs" / "y.parquet")
    parquet = read_caption_pairs(root / "pairs" / "y.parquet").pairs
    columns = ["caption", "image_id", "path"]
    pd.testing.assert_frame_equal(parquet[columns], tsv[columns])


def test_what_cannot_be_used_is_listed_and_counted(make_corpus: MakeCorpus) -> None:
    rows = "Gone,c.jpg\n,a.jpg\nNo picture,\nOut,../../secret.jpg\n"
    root = make_corpus({"pairs/pairs.csv": TABLE + rows, **IMAGES})
    read = read_caption_pairs(root / "pairs")
    assert len(read.pairs) == 3
    reasons = dict(zip(read.skipped["pair_id"], read.skipped["reason"], strict=True))
    assert reasons == {
        "pairs.csv:5": "no image file found by the name c.jpg",
        "pairs.csv:6": "the caption is empty",
        "pairs.csv:7": "no image",
        "pairs.csv:8": "'../../secret.jpg' leaves the corpus folder and is not followed",
    }


def test_a_column_of_splits_is_handed_on(make_corpus: MakeCorpus) -> None:
    table = "caption,image,split\nOne,a.jpg,Train\nTwo,b.jpg,val\nThree,b.jpg,\nFour,a.jpg,odd\n"
    read = read_caption_pairs(make_corpus({"pairs/pairs.csv": table, **IMAGES}))
    assert read.pairs["split"].fillna("none").tolist() == ["train", "validation", "none"]
    assert read.skipped["reason"].tolist() == ["split is 'odd', expected train, validation or test"]


def test_a_missing_column_is_named(make_corpus: MakeCorpus) -> None:
    root = make_corpus({"pairs/pairs.csv": "text,image\na,b.jpg\n", **IMAGES})
    with pytest.raises(NewsImagesError, match=r"lacks the column caption: .*caption,image"):
        read_caption_pairs(root / "pairs" / "pairs.csv")


def test_no_table_and_no_image_are_errors(make_corpus: MakeCorpus) -> None:
    root = make_corpus({"pairs/pairs.csv": TABLE, "empty/note.txt": "nothing"})
    with pytest.raises(NewsImagesError, match=r"no pair of a caption and an image.*pairs\.csv:2"):
        read_caption_pairs(root / "pairs")
    with pytest.raises(NewsImagesError, match="holds none. Expected a file ending in"):
        read_caption_pairs(root / "empty")
    with pytest.raises(NewsImagesError, match="does not exist"):
        read_caption_pairs(root / "nowhere")


def test_real_photographs_with_five_captions_each(shared_data: Path) -> None:
    read = read_caption_pairs(shared_data / "flickr8k100")
    assert len(read.pairs) == 500
    assert read.pairs["image_id"].nunique() == 100
    assert read.skipped.empty
