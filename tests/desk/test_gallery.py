"""A desk on a gallery that grows: what is said of its images, by what they are filtered, files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from newsimages.desk.answering import Desk
from newsimages.desk.app import application
from newsimages.desk.models import InProcess
from newsimages.desk.pictures import GalleryPictures
from newsimages.encoding.images import UnreadableImageError
from tests.desk.desks import (
    BANK,
    DIMENSION,
    HOSTILE,
    N_IMAGES,
    NAMES,
    draw,
    model,
    retriever,
    serving,
)
from tests.fakes import random_embeddings
from tests.mlproject.servers import PATIENCE_S

pytest.importorskip("lancedb", reason="galleries need lancedb (registry/requirements-gallery.txt)")

from newsimages.gallery.columns import Rows
from newsimages.gallery.listing import listing
from newsimages.gallery.snapshot import open_snapshot
from newsimages.gallery.table import Gallery
from newsimages.retriever.growing import on_snapshot
from newsimages.retriever.requests import Answers
from tests.gallery.rows import OLD

pytestmark = pytest.mark.extra
TITLE = "A storm reached the coast"
ASKED = {"title": TITLE, "top_k": 200}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("grown")


@pytest.fixture(scope="module")
def grown(folder: Path) -> InProcess:
    """On 40 images, of which something is said."""
    draw(folder / "pictures", NAMES)
    said = pd.DataFrame({"file": NAMES, "caption": [*HOSTILE, *["a flood"] * (N_IMAGES - 3)]})
    said["credit"] = ["dpa", *["Reuters"] * 9, *[""] * (N_IMAGES - 10)]
    said["rights"] = [*["free"] * 4, *["no archive"] * (N_IMAGES - 4)]
    said["date"] = [f"2026-01-{1 + number % 28:02d}" for number in range(N_IMAGES)]
    said.to_csv(folder / "said.csv", index=False)
    about = listing(folder / "pictures", folder / "said.csv").about
    vectors = random_embeddings("i", N_IMAGES, DIMENSION, 1).vectors
    gallery = Gallery.create(str(folder / "gallery"), OLD)
    gallery.add(Rows(about=about, vectors={"clip": vectors}), OLD)
    snapshot = open_snapshot(gallery.uri, cache=folder / "cache")
    bare = replace(retriever(NAMES), gallery={}, offsets=())
    pictures = GalleryPictures(snapshot=snapshot, roots=(folder / "pictures",))
    made = model(pictures, NAMES)
    made.loaded = made.loaded._replace(answers=Answers(on_snapshot(bare, snapshot, BANK)))
    return made


@pytest.fixture(scope="module")
def client(grown: InProcess) -> Iterator[TestClient]:
    app = application(Desk(grown, lambda _: None))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as own:
        yield own


def test_what_is_said_of_images_is_shown_and_filtered_by(client: TestClient) -> None:
    about = client.get("/api/about").json()
    assert about["fields"] == ["date", "rights", "credit", "caption"]
    assert about["rights"] == ["no archive", "free"]
    images = client.post("/api/ask", json=ASKED).json()["images"]
    by_id = {image["id"]: image for image in images}
    assert len(by_id) == N_IMAGES
    first = by_id["p00.jpg"]
    assert (first["caption"], first["credit"], first["rights"]) == (HOSTILE[0], "dpa", "free")
    assert first["date"] == "2026-01-01"

    def left(**wanted: object) -> list[str]:
        told = client.post("/api/ask", json={**ASKED, "filter": wanted}).json()
        return sorted(image["id"] for image in told["images"])

    assert left(credit="dpa") == ["p00.jpg"]
    assert left(rights=["free"]) == NAMES[:4]
    assert left(date_from="2026-01-02", date_to="2026-01-02") == ["p01.jpg", "p29.jpg"]
    assert left(caption="flood", credit="reuters") == NAMES[3:10]
    assert left(rights=[], credit="") == NAMES
    told = client.post("/api/ask", json={**ASKED, "filter": {"caption": "nowhere"}})
    assert told.status_code == 200
    assert told.json()["images"] == []
    assert "leaves none of the gallery's 40 images" in told.json()["nothing_left"]


def test_filters_of_the_page(browser: Browser, grown: InProcess) -> None:
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.on("console", lambda message: complaints.append(message.text))
    expect.set_options(timeout=1000 * PATIENCE_S)
    with serving(Desk(grown, lambda _: None)) as address:
        page.goto(address)
        page.fill("#title", TITLE)
        expect(page.locator(".tile")).to_have_count(24)
        page.fill("#credit", "Reuters")
        expect(page.locator(".tile")).to_have_count(9)
        assert "Reuters" in page.locator(".tile .about").first.inner_text()
        page.click("#rights-chosen")
        page.get_by_label("free").check()
        expect(page.locator(".tile")).to_have_count(3)
        expect(page.locator("#rights-chosen")).to_have_text("Rights: 1")
        page.keyboard.press("Escape")
        page.fill("#date-from", "2026-01-04")
        expect(page.locator(".tile")).to_have_count(1)
        expect(page.locator(".tile .about")).to_contain_text("4 Jan 2026 · free")
        page.fill("#caption", "nowhere")
        expect(page.locator("#verdict")).to_contain_text("No picture is left")
        expect(page.locator(".tile")).to_have_count(0)
        page.click("#clear-filter")
        expect(page.locator(".tile")).to_have_count(24)
        page.close()
    assert complaints == []


def test_a_file_is_the_one_that_was_indexed(
    client: TestClient, grown: InProcess, folder: Path
) -> None:
    def why_not(image_id: str) -> str:
        return str(client.get("/api/picture", params={"id": image_id}).json()["why_not"])

    assert why_not("p20.jpg") == ""
    assert why_not("nowhere.jpg") == "no such image in the gallery"
    own = folder / "pictures"
    (own / "p20.jpg").write_bytes((own / "p21.jpg").read_bytes())
    assert why_not("p20.jpg") == "the file has another content than when it was indexed"
    (own / "p20.jpg").unlink()
    assert why_not("p20.jpg") == "the file is gone"
    draw(folder / "other", ["p22.jpg", "p23.jpg"])
    assert isinstance(grown.pictures, GalleryPictures)
    both = replace(grown.pictures, roots=(folder / "other", own))
    assert both.path("p22.jpg") == own / "p22.jpg"
    none = replace(grown.pictures, roots=())
    with pytest.raises(UnreadableImageError, match="where the picture files are is not known"):
        none.path("p22.jpg")


def test_an_image_of_another_version_is_not_shown(grown: InProcess) -> None:
    assert isinstance(grown.pictures, GalleryPictures)
    snapshot = grown.pictures.snapshot
    live = np.array(snapshot.live)
    live[list(snapshot.ids).index("p30.jpg")] = False
    older = replace(grown.pictures, snapshot=replace(snapshot, live=live))
    assert older.said("p31.jpg").caption == "a flood"
    assert older.said("p30.jpg").caption == ""
    with pytest.raises(UnreadableImageError, match="no such image"):
        older.path("p30.jpg")
