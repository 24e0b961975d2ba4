"""Embeddings in a memory-mapped file."""

from pathlib import Path

import numpy as np
import pytest

from newsimages.encoding import vector_file
from newsimages.encoding.store import EmbeddingStore
from newsimages.encoding.vector_file import image_parts, memory_mapped, text_parts
from newsimages.errors import NewsImagesError
from tests.fakes import FakeEncoder, random_embeddings


def test_parts_become_one_memory_map(tmp_path: Path) -> None:
    parts = [random_embeddings("a", 3, 4, 1), random_embeddings("b", 2, 4, 2)]
    path = tmp_path / "new" / "texts.npy"
    embeddings = memory_mapped(path, iter(parts))
    assert isinstance(embeddings.vectors, np.memmap)
    assert embeddings.ids.tolist() == ["a00000", "a00001", "a00002", "b00000", "b00001"]
    expected = np.concatenate([part.vectors for part in parts])
    np.testing.assert_array_equal(embeddings.vectors, expected)
    np.testing.assert_array_equal(np.load(path), expected)


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "texts.npy"
    memory_mapped(path, [random_embeddings("a", 3, 4, 1)])
    before = path.read_bytes()
    with pytest.raises(NewsImagesError, match="5-d vectors after one of 4-d"):
        memory_mapped(path, [random_embeddings("a", 3, 4, 2), random_embeddings("b", 3, 5, 2)])
    with pytest.raises(NewsImagesError, match="no vectors to write"):
        memory_mapped(path, [])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["texts.npy"]


def test_an_id_in_two_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match="more than once: a00000"):
        memory_mapped(tmp_path / "x.npy", [random_embeddings("a", 1, 4, s) for s in (1, 2)])


def test_texts_and_images_are_embedded_part_by_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_file, "PART_SIZE", 3)
    store = EmbeddingStore(folder=tmp_path / "store", encoder=FakeEncoder(), batch_size=2)
    texts = {f"t{i}": f"text {i}" for i in range(7)}
    parts = list(text_parts(store, texts, label="pairs"))
    assert [len(part) for part in parts] == [3, 3, 1]
    together = store.texts(texts, label="together")
    np.testing.assert_array_equal(np.concatenate([p.vectors for p in parts]), together.vectors)

    files = {f"i{i}": tmp_path / f"{i}.jpg" for i in range(4)}
    for path in list(files.values())[:2] + list(files.values())[3:]:
        path.write_bytes(path.name.encode())
    unreadable: dict[str, str] = {}
    ids = [
        image_id
        for part in image_parts(store, files, label="images", unreadable=unreadable)
        for image_id in part.ids.tolist()
    ]
    assert ids == ["i0", "i1", "i3"]
    assert list(unreadable) == ["i2"]
