"""Similarities in tiles: all of Z, twice, within the budget."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from newsimages.devices import Compute
from newsimages.errors import NewsImagesError
from newsimages.ranking.similarity import SimilarityTiles
from tests.fakes import random_embeddings, random_space

ONE, SEVERAL = (16,), (16, 600, 8)  # the dimensions of the blocks


def vectors(n: int, seed: int, dimension: int = 16) -> Tensor:
    return torch.from_numpy(random_embeddings("x", n, dimension, seed).vectors)


def blocks(n: int, seed: int, dimensions: Sequence[int]) -> list[Tensor]:
    return [vectors(n, seed + 10 * number, each) for number, each in enumerate(dimensions)]


def whole(tiles: SimilarityTiles) -> Tensor:
    return torch.cat([tile.clone() for tile in tiles])


def product(queries: Sequence[Tensor], gallery: Sequence[Tensor]) -> Tensor:
    """Z in float64, all of it at once."""
    parts = [q.double() @ g.double().T for q, g in zip(queries, gallery, strict=True)]
    return torch.stack(parts).sum(dim=0).float()


@pytest.mark.parametrize("dimensions", [ONE, SEVERAL])
@pytest.mark.parametrize("memory_mb", [512, 3, 1])
def test_each_pass_yields_the_sum_of_the_blocks_products(
    memory_mb: int, dimensions: tuple[int, ...]
) -> None:
    queries, gallery = blocks(1000, 0, dimensions), blocks(700, 1, dimensions)
    tiles = SimilarityTiles(queries, gallery, memory_mb=memory_mb)
    for _ in range(2):
        torch.testing.assert_close(whole(tiles), product(queries, gallery), rtol=0, atol=1e-6)


def test_a_pass_that_is_left_half_way_spoils_nothing() -> None:
    queries, gallery = blocks(600, 0, SEVERAL), blocks(20, 1, SEVERAL)
    tiles = SimilarityTiles(queries, gallery)
    next(iter(tiles))
    torch.testing.assert_close(whole(tiles), product(queries, gallery), rtol=0, atol=1e-6)


def test_the_tiles_of_a_space_are_those_of_its_blocks() -> None:
    space = random_space(30, 20, 16)
    tiles = SimilarityTiles.of(space, Compute(memory_mb=64))
    assert (tiles.n_queries, tiles.n_images) == (30, 20)
    expected = space.queries[0].astype(np.float64) @ space.gallery[0].astype(np.float64).T
    np.testing.assert_allclose(whole(tiles).numpy(), expected, rtol=0, atol=1e-6)


def test_what_fits_is_kept_and_what_does_not_is_made_again() -> None:
    queries, gallery = blocks(1000, 0, SEVERAL), blocks(700, 1, SEVERAL)
    kept = SimilarityTiles(queries, gallery, memory_mb=512)
    assert [t.data_ptr() for t in kept] == [t.data_ptr() for t in kept]
    remade = SimilarityTiles(queries, gallery, memory_mb=3)
    sizes = {tile.untyped_storage().nbytes() for tile in remade}
    assert len({tile.untyped_storage().data_ptr() for tile in remade}) == 1
    assert max(sizes) <= 3 << 20


@pytest.mark.parametrize("dimensions", [ONE, SEVERAL])
@pytest.mark.parametrize("n_queries", [1, 7, 333])
def test_equal_images_get_equal_similarities(n_queries: int, dimensions: tuple[int, ...]) -> None:
    gallery = blocks(101, 1, dimensions)
    for block in gallery:
        block[100] = block[37] = block[2]
    for tile in SimilarityTiles(blocks(n_queries, 0, dimensions), gallery):
        assert torch.equal(tile[:, 2], tile[:, 37])
        assert torch.equal(tile[:, 2], tile[:, 100])


def test_images_that_are_equal_in_one_block_alone_are_no_copies() -> None:
    gallery = blocks(40, 1, SEVERAL)
    gallery[0][30] = gallery[0][3]
    tiles = SimilarityTiles(blocks(20, 0, SEVERAL), gallery)
    z = whole(tiles)
    assert (z[:, 3] - z[:, 30]).abs().max() > 0.1
    numbers = torch.arange(40.0)
    assert torch.equal(tiles.equalise(numbers.clone()), numbers)
    for block in gallery[1:]:
        block[30] = block[3]
    assert SimilarityTiles(blocks(20, 0, SEVERAL), gallery).equalise(numbers)[30] == 3


def test_two_models_and_empty_sides_are_refused() -> None:
    with pytest.raises(NewsImagesError, match=r"\(3, 16\) against .*\(4, 8\).*same E"):
        SimilarityTiles([vectors(3, 0)], [vectors(4, 0, dimension=8)])
    with pytest.raises(NewsImagesError, match=r"\(3, 24\) against .*\(4, 8\).*same E"):
        SimilarityTiles(blocks(3, 0, (16, 24)), blocks(4, 0, (16, 8)))
    with pytest.raises(NewsImagesError, match="0 articles and 4 images"):
        SimilarityTiles([vectors(0, 0)], [vectors(4, 0)])
    with pytest.raises(NewsImagesError, match="3 articles and 0 images"):
        SimilarityTiles([vectors(3, 0)], [vectors(0, 0)])


def test_a_budget_below_one_product_says_what_would_do() -> None:
    queries, gallery = [vectors(1, 0, dimension=1)], [vectors(100_000, 1, dimension=1)]
    with pytest.raises(NewsImagesError, match=r"memory_mb=18 does not hold 16 .* set at least 19"):
        SimilarityTiles(queries, gallery, memory_mb=18)
    assert len(list(SimilarityTiles(queries, gallery, memory_mb=19))) == 1


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """So many threads share a product."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dimensions", [(48,), (48, 100, 16), (192,), (768,), (1024,), (192, 2048)])
@pytest.mark.parametrize("memory_mb", [512, 1])
def test_a_query_has_the_same_bits_among_any_number_of_others(
    memory_mb: int, dimensions: tuple[int, ...]
) -> None:
    queries, gallery = blocks(600, 0, dimensions), blocks(203, 1, dimensions)
    expected = whole(SimilarityTiles(queries, gallery))
    for n in (*range(1, 34), 63, 65, 129, 193, 255, 257, 513, 599):
        part = [block[-n:] for block in queries]
        z = whole(SimilarityTiles(part, gallery, memory_mb=memory_mb))
        assert torch.equal(z, expected[-n:]), n


def test_what_lies_beside_the_tiles_counts() -> None:
    queries, gallery = [vectors(50, 0)], [vectors(20_000, 1)]
    kept = SimilarityTiles(queries, gallery, memory_mb=40)
    remade = SimilarityTiles(queries, gallery, memory_mb=40, rows_beside=450)
    assert len(next(iter(kept))) == 50
    assert len(next(iter(remade))) < 30
    with pytest.raises(NewsImagesError, match="memory_mb=40 does not hold 16 .* set at least 43"):
        SimilarityTiles(queries, gallery, memory_mb=40, rows_beside=510)
