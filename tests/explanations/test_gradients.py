"""Gradient maps of every family of image towers, and that the encoder is left as it was."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from newsimages.devices import Precision
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.explanations.gradients import GradientTower
from newsimages.explanations.target import Asked, Target
from tests.families import FAMILIES, Family, save_small

GRIDS = {"ConvNeXt": (8, 8), "Swin": (8, 8), "ResNet": (8, 8), "MobileCLIP2": (8, 8)}
"""Of the convolutional families at the test's size; of a ViT, its patches."""
LIKE_CLIP = {"CLIP with QuickGELU", "MetaCLIP 2 worldwide", "RoBERTa", "XLM-R", "mT5", "NLLB"}
"""Families that have CLIP's image tower, beside other texts or another activation."""
PATCHES = {"MobileCLIP2, custom text": (4, 4)}


def small(folder: Path, family: Family, precision: str = "fp32") -> OpenClipEncoder:
    saved = save_small(folder, family)
    return OpenClipEncoder(
        OpenClipConfig(backbone=f"local-dir:{saved}", device="cpu", precision=precision)
    )


def picture(seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def target_of(encoder: OpenClipEncoder, seed: int = 0) -> Target:
    drawn = np.random.default_rng(seed).normal(size=encoder.text_tower.dimension)
    return (Asked(tower="clip", network=None, query=torch.from_numpy(drawn).float()),)


@pytest.mark.parametrize(
    "family",
    [each for each in FAMILIES if each.name not in LIKE_CLIP],
    ids=lambda family: family.name,
)
def test_every_family_has_a_map_of_one_pass(family: Family, tmp_path: Path) -> None:
    encoder = small(tmp_path / "model", family)
    picture().save(tmp_path / "picture.png")
    pixels = encoder.place_image(tmp_path / "picture.png").pixels
    before = encoder.encode_pixels(pixels)
    asks_gradient = [each.requires_grad for each in encoder.model.parameters()]
    values, vector = GradientTower(encoder).cells(pixels, target_of(encoder))
    patches = PATCHES.get(family.name, (2, 2))
    assert values.shape == GRIDS.get(family.name, patches)
    assert np.isfinite(values).all()
    assert values.std() > 0
    torch.testing.assert_close(vector, before.clone(), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(encoder.encode_pixels(pixels), before, atol=0, rtol=0)
    assert [each.requires_grad for each in encoder.model.parameters()] == asks_gradient
    assert not any(each._forward_hooks for each in encoder.model.modules())
    assert all(each.grad is None for each in encoder.model.parameters())


class _Strange(torch.nn.Module):
    """A tower of no family."""

    image_size = 32

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.mean(dim=(2, 3))


class _Lacking(_Strange):
    """What older versions of torch do with fp16 on a CPU."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("not implemented for 'Half'")


def test_a_tower_without_gradients_says_what_works(tmp_path: Path) -> None:
    encoder = small(tmp_path / "model", FAMILIES[0])
    picture().save(tmp_path / "picture.png")
    pixels, target = encoder.place_image(tmp_path / "picture.png").pixels, target_of(encoder)
    gradients = GradientTower(encoder)
    gradients._tower = _Lacking()
    with pytest.raises(
        NewsImagesError, match=r"does not compute in torch\.float32.*method=occlusion"
    ):
        gradients.cells(pixels, target)
    encoder.model.visual = _Strange()
    with pytest.raises(NewsImagesError, match=r"_Strange\) has no layer .*method=occlusion works"):
        GradientTower(encoder).cells(pixels, target)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_gives_the_same_map(tmp_path: Path, precision: Precision) -> None:
    maps = []
    for each in ("fp32", precision):
        encoder = OpenClipEncoder(OpenClipConfig(backbone="demo", device="cpu", precision=each))
        picture().save(tmp_path / "picture.png")
        pixels = encoder.place_image(tmp_path / "picture.png").pixels
        maps.append(GradientTower(encoder).cells(pixels, target_of(encoder))[0])
    assert np.corrcoef(*(each.ravel() for each in maps))[0, 1] > 0.98
