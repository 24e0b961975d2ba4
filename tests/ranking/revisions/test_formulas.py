"""Every revision against loops written out in float64, and the settings that make no sense."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from newsimages.devices import Compute
from newsimages.errors import NewsImagesError
from newsimages.ranking.revisions import (
    PLAIN,
    DualSoftmax,
    InvertedSoftmax,
    Neighbours,
    Revision,
    Sinkhorn,
)
from newsimages.ranking.similarity import SimilarityTiles
from newsimages.ranking.spaces import Space
from tests.fakes import random_embeddings, random_space
from tests.ranking.revisions.test_sinkhorn import loops as sinkhorn_loops
from tests.ranking.settings import SHARP


def tiles_of(space: Space) -> SimilarityTiles:
    return SimilarityTiles.of(space, Compute(memory_mb=1))


def plainly(z: list[list[float]], revision: Revision) -> NDArray[np.float64]:
    """The room's table, score by score."""
    scores = np.empty((len(z), len(z[0])))
    for j in range(len(z[0])):
        column = [row[j] for row in z]
        for i, value in enumerate(column):
            if isinstance(revision, DualSoftmax):  # and inverted softmax, a kind of it
                s = revision.scale
                share = math.exp(s * value) / sum(math.exp(s * other) for other in column)
                also = 0.0 if isinstance(revision, InvertedSoftmax) else s * value
                scores[i, j] = also + math.log(share)
            elif isinstance(revision, Neighbours):
                nearest = sorted(column, reverse=True)[: revision.k]
                scores[i, j] = value - revision.alpha * sum(nearest) / len(nearest)
            else:
                scores[i, j] = value
    return scores


@pytest.mark.parametrize("shape", [(40, 25), (7, 25), (300, 20)])
@pytest.mark.parametrize(
    "revision",
    [
        PLAIN,
        *(DualSoftmax(scale=scale) for scale in (0.1, 1.0, 100.0)),
        *(InvertedSoftmax(scale=scale) for scale in (0.1, 1.0, 100.0)),
        *(Neighbours(k=k, alpha=alpha) for k, alpha in ((1, 0.75), (10, 0.5))),
        *(Sinkhorn(scale=scale, rounds=9, tolerance=0) for scale in (1.0, 100.0)),
    ],
    ids=str,
)
def test_scores_are_the_formula_in_float64(revision: Revision, shape: tuple[int, int]) -> None:
    space = random_space(*shape, 16)
    tiles = tiles_of(space)
    z = torch.cat([tile.clone() for tile in tiles])
    actual = revision.slope * z - revision.offsets(tiles)
    exact = space.queries[0].astype(np.float64) @ space.gallery[0].T.astype(np.float64)
    if isinstance(revision, Sinkhorn):
        v = sinkhorn_loops(torch.from_numpy(exact), revision.scale, revision.rounds)
        expected = revision.scale * exact + np.array(v)
    else:
        expected = plainly(exact.tolist(), revision)
    in_cosines = max(revision.slope, 1.0)
    np.testing.assert_allclose(actual / in_cosines, expected / in_cosines, rtol=0, atol=1e-5)


@pytest.mark.parametrize("revision", SHARP, ids=lambda revision: revision.name)
def test_images_of_equal_vectors_get_equal_offsets(revision: Revision) -> None:
    gallery = random_embeddings("i", 41, 16, 1)
    gallery.vectors[40] = gallery.vectors[17] = gallery.vectors[3]
    tiles = tiles_of(Space.of(random_embeddings("a", 300, 16, 0), gallery))
    offsets = revision.offsets(tiles).tolist()
    assert offsets[3] == offsets[17] == offsets[40]
    assert revision == PLAIN or len(set(offsets)) == 39


@pytest.mark.parametrize("revision", SHARP, ids=lambda revision: revision.name)
def test_a_bank_is_told_from_the_articles_by_sinkhorn_alone(revision: Revision) -> None:
    tiles = tiles_of(random_space(9, 30, 16))
    own, bank = (revision.offsets(tiles, bank=bank) for bank in (False, True))
    assert torch.equal(own, bank) == (not isinstance(revision, Sinkhorn))


@pytest.mark.parametrize("revision", SHARP, ids=lambda revision: revision.name)
def test_the_similarities_are_not_written_to(revision: Revision) -> None:
    tiles = SimilarityTiles.of(random_space(40, 30, 16), Compute(memory_mb=64))
    before = torch.cat([tile.clone() for tile in tiles])
    revision.offsets(tiles)
    revision.offsets(tiles, bank=True)
    assert torch.equal(torch.cat(list(tiles)), before)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.inf, np.nan, 2e6])
@pytest.mark.parametrize("kind", [DualSoftmax, InvertedSoftmax, Sinkhorn])
def test_a_scale_must_be_a_number_above_0(kind: Any, scale: float) -> None:
    with pytest.raises(NewsImagesError, match=f"scale is {scale}"):
        kind(scale=scale)


def test_at_another_scale_all_else_stays() -> None:
    assert DualSoftmax().at_scale(7.0) == DualSoftmax(scale=7.0)
    assert InvertedSoftmax().at_scale(7.0) == InvertedSoftmax(scale=7.0)
    assert PLAIN.at_scale(7.0) is PLAIN
    with pytest.raises(NewsImagesError, match="scale is 0.0"):
        DualSoftmax().at_scale(0.0)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (Neighbours, {"k": 0}, "k is 0, expected 1 to 512"),
        (Neighbours, {"k": 513}, "k is 513"),
        (Neighbours, {"alpha": 0.0}, "alpha is 0.0, expected above 0"),
        (Neighbours, {"alpha": math.nan}, "alpha is nan"),
        (Neighbours, {"alpha": 2.5}, "at most 2"),
        (Sinkhorn, {"rounds": 0}, "rounds is 0"),
        (Sinkhorn, {"tolerance": -1e-3}, "tolerance is -0.001"),
        (Sinkhorn, {"tolerance": math.nan}, "tolerance is nan"),
    ],
)
def test_nonsense_is_refused(kind: Any, settings: dict[str, object], message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        kind(**settings)
