"""Small pairs of vectors that tests train on."""

import numpy as np

from newsimages.embeddings import Embeddings
from newsimages.txv.pairs import Pairs, pair_up
from tests.fakes import random_embeddings, unit


def fake_pairs(n: int, *, dimension: int = 8, seed: int = 0, per_image: int = 1) -> Pairs:
    """N texts whose images are a noisy rotation of them; ``per_image`` texts share an image."""
    texts = random_embeddings("t", n, dimension, seed)
    generator = np.random.default_rng(99)
    rotation = np.linalg.qr(generator.normal(size=(dimension, dimension)))[0]
    noise = np.random.default_rng(seed + 1).normal(size=(n, dimension)) * 0.2
    vectors = unit(texts.vectors @ rotation + noise)[::per_image]
    images = Embeddings(np.array([f"i{j:05d}" for j in range(len(vectors))]), vectors)
    image_of = {f"t{i:05d}": f"i{i // per_image:05d}" for i in range(n)}
    return pair_up([texts], [images], image_of)
