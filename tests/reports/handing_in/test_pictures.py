"""Image files of every kind become pictures of 460 × 260 pixels, and nothing is stretched."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from newsimages.reports.handing_in import pictures
from newsimages.reports.handing_in.crop import crop
from newsimages.reports.handing_in.picture import Made, make_picture
from newsimages.reports.handing_in.pictures import Source, make_pictures


def gradient(width: int, height: int) -> Image.Image:
    """Red grows to the right by the width's share, green downwards."""
    x = np.linspace(0, 255, width)[None, :].repeat(height, axis=0)
    y = np.linspace(0, 255, height)[:, None].repeat(width, axis=1)
    return Image.fromarray(np.stack([x, y, np.full_like(x, 90)], axis=2).round().astype(np.uint8))


def opened(made: Made) -> NDArray[np.uint8]:
    assert made.content is not None
    with Image.open(io.BytesIO(made.content)) as image:
        assert (image.format, image.mode, image.size, image.info) == ("PNG", "RGB", (460, 260), {})
        return np.asarray(image)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((920, 520), (0, 0, 920, 520)),
        ((1000, 260), (270, 0, 730, 260)),
        ((460, 1000), (0, 370, 460, 630)),
        ((100, 100), (0, (100 - 100 * 260 / 460) / 2, 100, (100 + 100 * 260 / 460) / 2)),
    ],
)
def test_without_a_map_the_middle_is_shown(
    size: tuple[int, int], expected: tuple[float, ...]
) -> None:
    assert crop(size) == pytest.approx(expected)


def brute_force(heat: NDArray[np.float64], size: tuple[int, int]) -> float:
    """The greatest sum over parts that begin at whole pixels, the map drawn out to the picture."""
    width, height = size
    drawn = heat.clip(0).repeat(width // heat.shape[1], axis=1).repeat(height // heat.shape[0], 0)
    left, top, right, bottom = crop(size)
    n_x, n_y = round(right - left), round(bottom - top)
    return max(
        float(drawn[y : y + n_y, x : x + n_x].sum())
        for x in range(width - n_x + 1)
        for y in range(height - n_y + 1)
    )


@pytest.mark.parametrize("size", [(1380, 260), (460, 780)])
def test_the_part_with_most_heat_is_shown(size: tuple[int, int]) -> None:
    generator = np.random.default_rng(3)
    for _ in range(5):
        heat = generator.normal(size=(13, 23))
        left, top, right, bottom = (round(each) for each in crop(size, heat))
        drawn = heat.clip(0).repeat(size[0] // 23, axis=1).repeat(size[1] // 13, axis=0)
        own = float(drawn[top:bottom, left:right].sum())
        assert own == pytest.approx(brute_force(heat, size), rel=0.01)


def test_what_speaks_for_a_picture_comes_into_the_middle_where_there_is_room() -> None:
    heat = np.full((4, 40), -1.0)
    heat[:, 25:27] = 2.0
    left, _, right, _ = crop((2600, 400), heat)
    assert (left + right) / 2 == pytest.approx(26 * 65, abs=1)
    heat[:, 25:27], heat[:, 39] = 0.0, 1.0
    assert crop((2600, 400), heat).right == pytest.approx(2600)


@pytest.mark.parametrize("heat", [np.zeros((3, 3)), np.full((3, 3), np.nan), -np.ones((2, 5))])
def test_a_map_without_heat_is_none(heat: NDArray[np.float64]) -> None:
    assert crop((1000, 260), heat) == crop((1000, 260))


@pytest.mark.parametrize("size", [(800, 600), (300, 900), (5, 4), (1, 1), (461, 260)])
def test_pictures_are_cropped_and_scaled_and_never_stretched(
    size: tuple[int, int], tmp_path: Path
) -> None:
    gradient(*size).save(tmp_path / "a.png")
    seen = opened(make_picture(tmp_path / "a.png")).astype(float)
    left, top, right, bottom = crop(size)
    assert (right - left) / (bottom - top) == pytest.approx(460 / 260)
    if min(size) > 100:  # a step in the picture is as many pixels to the right as downwards
        shown_x = (seen[130, 400, 0] - seen[130, 60, 0]) / 255 * size[0]
        shown_y = (seen[240, 230, 1] - seen[20, 230, 1]) / 255 * size[1]
        assert shown_x / 340 == pytest.approx(shown_y / 220, rel=0.03)


def test_pictures_are_upright_and_over_white(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    gradient(260, 460).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.jpg", exif=exif)
    seen = opened(make_picture(tmp_path / "a.jpg")).astype(int)
    assert seen[130, 440, 0] > seen[130, 20, 0] + 200
    Image.new("RGBA", (46, 26), (200, 0, 0, 0)).save(tmp_path / "b.png")
    assert (opened(make_picture(tmp_path / "b.png")) == 255).all()


def test_colours_of_a_profile_become_those_of_srgb(tmp_path: Path) -> None:
    wide = swapped_profile()
    Image.new("RGB", (46, 26), (255, 0, 0)).save(tmp_path / "a.jpg", icc_profile=wide, quality=95)
    made = make_picture(tmp_path / "a.jpg")
    red, green, _ = opened(made)[100, 100].astype(int)
    assert made.notice == ""
    assert green > 200 > red
    Image.new("L", (46, 26), 90).save(tmp_path / "b.png", icc_profile=b"none")
    odd = make_picture(tmp_path / "b.png")
    assert odd.notice.startswith("its colour profile cannot be used")
    assert (opened(odd) == 90).all()


def swapped_profile() -> bytes:
    """The profile sRGB with red and green exchanged: the same colours under other numbers."""
    own = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = own.find(b"rXYZ"), own.find(b"gXYZ")
    own[red : red + 4], own[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(own)


def test_workers_make_the_same_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "FEW", 2)
    for i in range(5):
        gradient(50 + i, 40).save(tmp_path / f"{i}.png")
    (tmp_path / "3.png").write_bytes(b"no picture")
    heat = np.array([[0.0, 0.0, 1.0]])
    sources = [Source(tmp_path / f"{i}.png", heat if i == 1 else None) for i in range(6)]
    alone = list(make_pictures(sources, total=6, workers=0, doing="pictures"))
    shared = list(make_pictures(iter(sources), total=6, workers=1, doing="pictures"))
    assert alone == shared
    assert [made.notice for made in alone[3:]] == ["not an image", "", "no such file"]
    assert len({made.content for made in alone}) == 5
