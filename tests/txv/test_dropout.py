"""Dropout: how much it sets to 0, where, and what becomes of the rest."""

import pytest
import torch

from newsimages.txv.dropout import Dropout


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.9])
def test_it_sets_a_share_to_0_and_the_rest_grow(share: float) -> None:
    torch.manual_seed(0)
    values = torch.full((1001, 999), 3.0)
    dropped = Dropout(share)(values)
    kept = dropped != 0
    assert (~kept).float().mean().item() == pytest.approx(share, abs=3e-3)
    torch.testing.assert_close(dropped[kept], values[kept] / (1 - share))


def test_neighbours_that_share_a_draw_are_independent() -> None:
    torch.manual_seed(0)
    kept = (Dropout(0.5)(torch.ones(100_000, 4)) != 0).float()
    correlations = torch.corrcoef(kept.T) - torch.eye(4)
    assert correlations.abs().max() < 0.02


def test_the_generator_decides() -> None:
    dropout, values = Dropout(0.5), torch.ones(10, 10)
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(dropout(values))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_the_gradient_passes_where_values_pass() -> None:
    values = torch.ones(50, 50, requires_grad=True)
    dropped = Dropout(0.2)(values)
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach())


def test_nothing_is_dropped_in_eval_mode_or_without_a_share() -> None:
    values = torch.ones(50, 50)
    assert Dropout(0.5).eval()(values) is values
    assert Dropout(0.0)(values) is values
