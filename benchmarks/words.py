"""What each word of a headline adds, beside encoding as many headlines in one batch.

The tower is ViT-B-32's with random weights; the gallery has 1,000 random images, of which 100 are
explained.
"""

import numpy as np
import open_clip
import torch

from benchmarks.headlines import headlines
from benchmarks.timing import Row, cost, median_of
from newsimages.embeddings import Embeddings
from newsimages.encoding.text_tower import TextTower
from newsimages.explanations.words import added_by_parts
from newsimages.preprocessing.words import words_of
from newsimages.ranking.revisions import PLAIN
from newsimages.ranking.spaces import View
from newsimages.retriever.articles import ArticleEncoder
from newsimages.retriever.retriever import Retriever

BACKBONE = "ViT-B-32"
N_WORDS = 13
N_IMAGES, N_SHOWN = 1_000, 100
REPEATS = 9


def run() -> list[Row]:
    """Measures the words of one headline of 13 words and 14 headlines of 13 words, in turn."""
    torch.manual_seed(0)
    model = open_clip.create_model(BACKBONE, pretrained=None).eval()
    tower = TextTower(model, open_clip.get_tokenizer(BACKBONE))
    drawn = np.random.default_rng(0).normal(size=(N_IMAGES, tower.dimension))
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    images = Embeddings(np.array([f"i{n:04d}" for n in range(N_IMAGES)]), vectors)
    weights = {View("clip", "title"): 1.0}
    encoder = ArticleEncoder(towers={"clip": tower}, weights=weights)
    retriever = Retriever(
        gallery={"clip": images}, weights=weights, revisions=(PLAIN,), encode=encoder
    )
    long = [each for each in headlines(2_000) if len(words_of(each)) == N_WORDS]
    asked, batch = long[0], long[: N_WORDS + 1]
    rows = np.arange(N_SHOWN)
    added = added_by_parts(retriever, encoder, asked, "", rows)
    without = " ".join(asked.split()[1:])
    both = tower.encode([asked, without]).astype(np.float64)
    expected = vectors[rows].astype(np.float64) @ (both[0] - both[1])
    difference = float(np.abs(added.values[0] - expected).max())
    words_s, batch_s = median_of(
        REPEATS,
        lambda: added_by_parts(retriever, encoder, asked, "", rows),
        lambda: tower.encode(batch),
    )
    name = f"what {N_WORDS} words of a headline add to {N_SHOWN} images, beside {len(batch)}"
    told = f"difference {difference:.0e} (≤ 1e-12)"
    return [
        cost(
            f"{name} headlines encoded, {BACKBONE}",
            (words_s, batch_s),
            2,
            told,
            ok=difference <= 1e-12,
        )
    ]
