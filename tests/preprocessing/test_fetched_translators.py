"""Translators from a stand-in hub, and what is said of bad files."""

import json
import os
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from huggingface_hub.utils import are_progress_bars_disabled
from safetensors.torch import load_file, save_file

from newsimages.errors import NewsImagesError
from newsimages.hub import offline
from newsimages.preprocessing.translation import DEFAULT_TRANSLATOR, Translator
from tests.stand_in_hub import StandInHub, stand_in_hub
from tests.tiny_marian import save_tiny_marian


@pytest.fixture(scope="module")
def marian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_marian(tmp_path_factory.mktemp("marian"))


@pytest.fixture
def hub(tmp_path: Path, marian: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with stand_in_hub(tmp_path / "cache", monkeypatch) as server:
        server.repositories[DEFAULT_TRANSLATOR] = shutil.copytree(marian, tmp_path / "model")
        yield server


def test_the_default_translator(
    hub: StandInHub, marian: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    translator = Translator(device="cpu")
    told = capfd.readouterr().err
    assert told.count(f"fetching {DEFAULT_TRANSLATOR} from {hub.url} to ") == 1
    assert "fetch model.safetensors:   0%" in told
    assert translator.fingerprint == Translator(str(marian), device="cpu").fingerprint
    assert not are_progress_bars_disabled()
    hub.asked.clear()
    capfd.readouterr()
    assert Translator(device="cpu").fingerprint == translator.fingerprint
    assert capfd.readouterr() == ("", "")
    assert hub.asked == [("HEAD", "config.json", None)]
    with offline():
        assert Translator(device="cpu").fingerprint == translator.fingerprint


def test_weights_in_parts_and_as_a_bin(hub: StandInHub, marian: Path) -> None:
    expected = Translator(str(marian), device="cpu").fingerprint
    folder = hub.repositories[DEFAULT_TRANSLATOR]
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    assert Translator(device="cpu").fingerprint == expected
    assert "model.safetensors" not in hub.fetched()
    (folder / "pytorch_model.bin").unlink()
    place = {}
    for number, names in enumerate((sorted(weights)[:9], sorted(weights)[9:])):
        save_file(
            {name: weights[name] for name in names},
            folder / f"part-{number}.safetensors",
            metadata={"format": "pt"},
        )
        place |= dict.fromkeys(names, f"part-{number}.safetensors")
    index = {"metadata": {"total_size": 1}, "weight_map": place}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert Translator(device="cpu").fingerprint == expected
    assert {"part-0.safetensors", "part-1.safetensors"} <= set(hub.fetched())


def test_no_such_translator(hub: StandInHub) -> None:
    with pytest.raises(
        NewsImagesError, match=r"config\.json of no/such: \S+ has no repository no/s"
    ):
        Translator("no/such", device="cpu")
    with pytest.raises(NewsImagesError, match="neither a folder here nor the name of a repository"):
        Translator("/no/such/folder", device="cpu")
    for file in ("source.spm", "vocab.json"):
        (hub.repositories[DEFAULT_TRANSLATOR] / file).unlink()
    with pytest.raises(NewsImagesError, match=f"{DEFAULT_TRANSLATOR} has no tokenizer: none of"):
        Translator(device="cpu")


class Malicious:
    def __reduce__(self) -> Any:
        return (print, ("code ran",))


BAD = {
    "nothing": (b"", "is damaged"),
    "a page": (b"<html>" * 999, "is damaged"),
    "code": (pickle.dumps(Malicious(), protocol=2), "code of a file is never run"),
    "zeros": (bytes(5000), "is damaged"),
    "a zip": (b"PK\x03\x04" + os.urandom(500), "is damaged"),
}


OTHERS = {
    "other names": r"its weights lack lm_head\.weight, .*, and have bert\.\w+",
    "other shape": r"another model's: final_logits_bias is \(1, 3\), expected \(1, \d+\)",
    "a list": "holds no weights by name",
    "numbers": r"its weights lack lm_head\.weight, .*, and have a\.",
    "cut": "is damaged",
}


@pytest.mark.parametrize("kind", [*BAD, *OTHERS])
@pytest.mark.parametrize("file", ["pytorch_model.bin", "model.safetensors"])
def test_bad_weights_are_a_sentence(
    hub: StandInHub, kind: str, file: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = hub.repositories[DEFAULT_TRANSLATOR]
    weights = load_file(folder / "model.safetensors")
    is_bin = file.endswith("bin")
    (folder / "model.safetensors").unlink()
    made: Any = {
        "other names": {f"bert.{name}": weight for name, weight in weights.items()},
        "other shape": weights | {"final_logits_bias": torch.zeros(1, 3)},
        "a list": [1, 2],
        "numbers": {"a": 1},
    }.get(kind, weights)
    if is_bin or not isinstance(made, dict) or kind == "numbers":
        file = "pytorch_model.bin"
        torch.save(made, folder / file)
    else:
        save_file(made, folder / file, metadata={"format": "pt"})
    path, sentence = folder / file, OTHERS.get(kind, "")
    if kind in BAD:
        content, sentence = BAD[kind]
        path.write_bytes(content)
        if kind == "code" and not is_bin:
            sentence = "is damaged"
    elif kind == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    if sentence == "is damaged":
        sentence = rf"{constants.HF_HUB_CACHE}/\S+/blobs/\w+ is damaged.*Delete this file"
    with pytest.raises(NewsImagesError, match=f"Cannot load the translator.*{sentence}") as raised:
        Translator(device="cpu")
    assert "weights_only" not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "code ran" not in (told := capfd.readouterr()).out
    assert all(line.startswith("fetch") for line in told.err.splitlines())
