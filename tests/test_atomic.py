"""A file is whole or absent, and a full or wrong folder is a clear error."""

import multiprocessing
import resource
from pathlib import Path

import pytest

from newsimages.atomic import remove_leftovers, replacing, temporary_of, write_bytes
from newsimages.errors import NewsImagesError


def test_writes_into_new_folders_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_bytes(path, b"one")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_what_was_there_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"one")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_bytes(b"half of tw")
            raise KeyError("stopped")

    with pytest.raises(KeyError, match="stopped"):
        fail()
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_the_place_of_the_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NewsImagesError, match=r"Cannot write .*workdir"):
        write_bytes(tmp_path / "file" / "folder" / "x", b"one")


def _write_too_much(path: Path, answer: "multiprocessing.SimpleQueue[str]") -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # as a disk with 1,000 bytes left
    try:
        write_bytes(path, b"x" * 5000)
    except NewsImagesError as error:
        answer.put(str(error))


def test_a_full_disk_is_a_clear_error_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"one")
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    process = context.Process(target=_write_too_much, args=(path, answer))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert "Cannot write" in answer.get()
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_of_killed_processes_are_told_by_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    leftovers = [temporary_of(place / "x.npy") for place in (tmp_path, folder)]
    others = [folder / name for name in ("x.npy", ".x.npy.tmp", "y.12-0123abcd.tmp", "z.tmp")]
    for path in (*leftovers, *others):
        path.write_bytes(b"x")
    remove_leftovers(tmp_path, of="y.npy")
    assert all(path.exists() for path in leftovers)
    remove_leftovers(tmp_path, of="x.npy")
    assert [path.exists() for path in leftovers] == [False, True]
    remove_leftovers(tmp_path)
    assert not leftovers[1].exists()
    assert all(path.exists() for path in others)
    remove_leftovers(tmp_path / "nowhere")
