"""Models loaded in little memory: openCLIP's own bits, whatever the tower and the file."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import open_clip
import pytest
import torch
from open_clip import factory
from safetensors.torch import save_file
from torch import nn

from newsimages.encoding import lean_loading as module
from newsimages.encoding.lean_loading import lean_loading
from tests.tiny_clip import KINDS

VIT = "ViT-S-32-alt"
TOWERS = {
    "timm": {"timm_model_name": "test_vit", "timm_model_pretrained": False, "image_size": 32},
    "resnet": {"layers": [1, 1, 1, 1], "width": 16, "image_size": 32, "head_width": 16},
}


@pytest.mark.parametrize(
    ("kind", "precision"),
    [
        (kind, precision)
        for kind, special in KINDS.items()
        for precision in ("fp32", "bf16", "fp16")
        if precision == "fp32" or not special.get("text_cfg", {}).get("proj_bias")  # not openCLIP's
    ],
)
def test_a_folder_gives_the_bits_that_openclip_gives(
    tiny_clips: dict[str, Path], kind: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART", 1000)  # more than one part
    _assert_same(f"local-dir:{tiny_clips[kind]}", precision)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", TOWERS)
def test_so_do_other_image_towers(tmp_path: Path, kind: str, precision: str) -> None:
    text = {"context_length": 8, "vocab_size": 100, "width": 32, "heads": 2, "layers": 1}
    config = {"embed_dim": 16, "vision_cfg": TOWERS[kind], "text_cfg": text, "custom_text": True}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    arguments = {key: value for key, value in config.items() if key != "custom_text"}
    model = open_clip.CustomTextCLIP(**arguments)
    save_file(model.state_dict(), tmp_path / "open_clip_model.safetensors")
    _assert_same(f"local-dir:{tmp_path}", precision)


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """A state dict of the `VIT`."""
    torch.manual_seed(0)
    return dict(open_clip.create_model(VIT).state_dict())


@pytest.mark.parametrize("form", ["plain", "safetensors", "training", "modules", "old", "half"])
def test_a_checkpoint_gives_the_bits_that_openclip_gives(
    tmp_path: Path, weights: dict[str, torch.Tensor], form: str
) -> None:
    path = tmp_path / ("a.safetensors" if form == "safetensors" else "a.pt")
    if form == "safetensors":
        save_file(weights, path)
    elif form == "training":
        torch.save({"epoch": 1, "state_dict": weights}, path)
    elif form == "modules":
        torch.save({f"module.{name}": each for name, each in weights.items()}, path)
    elif form == "half":
        torch.save({name: each.half() for name, each in weights.items()}, path)
    else:
        torch.save(weights, path, _use_new_zipfile_serialization=form != "old")
    _assert_same(VIT, "bf16", str(path))


def test_a_checkpoint_that_has_to_be_adapted_is(
    tmp_path: Path, weights: dict[str, torch.Tensor]
) -> None:
    longer = dict(weights)
    longer["positional_embedding"] = torch.randn(99, longer["positional_embedding"].shape[1])
    torch.save(longer, tmp_path / "a.pt")
    _assert_same(VIT, "fp32", str(tmp_path / "a.pt"))


def test_what_does_not_fit_is_refused_as_openclip_does(
    tmp_path: Path, weights: dict[str, torch.Tensor]
) -> None:
    without = {name: each for name, each in weights.items() if name != "text_projection"}
    torch.save(without, tmp_path / "a.pt")
    with pytest.raises(RuntimeError, match="text_projection"), lean_loading():
        open_clip.create_model(VIT, pretrained=str(tmp_path / "a.pt"))
    assert factory.load_checkpoint is module._load_checkpoint  # openCLIP is as it was


def test_numbers_that_are_drawn_until_they_fit_are_found() -> None:
    weight = nn.Parameter(torch.full((50, 50), 1e9))
    with lean_loading():
        nn.init.trunc_normal_(weight)
    assert weight.abs().max() <= 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told by /proc")
@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_a_model_takes_the_memory_of_its_weights(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    state = open_clip.create_model("ViT-B-32").state_dict()  # 605 MB, half of that in bf16
    save_file(state, path) if suffix == "safetensors" else torch.save(state, path)
    program = f"""
import re
import open_clip
from newsimages.encoding import lean_loading as module
module.PART = 2**25
def peak(): return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
before = peak()
with module.lean_loading():
    open_clip.create_model("ViT-B-32", pretrained={str(path)!r}, precision="bf16")
print(peak() - before)
"""
    arguments = [sys.executable, "-c", program]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
    found = re.search(r"(\d+)\s*$", done.stdout)
    assert found is not None
    assert int(found[1]) < 600  # openCLIP's own way takes 1,100


def _assert_same(name: str, precision: str, pretrained: str | None = None) -> None:
    expected = open_clip.create_model(name, pretrained=pretrained, precision=precision)
    with lean_loading():
        actual = open_clip.create_model(name, pretrained=pretrained, precision=precision)
    expected_state = {**expected.state_dict(), **dict(expected.named_buffers())}
    actual_state = {**actual.state_dict(), **dict(actual.named_buffers())}
    assert list(actual_state) == list(expected_state)
    for key, each in expected_state.items():
        assert actual_state[key].dtype == each.dtype, key
        assert torch.equal(actual_state[key], each), key
