"""corpus.json: what it may say, and what is refused."""

import json
import os
from pathlib import Path

import pytest

from newsimages.corpora.corpus_file import read_corpus_file
from newsimages.errors import NewsImagesError

from .conftest import MakeCorpus


def test_absent(make_corpus: MakeCorpus) -> None:
    assert read_corpus_file(make_corpus({"RSS/test.csv": ""})) == ("corpus", {})


def test_name_and_models_are_read_and_unknown_keys_ignored(make_corpus: MakeCorpus) -> None:
    models = {"backbone": "ViT-B-32", "multilingual_backbone": "xlm-roberta-base-ViT-B-32"}
    text = json.dumps({"name": "Mein Korpus", **models, "note": 3})
    folder = make_corpus({"corpus.json": b"\xef\xbb\xbf" + text.encode()})
    assert read_corpus_file(folder) == ("Mein Korpus", models)


def test_a_folder_of_its_name_is_refused(make_corpus: MakeCorpus) -> None:
    folder = make_corpus({"corpus.json/a.txt": ""})
    with pytest.raises(NewsImagesError, match=r"corpus\.json is not read: no file\. Put"):
        read_corpus_file(folder)


def test_links_out_pipes_and_huge_files_are_refused(
    make_corpus: MakeCorpus, tmp_path: Path
) -> None:
    folder = make_corpus({"../outside.json": "{}"})
    folder.mkdir(exist_ok=True)
    path = folder / "corpus.json"
    path.symlink_to(tmp_path / "outside.json")
    with pytest.raises(NewsImagesError, match=r"is not read: a link that leaves the folder"):
        read_corpus_file(folder)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(NewsImagesError, match=r"is not read: no file"):
        read_corpus_file(folder)
    path.unlink()
    path.write_bytes(b" " * (1 << 21))
    with pytest.raises(NewsImagesError, match=r"2,097,152 bytes, expected at most 1,048,576"):
        read_corpus_file(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"corpus\.json is not readable as JSON"),
        ("", r"corpus\.json is not readable as JSON"),
        ("[1]", "holds list, expected an object"),
        ('{"name": 3, "backbone": ""}', "got name=3, backbone='', expected texts"),
    ],
)
def test_refused(make_corpus: MakeCorpus, text: str, message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        read_corpus_file(make_corpus({"corpus.json": text}))
