"""HEIF files: named as what they are where nothing reads them, and tried again where it does."""

from pathlib import Path

import pytest

from newsimages.encoding import heif_file, store
from newsimages.encoding.images import UnreadableImageError, open_image

PHONE = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)


@pytest.mark.skipif(heif_file.IS_READ, reason="pillow-heif is installed")
def test_a_file_that_nothing_reads_is_named_with_what_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(PHONE)
    with pytest.raises(UnreadableImageError, match="HEIF, which needs `pip install pillow-heif`"):
        open_image(path)
    for other in (PHONE.replace(b"heic", b"isom"), b"<html>", b"\0"):
        path.write_bytes(other)
        with pytest.raises(UnreadableImageError, match="^not an image$"):
            open_image(path)


def test_a_file_counts_as_another_once_it_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / "a.heic", tmp_path / "a.jpg"
    path.write_bytes(PHONE)
    other.write_bytes(b"\xff\xd8\xff")
    digests = []
    for is_read in (False, True):
        monkeypatch.setattr(heif_file, "IS_READ", is_read)
        digests.append((store._file_digest(path), store._file_digest(other)))
    assert digests[0][0] != digests[1][0]
    assert digests[0][1] == digests[1][1]


def test_it_is_read_upright_where_pillow_heif_is_installed(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    pillow_heif.from_bytes("RGB", (60, 40), bytes((200, 30, 30)) * 2400).save(tmp_path / "a.heic")
    image = open_image(tmp_path / "a.heic")
    assert (image.mode, image.size) == ("RGB", (60, 40))
