"""Maps hang on the weights and on the pixels, and the two methods agree.

(Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018.)
"""

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from open_clip.transformer import VisionTransformer
from scipy.stats import spearmanr

from newsimages.corpora.demo.drawing import draw
from newsimages.corpora.demo.scenes import sample_scene
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.explanations.gradients import GradientTower
from newsimages.explanations.occlusion import occlusion
from newsimages.explanations.target import Asked, Target
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.projection import side_by_side

N_PICTURES = 30


@pytest.fixture(scope="module")
def encoder() -> OpenClipEncoder:
    return OpenClipEncoder(OpenClipConfig(backbone="demo", device="cpu", precision="fp32"))


@pytest.fixture(scope="module")
def pictures(
    encoder: OpenClipEncoder, tmp_path_factory: pytest.TempPathFactory
) -> list[torch.Tensor]:
    """Pictures as the demo draws them, prepared for the tower."""
    folder, rng = tmp_path_factory.mktemp("pictures"), random.Random(0)
    paths = [folder / f"{number}.png" for number in range(N_PICTURES)]
    for path in paths:
        draw(sample_scene(rng)).save(path)
    return [encoder.place_image(path).pixels for path in paths]


def target_of(query: torch.Tensor, network: TxVNetwork | None = None) -> Target:
    return (Asked(tower="clip", network=network, query=query),)


