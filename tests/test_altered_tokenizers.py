"""Tokenizer files that were altered: refused with a sentence where a model is loaded or asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.tower_folder import load_tower, save_tower
from newsimages.errors import NewsImagesError
from newsimages.preprocessing.translation import Translator
from tests.tiny_clip import save_tiny_clip
from tests.tiny_marian import save_tiny_marian

Change = Callable[[Any], object]


def alter(path: Path, change: Change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def encoder(folder: Path) -> OpenClipEncoder:
    config = OpenClipConfig(backbone=f"local-dir:{folder}", pretrained="", device="cpu")
    return OpenClipEncoder(config)


TOKENIZERS: list[tuple[str, Change]] = [
    ("tokenizer_config.json", lambda c: c.update(pad_token="another")),
    ("tokenizer_config.json", lambda c: c.update(model_max_length=None, truncation_side=3)),
    ("tokenizer.json", lambda c: c["model"]["vocab"].update({"S": 100_000})),
    ("tokenizer.json", lambda c: c["model"].update(type="Unigram")),
    ("tokenizer.json", lambda c: c.clear()),
]


@pytest.mark.parametrize(("file", "change"), TOKENIZERS)
def test_of_an_openclip_folder_and_of_a_served_tower(
    tmp_path: Path, file: str, change: Change
) -> None:
    folder, served = save_tiny_clip(tmp_path / "tiny", "xlm_roberta"), tmp_path / "served"
    save_tower(served, encoder(folder), ["a"])
    alter(folder / file, change)
    alter(served / file, change)
    with pytest.raises(NewsImagesError, match="Cannot load backbone=local-dir:.*tiny"):
        encoder(folder)
    with pytest.raises(NewsImagesError, match=r"served holds no text tower .* Register the model"):
        load_tower(served)


def test_of_a_tower_at_a_token_that_it_seldom_sees(tmp_path: Path) -> None:
    folder = save_tiny_clip(tmp_path, "xlm_roberta")
    alter(folder / "tokenizer.json", lambda c: c["model"]["vocab"].update({"~": 100_000}))
    tower = encoder(folder).text_tower
    tower.encode(["Storm"])
    with pytest.raises(NewsImagesError, match="gives the token 100000, but the text tower knows"):
        tower.encode(["Storm ~"])


@pytest.mark.parametrize("token", [10**6, "x", None, 1.5])
def test_of_a_translator(tmp_path: Path, token: object) -> None:
    folder = save_tiny_marian(tmp_path)
    alter(folder / "vocab.json", lambda c: c.update(dict.fromkeys(list(c)[2:], token)))
    with pytest.raises(NewsImagesError, match="Cannot load the translator from the folder"):
        Translator(str(folder), device="cpu")


def test_of_a_translator_at_a_token_that_it_seldom_sees(tmp_path: Path) -> None:
    folder = save_tiny_marian(tmp_path)
    seldom = next(each for each in json.loads((folder / "vocab.json").read_text()) if "ö" in each)
    alter(folder / "vocab.json", lambda c: c.update({seldom: 10**6}))
    translator = Translator(str(folder), device="cpu")
    with pytest.raises(NewsImagesError, match="gives the token 1000000, but its model knows"):
        list(translator.translate([seldom.replace("▁", "") + " Köln"]))


def test_of_a_translator_that_poses_as_weights(tmp_path: Path) -> None:
    folder = save_tiny_marian(tmp_path)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cposix\nsystem\n(S'touch ran'\ntR.")
    with pytest.raises(NewsImagesError, match="Cannot load the translator from the folder"):
        Translator(str(folder), device="cpu")
