"""The loss against its formula written with loops, and its gradient."""

import numpy as np
import pytest
import torch
from torch import Tensor

from newsimages.errors import NewsImagesError
from newsimages.txv.loss import Negatives, margin_loss
from newsimages.txv.network import NetworkConfig, TxVNetwork

BOTH_KINDS = pytest.mark.parametrize("negatives", ["hardest", "all"])


def unit_spaces(shape: tuple[int, int, int], seed: int, dtype=torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(
        torch.randn(shape, generator=generator, dtype=dtype), dim=-1
    )


def loss_by_loops(
    texts: Tensor, images: Tensor, *, margin: float, negatives: str, image_ids: list[int]
) -> float:
    n_spaces, n, _ = texts.shape
    total = 0.0
    for space in range(n_spaces):
        t, v = texts[space].double().numpy(), images[space].double().numpy()
        s = [[float(np.dot(t[i], v[j])) for j in range(n)] for i in range(n)]
        for i in range(n):
            others = [j for j in range(n) if image_ids[j] != image_ids[i]]
            for row in ([s[i][j] for j in others], [s[j][i] for j in others]):
                costs = [max(0.0, margin + negative - s[i][i]) for negative in row]
                total += max(costs, default=0.0) if negatives == "hardest" else sum(costs)
    return total


@BOTH_KINDS
@pytest.mark.parametrize("image_ids", [list(range(9)), [0, 0, 0, 1, 2, 2, 3, 4, 5], [0] * 9])
def test_it_equals_the_formula_written_with_loops(
    negatives: Negatives, image_ids: list[int]
) -> None:
    texts, images = unit_spaces((3, 9, 5), 1), unit_spaces((3, 9, 5), 2)
    expected = loss_by_loops(texts, images, margin=0.2, negatives=negatives, image_ids=image_ids)
    loss = margin_loss(texts, images, negatives=negatives, image_ids=torch.tensor(image_ids))
    assert loss.item() == pytest.approx(expected, rel=1e-5, abs=1e-6)


@BOTH_KINDS
def test_the_gradient_is_that_of_finite_differences(negatives: Negatives) -> None:
    texts = unit_spaces((2, 5, 4), 3, torch.float64).requires_grad_()
    images = unit_spaces((2, 5, 4), 4, torch.float64).requires_grad_()
    ids = torch.tensor([0, 1, 2, 2, 3])
    assert torch.autograd.gradcheck(
        lambda t, v: margin_loss(t, v, negatives=negatives, image_ids=ids), (texts, images)
    )


def test_the_gradient_through_the_network_is_that_of_finite_differences() -> None:
    config = NetworkConfig(text_dimensions=(3, 2), image_dimensions=(4,), width=5, dropout=0.0)
    network = TxVNetwork(config, seed=1).double()
    names, weights = zip(*network.named_parameters(), strict=True)
    texts = [unit_spaces((1, 6, n), n, torch.float64)[0] for n in config.text_dimensions]
    images = [unit_spaces((1, 6, 4), 9, torch.float64)[0]]

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self) -> Tensor:
            return margin_loss(
                self.network.texts(texts), self.network.images(images), image_ids=torch.arange(6)
            )

    whole = Whole()

    def loss(*values: Tensor) -> Tensor:
        named = {f"network.{name}": value for name, value in zip(names, values, strict=True)}
        return torch.func.functional_call(whole, named)

    values = [weight.detach().clone().requires_grad_() for weight in weights]
    assert torch.autograd.gradcheck(loss, values)


def test_a_batch_of_one_image_has_no_negatives_and_no_gradient() -> None:
    texts = unit_spaces((1, 3, 4), 1).requires_grad_()
    loss = margin_loss(texts, unit_spaces((1, 3, 4), 2), image_ids=torch.zeros(3))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(texts.grad, torch.zeros(1, 3, 4))


def test_unequal_shapes_and_unknown_negatives_are_refused() -> None:
    texts, ids = unit_spaces((1, 3, 4), 1), torch.arange(3)
    with pytest.raises(NewsImagesError, match=r"\(1, 3, 4\) and images of shape \(1, 2, 4\)"):
        margin_loss(texts, unit_spaces((1, 2, 4), 1), image_ids=ids)
    with pytest.raises(NewsImagesError, match="negatives='some'"):
        margin_loss(texts, texts, negatives="some", image_ids=ids)
