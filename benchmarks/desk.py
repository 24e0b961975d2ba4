"""The picture desk in a browser: how long after the last key its first pictures are there.

On the demo's registered model, where a desk is open on it, and on a million drawn images with the
demo's text tower: `PYTHONPATH=src python benchmarks/desk.py [http://127.0.0.1:5002]`. It needs
Chromium, and 5 GB of memory; nothing else should run beside it.
"""

import shutil
import socket
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from newsimages.desk.answering import Desk
from newsimages.desk.app import application
from newsimages.desk.models import InProcess, Loaded
from newsimages.desk.pictures import ListedPictures
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.revisions import DualSoftmax
from newsimages.ranking.spaces import View
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.requests import Answers
from newsimages.retriever.retriever import Retriever

N_IMAGES, BANK, N_HEADLINES, FIRST = 1_000_000, 100, 50, 8
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WORDS = [
    "storm",
    "flood",
    "fire",
    "crash",
    "protest",
    "tractors",
    "buses",
    "harbour",
    "village",
    "winter",
    "city",
    "train",
]
LAST_KEY = """
([title, first]) => new Promise((resolve) => {
  const [grid, input] = [document.getElementById('grid'), document.getElementById('title')];
  let start = 0;
  new MutationObserver(async (_, observer) => {
    observer.disconnect();
    const pictures = [...grid.querySelectorAll('img')].slice(0, first);
    await Promise.all(pictures.map((picture) => picture.decode().catch(() => {})));
    requestAnimationFrame(() => resolve(performance.now() - start));
  }).observe(grid, { childList: true });
  start = performance.now();
  input.value = title;
  input.dispatchEvent(new Event('input', { bubbles: true }));
})
"""
"""From the last key to the frame in which the first pictures are shown, in milliseconds."""


def headlines(n: int) -> list[str]:
    """Headlines of six words, no two alike."""
    draw = np.random.default_rng(0)
    return [" ".join(draw.choice(WORDS, 6)) + f" {number}" for number in range(n)]


def measured(page: Page, address: str) -> Sequence[float]:
    """Milliseconds, for each of `N_HEADLINES`."""
    page.goto(address)
    expect(page.locator("#model")).not_to_be_empty()
    times = [page.evaluate(LAST_KEY, [each, FIRST]) for each in headlines(N_HEADLINES + 3)]
    return times[3:]  # without what is only made when it is first needed


def million(folder: Path) -> Desk:
    """A desk on drawn vectors under the demo's text tower, with one picture for all."""
    tower = OpenClipEncoder(OpenClipConfig(backbone="demo", pretrained="demo")).text_tower
    view = View("clip", "title")
    ids = np.array([f"i{number:07d}.jpg" for number in range(N_IMAGES)])
    vectors = np.random.default_rng(1).standard_normal((N_IMAGES, tower.dimension), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    retriever = Retriever(
        gallery={"clip": Embeddings(ids, vectors)},
        weights={view: 1.0},
        revisions=(DualSoftmax(scale=20),),
        confidences={"dual_softmax": Confidence(temperature=1, nothing=0)},
        encode=ArticleEncoder(towers={"clip": tower}, weights={view: 1.0}),
    )
    bank = retriever.queries({each: each for each in headlines(BANK)})
    Image.new("RGB", (640, 480), "grey").save(folder / "picture.jpg")
    files = dict.fromkeys(ids.tolist(), folder / "picture.jpg")
    loaded = Loaded(Answers(retriever.with_bank(bank)), ListedPictures(root=folder, files=files))
    return Desk(InProcess(name="million", version="", loaded=loaded), lambda _: None)


@contextmanager
def serving(desk: Desk) -> Iterator[str]:
    """The address of a desk in a thread of this process."""
    server = uvicorn.Server(uvicorn.Config(application(desk), log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        own = {"sockets": [listening]}
        thread = threading.Thread(target=server.run, kwargs=own, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)


def main(addresses: Sequence[str]) -> None:
    """Prints the medians."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, BROWSERS)), None),
            args=["--no-sandbox"],
        )
        page = browser.new_page(viewport={"width": 1400, "height": 900})

        def report(name: str, address: str) -> None:
            times = measured(page, address)
            print(f"{name}: median {statistics.median(times):.0f} ms, longest {max(times):.0f} ms")

        for address in addresses:
            report(address, address)
        with serving(million(Path(folder))) as address:
            report(f"{N_IMAGES:,} images", address)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
