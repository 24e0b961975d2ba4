"""The files that openCLIP makes a model of, fetched from the hub before it is asked to.

In come the name of a model and of its weights, as openCLIP has them; out come the files. openCLIP
itself looks for them in the hub's cache, so that it prepares images and texts as it always does.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip
from open_clip.factory import _find_checkpoint_in_dir

from newsimages.errors import NewsImagesError
from newsimages.hub import Repository, check_tokenizer, fetch_tokenizer
from newsimages.paths import is_file, is_folder
from newsimages.weight_file import SUFFIXES

LOCAL, HUB = "local-dir:", "hf-hub:"
CONFIG = "open_clip_config.json"
_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """What a model is made of."""

    weights: Path | None
    """None where a folder has none."""
    others: tuple[Path, ...]
    """Its configuration, where openCLIP has none of its own, and the tokenizer's files."""


def model_files(source: str, pretrained: str) -> ModelFiles:
    """The files of a model, fetched if they are not on this machine.

    Args:
        source: openCLIP's name of a model, ``local-dir:FOLDER`` or ``hf-hub:ORG/REPO``.
        pretrained: openCLIP's tag of its weights, or a file; only for a name of openCLIP's.

    Raises:
        NewsImagesError: The hub does not give one of them.
    """
    if source.startswith(LOCAL):
        folder = Path(source.removeprefix(LOCAL))
        kept = [file for file in sorted(folder.glob("*")) if file.is_file()]
        found = _find_checkpoint_in_dir(folder) if any(f.suffix in SUFFIXES for f in kept) else None
        others = [file for file in kept if file.suffix not in (*SUFFIXES, ".md")]
        model = _read(folder / CONFIG)
        others += _fetched_parts(model, has_tokenizer=True)
        if (model.get("text_cfg") or {}).get("hf_tokenizer_name"):
            check_tokenizer(str(folder), others)
        return ModelFiles(weights=Path(found) if found else None, others=tuple(others))
    if source.startswith(HUB):
        with Repository(source.removeprefix(HUB)) as repository:
            config = repository.fetch(CONFIG)
            weights = repository.fetch(*_WEIGHTS)
        return ModelFiles(weights=weights, others=(config, *_fetched_parts(_read(config))))
    if is_file(pretrained) and not open_clip.get_pretrained_cfg(source, pretrained):
        weights = Path(pretrained)
    else:
        name, _, file = open_clip.get_pretrained_cfg(source, pretrained)["hf_hub"].rpartition("/")
        with Repository(name) as repository:
            weights = repository.fetch(*_by_safety(file))
    others = _fetched_parts(open_clip.get_model_config(source))
    return ModelFiles(weights=weights, others=tuple(others))


def _by_safety(file: str) -> tuple[str, ...]:
    """The names under which openCLIP looks for weights, in its order."""
    if not file:
        return _WEIGHTS
    stem, _, ending = file.rpartition(".")
    return (f"{stem}.safetensors", file) if ending in ("bin", "pth") else (file,)


def _fetched_parts(config: dict[str, Any], *, has_tokenizer: bool = False) -> list[Path]:
    """The tokenizer and the text tower's configuration that a model takes from other places."""
    text, files = config.get("text_cfg") or {}, []
    tokenizer, tower = text.get("hf_tokenizer_name"), text.get("hf_model_name")
    if tokenizer and not has_tokenizer and not is_folder(tokenizer):
        with Repository(tokenizer) as repository:
            files += fetch_tokenizer(repository)
    if tower and not is_folder(tower):
        with Repository(tower) as repository:
            files.append(repository.fetch("config.json"))
    return files


def _read(config: Path) -> dict[str, Any]:
    """The model's part of an openCLIP configuration. Raises: NewsImagesError."""
    try:
        held = json.loads(config.read_text(encoding="utf-8"))
        return dict(held.get("model_cfg", held))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise NewsImagesError(
            f"{config.resolve()} is no openCLIP configuration ({error}). Delete this file and "
            "start again if it was fetched from the hub; else write it anew."
        ) from error
