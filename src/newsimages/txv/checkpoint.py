"""T×V networks on disk: a trained network, and a training that can go on after a kill.

Both are one safetensors file each: tensors, and one metadata key with JSON (safetensors writes
several keys in an order left to chance). A file is written beside its place and moved into it, so
it is whole or absent.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from newsimages.atomic import replacing
from newsimages.errors import NewsImagesError, first_ten
from newsimages.txv.network import NetworkConfig, TxVNetwork

FORMAT = 1  # raise it when what a file holds, or what the network computes, changes
_METADATA_KEY = "txv"
_ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A training after an epoch."""

    identity: dict[str, Any]
    """All that the outcome depends on, flat, as JSON knows it."""
    epochs: list[dict[str, Any]]
    """What was reported of each epoch."""
    weights: dict[str, Tensor]
    """The network's state after the last epoch."""
    best_weights: dict[str, Tensor]
    """Its state after the best epoch."""
    optimiser: dict[str, Tensor]
    """Adam's state, under ``WEIGHT/NAME``."""


def save_network(path: Path, network: TxVNetwork) -> None:
    """Writes a network and its configuration. Raises: NewsImagesError if it cannot be written."""
    _write(path, _on_cpu(network.state_dict()), {"network": asdict(network.config)})


def load_network(path: Path, *, device: torch.device | str = "cpu") -> TxVNetwork:
    """Reads a network that `save_network` has written, in eval mode.

    Raises:
        NewsImagesError: The file is absent, cut short, or holds something else.
    """
    tensors, about = _read(path)
    try:
        settings: dict[str, Any] = about["network"]
        for name in ("text_dimensions", "image_dimensions"):
            settings[name] = tuple(settings[name])
        config = NetworkConfig(**settings)
        network = TxVNetwork(config)
        network.load_state_dict(tensors)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise NewsImagesError(
            f"{path} holds no T×V network of format {FORMAT}: {error}. Train it again."
        ) from error
    return network.to(device).eval()


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint. Raises: NewsImagesError if it cannot be written."""
    parts = {
        "weights": checkpoint.weights,
        "best": checkpoint.best_weights,
        "optimiser": checkpoint.optimiser,
    }
    tensors = {f"{part}/{name}": t for part, state in parts.items() for name, t in state.items()}
    about = {"identity": checkpoint.identity, "epochs": checkpoint.epochs}
    _write(path, _on_cpu(tensors), about)


def load_checkpoint(path: Path, identity: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint of the training that ``identity`` describes; None where there is none yet.

    Raises:
        NewsImagesError: The file is of another training (it says which settings differ), cut
            short, or no checkpoint.
    """
    if not path.exists():
        return None
    tensors, about = _read(path)
    if "identity" not in about:
        raise NewsImagesError(f"{path} is no checkpoint of a training. Remove it, or name another.")
    _check_identity(path, about["identity"], identity)
    parts: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "optimiser": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = tensor
    return Checkpoint(
        identity=about["identity"],
        epochs=about["epochs"],
        weights=parts["weights"],
        best_weights=parts["best"],
        optimiser=parts["optimiser"],
    )


def _check_identity(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    # Both as they look after a turn through JSON: tuples are lists there.
    wanted = json.loads(json.dumps(wanted))
    different = [
        f"{key}: {found.get(key, _ABSENT)} there, {wanted.get(key, _ABSENT)} here"
        for key in {**wanted, **found}
        if found.get(key, _ABSENT) != wanted.get(key, _ABSENT)
    ]
    if different:
        raise NewsImagesError(
            f"{path} is the checkpoint of another training. What differs: {first_ten(different)}. "
            "Set these as they were to go on with it, or remove the file to start anew."
        )


def _on_cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _write(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    metadata = {_METADATA_KEY: json.dumps({"format": FORMAT, **about})}
    with replacing(path) as temporary:
        try:
            safetensors.torch.save_file(dict(tensors), temporary, metadata=metadata)
        except safetensors.SafetensorError as error:  # a full disk, among others
            raise OSError(str(error)) from error


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            about = dict(json.loads(file.metadata()[_METADATA_KEY]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, TypeError, KeyError, ValueError) as error:
        raise NewsImagesError(
            f"{path} cannot be read as a T×V file: {type(error).__name__}: {error}. It is absent, "
            "was cut short, or is something else: remove it and train again."
        ) from error
    if about.get("format") != FORMAT:
        raise NewsImagesError(
            f"{path} is of format {about.get('format')}, expected {FORMAT}. Train it again."
        )
    return tensors, about
