"""The openCLIP encoder on very small models: equal to openCLIP, and clear where it cannot load."""

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from newsimages.devices import Precision
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.errors import NewsImagesError
from tests.tiny_clip import save_tiny_clip

TEXTS = ["Storm over the coast", "", "a", "Storm over the coast", "Markets fall as rates rise"]


def encoder_of(folder: Path, **settings: Any) -> OpenClipEncoder:
    defaults = {"device": "cpu", "precision": "fp32", "workers": 0, "batch_size": 2}
    return OpenClipEncoder(
        OpenClipConfig(backbone=f"local-dir:{folder}", **{**defaults, **settings})
    )


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five pictures of several sizes and forms."""
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    paths = [folder / name for name in ("a.png", "b.jpg", "c.gif", "d.webp", "e.png")]
    for i, path in enumerate(paths):
        pixels = generator.integers(0, 255, (4 + i, 6, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((50 + 9 * i, 60), Image.Resampling.NEAREST).save(path)
    return paths


@pytest.mark.parametrize("kind", ["clip", "custom_text"])
def test_vectors_are_those_of_openclip(
    tiny_clips: dict[str, Path], kind: str, pictures: list[Path]
) -> None:
    name = f"local-dir:{tiny_clips[kind]}"
    model, _, transform = open_clip.create_model_and_transforms(name)
    model.eval()
    with torch.inference_mode():
        tokens = open_clip.get_tokenizer(name)(TEXTS)
        texts = torch.nn.functional.normalize(model.encode_text(tokens)).numpy()
        pixels = torch.stack([transform(Image.open(path).convert("RGB")) for path in pictures])
        images = torch.nn.functional.normalize(model.encode_image(pixels)).numpy()

    encoder = encoder_of(tiny_clips[kind])
    assert encoder.image_size == (32, 32)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), texts, atol=1e-5)
    answers = list(encoder.encode_images([pictures[:3], pictures[3:]]))
    np.testing.assert_allclose(np.concatenate([a.vectors for a in answers]), images, atol=1e-5)


@pytest.mark.parametrize("kind", ["clip", "custom_text"])
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_low_precision_points_the_same_way(
    tiny_clips: dict[str, Path], kind: str, precision: Precision, pictures: list[Path]
) -> None:
    exact, low = (encoder_of(tiny_clips[kind], precision=p) for p in ("fp32", precision))
    pairs = [
        (exact.encode_texts(TEXTS), low.encode_texts(TEXTS)),
        tuple(next(e.encode_images([pictures])).vectors for e in (exact, low)),
    ]
    for expected, actual in pairs:
        assert actual.dtype == np.float32
        assert (expected * actual).sum(axis=1).min() >= 0.999
    assert exact.key != low.key


@pytest.mark.parametrize("workers", [0, 1, 2, "auto"])
def test_each_batch_is_answered_with_the_reasons(
    tiny_clips: dict[str, Path], pictures: list[Path], tmp_path: Path, workers: int | str
) -> None:
    empty, text, missing = (tmp_path / name for name in ("empty.jpg", "text.jpg", "missing.jpg"))
    empty.write_bytes(b"")
    text.write_bytes(b"<html>")
    encoder = encoder_of(tiny_clips["clip"], workers=workers)
    answers = list(
        encoder.encode_images([[pictures[0], empty, pictures[1]], [text, missing], [pictures[2]]])
    )
    assert [answer.reasons for answer in answers] == [
        (None, "empty file", None),
        ("not an image", "no such file"),
        (None,),
    ]
    assert [answer.vectors.shape for answer in answers] == [(2, 16), (0, 16), (1, 16)]
    alone = next(encoder.encode_images([[pictures[1]]])).vectors
    np.testing.assert_allclose(answers[0].vectors[1:], alone, atol=1e-5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # torch's own
def test_images_are_decoded_without_shared_memory(
    tiny_clips: dict[str, Path], pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")  # as without /dev/shm

    monkeypatch.setattr("multiprocessing.synchronize._multiprocessing.SemLock", refused)
    for workers in (0, 1, 2):
        encoder = encoder_of(tiny_clips["clip"], workers=workers)
        assert len(list(encoder.encode_images([pictures]))) == 1


def test_nothing_to_encode_is_nothing(tiny_clips: dict[str, Path]) -> None:
    encoder = encoder_of(tiny_clips["clip"])
    assert encoder.encode_texts([]).shape == (0, 16)
    assert list(encoder.encode_images([])) == []


def test_the_key_follows_what_the_vectors_depend_on(tmp_path: Path) -> None:
    folder = save_tiny_clip(tmp_path / "a")
    key = encoder_of(folder).key
    weights = folder / "open_clip_model.safetensors"
    os.utime(weights, (0, 0))
    assert encoder_of(folder, batch_size=7, workers=1).key == key
    assert encoder_of(shutil.copytree(folder, tmp_path / "elsewhere")).key == key

    assert " at 0x" not in repr(encoder_of(folder)._transform)  # an address of one process alone

    save_tiny_clip(folder, seed=1)
    other_weights = encoder_of(folder).key
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["preprocess_cfg"] = {"mean": [0.5, 0.5, 0.5]}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    assert len({key, other_weights, encoder_of(folder).key}) == 3


def test_the_name_fits_a_folder(tiny_clips: dict[str, Path]) -> None:
    name = encoder_of(tiny_clips["clip"]).name
    assert name.startswith("clip-")
    assert name.endswith("-fp32")
    assert not set(name) & set("/\\: ")


def _without_weights(folder: Path) -> None:
    (folder / "open_clip_model.safetensors").unlink()


def _cut_weights(folder: Path) -> None:
    weights = folder / "open_clip_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:9999])


def _other_architecture(folder: Path) -> None:
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["model_cfg"]["text_cfg"]["width"] = 64
    (folder / "open_clip_config.json").write_text(json.dumps(config))


def _unknown_setting(folder: Path) -> None:
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["model_cfg"]["vision_cfg"]["colour"] = 1
    (folder / "open_clip_config.json").write_text(json.dumps(config))


def _without_config(folder: Path) -> None:
    (folder / "open_clip_config.json").unlink()


@pytest.mark.parametrize(
    "spoil",
    [_without_weights, _cut_weights, _other_architecture, _unknown_setting, _without_config],
)
def test_a_folder_that_cannot_be_loaded_is_a_clear_error(
    tiny_clips: dict[str, Path], tmp_path: Path, spoil: Any
) -> None:
    folder = shutil.copytree(tiny_clips["clip"], tmp_path / "clip")
    spoil(folder)
    with pytest.raises(NewsImagesError, match="Cannot load backbone=local-dir:"):
        encoder_of(folder)


@pytest.mark.parametrize("content", [b"", b"hello" * 100])
def test_a_checkpoint_that_is_none_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    with pytest.raises(NewsImagesError, match=r"Cannot load backbone=ViT-S-32-alt with .*\.pt"):
        OpenClipEncoder(OpenClipConfig(backbone="ViT-S-32-alt", pretrained=str(path), device="cpu"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backbone": "ViT-H14"}, r"backbone=ViT-H14 is no openCLIP model.*mean ViT-H-14"),
        ({"backbone": "ViT-B-32", "pretrained": "no"}, "nor a tag of ViT-B-32, which has: openai"),
        ({"backbone": "local-dir:/nowhere"}, "Cannot load backbone=local-dir:/nowhere"),
    ],
)
def test_unknown_names_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        OpenClipEncoder(OpenClipConfig(device="cpu", **settings))  # type: ignore[arg-type]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused(tiny_clips: dict[str, Path]) -> None:
    with pytest.raises(NewsImagesError, match="device=cuda"):
        encoder_of(tiny_clips["clip"], device="cuda")


@pytest.mark.parametrize("settings", [{"batch_size": 0}, {"workers": -1}])
def test_sizes_that_cannot_be_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(NewsImagesError, match="batch_size of at least 1"):
        OpenClipConfig(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("backbone", ["hf-hub:nobody/nothing", "ViT-B-32"])
def test_a_hub_out_of_reach_says_what_to_do(
    backbone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    config = OpenClipConfig(backbone=backbone, pretrained="laion2b_s34b_b79k", device="cpu")
    with pytest.raises(
        NewsImagesError, match=r"(?s)Cannot load backbone=.*set pretrained=/path/to/the/file"
    ):
        OpenClipEncoder(config)


@pytest.mark.parametrize("kind", ["clip", "xlm_roberta"])
def test_half_precision_is_near_single(
    tiny_clips: dict[str, Path], kind: str, pictures: list[Path]
) -> None:
    single, half = (encoder_of(tiny_clips[kind], precision=p) for p in ("fp32", "bf16"))
    texts = np.einsum("ij,ij->i", single.encode_texts(TEXTS), half.encode_texts(TEXTS))
    images = [next(encoder.encode_images([pictures])).vectors for encoder in (single, half)]
    cosines = np.concatenate([texts, np.einsum("ij,ij->i", *images)])
    assert cosines.min() > 0.999


def test_an_encoder_travels_as_its_configuration(tiny_clips: dict[str, Path]) -> None:
    encoder = encoder_of(tiny_clips["clip"])
    received = pickle.loads(pickle.dumps(encoder))
    assert received.used == encoder.used
    np.testing.assert_array_equal(
        received.encode_texts(["A storm"]), encoder.encode_texts(["A storm"])
    )
    assert pickle.loads(pickle.dumps(encoder)) is received
    load, (config, _, n_threads) = encoder.__reduce__()
    with pytest.raises(NewsImagesError, match="is another model on this machine"):
        load(config, "0" * 64, n_threads)
