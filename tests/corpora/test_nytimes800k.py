"""NYTimes800k's documents."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from newsimages.corpora.nytimes800k import read_nytimes800k
from newsimages.errors import NewsImagesError

Write = Callable[..., tuple[Path, Path]]


def document(*hashes: str, split: str = "train", **more: Any) -> dict[str, Any]:
    sections: list[dict[str, Any]] = [{"type": "paragraph", "text": "It began."}]
    sections += [{"type": "caption", "text": f"About {h}.", "hash": h} for h in hashes]
    return {
        "_id": {"$oid": "5e"},
        "headline": {"main": "News of the day"},
        "parsed_section": sections,
        "image_positions": list(range(1, len(sections))),
        "split": split,
        **more,
    }


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes documents and empty image files; returns both paths."""

    def write(documents: list[Any], images: str = "abcde") -> tuple[Path, Path]:
        folder = tmp_path / "images"
        folder.mkdir(exist_ok=True)
        for name in images:
            (folder / f"{name}.jpg").touch()
        lines = [d if isinstance(d, str) else json.dumps(d) for d in documents]
        (tmp_path / "articles.jsonl").write_text("\n".join(lines) + "\n")
        return tmp_path / "articles.jsonl", folder

    return write


def test_every_image_makes_a_pair_with_its_caption(write: Write) -> None:
    read = read_nytimes800k(*write([document("a", "b"), document("c", split="valid")]))
    assert read.pairs["caption"].tolist() == ["About a.", "About b.", "About c."]
    assert read.pairs["path"].tolist() == ["a.jpg", "b.jpg", "c.jpg"]
    assert read.pairs["image_id"].tolist() == ["a", "b", "c"]
    assert read.pairs["split"].tolist() == ["train", "train", "validation"]
    assert read.pairs["pair_id"].is_unique
    assert (read.folder / read.pairs["path"].iloc[0]).exists()


def test_headlines_go_with_the_first_image(write: Write) -> None:
    read = read_nytimes800k(*write([document("a", "b"), document("c")]), text="headline")
    assert read.pairs["caption"].tolist() == ["News of the day"] * 2
    assert read.pairs["image_id"].tolist() == ["a", "c"]


def test_image_positions_say_which_sections_are_images(write: Write) -> None:
    chosen = document("a", "b", image_positions=[2, 2, 0, 99, None])
    by_type = document("c")
    del by_type["image_positions"]
    read = read_nytimes800k(*write([chosen, by_type]))
    assert read.pairs["image_id"].tolist() == ["b", "c"]


def test_what_cannot_be_used_is_listed_and_counted(write: Write) -> None:
    blank = document("b")
    blank["parsed_section"][1]["text"] = " "
    documents = [
        document("a"),
        "{broken",
        "[1]",
        document("b", split="later"),
        document(),
        document("x"),
        document("../a"),
        blank,
        {"split": "train"},
    ]
    read = read_nytimes800k(*write(documents))
    assert read.pairs["image_id"].tolist() == ["a"]
    reasons = dict(zip(read.skipped["pair_id"], read.skipped["reason"], strict=True))
    assert reasons.pop("articles.jsonl:2").startswith("not JSON")
    assert reasons == {
        "articles.jsonl:3": "a list, expected an object",
        "articles.jsonl:4": "split is 'later', expected train, valid or test",
        "articles.jsonl:5": "no image among its sections",
        "articles.jsonl:6:1": "no image file x.jpg",
        "articles.jsonl:7:1": "no image file ../a.jpg",
        "articles.jsonl:8:1": "the caption is empty",
        "articles.jsonl:9": "no image among its sections",
    }


def test_documents_may_lie_in_several_files(write: Write, tmp_path: Path) -> None:
    _, images = write([document("a")])
    (tmp_path / "more.json").write_text(json.dumps(document("b")))
    read = read_nytimes800k(tmp_path, images)
    assert read.pairs["pair_id"].tolist() == ["articles.jsonl:1:1", "more.json:1:1"]


def test_memory_does_not_grow_with_the_size_of_the_documents(write: Write) -> None:
    long = document("a", body="x" * 200_000)
    source = write([long] * 100)  # 20 MB
    tracemalloc.start()
    try:
        read = read_nytimes800k(*source)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(read.pairs) == 100
    assert peak < 5_000_000


def test_bad_sources_are_errors(write: Write, tmp_path: Path) -> None:
    documents, images = write(["[", "]"])
    with pytest.raises(NewsImagesError, match="one JSON array.*without --jsonArray"):
        read_nytimes800k(documents, images)
    with pytest.raises(NewsImagesError, match="no folder of images"):
        read_nytimes800k(documents, tmp_path / "none")
    with pytest.raises(NewsImagesError, match="no documents in"):
        read_nytimes800k(images, images)
    with pytest.raises(NewsImagesError, match="text='body'"):
        read_nytimes800k(documents, images, text="body")  # type: ignore[arg-type]
    documents, images = write([document("x")])
    with pytest.raises(NewsImagesError, match=r"no pair of .* \(no image file x\.jpg\)"):
        read_nytimes800k(documents, images)
