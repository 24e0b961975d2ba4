"""Every revision against loops written out in float64, and the settings that make no sense."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking.revision import METHODS, Revision, image_offsets, revised_scores
from newsimages.ranking.similarity import SimilarityTiles
from tests.fakes import random_embeddings
from tests.ranking.test_sinkhorn import loops as sinkhorn_loops


def tiles_of(queries: Embeddings, gallery: Embeddings) -> SimilarityTiles:
    return SimilarityTiles(
        torch.from_numpy(queries.vectors), torch.from_numpy(gallery.vectors), memory_mb=1
    )


def plainly(z: list[list[float]], revision: Revision) -> NDArray[np.float64]:
    """The module's table, score by score."""
    scores = np.empty((len(z), len(z[0])))
    for j in range(len(z[0])):
        column = [row[j] for row in z]
        s = revision.scale
        total = sum(math.exp(s * value) for value in column)
        nearest = sorted(column, reverse=True)[: revision.k]
        for i, value in enumerate(column):
            scores[i, j] = {
                "none": value,
                "dual_softmax": s * value + math.log(math.exp(s * value) / total),
                "inverted_softmax": math.log(math.exp(s * value) / total),
                "neighbours": value - revision.alpha * sum(nearest) / len(nearest),
            }[revision.method]
    return scores


@pytest.mark.parametrize("shape", [(40, 25), (7, 25), (300, 20)])
@pytest.mark.parametrize(
    "revision",
    [
        Revision(method="none"),
        *(Revision(method="dual_softmax", scale=scale) for scale in (0.1, 1.0, 100.0)),
        *(Revision(method="inverted_softmax", scale=scale) for scale in (0.1, 1.0, 100.0)),
        *(Revision(method="neighbours", k=k, alpha=alpha) for k, alpha in ((1, 0.75), (10, 0.5))),
        *(
            Revision(method="sinkhorn", scale=scale, rounds=9, tolerance=0)
            for scale in (1.0, 100.0)
        ),
    ],
    ids=str,
)
def test_scores_are_the_formula_in_float64(revision: Revision, shape: tuple[int, int]) -> None:
    queries = random_embeddings("a", shape[0], 16, 0)
    gallery = random_embeddings("i", shape[1], 16, 1)
    tiles = tiles_of(queries, gallery)
    offsets = image_offsets(tiles, revision)
    z = torch.cat([tile.clone() for tile in tiles])
    actual = revised_scores(z, offsets, slope=revision.slope)
    exact = queries.vectors.astype(np.float64) @ gallery.vectors.T.astype(np.float64)
    if revision.method == "sinkhorn":
        v = sinkhorn_loops(torch.from_numpy(exact), revision.scale, revision.rounds)
        expected = revision.scale * exact + np.array(v)
    else:
        expected = plainly(exact.tolist(), revision)
    in_cosines = max(revision.slope, 1.0)
    np.testing.assert_allclose(actual / in_cosines, expected / in_cosines, rtol=0, atol=1e-5)


def test_images_of_equal_vectors_get_equal_offsets() -> None:
    gallery = random_embeddings("i", 41, 16, 1)
    gallery.vectors[40] = gallery.vectors[17] = gallery.vectors[3]
    tiles = tiles_of(random_embeddings("a", 300, 16, 0), gallery)
    for method in METHODS:
        offsets = image_offsets(tiles, Revision(method=method, scale=30.0)).tolist()
        assert offsets[3] == offsets[17] == offsets[40]
        assert method == "none" or len(set(offsets)) == 39


def test_a_bank_is_told_from_the_articles_by_sinkhorn_alone() -> None:
    tiles = tiles_of(random_embeddings("a", 9, 16, 0), random_embeddings("i", 30, 16, 1))
    for method in METHODS:
        revision = Revision(method=method, scale=30.0)
        own, bank = (image_offsets(tiles, revision, bank=bank) for bank in (False, True))
        assert torch.equal(own, bank) == (method != "sinkhorn")


def test_out_is_written_and_the_similarities_are_not() -> None:
    z = torch.rand(3, 4, generator=torch.Generator().manual_seed(0))
    before, out = z.clone(), torch.empty_like(z)
    scores = revised_scores(z, torch.arange(4.0), slope=2.0, out=out)
    assert scores.data_ptr() == out.data_ptr()
    assert torch.equal(z, before)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.inf, np.nan])
@pytest.mark.parametrize("method", METHODS)
def test_a_scale_must_be_a_number_above_0(method: str, scale: float) -> None:
    with pytest.raises(NewsImagesError, match=f"scale is {scale}"):
        Revision(method=method, scale=scale)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "softmax"}, "revision is 'softmax', expected one of none, dual_softmax"),
        ({"k": 0}, "k is 0, expected 1 to 512"),
        ({"k": 513}, "k is 513"),
        ({"alpha": 0.0}, "alpha is 0.0, expected above 0"),
        ({"alpha": math.nan}, "alpha is nan"),
        ({"alpha": 2.5}, "at most 2"),
        ({"rounds": 0}, "rounds is 0"),
        ({"tolerance": -1e-3}, "tolerance is -0.001"),
        ({"tolerance": math.nan}, "tolerance is nan"),
    ],
)
def test_nonsense_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        Revision(**settings)  # type: ignore[arg-type]
