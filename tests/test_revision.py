"""Dual softmax against the textbook formula and torch's own logsumexp."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from newsimages.errors import NewsImagesError
from newsimages.revision import dual_softmax_scores, image_normalisers

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 9), st.integers(0, 2**31))


def similarities(n_articles: int, n_images: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n_articles, n_images, generator=generator) * 2 - 1


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, rows=st.integers(1, 12), scale=st.sampled_from([0.01, 1.0, 50.0, 100.0]))
def test_normalisers_are_logsumexp_however_the_tiles_are_cut(
    shape: tuple[int, int, int], rows: int, scale: float
) -> None:
    z = similarities(*shape)
    expected = torch.logsumexp(scale * z.double(), dim=0).float()
    actual = image_normalisers(z.split(rows), z.shape[1], scale=scale)
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 100.0, 10_000.0])
def test_normalisers_stay_finite_at_the_ends(scale: float) -> None:
    z = torch.tensor([[1.0, -1.0, 0.0, 1.0], [-1.0, -1.0, 0.0, 1.0], [1.0, -1.0, 1.0, -1.0]])
    expected = torch.logsumexp(scale * z.double(), dim=0).float()
    for rows in (1, 2, 3):
        actual = image_normalisers(z.split(rows), 4, scale=scale)
        torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, scale=st.sampled_from([0.5, 1.0, 20.0, 100.0]))
def test_scores_are_the_textbook_formula_up_to_a_constant_per_article(
    shape: tuple[int, int, int], scale: float
) -> None:
    z = similarities(*shape)
    exact = scale * z.double()
    textbook = torch.log_softmax(exact, dim=0) + torch.log_softmax(exact, dim=1)
    normalisers = image_normalisers([z], z.shape[1], scale=scale)
    scores = dual_softmax_scores(z, normalisers, scale=scale).double()
    constant = torch.logsumexp(exact, dim=1, keepdim=True)
    torch.testing.assert_close(scores - constant, textbook, rtol=1e-6, atol=1e-4)


def test_one_query_alone_is_left_as_it_is() -> None:
    z = similarities(1, 50, seed=0)
    scores = dual_softmax_scores(z, image_normalisers([z], 50, scale=100.0), scale=100.0)
    torch.testing.assert_close(scores, 100 * z, rtol=0, atol=1e-4)


def test_out_is_written_and_the_similarities_are_not() -> None:
    z = similarities(3, 4, seed=0)
    before, out = z.clone(), torch.empty_like(z)
    scores = dual_softmax_scores(z, image_normalisers([z], 4, scale=2.0), scale=2.0, out=out)
    assert scores.data_ptr() == out.data_ptr()
    assert torch.equal(z, before)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.inf, np.nan])
def test_a_scale_must_be_a_number_above_0(scale: float) -> None:
    with pytest.raises(NewsImagesError, match=f"scale is {scale}"):
        image_normalisers([torch.zeros(1, 2)], 2, scale=scale)


def test_no_query_and_wrong_tiles_are_refused() -> None:
    with pytest.raises(NewsImagesError, match="over 0 queries"):
        image_normalisers([], 2, scale=1.0)
    with pytest.raises(NewsImagesError, match="tiles of 3 images, expected 2"):
        image_normalisers([torch.zeros(1, 3)], 2, scale=1.0)
