"""Heat maps of real towers over pictures whose bright spots are known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from open_clip.transform import image_transform
from PIL import ExifTags, Image

from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.window import WHOLE, Window, after_step
from newsimages.errors import NewsImagesError
from newsimages.explanations.regions import LONG_SIDE, Method, Regions, laid_over
from newsimages.ranking.revisions import PLAIN
from newsimages.ranking.spaces import Gallery, Queries, Tower, View
from newsimages.retriever.retriever import Retriever
from tests.fakes import queries_of

CLIP = View("clip", "title")


@pytest.fixture(scope="module")
def encoder() -> OpenClipEncoder:
    return OpenClipEncoder(OpenClipConfig(backbone="demo", device="cpu", precision="fp32"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A red disc in the right upper quarter of a wide blue picture."""
    rows, columns = np.mgrid[:240, :320]
    disc = (rows - 60) ** 2 + (columns - 220) ** 2 < 40**2
    picture = np.where(disc[..., None], (220, 30, 30), (40, 80, 160)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def asked(encoder: OpenClipEncoder, title: str) -> Queries:
    return queries_of({CLIP: Embeddings(np.array(["a"]), encoder.encode_texts([title]))})


def retriever_of(encoder: OpenClipEncoder, **files: Path) -> Retriever:
    """A retriever of CLIP alone on these files."""
    (answer,) = encoder.encode_images([list(files.values())])
    gallery: Gallery = {"clip": Embeddings(np.array(list(files)), answer.vectors)}
    return Retriever(gallery=gallery, weights={CLIP: 1.0}, revisions=(PLAIN,))


def test_a_map_covers_the_whole_picture(encoder: OpenClipEncoder, photo: Path) -> None:
    regions = Regions({"clip": encoder}, retriever_of(encoder, photo=photo))
    for method in ("gradient", "occlusion"):
        heat = regions.heat_map(asked(encoder, "a red car"), photo, image_id="photo", method=method)
        assert heat.values.shape == (LONG_SIDE * 3 // 4, LONG_SIDE)
        assert heat.values.dtype == np.float32
        margin = LONG_SIDE // 8  # the tower sees the middle square, to a pixel of its own
        assert not heat.values[:, : margin - 3].any()
        assert heat.values[:, margin + 3 : -margin - 3].any(axis=0).all()


def test_a_changed_file_is_refused(encoder: OpenClipEncoder, photo: Path) -> None:
    regions = Regions({"clip": encoder}, retriever_of(encoder, photo=photo))
    Image.new("RGB", (100, 100), "green").save(photo)
    with pytest.raises(NewsImagesError, match="photo has changed since it was embedded"):
        regions.heat_map(asked(encoder, "a red car"), photo, image_id="photo")


def test_a_missing_file_is_refused(encoder: OpenClipEncoder, photo: Path, tmp_path: Path) -> None:
    regions = Regions({"clip": encoder}, retriever_of(encoder, photo=photo))
    with pytest.raises(NewsImagesError, match=r"gone\.png cannot be read .*no such file"):
        regions.heat_map(asked(encoder, "a red car"), tmp_path / "gone.png")


def test_cells_are_laid_where_the_tower_looks() -> None:
    cells = np.zeros((2, 2), np.float32)
    cells[0, 1] = 3
    laid = laid_over(cells, Window(0.25, 0, 0.75, 1), (100, 200))
    assert np.unravel_index(laid.argmax(), laid.shape)[1] in range(125, 150)
    assert not laid[:, :50].any()
    assert not laid[:, 150:].any()
    assert laid.mean() == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize("method", ["gradient", "occlusion"])
@pytest.mark.parametrize("size", [(1, 1), (400, 5), (3, 290)])
def test_tiny_pictures_and_strips_have_maps(
    encoder: OpenClipEncoder, tmp_path: Path, size: tuple[int, int], method: Method
) -> None:
    path = tmp_path / "strip.png"
    drawn = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(drawn).save(path)
    regions = Regions({"clip": encoder}, retriever_of(encoder, strip=path), cells=3)
    heat = regions.heat_map(asked(encoder, "a red car"), path, image_id="strip", method=method)
    assert max(heat.values.shape) == LONG_SIDE
    assert min(heat.values.shape) == max(1, round(LONG_SIDE * min(size) / max(size)))
    assert np.isfinite(heat.values).all()
    assert heat.values.any()


def test_a_picture_that_a_phone_wrote_sideways_has_the_upright_ones_map(
    encoder: OpenClipEncoder, photo: Path, tmp_path: Path
) -> None:
    turned = Image.open(photo).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned clockwise
    turned.save(tmp_path / "phone.png", exif=exif)
    regions = Regions({"clip": encoder}, retriever_of(encoder, photo=photo))
    query = asked(encoder, "a red car")
    upright = regions.heat_map(query, photo, image_id="photo")
    sideways = regions.heat_map(query, tmp_path / "phone.png", image_id="photo")
    np.testing.assert_array_equal(sideways.values, upright.values)


@pytest.mark.parametrize(
    ("mode", "size", "expected"),
    [
        ("shortest", (320, 240), Window(0.125, 0, 0.875, 1)),
        ("shortest", (100, 400), Window(0, 0.375, 1, 0.625)),
        ("longest", (320, 240), Window(0, -1 / 6, 1, 7 / 6)),
        ("squash", (320, 240), WHOLE),
    ],
)
def test_a_window_is_where_the_tower_looks(
    mode: str, size: tuple[int, int], expected: Window
) -> None:
    *steps, _, _ = image_transform(64, is_train=False, resize_mode=mode).transforms
    picture, window = Image.new("RGB", size), WHOLE
    for step in steps:
        before, picture = picture.size, step(picture)
        window = after_step(window, step, before, picture.size)
    assert picture.size == (64, 64)
    np.testing.assert_allclose(window, expected, atol=0.01)


def test_maps_of_two_towers_are_added(encoder: OpenClipEncoder, photo: Path) -> None:
    title, other = CLIP, View("multilingual", "title")
    (answer,) = encoder.encode_images([[photo]])
    images = Embeddings(np.array(["photo"]), answer.vectors)
    query = queries_of(
        {
            view: Embeddings(np.array(["a"]), encoder.encode_texts(["a red car"]))
            for view in (title, other)
        }
    )
    both: Gallery = {"clip": images, "multilingual": images}
    encoders: dict[Tower, OpenClipEncoder] = {"clip": encoder, "multilingual": encoder}
    maps = [
        Regions(
            encoders, Retriever(gallery=both, weights=weights, revisions=(PLAIN,))
        ).heat_map(query, photo, image_id="photo").values
        for weights in ({title: 1.0}, {other: 1.0}, {title: 0.25, other: 0.75})
    ]  # fmt: skip
    np.testing.assert_allclose(maps[1], maps[0], rtol=1e-5)
    np.testing.assert_allclose(maps[2], maps[0], rtol=1e-3, atol=1e-6)


def test_occlusion_says_what_the_score_loses(encoder: OpenClipEncoder, photo: Path) -> None:
    retriever = retriever_of(encoder, photo=photo)
    query = asked(encoder, "a red car")
    heat = Regions({"clip": encoder}, retriever, cells=1).heat_map(query, photo, method="occlusion")
    image = encoder.place_image(photo)
    grey = encoder.encode_pixels(torch.zeros_like(image.pixels)).numpy()
    asks = query.of(CLIP).vectors
    lost = retriever.gallery["clip"].vectors @ asks.T - grey @ asks.T
    assert heat.values.mean() == pytest.approx(lost.item(), rel=0.02)


def test_what_cannot_be_drawn_is_refused(encoder: OpenClipEncoder, photo: Path) -> None:
    retriever = retriever_of(encoder, photo=photo)
    regions, query = Regions({"clip": encoder}, retriever), asked(encoder, "a red car")
    with pytest.raises(NewsImagesError, match="method is 'lime', expected gradient, occlusion"):
        regions.heat_map(query, photo, method="lime")  # type: ignore[arg-type]
    with pytest.raises(NewsImagesError, match="gallery has no image other"):
        regions.heat_map(query, photo, image_id="other")
    with pytest.raises(NewsImagesError, match="No encoder for clip"):
        Regions({}, retriever).heat_map(query, photo)
    with pytest.raises(NewsImagesError, match="cells=65, expected 1 to 64"):
        Regions({"clip": encoder}, retriever, cells=65).heat_map(query, photo, method="occlusion")
