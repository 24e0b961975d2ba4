"""Embeddings through the network: alone or in company, in one space or several."""

import numpy as np
import pytest
import torch

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.projection import ROWS, embed_images, embed_texts
from tests.fakes import random_embeddings

CONFIG = NetworkConfig(text_dimensions=(5, 3), image_dimensions=(4, 6), width=16)


@pytest.fixture(scope="module")
def network() -> TxVNetwork:
    return TxVNetwork(CONFIG, seed=1)


def texts(n: int) -> list[Embeddings]:
    return [random_embeddings("a", n, 5, 1), random_embeddings("a", n, 3, 2)]


def images(n: int) -> list[Embeddings]:
    return [random_embeddings("i", n, 4, 3), random_embeddings("i", n, 6, 4)]


def test_the_cosine_is_the_mean_of_those_of_the_spaces(network: TxVNetwork) -> None:
    joint_texts, joint_images = embed_texts(network, texts(3)), embed_images(network, images(2))
    network.eval()
    with torch.no_grad():
        t = network.texts([torch.from_numpy(e.vectors) for e in texts(3)])
        v = network.images([torch.from_numpy(e.vectors) for e in images(2)])
    cosines = np.einsum("sik,sjk->ij", t.numpy(), v.numpy())
    np.testing.assert_allclose(
        joint_texts.vectors @ joint_images.vectors.T, cosines / CONFIG.n_spaces, atol=1e-6
    )
    assert joint_texts.ids.tolist() == ["a00000", "a00001", "a00002"]
    assert joint_texts.dimension == CONFIG.n_spaces * CONFIG.width


def test_an_article_gets_the_same_vector_alone_and_in_company(network: TxVNetwork) -> None:
    n = 2 * ROWS + 5
    together = embed_texts(network, texts(n))
    for row in (0, 1, ROWS - 1, ROWS, n - 1):
        alone = [Embeddings(e.ids[row : row + 1], e.vectors[row : row + 1]) for e in texts(n)]
        np.testing.assert_array_equal(embed_texts(network, alone).vectors[0], together.vectors[row])


def test_so_it_does_at_the_size_of_a_real_backbone() -> None:
    network = TxVNetwork(NetworkConfig(text_dimensions=(512,), image_dimensions=(512,)), seed=1)
    features = random_embeddings("a", ROWS + 5, 512, 1)
    together = embed_texts(network, [features])
    for row in (0, ROWS - 1, ROWS, ROWS + 4):
        alone = Embeddings(features.ids[row : row + 1], features.vectors[row : row + 1])
        np.testing.assert_array_equal(
            embed_texts(network, [alone]).vectors[0], together.vectors[row]
        )


def test_it_works_in_eval_mode_and_leaves_the_mode_as_it_was(network: TxVNetwork) -> None:
    network.train()
    first, second = embed_texts(network, texts(4)), embed_texts(network, texts(4))
    np.testing.assert_array_equal(first.vectors, second.vectors)
    assert network.training
    assert not network.text_blocks[0][1].num_batches_tracked


def test_vectors_of_another_backbone_are_refused(network: TxVNetwork) -> None:
    with pytest.raises(NewsImagesError, match=r"takes text vectors .* \(5, 3\), got \(5,\)"):
        embed_texts(network, texts(2)[:1])
    with pytest.raises(NewsImagesError, match=r"takes image vectors .* \(4, 6\), got \(6, 4\)"):
        embed_images(network, images(2)[::-1])


def test_features_of_other_texts_are_refused(network: TxVNetwork) -> None:
    with pytest.raises(NewsImagesError, match="not of the same texts .* in one only: a00002"):
        embed_texts(network, [texts(3)[0], texts(2)[1]])
