"""Miniatures: copies of a picture share theirs, other pictures do not."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from newsimages.encoding.miniature import SAME, MiniatureEncoder, miniature


def picture(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Soft colours at two scales."""
    generator = np.random.default_rng(seed)
    coarse, fine = (
        Image.fromarray(generator.integers(0, 256, (n, n, 3), dtype=np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        for n in (4, 20)
    )
    return Image.blend(coarse, fine, 0.3)


def saved(image: Image.Image, form: str, **options: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, form, **options)
    return Image.open(file).convert("RGB")


@pytest.mark.parametrize("seed", range(5))
def test_a_picture_saved_again_is_the_same(seed: int) -> None:
    image = picture(seed)
    half = image.resize((160, 120), Image.Resampling.LANCZOS)
    copies = [saved(image, "JPEG", quality=quality) for quality in (60, 75, 95)]
    copies += [saved(image, "WEBP", quality=80), saved(half, "JPEG", quality=85)]
    copies += [image.point(lambda value: value * 0.8 + 20)]
    for copy in copies:
        assert miniature(copy) @ miniature(image) >= SAME


def test_other_pictures_are_not() -> None:
    vectors = np.stack([miniature(picture(seed)) for seed in range(60)])
    products = vectors @ vectors.T
    np.testing.assert_allclose(np.diag(products), 1, atol=1e-5)
    assert products[~np.eye(60, dtype=bool)].max() < 0.9
    assert miniature(picture(0)) @ miniature(picture(0).transpose(Image.Transpose.ROTATE_180)) < 0.9


def test_one_colour_is_like_no_picture_of_several() -> None:
    plain = miniature(Image.new("RGB", (30, 20), (200, 200, 200)))
    assert plain.shape == (768,)
    assert plain @ plain == pytest.approx(1)
    assert plain @ miniature(Image.new("RGB", (40, 20), (200, 200, 200))) >= SAME
    assert plain @ miniature(picture(0)) == pytest.approx(0, abs=1e-5)


def test_files_are_read_in_batches_with_the_reasons_of_those_that_are_not(tmp_path: Path) -> None:
    picture(1).save(tmp_path / "a.jpg")
    picture(1).save(tmp_path / "b.png")
    (tmp_path / "c.jpg").write_bytes(b"text")
    paths = [tmp_path / name for name in ("a.jpg", "c.jpg", "b.png", "d.jpg")]
    one, other = MiniatureEncoder().encode_images([paths[:2], paths[2:]])
    assert one.reasons == (None, "not an image")
    assert other.reasons == (None, "no such file")
    assert one.vectors[0] @ other.vectors[0] >= SAME
