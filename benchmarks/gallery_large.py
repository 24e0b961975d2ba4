"""A million images in a gallery that grows: added, removed and asked through filters meanwhile.

Vectors and what is said of the images are drawn; encoding is left out. Every figure is measured in
a process of its own, beside which nothing else should run. It needs 12 GB of disk and 5 GB of
memory: `PYTHONPATH=src python benchmarks/gallery_large.py`.
"""

import hashlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.large import in_own_process
from benchmarks.timing import Row, cost
from newsimages.embeddings import Embeddings
from newsimages.gallery.columns import ABOUT, Rows, TowerModel
from newsimages.gallery.filters import Filter
from newsimages.gallery.snapshot import open_snapshot
from newsimages.gallery.table import Gallery
from newsimages.ranking.revisions import DualSoftmax
from newsimages.ranking.spaces import Queries, View
from newsimages.retriever.growing import on_snapshot
from newsimages.retriever.requests import Answers
from newsimages.retriever.retriever import Retriever

N_IMAGES, DIMENSION, BANK = 1_000_000, 512, 500
MORE, LESS = 10_000, 1_000
CLIENTS, REQUESTS = 8, 1_000
TITLE = View("clip", "title")
TOWERS = {
    "clip": TowerModel(
        backbone="drawn", pretrained="none", precision="fp32", key="0" * 64, dimension=DIMENSION
    )
}
FILTERS = (
    '{"caption": "word17"}',
    '{"rights": "free"}',
    '{"credit": "dpa", "date_from": "2025-01-01"}',
    '{"date_from": "2025-06-01", "date_to": "2025-06-30"}',
    '{"rights": ["free", "editorial"], "caption": "word5"}',
    "",
)
_STEP = 50_000


def run(n_images: int = N_IMAGES) -> list[Row]:
    """All rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = in_own_process(build, folder, n_images)
        print(f"{n_images:,} images added in {seconds:.0f} s", flush=True)
        fetched, opened, private = (*in_own_process(fetch, folder), *in_own_process(opens, folder))
        print(
            f"fetched, with offsets over {BANK} headlines, in {fetched:.0f} s",
            flush=True,
        )
        rows = [cost("opened again, cold process", (opened, 5.0), 1, f"{private:.0f} MiB", True)]
        rows += in_own_process(filters, folder)
        return rows + in_own_process(served, folder)


def drawn(start: int, stop: int, prefix: str = "i") -> Rows:
    """Images and what is said of them."""
    generator = np.random.default_rng(start)
    n_rows = stop - start
    vectors = generator.standard_normal((n_rows, DIMENSION), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = generator.integers(0, 2000, (n_rows, 10)).tolist()
    numbers = generator.integers(0, 3000, n_rows).tolist()
    ids = [f"{prefix}{number:07d}" for number in range(start, stop)]
    about = {
        "image_id": ids,
        "file": [f"{each}.jpg" for each in ids],
        "sha256": [hashlib.sha256(each.encode()).hexdigest() for each in ids],
        "caption": [" ".join(f"word{word}" for word in row) for row in words],
        "credit": [f"{('dpa', 'Reuters', 'AP')[n % 3]} / Photographer {n}" for n in numbers],
        "rights": [("free", "editorial", "managed")[n % 3] for n in numbers],
        "date": [datetime(2020, 1, 1) + timedelta(days=n) for n in numbers],
    }
    return Rows(about=pa.table(about, schema=ABOUT), vectors={"clip": vectors})


def build(folder: Path, n_images: int) -> float:
    """Adds all images; the seconds without drawing them."""
    gallery, seconds = Gallery.create(str(folder / "gallery"), TOWERS), 0.0
    for start in range(0, n_images, _STEP):
        rows = drawn(start, min(start + _STEP, n_images))
        begin = time.perf_counter()
        gallery.add(rows, TOWERS)
        seconds += time.perf_counter() - begin
    return seconds


def encoded(titles: Mapping[str, str], texts: Mapping[str, str]) -> Queries:
    """Vectors that follow from the titles."""
    del texts
    seeds = [hashlib.sha256(title.encode()).digest()[:8] for title in titles.values()]
    vectors = [
        np.random.default_rng(int.from_bytes(seed)).standard_normal(DIMENSION) for seed in seeds
    ]
    unit = np.array([each / np.linalg.norm(each) for each in vectors], np.float32)
    views = {TITLE: Embeddings(np.array(list(titles)), unit)}
    return Queries(views=views, has_text=np.zeros(len(titles), np.bool_))


def retriever(folder: Path) -> Retriever:
    """The retriever on the newest version."""
    bank = encoded({f"b{number}": f"headline {number}" for number in range(BANK)}, {})
    bare = Retriever(
        gallery={}, weights={TITLE: 1.0}, revisions=(DualSoftmax(scale=20.0),), encode=encoded
    )
    snapshot = open_snapshot(str(folder / "gallery"), cache=folder / "cache")
    return on_snapshot(bare, snapshot, bank)


def fetch(folder: Path) -> tuple[float]:
    """Seconds until it can be asked for the first time on a machine."""
    begin = time.perf_counter()
    retriever(folder)
    return (time.perf_counter() - begin,)


def opens(folder: Path) -> tuple[float, float]:
    """Seconds until it has answered for the first time in a process, and MiB of its own."""
    begin = time.perf_counter()
    Answers(retriever(folder))(pd.DataFrame({"title": ["a storm"]}))
    return time.perf_counter() - begin, private_mib()


def private_mib() -> float:
    """Memory that is the process's alone and in no file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("RssAnon:")]
    return int(line.split()[1]) / 1024


