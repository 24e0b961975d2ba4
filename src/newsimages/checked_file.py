"""Tensors with a description in one safetensors file, whose checksum tells every later change.

The metadata have one key (safetensors writes several in an order left to chance), under it JSON:
``about``, the description as JSON once more; ``sha256``, of the description and of each tensor's
name, dtype, shape and bytes; and ``format``, where the kind of file has one.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from newsimages.atomic import replacing
from newsimages.errors import NewsImagesError


class UnusableFileError(NewsImagesError):
    """A file that was cut short or altered, is of another format, or is something else."""


@dataclass(frozen=True, kw_only=True)
class FileKind:
    """What the files of one kind have in common."""

    noun: str  # for people
    remedy: str  # what to do about a file that cannot be used
    key: str  # in the metadata
    format: int | None  # raise it when what a file holds changes its meaning
    head: Callable[[str, Tensor], str]  # of a tensor, into the checksum before its bytes


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any], kind: FileKind
) -> None:
    """Writes contiguous tensors of the CPU, not copied, and a description that JSON can hold.

    Raises:
        NewsImagesError: As `newsimages.atomic.replacing`.
    """
    told = json.dumps(about)
    written: dict[str, Any] = {} if kind.format is None else {"format": kind.format}
    written |= {"about": told, "sha256": _checksum(told, tensors, kind)}
    with replacing(path) as temporary:
        try:
            safetensors.torch.save_file(
                dict(tensors), temporary, metadata={kind.key: json.dumps(written)}
            )
        except safetensors.SafetensorError as error:
            code = re.search(r"os error (\d+)", str(error))
            raise OSError(int(code[1]) if code else 0, str(error)) from error


def read_tensors(path: Path, kind: FileKind) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the description of a file that `write_tensors` has written.

    Raises:
        NewsImagesError: The file is absent, or the system does not let it be read.
        UnusableFileError: It is not what was written, or is of another kind or format.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            written = dict(json.loads(file.metadata()[kind.key]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if written.get("format") == kind.format:
            if written["sha256"] != _checksum(written["about"], tensors, kind):
                raise ValueError("the checksum is not that of the content")
            return tensors, dict(json.loads(written["about"]))
    except OSError as error:
        raise NewsImagesError(
            f"{path} cannot be read as a {kind.noun}: {error}. It is absent, or the system does "
            "not let it be read: see to that, or name another."
        ) from error
    # A RuntimeError is a RecursionError, of JSON that is nested too deeply, or torch's.
    except (safetensors.SafetensorError, TypeError, KeyError, ValueError, RuntimeError) as error:
        raise UnusableFileError(
            f"{path} cannot be read as a {kind.noun}: {type(error).__name__}: {error}. It was cut "
            f"short or altered, or is something else: remove it and {kind.remedy}."
        ) from error
    raise UnusableFileError(
        f"{path} is of format {written.get('format')}, expected {kind.format}: remove it and "
        f"{kind.remedy}."
    )


def _checksum(about: str, tensors: Mapping[str, Tensor], kind: FileKind) -> str:
    digest = hashlib.sha256(about.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(kind.head(name, tensor).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)  # not copied
    return digest.hexdigest()
