"""JPEG files: scans counted, rows that lack noticed though there is an end marker."""

import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from newsimages.encoding import jpeg_file
from newsimages.encoding.images import UnreadableImageError, open_image

END = b"\xff\xd9"
CUT = "damaged: cut short"
MODES = ("RGB", "L", "CMYK")


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    """A picture without large areas of one colour."""
    pixels = np.random.default_rng(0).integers(0, 255, (25, 20, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((400, 500)).convert(mode).save(
        file, "JPEG", quality=80, **options
    )
    return file.getvalue()


def reason(content: bytes, path: Path) -> str:
    """Why a picture cannot be used; nothing where it can."""
    path.write_bytes(content)
    try:
        open_image(path, at_least=100)
    except UnreadableImageError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("is_progressive", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_rows_that_lack_are_damage_with_and_without_an_end_marker(
    mode: str, is_progressive: bool, tmp_path: Path
) -> None:
    whole = jpeg(mode, progressive=is_progressive)
    assert reason(whole, tmp_path / "a") == ""
    for share in (0.05, 0.1, 0.15) if is_progressive else (0.1, 0.5, 0.9):
        cut = whole[: int(len(whole) * share)]
        assert reason(cut, tmp_path / "a") == CUT
        assert reason(cut + END, tmp_path / "a") == CUT
    frame = re.search(rb"\xff[\xc0\xc2]\0[\x0b\x11\x14]", whole)
    assert frame is not None
    taller = bytearray(whole)
    struct.pack_into(">H", taller, frame.start() + 5, 5000)
    assert reason(bytes(taller), tmp_path / "a") == CUT


@pytest.mark.parametrize("is_progressive", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_a_file_that_lacks_its_end_marker_alone_is_used(
    mode: str, is_progressive: bool, tmp_path: Path
) -> None:
    whole = jpeg(mode, progressive=is_progressive)
    (tmp_path / "whole").write_bytes(whole)
    for n in (1, 2):
        assert reason(whole[:-n], tmp_path / "a") == ""
        np.testing.assert_array_equal(
            np.asarray(open_image(tmp_path / "a")), np.asarray(open_image(tmp_path / "whole"))
        )
    assert reason(whole[:-40], tmp_path / "a") == CUT


@pytest.mark.parametrize("is_progressive", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_a_picture_on_grey_is_whole(mode: str, is_progressive: bool, tmp_path: Path) -> None:
    """Grey is what libjpeg paints where rows lack, and a colour like any other."""
    ground = Image.new("RGB", (300, 300), (128, 128, 128))
    for content in (ground, ground.copy()):
        content.convert(mode).save(tmp_path / "a", "JPEG", progressive=is_progressive)
        assert reason((tmp_path / "a").read_bytes(), tmp_path / "a") == ""
        ground.paste((250, 10, 10), (20, 20, 120, 120))


def test_restart_markers_fill_bytes_previews_and_what_follows_are_no_scans(tmp_path: Path) -> None:
    whole = jpeg(restart_marker_rows=1)
    assert jpeg_file.scans(whole) == (1, len(whole) - 2, len(whole) - 2, True)
    preview = b"\xff\xe1" + struct.pack(">H", 402) + jpeg()[:400]
    for content in (whole[:2] + preview + whole[2:], whole + whole, whole[:-2] + b"\xff\xff" + END):
        assert jpeg_file.scans(content).n == 1
        assert reason(content, tmp_path / "a") == ""
    assert jpeg_file.scans(jpeg(progressive=True)).n == 10


def test_hundreds_of_scans_are_counted_before_they_are_decoded(tmp_path: Path) -> None:
    content = jpeg(progressive=True)
    last = content.rindex(b"\xff\xc4")
    many = content[:-2] + content[last:-2] * 5400 + END
    assert jpeg_file.scans(many).n == 5410
    (tmp_path / "a").write_bytes(many)
    with pytest.raises(UnreadableImageError, match="5410 scans of 400 × 500 pixels"):
        open_image(tmp_path / "a", at_least=100)
    (tmp_path / "a").write_bytes(content[:2] + b"\xff\xfe\0\2" * 100_000 + content[2:])
    with pytest.raises(UnreadableImageError, match="more than 100,000 markers"):
        open_image(tmp_path / "a")
