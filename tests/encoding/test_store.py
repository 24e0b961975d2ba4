"""Embeddings on disk: made once, resumed after a kill, remade where a file was spoilt."""

import logging
import multiprocessing
import os
import resource
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from newsimages.encoding import store as module
from newsimages.encoding.encoders import EncodedImages
from newsimages.encoding.store import EmbeddingStore, UnreadableImagesError
from newsimages.engine import Local
from newsimages.errors import NewsImagesError
from newsimages.spark import Spark
from tests.fakes import FakeEncoder

TEXTS = {f"a{i:02d}": f"headline {i}" for i in range(23)}


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD_SIZE", 5)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Twenty-three files, of which two are missing."""
    paths = {f"i{i:02d}": tmp_path / "pictures" / f"{i}.jpg" for i in range(23)}
    (tmp_path / "pictures").mkdir()
    for image_id, path in paths.items():
        if image_id not in ("i03", "i11"):
            path.write_bytes(image_id.encode())
    return paths


def store_in(folder: Path, encoder: FakeEncoder | None = None) -> EmbeddingStore:
    return EmbeddingStore(folder=folder, encoder=encoder or FakeEncoder(), batch_size=2)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.safetensors")}


def test_texts_keep_their_order_and_the_second_call_encodes_nothing(tmp_path: Path) -> None:
    first = store_in(tmp_path)
    made = first.texts(TEXTS, label="title")
    assert made.ids.tolist() == list(TEXTS)
    np.testing.assert_array_equal(made.vectors, FakeEncoder().encode_texts(list(TEXTS.values())))

    encoder = FakeEncoder()
    found = store_in(tmp_path, encoder).texts(TEXTS, label="title")
    assert encoder.encoded == []
    np.testing.assert_array_equal(found.ids, made.ids)
    np.testing.assert_array_equal(found.vectors, made.vectors)


