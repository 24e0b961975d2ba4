"""Models from a stand-in hub, through openCLIP's own names, and what is said of bad files."""

import json
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from huggingface_hub import constants
from PIL import Image
from safetensors.torch import load_file, save_file

from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.store import EmbeddingStore
from newsimages.errors import NewsImagesError
from tests.stand_in_hub import StandInHub, stand_in_hub
from tests.tiny_clip import save_tiny_clip, save_xlm_roberta

DEFAULT = "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"  # the repository of the default names
SAFE, BIN = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"
TEXTS = {"a": "Storm over the coast", "b": "Markets fall"}


@pytest.fixture
def hub(
    tmp_path: Path, tiny_clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[StandInHub]:
    """A hub with a tiny model under the default names, and openCLIP's names for tiny models."""
    tiny = json.loads((tiny_clips["clip"] / "open_clip_config.json").read_text())["model_cfg"]
    names = {"ViT-H-14": tiny, "PE-Core-B-16": tiny, "ViTamin-S": tiny}
    for name, config in names.items():
        monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, name, config)
    with stand_in_hub(tmp_path / "cache", monkeypatch) as server:
        server.repositories[DEFAULT] = shutil.copytree(tiny_clips["clip"], tmp_path / "model")
        yield server


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def encoder_of(**settings: Any) -> OpenClipEncoder:
    fixed = {"device": "cpu", "precision": "fp32", "workers": 0}
    return OpenClipEncoder(OpenClipConfig(**{**fixed, **settings}))


def assert_as_openclip(encoder: OpenClipEncoder, picture: Path, *names: str) -> None:
    """That texts and images are as openCLIP's, which finds all that it needs in the cache."""
    constants.HF_HUB_OFFLINE = True
    try:
        model, _, transform = open_clip.create_model_and_transforms(*names)
        tokenizer = open_clip.get_tokenizer(names[0])
    finally:
        constants.HF_HUB_OFFLINE = False
    with torch.inference_mode():
        image = model.eval().encode_image(transform(Image.open(picture))[None])
        texts = model.encode_text(tokenizer(list(TEXTS.values())))
    image, texts = (torch.nn.functional.normalize(each).numpy() for each in (image, texts))
    ours = next(encoder.encode_images([[picture]])).vectors
    np.testing.assert_allclose(ours, image, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_texts(list(TEXTS.values())), texts, atol=1e-5)


