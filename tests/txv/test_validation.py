"""Recalls of both directions against a count with loops."""

import numpy as np
import pytest

from newsimages.errors import NewsImagesError
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.projection import embed_images, embed_texts
from newsimages.txv.validation import recalls, score
from tests.txv.fake_pairs import fake_pairs

NETWORK = TxVNetwork(NetworkConfig(text_dimensions=(8,), image_dimensions=(8,), width=16), seed=2)


@pytest.mark.parametrize("per_image", [1, 3])
def test_recalls_are_those_counted_by_loops(per_image: int) -> None:
    pairs = fake_pairs(30, per_image=per_image)
    t = embed_texts(NETWORK, pairs.texts).vectors
    v = embed_images(NETWORK, pairs.images).vectors
    s = t @ v.T
    figures = recalls(NETWORK, pairs)
    for k in (1, 5, 10):
        texts_found = sum(
            sum(s[i, j] > s[i, i // per_image] for j in range(len(v))) < k for i in range(len(t))
        )
        images_found = sum(
            sum(s[i, j] > max(s[j * per_image : (j + 1) * per_image, j]) for i in range(len(t))) < k
            for j in range(len(v))
        )
        assert figures[f"text_to_image_recall_at_{k}"] == pytest.approx(texts_found / len(t))
        assert figures[f"image_to_text_recall_at_{k}"] == pytest.approx(images_found / len(v))
    assert score(figures) == pytest.approx(sum(figures.values()))
    assert len(figures) == 6


def test_only_the_pairs_images_and_texts_are_candidates() -> None:
    pairs = fake_pairs(40)
    ids = pairs.text_ids[:5].tolist()
    assert recalls(NETWORK, pairs.subset(ids))["text_to_image_recall_at_5"] == 1
    assert recalls(NETWORK, pairs.subset(ids))["image_to_text_recall_at_5"] == 1


def test_a_network_that_maps_all_to_one_point_scores_as_by_chance() -> None:
    network = TxVNetwork(NetworkConfig(text_dimensions=(8,), image_dimensions=(8,), width=4))
    for blocks in (network.text_blocks, network.image_space_blocks):
        blocks[0][1].weight.data.zero_()
        blocks[0][1].bias.data.fill_(1.0)
    figures = recalls(network, fake_pairs(100))
    assert figures["text_to_image_recall_at_1"] == pytest.approx(0.01)
    assert figures["image_to_text_recall_at_10"] == pytest.approx(0.1)


def test_an_empty_validation_part_is_refused() -> None:
    with pytest.raises(NewsImagesError, match="validation part is empty"):
        recalls(NETWORK, fake_pairs(10).subset(np.array([], dtype=str)))
