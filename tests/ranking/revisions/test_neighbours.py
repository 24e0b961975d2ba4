"""The mean of the nearest queries against a sort, whatever the tiles and the order."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from newsimages.errors import NewsImagesError
from newsimages.ranking.revisions.neighbours import mean_of_nearest


def plainly(z: Tensor, k: int) -> Tensor:
    return z.double().sort(dim=0, descending=True).values[:k].mean(dim=0).float()


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 9)),
    n_values=st.integers(1, 50),
    k=st.integers(1, 12),
    rows=st.integers(1, 40),
    seed=st.integers(0, 2**31),
)
def test_it_is_the_mean_of_the_greatest_also_with_ties(
    shape: tuple[int, int], n_values: int, k: int, rows: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randint(0, n_values, shape, generator=generator) / 50
    torch.testing.assert_close(mean_of_nearest(z.split(rows), k=k), plainly(z, k))


@pytest.mark.parametrize("order", ["as drawn", "rising", "falling", "one image rises"])
def test_many_tiles_with_few_and_with_many_newcomers(order: str) -> None:
    z = torch.rand(3000, 40, generator=torch.Generator().manual_seed(0)) * 2 - 1
    if order in ("rising", "falling"):
        z = z.sort(dim=0, descending=order == "falling").values
    if order == "one image rises":
        z[:, 7] = z[:, 7].sort().values
    before = z.clone()
    torch.testing.assert_close(mean_of_nearest(z.split(256), k=10), plainly(z, 10))
    assert torch.equal(z, before)


def test_no_query_is_refused() -> None:
    with pytest.raises(NewsImagesError, match="among 0 queries"):
        mean_of_nearest([], k=3)
