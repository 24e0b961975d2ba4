"""Files of a model's weights: what they come to, and why one cannot be loaded.

In come weights that were loaded or a file that would not be; out come a digest and a sentence.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from newsimages.errors import first_ten

SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".npz", ".npy")
_N_SHOWN = 3
_OTHER_CODE = re.compile(r"Unsupported (?:global|class)|TorchScript")
_MISSING = re.compile(r"Missing key\(s\) in state_dict: (.+?)\.\s*(?:\n|\Z)")
_STRANGE = re.compile(r"Unexpected key\(s\) in state_dict: (.+?)\.\s*(?:\n|\Z)")
_MISMATCH = re.compile(r"size mismatch for (\S+): .*?Size\(\[(.*?)\]\).*?Size\(\[(.*?)\]\)")


def add_weights(digest: Any, weights: Mapping[str, Tensor]) -> None:
    """Updates a digest of hashlib's with names, shapes and bytes of weights."""
    for name, each in sorted(weights.items()):
        digest.update(f"{name} {tuple(each.shape)}".encode())
        flat = each.detach().contiguous().cpu().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().data)


def why_not_loaded(path: Path, error: Exception) -> str:
    """Why weights could not be loaded from a file, which is looked into again, and what to do.

    Args:
        path: The file.
        error: What was raised when it was loaded.
    """
    content = path.resolve()  # in the hub's cache a name is a link
    try:
        shapes = _shapes(path)
    except Exception as reason:  # noqa: BLE001 - pickle, zip and safetensors have their own each
        with content.open("rb") as file:
            is_pickle = file.read(1) == b"\x80"
        if _OTHER_CODE.search(str(reason)) or (is_pickle and "Unsupported operand" in str(reason)):
            return (
                f"{path} holds more than tensors, and code of a file is never run. Use the "
                "model's .safetensors file, or convert this one where it is trusted."
            )
        return (
            f"{content} is damaged: it cannot be read as {path.suffix or 'a file of weights'} "
            f"({type(reason).__name__}, {content.stat().st_size:,} bytes). Delete this file and "
            "start again if it was fetched from the hub; else copy it anew."
        )
    if not shapes:
        return f"{path} holds no weights by name. Give the file of a whole model."
    first = ", ".join(f"{name} {shape}" for name, shape in list(shapes.items())[:_N_SHOWN])
    begins = f"It begins with {first} ({len(shapes)} in all)."
    if differences := _differences(str(error)):
        return f"{path} holds another model's weights: {differences}. {begins}"
    said = (str(error).strip().split("\n")[0] or "no reason given").rstrip(". ")
    return f"{path} does not go into this model ({type(error).__name__}: {said}). {begins}"


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors in a file; their content is left on the disk."""
    if path.suffix == ".safetensors":
        with safe_open(path, framework="pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    held: Any = torch.load(path, map_location="meta", weights_only=True)
    held = held.get("state_dict", held) if isinstance(held, dict) else {}
    return {str(k): tuple(v.shape) for k, v in held.items() if isinstance(v, Tensor)}


def _differences(said: str) -> str:
    """The first differences between a file and the model, as torch has told them all."""
    lines = [
        f"{name} is ({got}), expected ({expected})"
        for name, got, expected in _MISMATCH.findall(said)[:_N_SHOWN]
    ]
    for words, pattern in (("it lacks", _MISSING), ("it has too much", _STRANGE)):
        if found := pattern.search(said):
            lines.append(f"{words} {first_ten(found[1].replace(chr(34), '').split(', '))}")
    return "; ".join(lines)
