"""What stands in for slow parts in tests."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.corpora.parts import Split
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import EncodedImages
from newsimages.protocols.embedded import EmbeddedSet, TowerVectors
from newsimages.ranking.ranking import Ranking
from newsimages.ranking.spaces import Queries, Space, Tower, View


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """The rows at length 1."""
    rows: NDArray[np.float32] = np.asarray(
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32
    )
    return rows


def random_embeddings(prefix: str, n: int, dimension: int, seed: int) -> Embeddings:
    """N unit vectors with ids ``prefix00000`` and so on."""
    vectors = unit(np.random.default_rng(seed).normal(size=(n, dimension)))
    return Embeddings(np.array([f"{prefix}{i:05d}" for i in range(n)]), vectors)


def renamed(embeddings: Embeddings, ids: NDArray[np.str_]) -> Embeddings:
    """The same vectors under other ids."""
    return Embeddings(ids, embeddings.vectors)


def random_space(n_articles: int, n_images: int, dimension: int, seed: int = 0) -> Space:
    """Articles ``a00000``, … and images ``i00000``, … that have nothing to do with each other."""
    queries = random_embeddings("a", n_articles, dimension, seed)
    return Space.of(queries, random_embeddings("i", n_images, dimension, seed + 1))


def queries_of(views: Mapping[View, Embeddings], *, without_text: Sequence[str] = ()) -> Queries:
    """Queries of which all but these articles have a text."""
    ids = next(iter(views.values())).ids
    return Queries(views=views, has_text=~np.isin(ids, without_text))


def assert_same_bits(
    actual: Ranking, expected: Ranking, rows: slice | NDArray[np.int64] = slice(None)
) -> None:
    """The lists of ``actual`` are the ``rows`` of the expected ones."""
    np.testing.assert_array_equal(actual.article_ids, expected.article_ids[rows])
    np.testing.assert_array_equal(actual.image_ids, expected.image_ids[rows])
    np.testing.assert_array_equal(actual.scores, expected.scores[rows])
    np.testing.assert_array_equal(actual.similarities, expected.similarities[rows])
    for ours, theirs in (
        (actual.confidences, expected.confidences), (actual.none_fits, expected.none_fits)
    ):  # fmt: skip
        if theirs is not None:  # as it is where no confidence was given
            assert ours is not None
            np.testing.assert_array_equal(ours, theirs[rows])


def embedded_set(
    name: str, split: Split, seed: int, n: int = 60, *, towers: Sequence[Tower] = ("clip",)
) -> EmbeddedSet:
    """N articles with an image of their own each, in towers of 8, 12, … dimensions."""
    ids = np.array([f"{split}{i}" for i in range(n)])
    image_ids = np.array([f"{i}.jpg" for i in range(n)])  # the same names in every data set
    articles = pd.DataFrame(
        {
            "article_id": ids,
            "title": [f"{name} {split} {i}" for i in range(n)],
            "title_en": [f"{name} {split} {i} in English" for i in range(n)],
            "text_en": [f"What {name} says on {i}." for i in range(n)],
            "image_id": image_ids,
            "date": pd.date_range("2022-01-01", periods=n)[::-1],
        }
    )
    vectors: dict[Tower, TowerVectors] = {}
    for number, tower in enumerate(towers):
        drawn = random_embeddings("x", 3 * n, 8 + 4 * number, seed + 1000 * number).vectors
        vectors[tower] = TowerVectors(
            queries={
                "title": Embeddings(ids, drawn[:n]),
                "text": Embeddings(ids, drawn[n : 2 * n]),
            },
            images=Embeddings(image_ids, drawn[2 * n :]),
        )
    return EmbeddedSet(
        name=name,
        split=split,
        articles=articles,
        towers=vectors,
        miniatures=vectors["clip"].images,
        files={},
    )


def real_features(shared_data: Path, name: str) -> tuple[Embeddings, Embeddings, dict[str, str]]:
    """Texts, images and each text's image of ``features/name.npz`` in the data for checks."""
    with np.load(shared_data / "features" / f"{name}.npz") as file:
        image, text, right = file["image"], file["text"], file["gt"]
    queries = Embeddings(np.array([f"a{i}" for i in range(len(text))]), unit(text))
    gallery = Embeddings(np.array([f"i{i}" for i in range(len(image))]), unit(image))
    return queries, gallery, {f"a{i}": f"i{j}" for i, j in enumerate(right.tolist())}


class FakeTower:
    """A text tower whose vectors are those of a `FakeEncoder`; its context never ends."""

    def __init__(self, encoder: "FakeEncoder") -> None:
        self.encode = encoder.encode_texts

    def fills_context(self, text: str) -> bool:
        return False


class FakeEncoder:
    """An `Encoder` whose vectors are drawn with the content's hash as the seed."""

    def __init__(self, *, key: str = "k" * 16, dimension: int = 8) -> None:
        self.key, self.name, self.dimension = key, "fake", dimension
        self.encoded: list[str] = []
        """Every text or file name that was encoded, in order."""

    def _vector(self, content: bytes) -> NDArray[np.float32]:
        seed = int.from_bytes(hashlib.sha256(content).digest()[:8])
        vector: NDArray[np.float32] = unit(
            np.random.default_rng(seed).normal(size=(1, self.dimension))
        )[0]
        return vector

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += texts
        return np.stack([self._vector(text.encode()) for text in texts])

    def encode_images(self, batches: Sequence[Sequence[Path]]) -> Iterator[EncodedImages]:
        for batch in batches:
            self.encoded += [path.name for path in batch]
            reasons = tuple(None if path.is_file() else "no such file" for path in batch)
            read = [self._vector(path.read_bytes()) for path in batch if path.is_file()]
            vectors = np.stack(read) if read else np.empty((0, self.dimension), np.float32)
            yield EncodedImages(vectors=vectors, reasons=reasons)
