"""Similarities in tiles: all of Z, twice, within the budget."""

import pytest
import torch

from newsimages.errors import NewsImagesError
from newsimages.ranking.similarity import SimilarityTiles
from tests.fakes import random_embeddings


def vectors(n: int, seed: int, dimension: int = 16) -> torch.Tensor:
    return torch.from_numpy(random_embeddings("x", n, dimension, seed).vectors)


@pytest.mark.parametrize("memory_mb", [512, 3, 1])
def test_each_pass_yields_all_of_the_product(memory_mb: int) -> None:
    queries, gallery = vectors(1000, 0), vectors(700, 1)
    tiles = SimilarityTiles(queries, gallery, memory_mb=memory_mb)
    for _ in range(2):
        z = torch.cat([tile.clone() for tile in tiles])
        torch.testing.assert_close(z, queries @ gallery.T, rtol=0, atol=1e-6)


def test_a_pass_that_is_left_half_way_spoils_nothing() -> None:
    queries, gallery = vectors(600, 0), vectors(20, 1)
    tiles = SimilarityTiles(queries, gallery)
    next(iter(tiles))
    z = torch.cat([tile.clone() for tile in tiles])
    torch.testing.assert_close(z, queries @ gallery.T, rtol=0, atol=1e-6)


def test_what_fits_is_kept_and_what_does_not_is_made_again() -> None:
    queries, gallery = vectors(1000, 0), vectors(700, 1)
    kept = SimilarityTiles(queries, gallery, memory_mb=512)
    assert [t.data_ptr() for t in kept] == [t.data_ptr() for t in kept]
    remade = SimilarityTiles(queries, gallery, memory_mb=3)
    sizes = {tile.untyped_storage().nbytes() for tile in remade}
    assert len({tile.untyped_storage().data_ptr() for tile in remade}) == 1
    assert max(sizes) <= 3 << 20


@pytest.mark.parametrize("n_queries", [1, 7, 333])
def test_equal_images_get_equal_similarities(n_queries: int) -> None:
    gallery = vectors(101, 1)
    gallery[100] = gallery[37] = gallery[2]
    for tile in SimilarityTiles(vectors(n_queries, 0), gallery):
        assert torch.equal(tile[:, 2], tile[:, 37])
        assert torch.equal(tile[:, 2], tile[:, 100])


def test_two_models_and_empty_sides_are_refused() -> None:
    with pytest.raises(NewsImagesError, match=r"\(3, 16\) against .*\(4, 8\).*same E"):
        SimilarityTiles(vectors(3, 0), vectors(4, 0, dimension=8))
    with pytest.raises(NewsImagesError, match="0 articles and 4 images"):
        SimilarityTiles(vectors(0, 0), vectors(4, 0))
    with pytest.raises(NewsImagesError, match="3 articles and 0 images"):
        SimilarityTiles(vectors(3, 0), vectors(0, 0))


def test_a_budget_below_one_product_says_what_would_do() -> None:
    queries, gallery = vectors(1, 0, dimension=1), vectors(100_000, 1, dimension=1)
    with pytest.raises(NewsImagesError, match=r"memory_mb=9 does not hold 8 .* set at least 10"):
        SimilarityTiles(queries, gallery, memory_mb=9)
    assert len(list(SimilarityTiles(queries, gallery, memory_mb=10))) == 1


@pytest.mark.parametrize("memory_mb", [512, 1])
def test_a_query_has_the_same_bits_among_any_number_of_others(memory_mb: int) -> None:
    queries, gallery = vectors(300, 0, dimension=48), vectors(203, 1, dimension=48)
    whole = torch.cat([tile.clone() for tile in SimilarityTiles(queries, gallery)])
    for n in (*range(1, 34), 255, 257, 299):
        tiles = SimilarityTiles(queries[-n:], gallery, memory_mb=memory_mb)
        assert torch.equal(torch.cat([tile.clone() for tile in tiles]), whole[-n:])


def test_what_lies_beside_the_tiles_counts() -> None:
    queries, gallery = vectors(50, 0), vectors(20_000, 1)
    kept = SimilarityTiles(queries, gallery, memory_mb=40)
    remade = SimilarityTiles(queries, gallery, memory_mb=40, rows_beside=450)
    assert len(next(iter(kept))) == 50
    assert len(next(iter(remade))) < 30
    with pytest.raises(NewsImagesError, match="memory_mb=40 does not hold 8 .* set at least 41"):
        SimilarityTiles(queries, gallery, memory_mb=40, rows_beside=510)