def agreement(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    return float(spearmanr(first.ravel(), second.ravel())[0])


def vit(seed: int = 0) -> Any:
    """A random ViT of 8 × 8 patches, as far as `GradientTower` asks an encoder."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tower = VisionTransformer(64, 8, 64, 4, 4, 2.0, output_dim=32).eval()
        for parameter in tower.parameters():
            n_inputs = parameter[0].numel() if parameter.ndim > 1 else 4
            torch.nn.init.normal_(parameter, std=1.5 / n_inputs**0.5)
    config = SimpleNamespace(backbone="ViT")
    return SimpleNamespace(model=SimpleNamespace(visual=tower), config=config, image_size=(64, 64))


def shuffle(block: torch.nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in block.parameters():
        order = torch.randperm(parameter.numel(), generator=generator)
        parameter.data = parameter.data.flatten()[order].view_as(parameter)


def test_shuffled_weights_of_the_last_block_change_a_vits_map() -> None:
    whole, shuffled = vit(), vit()
    shuffle(shuffled.model.visual.transformer.resblocks[-1], 0)
    before, after = GradientTower(whole), GradientTower(shuffled)
    generator = torch.Generator().manual_seed(1)
    found = []
    for _ in range(20):
        pixels = torch.randn(1, 3, 64, 64, generator=generator)
        target = target_of(torch.randn(32, generator=generator))
        found.append(agreement(before.cells(pixels, target)[0], after.cells(pixels, target)[0]))
    assert np.mean(found) < 0.5


def test_shuffled_weights_of_the_last_block_change_a_resnets_map(
    encoder: OpenClipEncoder, pictures: list[torch.Tensor]
) -> None:
    other = OpenClipEncoder(encoder.config)
    shuffle(other.model.visual.layer4, 0)
    before, after = GradientTower(encoder), GradientTower(other)
    target = target_of(torch.from_numpy(encoder.encode_texts(["two red cars collide"])[0]))
    found = [agreement(before.cells(each, target)[0], after.cells(each, target)[0])
             for each in pictures]  # fmt: skip
    assert np.mean(found) < 0.5


def test_pictures_of_equal_vectors_have_maps_of_their_own() -> None:
    made = vit()
    tower = made.model.visual
    tower.positional_embedding.data.zero_()  # so that patches may stand anywhere
    pixels = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    patches = pixels.unflatten(3, (8, 8))  # (1, 3, 64, patch, column)
    turned = patches.flip(3).flatten(3)
    target = target_of(torch.randn(32, generator=torch.Generator().manual_seed(1)))
    gradients = GradientTower(made)
    one, vector = gradients.cells(pixels, target)
    other, same_vector = gradients.cells(turned, target)
    torch.testing.assert_close(vector, same_vector, atol=1e-5, rtol=1e-4)
    np.testing.assert_allclose(other, one[:, ::-1], atol=1e-4 * np.abs(one).max())
    assert agreement(one, other) < 0.9


def test_gradients_and_occlusion_agree_for_txv(
    encoder: OpenClipEncoder, pictures: list[torch.Tensor]
) -> None:
    """What makes a picture like the one before it, in the joint space of a T×V network."""
    dimension = encoder.text_tower.dimension
    sizes = NetworkConfig(text_dimensions=(dimension,), image_dimensions=(dimension,), width=64)
    network, gradients = TxVNetwork(sizes).eval(), GradientTower(encoder)
    vectors = encoder.encode_pixels(torch.cat(pictures)).clone()
    with torch.no_grad():
        joint = side_by_side(network.images([vectors]))
    ranks, signs = [], []
    for number, pixels in enumerate(pictures):
        target = target_of(joint[number - 1], network)
        map_, _ = gradients.cells(pixels, target)
        map_ = map_.reshape(4, 2, 4, 2).mean(axis=(1, 3))
        covered, _ = occlusion(encoder, pixels, target, cells=4)
        ranks.append(agreement(map_, covered))
        strongest = np.unravel_index(np.abs(map_).argmax(), map_.shape)
        signs.append(map_[strongest] * covered[strongest] > 0)
    assert np.mean(ranks) > 0.3
    assert np.mean(signs) > 0.7


def test_grad_cam_is_its_formula(encoder: OpenClipEncoder, pictures: list[torch.Tensor]) -> None:
    tower = encoder.model.visual
    query = torch.from_numpy(encoder.encode_texts(["a flood in the village"])[0])
    with torch.no_grad():
        maps = tower.layer2(tower.layer1(tower.stem(pictures[0])))  # 8 × 8, the last of 7 or more
    maps.requires_grad_()
    vector = torch.nn.functional.normalize(tower.attnpool(tower.layer4(tower.layer3(maps))))
    (gradient,) = torch.autograd.grad((vector @ query).sum(), maps)
    expected = sum(
        gradient[0, channel].mean() * maps[0, channel].detach() for channel in range(maps.shape[1])
    )
    values, _ = GradientTower(encoder).cells(pictures[0], target_of(query))
    np.testing.assert_allclose(values, np.asarray(expected), atol=1e-5)


def test_attention_times_gradient_is_its_formula() -> None:
    made = vit()
    tower = made.model.visual
    pixels = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    query = torch.randn(32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        x = tower._embeds(pixels)
        for block in tower.transformer.resblocks[:2]:
            x = block(x)
    read = []
    for block in tower.transformer.resblocks[2:]:
        normed, heads = block.ln_1(x), []
        parts = torch.nn.functional.linear(
            normed, block.attn.in_proj_weight, block.attn.in_proj_bias
        )
        for head in range(4):
            q, k, v = (part[0, :, 16 * head : 16 * head + 16] for part in parts.chunk(3, dim=-1))
            weights = (q @ k.T / 4).softmax(dim=-1)  # (65, 65)
            read.append(weights if weights.requires_grad else weights.detach().requires_grad_())
            heads.append(read[-1] @ v)
        x = x + block.attn.out_proj(torch.cat(heads, dim=-1)[None])
        x = x + block.mlp(block.ln_2(x))
    vector = torch.nn.functional.normalize(tower._pool(x)[0] @ tower.proj, dim=-1)
    gradients = torch.autograd.grad((vector @ query).sum(), read)
    expected = sum((a * g).detach().sum(dim=0)[1:] for a, g in zip(read, gradients, strict=True))
    values, _ = GradientTower(made).cells(pixels, target_of(query))
    np.testing.assert_allclose(values.ravel(), np.asarray(expected), atol=1e-5, rtol=1e-3)
