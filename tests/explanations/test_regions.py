"""Heat maps of real towers over pictures whose bright spots are known."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.window import Window
from newsimages.errors import NewsImagesError
from newsimages.explanations.regions import LONG_SIDE, Regions, laid_over
from newsimages.ranking.revisions import PLAIN
from newsimages.ranking.spaces import Gallery, Queries, View
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
