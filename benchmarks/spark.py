"""Spark with two workers of one thread each, beside this process with two threads.

`embed` as the store does it, and `score`; a ViT-B-32 with random weights, minutes of work each.
What Spark takes first (its start, and each worker's libraries and model) is told apart.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import open_clip
import torch

from benchmarks.headlines import headlines
from benchmarks.images import SIZES, draw
from benchmarks.timing import Row, cost
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.store import EmbeddingStore
from newsimages.engine import LOCAL, Engine
from newsimages.ranking.revisions import DualSoftmax
from newsimages.ranking.spaces import Queries, View
from newsimages.retriever.folder import save_retriever
from newsimages.retriever.retriever import Retriever
from newsimages.retriever.scoring import Article, Asked, gather, score
from newsimages.spark import Spark

BACKBONE = "ViT-B-32"
N_FILES, N_IMAGES, N_ARTICLES, N_GALLERY = 256, 4096, 24_576, 10_000
N_FIRST = 513  # headlines that are embedded or scored at the start: two parts, one per worker
MASTER = "local[2,4]"
TITLE = View("clip", "title")
Work = Callable[[Engine, str, int], bytes]
"""Works on so many items in a folder of that name, 0 for a start; returns what came out."""


def run() -> list[Row]:
    """Each engine once per kind of work, after a start on a few items."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        torch.manual_seed(0)
        model = open_clip.create_model(BACKBONE, pretrained=None)
        torch.save(model.state_dict(), folder / "random.pt")
        config = OpenClipConfig(
            backbone=BACKBONE, pretrained=str(folder / "random.pt"), device="cpu", precision="fp32"
        )
        encoder = OpenClipEncoder(config)
        start = time.perf_counter()
        spark = Spark(MASTER)
        start_s = time.perf_counter() - start
        return [
            _row(f"embed: {N_IMAGES:,} images", _embed(encoder, folder), N_IMAGES, spark, start_s),
            _row(f"score: {N_ARTICLES:,} articles", _score(encoder, folder), N_ARTICLES, spark, 0),
        ]


def _row(name: str, work: Work, n: int, spark: Spark, start_s: float) -> Row:
    seconds: dict[str, float] = {}
    results: dict[str, bytes] = {}
    for engine, label in ((spark, "spark"), (LOCAL, "local")):
        before = time.perf_counter()
        work(engine, f"{label}-first", 0)
        if label == "spark":
            start_s += time.perf_counter() - before
        before = time.perf_counter()
        results[label] = work(engine, label, n)
        seconds[label] = time.perf_counter() - before
    same = results["spark"] == results["local"]
    words = f"{'the same' if same else 'other'} bits; {start_s:.0f} s to start"
    title = f"{name}, Spark {MASTER}, and this process"
    return cost(title, (seconds["spark"], seconds["local"]), 1.1, words, same)


def _embed(encoder: OpenClipEncoder, folder: Path) -> Work:
    paths = draw(folder / "pictures", N_FILES, SIZES)

    def work(engine: Engine, name: str, n: int) -> bytes:
        store = EmbeddingStore(folder=folder / name, encoder=encoder, engine=engine)
        if not n:
            first = dict(enumerate(headlines(N_FIRST)))
            store.texts({str(key): text for key, text in first.items()}, label="texts")
            return b""
        files = {f"{i:05d}": paths[i % N_FILES] for i in range(n)}
        return store.images(files, label="images")[0].vectors.tobytes()

    return work


def _score(encoder: OpenClipEncoder, folder: Path) -> Work:
    dimension = encoder.text_tower.dimension
    bank = _random("b", 500, dimension)
    retriever = Retriever(
        gallery={"clip": _random("i", N_GALLERY, dimension)},
        weights={TITLE: 1.0},
        revisions=(DualSoftmax(scale=50),),
    ).with_bank(Queries(views={TITLE: bank}, has_text=np.ones(len(bank), np.bool_)))
    save_retriever(folder / "retriever", retriever, {"clip": encoder}, sample=["Storm"])
    asked = Asked(folder=folder / "retriever")
    articles = [Article(f"{i:05d}", title, "") for i, title in enumerate(headlines(N_ARTICLES))]

    def work(engine: Engine, name: str, n: int) -> bytes:
        parts, _ = score(articles[: n or N_FIRST], asked, folder / f"parts-{name}", engine=engine)
        gather(parts, folder / f"{name}.parquet")
        return (folder / f"{name}.parquet").read_bytes()

    return work


def _random(letter: str, n: int, dimension: int) -> Embeddings:
    vectors = torch.nn.functional.normalize(torch.randn(n, dimension))
    return Embeddings(np.array([f"{letter}{i:06d}" for i in range(n)]), vectors.numpy())
