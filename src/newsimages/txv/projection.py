"""T×V in use: embeddings of a backbone in, embeddings of the joint spaces out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.txv.network import TxVNetwork
from newsimages.txv.pairs import check_features

ROWS = 64
"""Vectors per step. The kernel of a product, and so its rounding, depends on the number of rows:
every step has the same number, the last one being padded, so that a vector comes out with the same
bits alone and among others."""


def embed_texts(network: TxVNetwork, features: Sequence[Embeddings]) -> Embeddings:
    """Maps N texts into the joint spaces, in eval mode, on the network's device.

    Args:
        network: With |T| text features.
        features: Per text feature the embeddings of the same N texts; read in slices, so that
            their vectors may be memory-mapped.

    Returns:
        N vectors of length 1 with the texts' ids: the vectors of all S spaces side by side,
        divided by √S. Their cosine is the mean of the cosines over the spaces, which orders as
        the sum does.

    Raises:
        NewsImagesError: Another number of features, other dimensions or unequal ids.
    """
    check_dimensions("text", features, network.config.text_dimensions)
    check_features("text", features)
    return _embed(network, network.texts, features)


def embed_images(network: TxVNetwork, features: Sequence[Embeddings]) -> Embeddings:
    """Maps N images into the joint spaces; all else as `embed_texts`."""
    check_dimensions("image", features, network.config.image_dimensions)
    check_features("image", features)
    return _embed(network, network.images, features)


def side_by_side(spaces: Tensor) -> Tensor:
    """(S, B, W) vectors of length 1 in each space to (B, S·W) of length 1 in all of them."""
    joint: Tensor = spaces.transpose(0, 1).flatten(1) / len(spaces) ** 0.5
    return joint


def check_dimensions(kind: str, features: Sequence[Embeddings], dimensions: Sequence[int]) -> None:
    """Checks that features fit a network of these dimensions. Raises: NewsImagesError if not."""
    got = tuple(feature.dimension for feature in features)
    if got != tuple(dimensions):
        raise NewsImagesError(
            f"The network takes {kind} vectors of the dimensions {tuple(dimensions)}, got {got}. "
            "Use the backbone that it was trained with, or train a network for this one."
        )


@torch.inference_mode()
def _embed(
    network: TxVNetwork,
    side: Callable[[Sequence[Tensor]], Tensor],
    features: Sequence[Embeddings],
) -> Embeddings:
    n, config = len(features[0]), network.config
    vectors = np.empty((n, config.n_spaces * config.width), np.float32)
    with _eval_mode(network):
        for start in range(0, n, ROWS):
            rows = slice(start, min(start + ROWS, n))
            slices = [_filled_up(feature.vectors[rows]) for feature in features]
            spaces = side([part.to(network.device) for part in slices])  # (S, ROWS, W)
            vectors[rows] = side_by_side(spaces)[: rows.stop - start].cpu().numpy()
    return Embeddings(features[0].ids, vectors)


def _filled_up(vectors: NDArray[np.float32]) -> Tensor:
    """Pads (rows, E) to (ROWS, E) with zeros."""
    filled = np.zeros((ROWS, vectors.shape[1]), np.float32)
    filled[: len(vectors)] = vectors
    return torch.from_numpy(filled)


@contextmanager
def _eval_mode(network: nn.Module) -> Iterator[None]:
    """Without dropout and with the batch norm's running figures; afterwards as it was."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)
