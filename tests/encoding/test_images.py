"""Every kind of file that a crawl may hold: a picture, or a reason."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from newsimages.encoding import images
from newsimages.encoding.images import UnreadableImageError, open_image


def picture(width: int = 60, height: int = 40) -> Image.Image:
    """Red on the left, blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = pixels[:, width // 2 :, 2] = 255
    return Image.fromarray(pixels)


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header names any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        ("RGB", "jpg"),
        ("CMYK", "jpg"),
        ("RGB", "png"),
        ("RGBA", "png"),
        ("P", "png"),
        ("RGB", "webp"),
        ("P", "gif"),
        ("RGB", "bmp"),
        ("RGB", "tif"),
    ],
)
def test_colours_survive_every_mode_and_form(mode: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{ending}"
    picture().convert(mode).save(path)
    image = open_image(path)
    assert (image.mode, image.size) == ("RGB", (60, 40))
    left, right = np.asarray(image)[20, 10].astype(int), np.asarray(image)[20, 50].astype(int)
    assert left[0] - left[2] > 150
    assert right[2] - right[0] > 150


def test_a_palette_with_transparency_keeps_its_colours_silently(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "picture.png"
    image = picture().convert("P")
    image.save(path, transparency=bytes([255] * 256))
    assert np.asarray(open_image(path))[20, 10].tolist() == [255, 0, 0]
    assert not recwarn.list


@pytest.mark.parametrize(("dtype", "step"), [(np.uint8, 4), (np.uint16, 1024)])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_grey_of_8_and_16_bits_looks_the_same(
    dtype: type, step: int, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"grey.{ending}"
    Image.fromarray(np.tile(np.arange(64).astype(dtype) * dtype(step), (8, 1))).save(path)
    pixels = np.asarray(open_image(path))
    np.testing.assert_allclose(pixels[0, :, 1], np.arange(64) * 4, atol=1)
    assert (pixels[..., 0] == pixels[..., 2]).all()


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("n_empty", [0, 1, 4])
def test_an_animation_gives_its_first_frame_that_shows_something(
    form: str, n_empty: int, tmp_path: Path
) -> None:
    path = tmp_path / "moving"
    empty = [Image.new("RGBA", (40, 40), (0, level, 0, 0)) for level in range(n_empty)]
    faded = [Image.new("RGBA", (40, 40), (level, 0, 0, 255)) for level in range(n_empty)]
    shown = [Image.new("RGBA", (40, 40), (30, 30, 30, 255)) for _ in range(2)]
    for frame, colour in zip(shown, ((220, 30, 30), (30, 30, 220)), strict=True):
        frame.paste(colour, (8, 8, 32, 32))
    for before in (empty, faded):
        first, *others = [*before, *shown]
        first.save(path, form, save_all=True, append_images=others, duration=100)
        centre = np.asarray(open_image(path))[20, 20].astype(int)
        assert np.abs(centre - [220, 30, 30]).max() < 25


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF", "JPEG"])
def test_a_picture_of_one_colour_is_that_colour(form: str, tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (40, 90, 160)).save(tmp_path / "plain", form)
    centre = np.asarray(open_image(tmp_path / "plain"))[20, 20].astype(int)
    assert np.abs(centre - [40, 90, 160]).max() < 25


@pytest.mark.parametrize(("width", "height"), [(1600, 1000), (3000, 400), (500, 500), (100, 900)])
def test_a_jpeg_decoded_smaller_keeps_both_sides(width: int, height: int, tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    picture(width, height).save(path)
    image = open_image(path, at_least=224)
    assert min(image.size) >= min(224, width, height)
    assert image.width / image.height == pytest.approx(width / height, rel=0.02)
    assert open_image(path).size == (width, height)
    assert (image.size == (width, height)) == (min(width, height) < 448)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_short_is_damaged(form: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, form)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UnreadableImageError, match=r"damaged: |not an image"):
        open_image(path)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate"])
def test_a_tiff_without_its_last_strips_is_damaged(compression: str | None, tmp_path: Path) -> None:
    path = tmp_path / "cut.tif"
    picture(60, 400).save(path, compression=compression)
    content = bytearray(path.read_bytes())
    directory = struct.unpack_from("<I", content, 4)[0]
    for entry in range(struct.unpack_from("<H", content, directory)[0]):
        at = directory + 2 + 12 * entry
        if struct.unpack_from("<H", content, at)[0] == 257:  # the height
            struct.pack_into("<I", content, at + 8, 3000)
    path.write_bytes(content)
    with pytest.raises(UnreadableImageError, match="damaged: "):
        open_image(path)


def test_what_takes_too_much_memory_or_work_is_left_undecoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_BYTES", 3_000_000)
    picture(300, 200).save(tmp_path / "small.webp")
    picture(900, 600).save(tmp_path / "large.webp")
    picture(900, 600).save(tmp_path / "large.jpg")
    picture(900, 600).save(tmp_path / "scans.jpg", progressive=True, subsampling=0)
    for name in ("small.webp", "large.jpg"):
        open_image(tmp_path / name, at_least=100)
    for name in ("large.webp", "scans.jpg"):
        with pytest.raises(UnreadableImageError, match="bytes of memory, more than 3,000,000"):
            open_image(tmp_path / name, at_least=100)
    (tmp_path / "file.jpg").write_bytes(bytes(3_000_001))
    with pytest.raises(UnreadableImageError, match="3,000,001 bytes, more than"):
        open_image(tmp_path / "file.jpg")

    monkeypatch.setattr(images, "MAX_PASSED", 2_000_000)
    picture(600, 400).save(tmp_path / "scans.jpg", progressive=True)
    with pytest.raises(UnreadableImageError, match="scans of 600 × 400 pixels, which pass over"):
        open_image(tmp_path / "scans.jpg", at_least=100)


def test_decoders_of_all_kinds_fail_with_a_reason(tmp_path: Path) -> None:
    """Hundreds of spoilt files: whatever a decoder raises, it is a reason and no crash."""
    generator = np.random.default_rng(0)
    path = tmp_path / "spoilt.jpg"
    reasons = []
    for form in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "AVIF", "DDS"):
        picture().save(path, form)
        whole = path.read_bytes()
        for _ in range(60):
            spoilt = bytearray(whole)
            for place in generator.integers(0, min(200, len(whole)), 4):
                spoilt[place] = generator.integers(256)
            path.write_bytes(spoilt)
            try:
                open_image(path)
            except UnreadableImageError as error:
                reasons.append(str(error))
    assert 20 < len(reasons) < 460
    assert all(reason and str(tmp_path) not in reason for reason in reasons)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "^empty file$"),
        (b"<html>404</html>", "^not an image$"),
        (b"\xff\xd8\xff", r"not an image|damaged"),
        (png_that_claims(30_000, 30_000), "more than 100,000,000 pixels"),
        (png_that_claims(10_001, 10_000), "10001 × 10000 pixels, more than 100,000,000"),
        (png_that_claims(2**31 - 1, 1), "pixels|damaged"),
    ],
)
def test_what_is_no_picture_gives_a_reason(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "thing.jpg"
    path.write_bytes(content)
    with pytest.raises(UnreadableImageError, match=reason):
        open_image(path)


def test_missing_files_and_folders_give_a_reason(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match=r"^no such file$"):
        open_image(tmp_path / "missing.jpg")
    with pytest.raises(UnreadableImageError, match="directory"):
        open_image(tmp_path)


def test_a_setting_that_hides_cut_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.png"
    picture().save(path)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(UnreadableImageError, match="cut files"):
        open_image(path)
