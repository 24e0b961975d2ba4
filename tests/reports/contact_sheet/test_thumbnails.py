"""Thumbnails: small, upright, without metadata, and a reason for each that cannot be."""

import base64
import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from newsimages.reports.contact_sheet.thumbnails import estimated_bytes, make_thumbnails


def decoded(picture: str | None) -> Image.Image:
    assert picture is not None
    return Image.open(io.BytesIO(base64.b64decode(picture)))


def test_sizes_order_and_reasons(tmp_path: Path) -> None:
    sizes = {"wide": (640, 320), "tall": (100, 400), "small": (20, 10)}
    for name, size in sizes.items():
        Image.new("RGB", size, (200, 30, 30)).save(tmp_path / f"{name}.png")
    (tmp_path / "text.jpg").write_text("no picture")
    names = ("wide.png", "lost.jpg", "tall.png", "text.jpg", "small.png")
    made = make_thumbnails([tmp_path / name for name in names] + [None], size=128)

    assert made.reasons == (None, "no such file", None, "not an image", None, "no image file")
    assert [decoded(p).size for p in made.pictures if p] == [(128, 64), (32, 128), (20, 10)]
    assert [p is None for p in made.pictures] == [reason is not None for reason in made.reasons]
    assert decoded(made.pictures[0]).format == "WEBP"


def test_turned_upright_and_without_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = "where it was taken"
    image = Image.new("RGB", (400, 200))
    image.save(tmp_path / "a.jpg", exif=exif, icc_profile=b"profile" * 1000)
    made = make_thumbnails([tmp_path / "a.jpg"], size=96)
    shown = decoded(made.pictures[0])
    assert shown.size == (48, 96)
    assert len(shown.getexif()) == 0
    assert "icc_profile" not in shown.info
    assert len(made.pictures[0] or "") < 1000


def test_a_damaged_exif_block_is_no_crash(tmp_path: Path) -> None:
    Image.new("RGB", (40, 20)).save(
        tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\xff\xff" + b"\xff" * 9
    )
    made = make_thumbnails([tmp_path / "a.jpg"], size=96)
    assert (made.pictures[0] is None) == (made.reasons[0] is not None)


def test_estimate_is_near_what_comes_out(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    paths = []
    for number in range(150):
        pixels = generator.integers(0, 256, (12, 16, 3), np.uint8)
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(pixels).resize((200, 150)).save(paths[-1], compress_level=1)
    made = make_thumbnails(paths, size=96)
    assert estimated_bytes(paths, size=96) == pytest.approx(made.n_bytes, rel=0.05)
    assert estimated_bytes([], size=96) == 0


def test_warning_filters_are_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsimages.reports.contact_sheet.thumbnails.WORKERS", 8)
    Image.new("RGB", (40, 20)).save(tmp_path / "a.png")
    before = list(warnings.filters)
    make_thumbnails([tmp_path / "a.png"] * 200, size=96)
    assert list(warnings.filters) == before
