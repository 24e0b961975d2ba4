"""Tensors with a checksum on disk: the same back, or an error that says why."""

import dataclasses
from pathlib import Path

import pytest
import torch

from newsimages.checked_file import FileKind, UnusableFileError, read_tensors, write_tensors
from newsimages.errors import NewsImagesError

KIND = FileKind(
    noun="test file",
    remedy="write it again",
    key="test",
    format=1,
    head=lambda name, tensor: f"{name} {tensor.dtype} {tuple(tensor.shape)}",
)
TENSORS = {"b": torch.arange(6.0).reshape(2, 3), "a": torch.tensor([True, False])}
ABOUT = {"ids": ["x", "ß"], "nested": {"n": 1.5}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_tensors(tmp_path / "folder" / "file", TENSORS, ABOUT, KIND)
    return tmp_path / "folder" / "file"


def test_a_file_comes_back_as_it_was(path: Path) -> None:
    tensors, about = read_tensors(path, KIND)
    assert about == ABOUT
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert list(path.parent.iterdir()) == [path]


def test_no_byte_can_change_unseen(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    n_refused = 0
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        (tmp_path / "changed").write_bytes(changed)
        try:
            tensors, about = read_tensors(tmp_path / "changed", KIND)
        except UnusableFileError:
            n_refused += 1
        else:
            assert about == ABOUT
            assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert n_refused > 0.8 * len(whole)


def test_other_kinds_and_formats_are_refused(path: Path) -> None:
    with pytest.raises(UnusableFileError, match="is of format 1, expected 2: .* write it again"):
        read_tensors(path, dataclasses.replace(KIND, format=2))
    with pytest.raises(UnusableFileError, match="as a test file: KeyError: 'other'.* write it"):
        read_tensors(path, dataclasses.replace(KIND, key="other"))


def test_an_absent_file_and_a_folder_are_errors_of_the_place(path: Path) -> None:
    for place in (path.with_name("none"), path.parent):
        with pytest.raises(NewsImagesError, match="absent, or the system") as raised:
            read_tensors(place, KIND)
        assert not isinstance(raised.value, UnusableFileError)
