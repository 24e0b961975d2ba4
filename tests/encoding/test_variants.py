"""Activation and preparation of images: what a model was trained with, for all of openCLIP's."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transformer import QuickGELU
from PIL import Image
from safetensors.torch import save_model

from newsimages.corpora import Corpus
from newsimages.encoding.encoders import CONFIG, OpenClipConfig, OpenClipEncoder, check_names
from newsimages.encoding.models import choose_backbone
from newsimages.encoding.tower_folder import load_tower, save_tower
from newsimages.encoding.variants import variant
from newsimages.errors import NewsImagesError
from tests.hub_cache import into_cache, only_the_cache
from tests.tiny_clip import TEXT, VISION

WAY = ("mean", "std", "interpolation", "resize_mode")
PAIRS = open_clip.list_pretrained()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    path.touch()
    return path


def named_quick_gelu(model: str) -> bool:
    return bool(open_clip.get_model_config(model).get("quick_gelu"))


def test_every_tag_is_taken_at_its_word() -> None:
    without_a_word = set()
    for model, tag in PAIRS:
        known, options = open_clip.get_pretrained_cfg(model, tag), variant(model, tag)
        assert {key: options[f"image_{key}"] for key in WAY} == {key: known[key] for key in WAY}
        if known.get("quick_gelu") or not named_quick_gelu(model):
            assert options["force_quick_gelu"] == bool(known.get("quick_gelu")), (model, tag)
        else:  # the backbone's own configuration counts
            without_a_word.add(model)
            assert options["force_quick_gelu"]
    assert without_a_word == {"roberta-ViT-B-32"}


def test_a_file_is_taken_as_every_tag_is_that_it_can_have_the_weights_of(weights: Path) -> None:
    refused = set()
    for model, tag in PAIRS:
        by_tag = variant(model, tag)
        try:
            by_file = variant(model, str(weights))
        except NewsImagesError:
            refused.add(model)
            continue
        if by_file["force_quick_gelu"] == by_tag["force_quick_gelu"]:
            assert by_file == by_tag, (model, tag)
        else:  # openCLIP has a variant of that name for the other activation
            assert by_file["force_quick_gelu"] == named_quick_gelu(model)
            assert variant(f"{model}-quickgelu", tag)["force_quick_gelu"] != named_quick_gelu(model)
    assert refused == {"ViT-L-14", "ViT-H-14-quickgelu"}


@pytest.mark.parametrize("backbone", ["ViT-L-14", "ViT-H-14-quickgelu"])
def test_a_file_that_may_be_prepared_in_two_ways_is_refused_before_any_work(
    backbone: str, weights: Path
) -> None:
    with pytest.raises(NewsImagesError, match=r"several ways.*backbone=local-dir:.*hf download"):
        check_names(backbone, str(weights))
    corpus: Any = Corpus(
        folder=weights.parent, name="mine", models={}, data_sets=(), skipped=None  # type: ignore[arg-type]
    )  # fmt: skip
    with pytest.raises(NewsImagesError, match="images are prepared"):
        choose_backbone(corpus, backbone, str(weights))


@pytest.mark.parametrize("source", ["local-dir:somewhere", "hf-hub:some/where"])
def test_a_folder_says_it_itself(source: str) -> None:
    assert variant(source, source) == {}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """The weights of a backbone named small, and of small-quickgelu, with two tags."""
    config = {"embed_dim": 16, "vision_cfg": VISION, "text_cfg": TEXT}
    path = tmp_path / "small.safetensors"
    torch.manual_seed(0)
    model = open_clip.CLIP(**config)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    save_model(model, str(path))
    into_cache(tmp_path / "cache", "small/model", path, "open_clip_model.safetensors")
    way = {"mean": (0.5,) * 3, "std": (0.25,) * 3, "interpolation": "bilinear"}
    plain = {"hf_hub": "small/model/", "url": "", **way, "resize_mode": "squash"}
    quick = {**plain, "quick_gelu": True}
    models = {"small": config, "small-quickgelu": {**config, "quick_gelu": True}}
    tags = {"small": {"plain": plain, "quick": quick}, "small-quickgelu": {"quick": quick}}
    with (
        patch.dict(open_clip.factory._MODEL_CONFIGS, models),
        patch.dict(open_clip.pretrained._PRETRAINED, tags),
        only_the_cache(tmp_path / "cache"),
    ):
        yield path


def encoder(backbone: str, pretrained: object) -> OpenClipEncoder:
    return OpenClipEncoder(
        OpenClipConfig(
            backbone=backbone,
            pretrained=str(pretrained),
            device="cpu",
            precision="fp32",
            workers=0,
        )
    )


def test_the_same_weights_give_the_same_vectors_by_tag_and_by_file(
    small: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.png"
    pixels = np.random.default_rng(0).integers(0, 255, (40, 70, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(picture)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = {
            (name, of): encoder(name, of)
            for name, of in [
                ("small", "plain"), ("small", small), ("small", "quick"),
                ("small-quickgelu", "quick"), ("small-quickgelu", small),
            ]
        }  # fmt: skip
    vectors = [
        np.concatenate(
            [each.encode_texts(["Storm"]), next(each.encode_images([[picture]])).vectors]
        )
        for each in made.values()
    ]
    plain, plain_file, quick, quick_named, quick_file = vectors
    np.testing.assert_array_equal(plain, plain_file)
    np.testing.assert_array_equal(quick, quick_named)
    np.testing.assert_array_equal(quick, quick_file)
    assert np.abs(plain - quick).max(axis=1).min() > 1e-4
    for (_, of), each in made.items():
        has_quick_gelu = any(isinstance(part, QuickGELU) for part in each.model.modules())
        assert has_quick_gelu == (each in list(made.values())[2:]), of
    assert made["small", "plain"].key != made["small", "quick"].key
    assert made["small", small].key != made["small-quickgelu", small].key


def test_a_served_tower_keeps_the_activation_of_its_tag(small: Path, tmp_path: Path) -> None:
    own = encoder("small", "quick")
    save_tower(tmp_path / "tower", own, ["Storm"])
    assert json.loads((tmp_path / "tower" / CONFIG).read_text())["model_cfg"]["quick_gelu"]
    loaded = load_tower(tmp_path / "tower").encode(["Storm"])
    np.testing.assert_array_equal(loaded, own.encode_texts(["Storm"]))
