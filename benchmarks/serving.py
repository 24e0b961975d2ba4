"""The retriever beside its text tower alone, and its loading beside the full openCLIP model.

Towers are of a real size with untrained weights, which changes neither time nor memory.
"""

import json
import tempfile
import time
from pathlib import Path

import numpy as np
import open_clip
import torch
from safetensors.torch import save_file

from benchmarks.headlines import headlines
from benchmarks.timing import Row, best_of, cost, gain
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.model_files import LOCAL
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.revisions import DualSoftmax
from newsimages.ranking.spaces import Queries, TextField, View, Weights
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.folder import GALLERY as GALLERY_FOLDER
from newsimages.retriever.folder import load_retriever, save_retriever
from newsimages.retriever.retriever import Retriever
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.towers import Networks, txv_gallery, txv_queries

GALLERY, BANK, BATCH = 10_000, 2_000, 1_500
REVISION = DualSoftmax(scale=50)
TITLE = View("clip", "title")
BACKBONE = "ViT-H-14"
MEGABYTE = 1 << 20


def run() -> list[Row]:
    """One headline, many headlines, and loading; for the demo's tower and the paper's."""
    demo = OpenClipEncoder(OpenClipConfig(backbone="demo", pretrained="demo", device="cpu"))
    rows = [_one_more(demo)]
    with tempfile.TemporaryDirectory() as folder:
        large, full_s = _large(Path(folder))
        rows += [_loading(large, full_s), _one(large), _one_fused(large), _many(large)]
    return rows


def _large(folder: Path) -> tuple[OpenClipEncoder, float]:
    """An encoder of the paper's size, and the seconds that creating it takes."""
    config = {"model_cfg": open_clip.get_model_config(BACKBONE)}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    model = open_clip.create_model(BACKBONE, pretrained=None, precision="bf16")
    weights = {name: weight.contiguous() for name, weight in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    del model, weights
    start = time.perf_counter()
    encoder = OpenClipEncoder(
        OpenClipConfig(
            backbone=f"{LOCAL}{folder}", pretrained="", precision="bf16", device="cpu", workers=0
        )
    )
    return encoder, time.perf_counter() - start


def _loading(encoder: OpenClipEncoder, full_s: float) -> Row:
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "retriever"
        save_retriever(folder, _retriever(encoder), {"clip": encoder}, sample=list(headlines(8)))
        files = [path for path in folder.rglob("*") if path.is_file()]
        served = [path for path in files if path.parent.name != GALLERY_FOLDER]
        size_mb = sum(path.stat().st_size for path in served) / MEGABYTE
        (ours_s,) = best_of(2, lambda: load_retriever(folder))
    return gain(
        f"loading a served {BACKBONE}, and creating the full model",
        (ours_s, full_s),
        5,
        f"{size_mb:.0f} MB without the gallery (≤ 800)",
        size_mb <= 800,
    )


def _one(encoder: OpenClipEncoder) -> Row:
    ours_s, tower_s = _times(encoder)
    name = f"one headline, {GALLERY:,} images, {BACKBONE}, and its text tower alone"
    return cost(name, (ours_s, tower_s), 1.3, f"{1000 * (ours_s - tower_s):.1f} ms more", True)


def _one_more(encoder: OpenClipEncoder) -> Row:
    ours_s, tower_s = _times(encoder)
    more_ms = 1000 * (ours_s - tower_s)
    name = f"one headline, {GALLERY:,} images, the demo's tower, and the tower alone"
    return cost(name, (ours_s, tower_s), 100, f"{more_ms:.1f} ms more (≤ 10)", more_ms <= 10)


def _many(encoder: OpenClipEncoder) -> Row:
    retriever, titles = _retriever(encoder), list(headlines(BATCH))
    texts = {str(number): title for number, title in enumerate(titles)}
    ours_s, tower_s = best_of(
        1, lambda: retriever.retrieve(texts), lambda: encoder.encode_texts(titles)
    )
    name = f"{BATCH:,} headlines at once, {BACKBONE}, and encoding them alone"
    return cost(name, (ours_s, tower_s), 1.1, f"{BATCH / ours_s:.0f} a second", True)


def _one_fused(encoder: OpenClipEncoder) -> Row:
    """An article in six views: two towers of the paper's size, and T×V on one of them."""
    dimension = encoder.text_tower.dimension
    shape = NetworkConfig(text_dimensions=(dimension,), image_dimensions=(dimension,))
    networks: Networks = {"txv": TxVNetwork(shape).eval(), "txv_text": TxVNetwork(shape).eval()}
    fields: tuple[TextField, TextField] = ("title", "text")
    own = [View(tower, field) for tower in ("clip", "multilingual") for field in fields]
    weights = dict.fromkeys([*own, View("txv", "title"), View("txv_text", "text")], 1 / 6)
    bank = Queries(
        views={view: _random(encoder, "b", BANK) for view in own},
        has_text=np.ones(BANK, np.bool_),
    )
    images, others = (_random(encoder, "i", GALLERY) for _ in range(2))
    retriever = Retriever(
        gallery={"clip": images, "multilingual": others, **txv_gallery(images, networks)},
        weights=weights,
        revisions=(REVISION,),
        confidences={REVISION.name: Confidence(temperature=0.5, nothing=-3)},
        networks=networks,
        encode=ArticleEncoder(
            towers={"clip": encoder.text_tower, "multilingual": encoder.text_tower},
            networks=networks,
            weights=weights,
        ),
    ).with_bank(txv_queries(bank, networks))
    title, text = headlines(2)
    ours_s, towers_s = best_of(
        7,
        lambda: retriever.retrieve({"a": title}, {"a": text}),
        lambda: [encoder.encode_texts([each]) for each in (title, text, title, text)],
    )
    name = f"one article in six views, {GALLERY:,} images, two {BACKBONE}, and its towers alone"
    return cost(name, (ours_s, towers_s), 1.3, f"{1000 * (ours_s - towers_s):.1f} ms more", True)


def _times(encoder: OpenClipEncoder) -> tuple[float, float]:
    retriever = _retriever(encoder)
    [title] = headlines(1)
    ours_s, tower_s = best_of(
        15, lambda: retriever.retrieve({"a": title}), lambda: encoder.encode_texts([title])
    )
    return ours_s, tower_s


def _retriever(encoder: OpenClipEncoder) -> Retriever:
    weights: Weights = {TITLE: 1.0}
    bank = _random(encoder, "b", BANK)
    return Retriever(
        gallery={"clip": _random(encoder, "i", GALLERY)},
        weights=weights,
        revisions=(REVISION,),
        confidences={REVISION.name: Confidence(temperature=0.5, nothing=-3)},
        encode=ArticleEncoder(towers={"clip": encoder.text_tower}, weights=weights),
    ).with_bank(Queries(views={TITLE: bank}, has_text=np.ones(BANK, np.bool_)))


def _random(encoder: OpenClipEncoder, letter: str, n: int) -> Embeddings:
    vectors = torch.nn.functional.normalize(torch.randn(n, encoder.text_tower.dimension))
    return Embeddings(np.array([f"{letter}{i:06d}" for i in range(n)]), vectors.numpy())
