"""What stands in for slow parts in tests."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import EncodedImages


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


def real_features(shared_data: Path, name: str) -> tuple[Embeddings, Embeddings, dict[str, str]]:
    """Texts, images and each text's image of ``features/name.npz`` in the data for checks."""
    with np.load(shared_data / "features" / f"{name}.npz") as file:
        image, text, right = file["image"], file["text"], file["gt"]
    queries = Embeddings(np.array([f"a{i}" for i in range(len(text))]), unit(text))
    gallery = Embeddings(np.array([f"i{i}" for i in range(len(image))]), unit(image))
    return queries, gallery, {f"a{i}": f"i{j}" for i, j in enumerate(right.tolist())}


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
