"""Titles, texts and captions of every form are plain text; what is not seen is reported."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from newsimages.corpora import read_corpus
from newsimages.corpora.caption_pairs import read_caption_pairs
from newsimages.corpora.nytimes800k import read_nytimes800k

from .conftest import MakeCorpus

DIRTY, CLEAN = "K&ouml;lner\u00a0Brü\u00adcke\u200b \u200egesperrt\u200f", "Kölner Brücke gesperrt"
HEADERS = {
    "own": "article_id,title,text,image,titleEN,textEN",
    "2023": "article,title,text,imgFile,titleEN,textEN",
    "2025": "article_id,article_title,article_tags,image_id,titleEN,textEN",
}


@pytest.mark.parametrize("form", HEADERS)
def test_articles_of_every_form(make_corpus: MakeCorpus, form: str) -> None:
    rows = [f"a{n},{title},{DIRTY},{n}.jpg,{DIRTY},{DIRTY}" for n, title in enumerate(
        [DIRTY, "\u00ad\u200b", "&nbsp;&#8203;", "\u2800\u3164", "\u2066\u2069"]
    )]  # fmt: skip
    table = "\n".join([HEADERS[form], *rows])
    corpus = read_corpus(make_corpus({"RSS/test.csv": table, "RSS/0.jpg": ""}))
    (test,) = corpus.data_sets
    texts = test.articles[["title", "text", "title_en", "text_en"]]
    assert texts.to_numpy().tolist() == [[CLEAN] * 4]
    empty = corpus.skipped[corpus.skipped["reason"].str.contains("the title is empty; left out")]
    assert empty["id"].tolist() == ["a1", "a2", "a3", "a4"]


def test_captions(make_corpus: MakeCorpus) -> None:
    table = f"caption,image\n{DIRTY},a.jpg\n\u00ad&shy;,a.jpg\n"
    read = read_caption_pairs(make_corpus({"pairs.csv": table, "a.jpg": ""}))
    assert read.pairs["caption"].tolist() == [CLEAN]
    assert read.skipped["reason"].tolist() == ["the caption is empty"]


@pytest.mark.parametrize("text", ["caption", "headline"])
def test_documents_with_half_an_emoji_or_bytes_that_are_no_utf8(tmp_path: Path, text: str) -> None:
    sections = [{"type": "caption", "hash": "a", "text": "Storm \ud83d &amp; rain"}]
    headline = {"main": "Storm \ud83d &amp; rain"}
    document = {"headline": headline, "split": "train", "parsed_section": sections}
    odd = [{**document, "split": "\ud800"}, {**document, "parsed_section": [{"hash": "\ud800"}]}]
    lines = [json.dumps(each).encode() for each in (document, *odd)]
    lines.append(lines[0].replace(b" rain", b" r\xe4in"))
    lines[0] = b"\xef\xbb\xbf" + lines[0]
    (tmp_path / "articles.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "a.jpg").touch()
    read = read_nytimes800k(tmp_path / "articles.jsonl", tmp_path, text=text)  # type: ignore[arg-type]
    assert read.pairs["caption"].tolist() == ["Storm \ufffd & rain", "Storm \ufffd & r\ufffdin"]
    assert len(read.skipped) == 2
    for table in (read.pairs, read.skipped):
        table.to_csv().encode()


@pytest.mark.parametrize("as_list", [False, True])
def test_parquet_whose_texts_are_no_utf8(tmp_path: Path, as_list: bool) -> None:
    raw = pa.array([b"Br\xfccke \xed\xa0\xbd gesperrt", None, "Brücke".encode()], pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(raw), raw.buffers(), raw.null_count)
    if as_list:
        text = pa.ListArray.from_arrays([0, 1, 2, 3], text)
    columns = {
        "article_id": pa.array(["1", "2", "3"]),
        "title": pa.array(["One", "Two", "Three"]),
        "text": text,
        "image": pa.array(["a.jpg"] * 3),
    }
    (tmp_path / "RSS").mkdir()
    (tmp_path / "RSS" / "a.jpg").touch()
    pq.write_table(pa.table(columns), tmp_path / "RSS" / "test.parquet")
    (test,) = read_corpus(tmp_path).data_sets
    texts = test.articles["text"].tolist()
    assert texts == ["Br\ufffdcke \ufffd\ufffd\ufffd gesperrt", "", "Brücke"]