def filters(folder: Path) -> list[Row]:
    """How long each kind of filter takes, when it is asked for the first time."""
    snapshot = open_snapshot(str(folder / "gallery"), cache=folder / "cache")
    snapshot.rows_of(Filter.of('{"caption": "word1"}'))  # the pages are there
    rows = []
    for said, most in zip(FILTERS, (0.15, 0.02, 0.02, 0.02, 0.15), strict=False):
        begin = time.perf_counter()
        left = np.count_nonzero(snapshot.rows_of(Filter.of(said)))
        seconds = time.perf_counter() - begin
        rows.append(cost(f"filter {said}", (seconds, most), 1, f"leaves {left:,}", True))
    return rows


def served(folder: Path) -> list[Row]:
    """Clients with filters, while images are added and removed."""
    answers = Answers(retriever(folder))
    failed: list[str] = []
    waits: list[float] = []

    def ask(client: int) -> None:
        for number in range(client, REQUESTS, CLIENTS):
            asked = pd.DataFrame({"title": [f"headline of {number}"]})
            begin = time.perf_counter()
            try:
                said = FILTERS[number % len(FILTERS)]
                [listed] = answers(asked, {"filter": said})["image_ids"]
                if len(listed) != 100:
                    failed.append(f"{len(listed)} images")
            except Exception as error:  # noqa: BLE001 - all that is not an answer is counted
                failed.append(str(error))
            waits.append(time.perf_counter() - begin)

    for said in FILTERS:  # what is made once is made
        answers(pd.DataFrame({"title": ["first"]}), {"filter": said})
    before = private_mib()
    clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    begin = time.perf_counter()
    for client in clients:
        client.start()
    added, removed = in_own_process(changes, folder)
    for client in clients:
        client.join()
    seconds, after = time.perf_counter() - begin, private_mib()
    told = (
        f"{len(waits) - len(failed)} of {REQUESTS} answered in {seconds:.0f} s, median "
        f"{np.median(waits):.2f} s, {before:.0f} → {after:.0f} MiB"
    )
    return [
        cost(
            f"{MORE:,} images added, queries meanwhile", (sum(added), 60.0), 1, _parts(added), True
        ),
        cost(f"{LESS:,} removed, queries meanwhile", (removed[0], 5.0), 1, _parts(removed), True),
        cost("memory after the requests", (after, before), 1.1, told, not failed),
    ]


def _parts(seconds: tuple[float, float]) -> str:
    return f"{seconds[0]:.1f} s, and {seconds[1]:.1f} s until another process had it opened"


def changes(folder: Path) -> tuple[tuple[float, float], tuple[float, float]]:
    """Seconds of adding and of opening what came of it, and of removing likewise."""
    gallery = Gallery.open(str(folder / "gallery"))
    rows, timed = drawn(0, MORE, "new"), []
    gone = [f"i{number:07d}" for number in range(0, 100 * LESS, 100)]
    for adds in (True, False):
        begin = time.perf_counter()
        if adds:
            gallery.add(rows, TOWERS)
        else:
            gallery.remove(gone)
        done = time.perf_counter()
        retriever(folder)
        timed.append((round(done - begin, 2), round(time.perf_counter() - done, 2)))
    return timed[0], timed[1]


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    for row in run(int(sys.argv[1]) if len(sys.argv) > 1 else N_IMAGES):
        print(row, flush=True)