def test_the_default_names(
    hub: StandInHub, picture: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    encoder = encoder_of()
    told = capfd.readouterr().err
    assert told.count("fetching") == 1
    assert f"fetching {DEFAULT} from {hub.url} to " in told
    assert_as_openclip(encoder, picture, "ViT-H-14", "laion2b_s32b_b79k")
    assert encoder_of().key == encoder.key
    assert capfd.readouterr() == ("", "")
    assert hub.fetched() == [SAFE]


@pytest.mark.parametrize(
    ("backbone", "pretrained"), [("PE-Core-B-16", "meta"), ("ViTamin-S", "datacomp1b")]
)
def test_a_tag_keeps_its_preparation_of_images(
    hub: StandInHub, picture: Path, backbone: str, pretrained: str
) -> None:
    name, _, file = open_clip.get_pretrained_cfg(backbone, pretrained)["hf_hub"].rpartition("/")
    hub.repositories[name] = hub.repositories[DEFAULT]
    if file:
        (hub.repositories[name] / SAFE).rename(hub.repositories[name] / "pytorch_model.safetensors")
    encoder = encoder_of(backbone=backbone, pretrained=pretrained)
    assert_as_openclip(encoder, picture, backbone, pretrained)
    assert ("0.5, 0.5, 0.5" in repr(encoder._transform)) == (pretrained == "meta")


def test_a_repository_with_its_tokenizer_in_another(
    hub: StandInHub, tiny_clips: dict[str, Path], tmp_path: Path, picture: Path
) -> None:
    folder = shutil.copytree(tiny_clips["xlm_roberta"], tmp_path / "xlm")
    save_xlm_roberta(tmp_path / "tokenizer")
    shutil.copy(tmp_path / "tokenizer" / "xlm-roberta" / "config.json", tmp_path / "tokenizer")
    config = json.loads((folder / "open_clip_config.json").read_text())
    own = {"hf_tokenizer_name": "some/tokenizer", "hf_model_name": "some/tokenizer"}
    config["model_cfg"]["text_cfg"] |= own
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    hub.repositories |= {"some/model": folder, "some/tokenizer": tmp_path / "tokenizer"}
    encoder = encoder_of(backbone="hf-hub:some/model", pretrained="")
    assert_as_openclip(encoder, picture, "hf-hub:some/model")
    assert encoder.model_config["embed_dim"] == 16
    hub.asked.clear()
    assert encoder_of(backbone="hf-hub:some/model", pretrained="").key == encoder.key
    assert len(hub.asked) <= 3  # whether a repository has a newer commit

    settings = json.loads((tmp_path / "tokenizer" / "tokenizer_config.json").read_text())
    changed = json.dumps(settings | {"padding_side": "left"})
    (tmp_path / "tokenizer" / "tokenizer_config.json").write_text(changed)
    assert encoder_of(backbone="hf-hub:some/model", pretrained="").key != encoder.key

    (tmp_path / "tokenizer" / "tokenizer.json").unlink()
    with pytest.raises(NewsImagesError, match="some/tokenizer has no tokenizer"):
        encoder_of(backbone="hf-hub:some/model", pretrained="")


@pytest.mark.parametrize("backbone", ["ViT-H-14", f"hf-hub:{DEFAULT}"])
def test_other_weights_behind_the_same_name_make_all_vectors_anew(
    hub: StandInHub, tmp_path: Path, picture: Path, backbone: str
) -> None:
    def vectors() -> tuple[Any, Any, dict[str, int]]:
        store = EmbeddingStore(folder=tmp_path / "work", encoder=encoder_of(backbone=backbone))
        images, _ = store.images({"i": picture}, label="images")
        return store.texts(TEXTS, label="texts").vectors, images.vectors, dict(store.tally)

    before = vectors()
    assert before[2] == {"made": 3, "found": 0}
    assert vectors()[2] == {"made": 0, "found": 3}
    save_tiny_clip(hub.repositories[DEFAULT], seed=1)
    after = vectors()
    assert after[2] == {"made": 3, "found": 0}
    assert not np.allclose(before[0], after[0], atol=0.01)
    assert not np.allclose(before[1], after[1], atol=0.01)


def test_the_key_follows_the_weights_that_were_loaded(hub: StandInHub) -> None:
    """Not the names in the cache, which are the hub's word for its content."""
    key = encoder_of().key
    [blob] = Path(constants.HF_HUB_CACHE).rglob("blobs/*")
    shutil.copy(save_tiny_clip(hub.repositories[DEFAULT].parent / "b", seed=1) / SAFE, blob)
    assert encoder_of().key != key


def test_only_where_there_is_no_safetensors_the_bin_is_fetched(hub: StandInHub) -> None:
    folder = hub.repositories[DEFAULT]
    torch.save(load_file(folder / SAFE), folder / BIN)
    hub.breaks = [("reset", 1000), *[("reset", 0)] * 3]
    with pytest.raises(NewsImagesError, match=rf"{SAFE} of {DEFAULT}: the connection to .* broke"):
        encoder_of()
    assert set(hub.fetched()) == {SAFE}
    key = encoder_of().key
    assert set(hub.fetched()) == {SAFE}
    (folder / SAFE).unlink()
    assert encoder_of().key == key
    assert hub.fetched()[-1] == BIN


def test_damaged_and_missing_parts_of_a_folder_are_named(
    hub: StandInHub, tiny_clips: dict[str, Path], tmp_path: Path
) -> None:
    config = hub.repositories[DEFAULT] / "open_clip_config.json"
    config.write_text('{"model_cfg": ')
    with pytest.raises(
        NewsImagesError, match=r"/blobs/\w+ is no openCLIP config.* Delete this file"
    ):
        encoder_of(backbone=f"hf-hub:{DEFAULT}")
    whole = json.loads((tiny_clips["clip"] / "open_clip_config.json").read_text())
    whole["model_cfg"]["vision_cfg"]["colour"] = 1
    config.write_text(json.dumps(whole))
    with pytest.raises(NewsImagesError, match=r"does not go into this model \(TypeError: .*colour"):
        encoder_of(backbone=f"hf-hub:{DEFAULT}")
    folder = shutil.copytree(tiny_clips["xlm_roberta"], tmp_path / "xlm")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(NewsImagesError, match=f"{folder} has no tokenizer: none of tokenizer.json"):
        encoder_of(backbone=f"local-dir:{folder}", pretrained="")


class Malicious:
    def __reduce__(self) -> Any:
        return (print, ("code ran",))


def bad_weights(path: Path, kind: str) -> None:
    whole = path.read_bytes()
    weights = load_file(path) if path.suffix == ".safetensors" else torch.load(path)
    if kind == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "a page":
        path.write_bytes(b"<html>" * 999)
    elif kind == "other names":
        other = {f"bert.{name}": weight for name, weight in weights.items()}
        save_file(other, path) if path.suffix == ".safetensors" else torch.save(other, path)
    elif kind == "other shape":
        weights["text_projection"] = torch.zeros(5, 7)
        save_file(weights, path) if path.suffix == ".safetensors" else torch.save(weights, path)
    elif kind == "a list":
        torch.save([1, 2], path)
    elif kind == "code":
        path.write_bytes(pickle.dumps(Malicious()))
    elif kind == "code in an archive":
        torch.save({"a": Malicious()}, path)


SENTENCES = {
    "cut": r"{cache}/\S+/blobs/\w+ is damaged: .* Delete this file and start again",
    "empty": r"{cache}/\S+/blobs/\w+ is damaged: .*0 bytes\)\. Delete this file",
    "a page": r"{cache}/\S+/blobs/\w+ is damaged: .* Delete this file",
    "other names": r"another model's weights: .*bert\.\w+.* It begins with bert\.\S+ \(\d+",
    "other shape": r"another model's weights: text_projection is \(5, 7\), expected \(32, 16\)",
    "a list": r"holds no weights by name",
    "code": r"holds more than tensors, and code of a file is never run\. Use the",
    "code in an archive": r"holds more than tensors, and code of a file is never run\. Use the",
}


@pytest.mark.parametrize("kind", SENTENCES)
@pytest.mark.parametrize("file", [SAFE, BIN])
def test_bad_weights_are_told_apart(
    hub: StandInHub, kind: str, file: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = hub.repositories[DEFAULT]
    if file == SAFE and kind.startswith(("a list", "code")):
        file = BIN
    if file == BIN:
        torch.save(load_file(folder / SAFE), folder / BIN)
        (folder / SAFE).unlink()
    bad_weights(folder / file, kind)
    sentence = SENTENCES[kind].format(cache=constants.HF_HUB_CACHE)
    with pytest.raises(NewsImagesError, match=sentence) as raised:
        encoder_of()
    assert "\n" not in str(raised.value)
    assert "weights_only" not in str(raised.value)
    assert "code ran" not in capfd.readouterr().out
