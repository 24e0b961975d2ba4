"""The logsumexp of columns against torch's own, in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from newsimages.errors import NewsImagesError
from newsimages.ranking.revisions.logsumexp import column_logsumexp

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 9), st.integers(0, 2**31))


def similarities(n_articles: int, n_images: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n_articles, n_images, generator=generator) * 2 - 1


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, rows=st.integers(1, 12), scale=st.sampled_from([0.01, 1.0, 50.0, 100.0]))
def test_it_is_logsumexp_however_the_tiles_are_cut(
    shape: tuple[int, int, int], rows: int, scale: float
) -> None:
    z = similarities(*shape)
    before = z.clone()
    expected = torch.logsumexp(scale * z.double(), dim=0).float()
    actual = column_logsumexp(z.split(rows), scale=scale)
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-5)
    assert torch.equal(z, before)


@pytest.mark.parametrize("scale", [1.0, 100.0, 10_000.0])
def test_it_stays_finite_at_the_ends(scale: float) -> None:
    z = torch.tensor([[1.0, -1.0, 0.0, 1.0], [-1.0, -1.0, 0.0, 1.0], [1.0, -1.0, 1.0, -1.0]])
    expected = torch.logsumexp(scale * z.double(), dim=0).float()
    for rows in (1, 2, 3):
        actual = column_logsumexp(z.split(rows), scale=scale)
        torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6)


def test_no_query_is_refused() -> None:
    with pytest.raises(NewsImagesError, match="over 0 queries"):
        column_logsumexp([], scale=1.0)