def test_unreadable_images_are_reported_also_the_second_time(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    expected = {"i03": "no such file", "i11": "no such file"}
    readable = [image_id for image_id in files if image_id not in expected]
    for n_encoded in (23, 0):
        encoder = FakeEncoder()
        embeddings, unreadable = store_in(tmp_path, encoder).images(files, label="images")
        assert unreadable == expected
        assert embeddings.ids.tolist() == readable
        assert len(encoder.encoded) == n_encoded
        assert np.array_equal(embeddings.vectors[3], encoder._vector(b"i04"))


def test_an_image_that_appears_later_is_encoded(tmp_path: Path, files: dict[str, Path]) -> None:
    store_in(tmp_path).images(files, label="images")
    files["i03"].write_bytes(b"here now")
    encoder = FakeEncoder()
    embeddings, unreadable = store_in(tmp_path, encoder).images(files, label="images")
    assert list(unreadable) == ["i11"]
    assert "i03" in embeddings.ids.tolist()
    assert encoder.encoded == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg"]  # its shard alone


@pytest.mark.parametrize("other", ["text", "id", "key", "label"])
def test_what_the_vectors_depend_on_is_in_the_name(tmp_path: Path, other: str) -> None:
    store_in(tmp_path).texts(TEXTS, label="title")
    texts = dict(TEXTS)
    if other == "text":
        texts["a07"] = "corrected headline"
    if other == "id":
        texts = {key.replace("a07", "b07"): text for key, text in TEXTS.items()}
    encoder = FakeEncoder(key="other" if other == "key" else "k" * 16)
    found = store_in(tmp_path, encoder).texts(texts, label="new" if other == "label" else "title")
    np.testing.assert_array_equal(found.vectors, FakeEncoder().encode_texts(list(texts.values())))
    assert len(encoder.encoded) == (5 if other in ("text", "id") else 23)


class DyingEncoder(FakeEncoder):
    """Kills its own process at the n-th batch of images or call with texts."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.left = n

    def _count_down(self) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._count_down()
        return super().encode_texts(texts)

    def encode_images(self, batches: Sequence[Sequence[Path]]) -> Iterator[EncodedImages]:
        for answer in super().encode_images(batches):
            self._count_down()
            yield answer


def in_a_process(work: Callable[[], object]) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(30)
    return process.exitcode


@pytest.mark.parametrize("n", [0, 2, 4])
def test_texts_resume_after_a_kill_with_the_same_bits(tmp_path: Path, n: int) -> None:
    whole = store_in(tmp_path / "whole").texts(TEXTS, label="title")
    dying = store_in(tmp_path / "killed", DyingEncoder(n))
    assert in_a_process(lambda: dying.texts(TEXTS, label="title")) == -signal.SIGKILL
    assert len(contents(tmp_path / "killed")) == n

    encoder = FakeEncoder()
    resumed = store_in(tmp_path / "killed", encoder).texts(TEXTS, label="title")
    assert len(encoder.encoded) == 23 - 5 * n
    np.testing.assert_array_equal(resumed.vectors, whole.vectors)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.parametrize(("n", "n_shards"), [(2, 0), (4, 1), (9, 3)])
def test_images_resume_after_a_kill_with_the_same_bits(
    tmp_path: Path, files: dict[str, Path], n: int, n_shards: int
) -> None:
    whole, reasons = store_in(tmp_path / "whole").images(files, label="images")
    dying = store_in(tmp_path / "killed", DyingEncoder(n))
    assert in_a_process(lambda: dying.images(files, label="images")) == -signal.SIGKILL
    assert len(contents(tmp_path / "killed")) == n_shards

    encoder = FakeEncoder()
    resumed, resumed_reasons = store_in(tmp_path / "killed", encoder).images(files, label="images")
    assert len(encoder.encoded) == 23 - 5 * n_shards
    np.testing.assert_array_equal(resumed.vectors, whole.vectors)
    assert resumed_reasons == reasons
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: data + b"\0",
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data.replace(b"a06", b"a96"),
        lambda data: data.replace(b'"F32"', b'"I32"'),
        lambda data: data.replace(b"[5,8]", b"[8,5]"),
        lambda data: data.replace(b"about", b"abuot"),
    ],
)
def test_a_spoilt_shard_is_found_and_made_anew(
    tmp_path: Path, spoil: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    made = store_in(tmp_path).texts(TEXTS, label="title")
    before = contents(tmp_path)
    shard = sorted(tmp_path.rglob("00001-*.safetensors"))[0]
    assert spoil(shard.read_bytes()) != shard.read_bytes()
    shard.write_bytes(spoil(shard.read_bytes()))

    encoder = FakeEncoder()
    with caplog.at_level(logging.WARNING):
        again = store_in(tmp_path, encoder).texts(TEXTS, label="title")
    assert f"{shard.name} was cut short or altered" in caplog.text
    assert encoder.encoded == [f"headline {i}" for i in range(5, 10)]
    np.testing.assert_array_equal(again.vectors, made.vectors)
    assert contents(tmp_path) == before


def test_no_byte_of_a_shard_can_change_unseen(tmp_path: Path) -> None:
    """Each byte in turn: what is read is the truth or nothing."""
    store_in(tmp_path).texts({"a": "x", "b": "y"}, label="title")
    (shard,) = tmp_path.rglob("*.safetensors")
    whole, good = shard.read_bytes(), module._read(shard, ("a", "b"))
    assert good is not None
    n_found = 0
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        shard.write_bytes(changed)
        outcome = module._read(shard, ("a", "b"))
        n_found += outcome is None
        if outcome is not None:
            assert (outcome[0].ids.tolist(), outcome[1]) == (good[0].ids.tolist(), good[1])
            np.testing.assert_array_equal(outcome[0].vectors, good[0].vectors)
            assert outcome[0].vectors.dtype == np.float32
    assert n_found > 0.8 * len(whole)


def test_nothing_to_embed_and_nothing_readable_are_errors(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match="title: nothing to embed"):
        store_in(tmp_path).texts({}, label="title")
    missing = {f"i{i:02d}": tmp_path / f"{i}.jpg" for i in range(12)}
    for _ in range(2):
        with pytest.raises(
            UnreadableImagesError,
            match=r"images: not one image .* i00 \(no such file\), .*\(12 in all\)",
        ) as raised:
            store_in(tmp_path).images(missing, label="images")
        assert raised.value.reasons == dict.fromkeys(missing, "no such file")


def test_a_file_in_the_place_of_the_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NewsImagesError, match=r"Cannot write .*workdir"):
        store_in(tmp_path / "file").texts(TEXTS, label="title")


def test_a_full_disk_is_a_clear_error_and_leaves_no_part(tmp_path: Path) -> None:
    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))  # less than a shard
        try:
            store_in(tmp_path).texts(TEXTS, label="title")
        except NewsImagesError as error:
            os._exit(7 if "Free some space" in str(error) else 1)

    assert in_a_process(work) == 7
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_images_of_equal_content_are_each_listed(tmp_path: Path) -> None:
    paths = {f"i{i}": tmp_path / f"{i}.jpg" for i in range(3)}
    for path in paths.values():
        path.write_bytes(b"the same")
    embeddings, _ = store_in(tmp_path).images(paths, label="images")
    assert embeddings.ids.tolist() == ["i0", "i1", "i2"]
    assert (embeddings.vectors == embeddings.vectors[0]).all()


class NotingEncoder(FakeEncoder):
    """Notes each file that it encodes, in whatever process, and may kill that process once."""

    def __init__(self, folder: Path, *, dies_at: str = "") -> None:
        super().__init__()
        self.folder, self.dies_at = folder, dies_at

    def encode_images(self, batches: Sequence[Sequence[Path]]) -> Iterator[EncodedImages]:
        for batch, answer in zip(batches, super().encode_images(batches), strict=True):
            with (self.folder / "tally").open("a") as file:
                file.writelines(f"{path.name}\n" for path in batch)
            if self.dies_at in {path.name for path in batch}:
                killed = self.folder / "killed"
                if not killed.exists():
                    killed.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            yield answer


def test_workers_of_spark_write_the_same_shards(
    spark: Spark, tmp_path: Path, files: dict[str, Path]
) -> None:
    """One is killed within the third shard, which is made once more, and no other."""
    whole, reasons = store_in(tmp_path / "whole").images(files, label="images")
    store_in(tmp_path / "whole").texts(TEXTS, label="title")
    dying = NotingEncoder(tmp_path, dies_at="13.jpg")
    store = replace(store_in(tmp_path / "made", dying), engine=spark)
    for n_made in (23, 0):
        before = store.tally["made"]
        made, its_reasons = store.images(files, label="images")
        np.testing.assert_array_equal(made.ids, whole.ids)
        np.testing.assert_array_equal(made.vectors, whole.vectors)
        assert its_reasons == reasons == {"i03": "no such file", "i11": "no such file"}
        assert store.tally["made"] - before == n_made
    store.texts(TEXTS, label="title")
    assert contents(tmp_path / "made") == contents(tmp_path / "whole")
    noted = Counter((tmp_path / "tally").read_text().split())
    twice = {name for name, n in noted.items() if n == 2}
    assert max(noted.values()) == 2
    assert {"13.jpg"} <= twice <= {f"{n}.jpg" for n in range(10, 15)}
    assert len(noted) == 23


def test_a_shard_that_is_not_seen_here_is_told(tmp_path: Path) -> None:
    class Elsewhere(Local):
        def run(self, function: Any, items: Any, *, cut: Any) -> Iterator[Any]:
            return (
                iter([])
                if function.__name__ == "_make_of_texts"
                else super().run(function, items, cut=cut)
            )

    store = replace(store_in(tmp_path), engine=Elsewhere())
    with pytest.raises(NewsImagesError, match="not to be seen from here. Name a workdir"):
        store.texts(TEXTS, label="title")
