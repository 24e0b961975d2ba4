"""The network against its formula written with loops."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError
from newsimages.txv.network import NetworkConfig, TxVNetwork

TWO_BY_TWO = NetworkConfig(text_dimensions=(3, 5), image_dimensions=(4, 2), width=6, dropout=0.0)
State = dict[str, NDArray[np.float32]]


def block_by_loops(state: State, name: str, inputs: list[list[float]], *, training: bool):
    """Linear, batch norm with momentum .1 (after one step in eval mode), tanh."""
    weight, bias = state[f"{name}.0.weight"], state[f"{name}.0.bias"]
    gamma, beta = state[f"{name}.1.weight"], state[f"{name}.1.bias"]
    out = [[0.0] * len(weight) for _ in inputs]
    for j in range(len(weight)):
        column = []
        for row in inputs:
            total = float(bias[j])
            for k, value in enumerate(row):
                total += float(weight[j, k]) * value
            column.append(total)
        if training:
            mean = sum(column) / len(column)
            variance = sum((value - mean) ** 2 for value in column) / len(column)
        else:
            mean = float(state[f"{name}.1.running_mean"][j])
            variance = float(state[f"{name}.1.running_var"][j])
        for i, value in enumerate(column):
            normed = (value - mean) / math.sqrt(variance + 1e-5)
            out[i][j] = math.tanh(normed * float(gamma[j]) + float(beta[j]))
    return out


def unit_rows(rows: list[list[float]]) -> list[list[float]]:
    return [[value / math.sqrt(sum(v * v for v in row)) for value in row] for row in rows]


def network_by_loops(state: State, texts, images, *, training: bool):
    """Texts and images of each space, in the order (t, v) = (0, 0), (0, 1), (1, 0), (1, 1)."""
    text_spaces, image_spaces = [], []
    for t in range(2):
        for v in range(2):
            space = 2 * t + v
            text = block_by_loops(state, f"text_blocks.{space}", texts[t], training=training)
            shared = block_by_loops(state, f"image_blocks.{v}", images[v], training=training)
            image = block_by_loops(state, f"image_space_blocks.{space}", shared, training=training)
            text_spaces.append(unit_rows(text))
            image_spaces.append(unit_rows(image))
    return np.array(text_spaces), np.array(image_spaces)


def random_inputs(dimensions: tuple[int, ...], n: int, seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    rows = [torch.randn(n, dimension, generator=generator) for dimension in dimensions]
    return [torch.nn.functional.normalize(features) for features in rows]


@pytest.mark.parametrize("training", [True, False])
def test_it_equals_the_formula_written_with_loops(training: bool) -> None:
    network = TxVNetwork(TWO_BY_TWO, seed=3)
    texts, images = random_inputs((3, 5), 7, 1), random_inputs((4, 2), 7, 2)
    for weights in network.parameters():  # batch norm's own start at 1 and 0, and would not show
        weights.data += 0.1 * torch.randn(weights.shape, generator=torch.Generator().manual_seed(4))
    network.train()
    network.texts(texts), network.images(images)  # gives the running figures values of their own
    network.train(training)
    state = {name: tensor.clone().numpy() for name, tensor in network.state_dict().items()}
    expected_texts, expected_images = network_by_loops(
        state, [f.tolist() for f in texts], [f.tolist() for f in images], training=training
    )
    np.testing.assert_allclose(network.texts(texts).detach(), expected_texts, atol=1e-5)
    np.testing.assert_allclose(network.images(images).detach(), expected_images, atol=1e-5)


def test_running_figures_are_those_of_the_batches_with_momentum_a_tenth() -> None:
    network = TxVNetwork(
        NetworkConfig(text_dimensions=(3,), image_dimensions=(3,), width=2, dropout=0.0)
    )
    (texts,) = random_inputs((3,), 5, 1)
    network.texts([texts])
    linear, norm = network.text_blocks[0][0], network.text_blocks[0][1]
    outputs = linear(texts).detach()
    np.testing.assert_allclose(norm.running_mean, 0.1 * outputs.mean(0), atol=1e-6)
    np.testing.assert_allclose(
        norm.running_var, 0.9 + 0.1 * outputs.var(0, unbiased=True), atol=1e-6
    )


def test_weights_start_xavier_uniform_and_biases_at_0() -> None:
    network = TxVNetwork(
        NetworkConfig(text_dimensions=(100,), image_dimensions=(100,), width=200), seed=1
    )
    linear = network.image_space_blocks[0][0]
    bound = math.sqrt(6 / (200 + 200))
    assert linear.weight.abs().max() <= bound
    assert linear.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)
    assert not linear.bias.any()


def test_the_paper_s_case_has_8_4_million_parameters() -> None:
    weights = sum(parameter.numel() for parameter in TxVNetwork(NetworkConfig()).parameters())
    assert weights == pytest.approx(8.4e6, rel=0.01)


def test_dropout_sets_a_fifth_of_the_outputs_to_0_and_only_in_training() -> None:
    network = TxVNetwork(NetworkConfig(text_dimensions=(4,), image_dimensions=(4,), width=1000))
    torch.manual_seed(0)
    (texts,) = random_inputs((4,), 20, 1)
    assert (network.texts([texts]) == 0).float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert not (network.eval().texts([texts]) == 0).any()


def test_the_seed_alone_makes_the_weights_and_torch_s_generator_is_left_alone() -> None:
    config = NetworkConfig(text_dimensions=(4,), image_dimensions=(4,), width=3)
    before = torch.get_rng_state()
    first, second = TxVNetwork(config, seed=5), TxVNetwork(config, seed=5)
    other = TxVNetwork(config, seed=6)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first.text_blocks[0][0].weight, second.text_blocks[0][0].weight)
    assert not torch.equal(first.text_blocks[0][0].weight, other.text_blocks[0][0].weight)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"text_dimensions": ()}, "at least one feature on each side"),
        ({"width": 0}, "width=0, expected 1 to 65,536"),
        ({"width": 65_537}, "width=65537, expected 1 to 65,536"),
        ({"dropout": 1.0}, "expected 0 ≤ dropout < 1"),
    ],
)
def test_shapes_that_cannot_be_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        NetworkConfig(**settings)
