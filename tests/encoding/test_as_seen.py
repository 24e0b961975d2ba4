"""The picture as people see it: upright, over white, in 8 bits, whatever the file holds."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image

from newsimages.encoding.as_seen import TURNS, as_seen, contrast
from newsimages.encoding.images import open_image

RED, BLUE, WHITE, BLACK = (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
STORED = {  # what a camera held so stores of a picture that is upright
    1: lambda rows: rows,
    2: lambda rows: rows[:, ::-1],
    3: lambda rows: rows[::-1, ::-1],
    4: lambda rows: rows[::-1],
    5: lambda rows: rows.swapaxes(0, 1),
    6: lambda rows: rows.swapaxes(0, 1)[::-1],
    7: lambda rows: rows[::-1, ::-1].swapaxes(0, 1),
    8: lambda rows: rows.swapaxes(0, 1)[:, ::-1],
}


def upright() -> NDArray[np.uint8]:
    """Four corners of different colours, wider than high."""
    rows = np.zeros((32, 48, 3), np.uint8)
    rows[:16, :24], rows[:16, 24:], rows[16:, :24] = (200, 0, 0), (0, 180, 0), (0, 0, 220)
    return rows


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "avif"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_of_every_format_is_upright(
    ending: str, orientation: int, tmp_path: Path
) -> None:
    path = tmp_path / f"picture.{ending}"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    quality = {} if ending == "tif" else {"quality": 95}
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright())))
    stored.save(path, exif=exif, **quality)
    seen = np.asarray(open_image(path)).astype(int)
    assert seen.shape == upright().shape
    assert np.abs(seen - upright())[4:12, 4:20].max() < 30
    assert np.abs(seen - upright()).mean() < 8


def test_an_orientation_after_the_pixels_counts_and_nonsense_does_not(tmp_path: Path) -> None:
    assert set(TURNS) == set(STORED) - {1}
    for orientation, size in ((9, (48, 32)), (6, (32, 48))):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        Image.fromarray(upright()).save(tmp_path / "a.png", exif=exif)
        assert open_image(tmp_path / "a.png").size == size
    broken = b"Exif\0\0MM\0*\0\0\xff\xff" + b"\xff" * 9
    Image.fromarray(upright()).save(tmp_path / "a.jpg", exif=broken)
    assert open_image(tmp_path / "a.jpg").size == (48, 32)


def cut_out(mode: str) -> Image.Image:
    """A square in the middle of nothing, under which another colour hides."""
    rgba = Image.new("RGBA", (40, 40), (90, 10, 160, 0))
    rgba.paste((20, 20, 20, 255), (10, 10, 30, 30))
    return rgba if mode == "RGBA" else rgba.convert(mode)


@pytest.mark.parametrize(
    ("mode", "ending"), [("RGBA", "png"), ("LA", "png"), ("RGBA", "webp"), ("RGBA", "tif"),
                         ("RGBA", "avif"), ("RGBA", "gif"), ("LA", "webp")]
)  # fmt: skip
def test_a_cut_out_stands_on_white(mode: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"logo.{ending}"
    cut_out(mode).save(path, **({"lossless": True} if ending == "webp" else {}))
    seen = np.asarray(open_image(path)).astype(int)
    assert np.abs(seen[2:8, 2:8] - 255).max() <= 3
    assert np.abs(seen[14:26, 14:26] - 20).max() <= 12


@pytest.mark.parametrize("mode", ["P", "RGB", "L", "1"])
def test_one_transparent_colour_is_white_in_every_mode(mode: str, tmp_path: Path) -> None:
    image = Image.new("L", (40, 40), 0)
    image.paste(255, (10, 10, 30, 30))
    key: object = {"P": 0, "RGB": (0, 0, 0), "L": 0, "1": 0}[mode]
    image.convert(mode).save(tmp_path / "a.png", transparency=key)
    seen = np.asarray(open_image(tmp_path / "a.png"))
    assert (seen == 255).all()


def test_what_half_shows_through_is_mixed_with_white() -> None:
    for image in (Image.new("RGBA", (4, 4), (0, 0, 200, 51)), Image.new("LA", (4, 4), (0, 51))):
        blue = 204 + 200 // 5 if image.mode == "RGBA" else 204
        assert np.abs(np.asarray(as_seen(image)).astype(int) - [204, 204, blue]).max() <= 1


def test_a_bitmap_whose_fourth_bytes_are_all_zero_is_opaque(tmp_path: Path) -> None:
    image = Image.new("RGBA", (20, 10), (*RED, 0))
    image.format = "BMP"
    assert np.asarray(as_seen(image))[5, 5].tolist() == list(RED)
    image.format = "PNG"
    assert np.asarray(as_seen(image))[5, 5].tolist() == list(WHITE)


RAMP = np.tile(np.linspace(0, 1, 64), (16, 1))


@pytest.mark.parametrize(
    ("dtype", "largest"),
    [
        (np.float32, 1), (np.float32, 0.004), (np.float32, 1.02), (np.float32, 255),
        (np.float32, 65_535), (np.int32, 255), (np.int32, 65_535), (np.int32, 2**31 - 1),
        (np.uint16, 255), (np.uint16, 1023), (np.uint16, 4095), (np.uint16, 65_535),
    ],
)  # fmt: skip
def test_deep_greys_fill_the_range_of_a_screen(dtype: type, largest: float, tmp_path: Path) -> None:
    Image.fromarray((RAMP * largest).astype(dtype)).save(tmp_path / "a.tif")
    seen = np.asarray(open_image(tmp_path / "a.tif"))
    np.testing.assert_allclose(seen[..., 0], RAMP * 255, atol=1.5)


def test_deep_greys_keep_their_brightness_where_the_range_is_used() -> None:
    """A dark photograph of 12 bits stays dark; nothing is stretched that need not be."""
    values = (RAMP * 1500).astype(np.uint16)
    np.testing.assert_allclose(
        np.asarray(as_seen(Image.fromarray(values)))[..., 1], RAMP * 1500 / 4095 * 255, atol=1
    )


def test_values_that_are_none_are_black_or_white_and_negative_ones_shift_the_range() -> None:
    values = (RAMP * 2 - 1).astype(np.float32)
    np.testing.assert_allclose(
        np.asarray(as_seen(Image.fromarray(values)))[..., 0], RAMP * 255, atol=1
    )
    values = RAMP.astype(np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    seen = np.asarray(as_seen(Image.fromarray(values)))
    assert seen[0, :3, 0].tolist() == [0, 255, 0]
    assert (
        contrast(as_seen(Image.new("F", (3, 3)))) == contrast(as_seen(Image.new("I", (3, 3)))) == 0
    )


def test_a_picture_that_is_so_already_costs_nothing() -> None:
    image = Image.fromarray(upright())
    assert as_seen(image) is image
    assert contrast(image) == 220
