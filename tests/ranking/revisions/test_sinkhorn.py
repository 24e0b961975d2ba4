"""Sinkhorn against loops written out in float64, and its marginals."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from newsimages.ranking.revisions.sinkhorn import Potentials, image_potentials


def drawn(n_articles: int, n_images: int, seed: int = 0) -> torch.Tensor:
    """Similarities as a CLIP model's: some pairs fit, some images are near to everything."""
    generator = torch.Generator().manual_seed(seed)
    z = 0.15 + 0.04 * torch.randn(n_articles, n_images, generator=generator)
    z += 0.03 * torch.randn(n_images, generator=generator)
    z.diagonal().add_(0.1)
    return z


def potentials(z: torch.Tensor, *, rows: int = 7, **settings: object) -> Potentials:
    defaults = {"scale": 50.0, "rounds": 1000, "tolerance": 1e-3}
    return image_potentials(z.split(rows), shape=tuple(z.shape), **{**defaults, **settings})


def plan(z: torch.Tensor, values: torch.Tensor, scale: float) -> NDArray[np.float64]:
    """P with rows that sum to 1."""
    result: NDArray[np.float64] = (scale * z.double() + values.double()).softmax(dim=1).numpy()
    return result


def logsumexp(values: list[float]) -> float:
    greatest = max(values)
    return greatest + math.log(sum(math.exp(value - greatest) for value in values))


def loops(z: torch.Tensor, scale: float, rounds: int, *, bank: bool = False) -> list[float]:
    """The module's docstring, word by word."""
    n_articles, n_images = z.shape
    k = (scale * z.double()).tolist()
    unassigned = 0 if bank else max(n_images - n_articles, 0)
    share = 1 if unassigned else n_articles / n_images
    v, u, nameless = [0.0] * n_images, [0.0] * n_articles, -math.inf
    for done in range(rounds):
        if done or unassigned:  # equal marginals begin with the images, at u = 0
            u = [-logsumexp([k[i][j] + v[j] for j in range(n_images)]) for i in range(n_articles)]
        if unassigned:
            nameless = math.log(unassigned) - logsumexp(v)
        v = [
            math.log(share) - logsumexp([*(k[i][j] + u[i] for i in range(n_articles)), nameless])
            for j in range(n_images)
        ]
    return v


@pytest.mark.parametrize("shape", [(12, 12), (17, 9), (6, 15), (1, 5), (4, 5)])
@pytest.mark.parametrize("scale", [1.0, 20.0, 100.0])
@pytest.mark.parametrize("bank", [False, True])
@pytest.mark.parametrize("rounds", [1, 2, 20])
def test_it_is_the_loops_written_out(
    shape: tuple[int, int], scale: float, bank: bool, rounds: int
) -> None:
    z = drawn(*shape)
    before = z.clone()
    actual = potentials(z, scale=scale, rounds=rounds, tolerance=0.0, bank=bank)
    expected = np.array(loops(z, scale, rounds, bank=bank))
    assert actual.rounds == rounds or actual.converged  # exactly, which small ones can
    np.testing.assert_allclose(actual.values / scale, expected / scale, rtol=0, atol=1e-5)
    assert torch.equal(z, before)


@pytest.mark.parametrize(("n_articles", "n_images"), [(60, 60), (150, 30)])
def test_every_image_takes_the_same_when_it_stops(n_articles: int, n_images: int) -> None:
    z = drawn(n_articles, n_images)
    stopped = potentials(z)
    masses = plan(z, stopped.values, 50.0).sum(axis=0)
    assert stopped.converged
    assert stopped.rounds < 1000
    np.testing.assert_allclose(masses, n_articles / n_images, rtol=1.01e-3)


def test_with_fewer_articles_images_stay_unassigned_and_none_takes_more_than_one() -> None:
    z = drawn(20, 60)
    z[:, 5] += 0.2  # near to every article
    stopped = potentials(z)
    p = plan(z, stopped.values, 50.0)
    assert stopped.converged
    assert p.sum(axis=0).max() <= 1 + 1.01e-3
    left = 40 * stopped.values.double().softmax(dim=0).numpy()
    np.testing.assert_allclose(p.sum(axis=0) + left, 1, rtol=1.01e-3)
    assert (p.sum(axis=0) < 0.1).sum() >= 15
    # Image 5 leads nearly every list by cosine, but has only 1 to share out.
    assert (z.argmax(dim=1) == 5).sum() >= 18
    assert (p.argmax(axis=1) == 5).sum() <= 2


def test_the_cases_meet_where_there_are_as_many_articles_as_images() -> None:
    z = drawn(60, 60)
    one_less = potentials(z[:59], tolerance=1e-5).values
    equal = potentials(z[:59], tolerance=1e-5, bank=True).values
    gap = (plan(z[:59], one_less, 50.0) - plan(z[:59], equal, 50.0)).max()
    assert gap < 0.1


def test_a_bank_gives_every_image_the_same_however_small_it_is() -> None:
    z = drawn(20, 60)
    stopped = potentials(z, bank=True)
    assert stopped.converged
    np.testing.assert_allclose(plan(z, stopped.values, 50.0).sum(axis=0), 1 / 3, rtol=1.01e-3)


def test_it_stops_after_the_rounds_and_says_so() -> None:
    z = drawn(60, 60)
    stopped = potentials(z, rounds=3, scale=200.0)
    assert (stopped.rounds, stopped.converged) == (3, False)


@pytest.mark.parametrize("shape", [(30, 30), (20, 30)])
def test_an_image_too_far_for_float32_keeps_the_marginals(shape: tuple[int, int]) -> None:
    z = drawn(*shape)
    z[:, 3] = -1.0  # exp(−200 · 1.1) is 0 in float32
    stopped = potentials(z, scale=200.0, rounds=5000)
    assert stopped.converged
    assert torch.isfinite(stopped.values).all()
    masses = plan(z, stopped.values, 200.0).sum(axis=0)
    if shape[0] == shape[1]:
        np.testing.assert_allclose(masses, 1, rtol=1.01e-3)
    else:
        assert masses[3] < 1e-3


def test_how_the_tiles_are_cut_does_not_matter() -> None:
    z = drawn(60, 50)
    whole, cut = potentials(z, rows=60).values, potentials(z, rows=1).values
    torch.testing.assert_close(whole, cut, rtol=0, atol=1e-4)
