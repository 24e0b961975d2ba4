"""T×V on disk: trained networks, and checkpoints from which a killed training resumes.

Both are `newsimages.checked_file`s. A network that was cut short or altered is an error; such
a checkpoint is passed over, and the training starts anew.
"""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from newsimages.checked_file import FileKind, UnusableFileError, read_tensors, write_tensors
from newsimages.errors import NewsImagesError, first_ten
from newsimages.txv.network import NetworkConfig, TxVNetwork

FORMAT = 2  # raise it when what a file holds, or what the network computes, changes
_KIND = FileKind(
    noun="T×V file",
    remedy="train again",
    key="txv",
    format=FORMAT,
    head=lambda name, tensor: f"{name} {tensor.dtype} {tuple(tensor.shape)}",
)
_ABSENT = "absent"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """The figures of an epoch."""

    epoch: int
    """From 1."""
    loss: float
    """Mean training loss per pair."""
    learning_rate: float
    """Learning rate of this epoch."""
    recalls: dict[str, float]
    """Recalls on the validation part, as `newsimages.txv.validation.recalls`."""
    score: float
    """The sum of the recalls, from 0 to 6."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of a training after an epoch."""

    identity: dict[str, Any]
    """All that the outcome depends on, flat, as JSON knows it."""
    epochs: list[EpochReport]
    """The report of each epoch, in order."""
    weights: dict[str, Tensor]
    """The network's state after the last epoch."""
    best_weights: dict[str, Tensor]
    """Its state after the best epoch."""
    optimiser: dict[str, Tensor]
    """Adam's state, under ``WEIGHT/NAME``."""


def save_network(path: Path, network: TxVNetwork) -> None:
    """Writes a network and its configuration. Raises: NewsImagesError if it cannot be written."""
    about = {"network": asdict(network.config)}
    write_tensors(path, _on_cpu(network.state_dict()), about, _KIND)


def load_network(path: Path, *, device: torch.device | str = "cpu") -> TxVNetwork:
    """Reads a network that `save_network` has written, in eval mode.

    Raises:
        NewsImagesError: The file is absent, cut short, altered or of another format, or it holds
            something else or weights that are no finite numbers.
    """
    tensors, about = read_tensors(path, _KIND)
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
    bad = [name for name, tensor in network.state_dict().items() if not tensor.isfinite().all()]
    if bad:
        raise NewsImagesError(
            f"{path} holds a T×V network with numbers that are not finite, in {first_ten(bad)}. "
            "Train it again, with a smaller learning_rate."
        )
    return network.to(device).eval()


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint. Raises: NewsImagesError if it cannot be written."""
    epochs = [asdict(report) for report in checkpoint.epochs]
    about = {"identity": checkpoint.identity, "epochs": epochs}
    write_tensors(path, _on_cpu(_joined(checkpoint)), about, _KIND)


def load_checkpoint(path: Path, like: Checkpoint) -> Checkpoint | None:
    """The checkpoint of a training; None where there is none to resume from.

    A file that was cut short or altered, or is of another format, counts as none, with a warning.

    Args:
        path: The file.
        like: A checkpoint with the training's identity, dtypes and shapes.

    Raises:
        NewsImagesError: The file is of another training (it says which settings differ), is a
            network, or the system does not let it be read.
    """
    if not path.exists():
        return None
    try:
        return _resumable(path, like)
    except (UnusableFileError, KeyError, TypeError, AttributeError, OverflowError):
        logger.warning(
            "%s was cut short or altered, or is of another format: training starts anew.", path
        )
        return None


def _resumable(path: Path, like: Checkpoint) -> Checkpoint:
    """Raises: As `load_checkpoint`; on damage, UnusableFileError or what Python raises."""
    tensors, about = read_tensors(path, _KIND)
    if "network" in about:
        raise NewsImagesError(
            f"{path} is no checkpoint of a training, but a T×V network. Remove it, or name another."
        )
    _check_identity(path, about["identity"], like.identity)
    if _kinds(tensors) != _kinds(_joined(like)):
        raise UnusableFileError(f"{path} has other tensors than a checkpoint of its training.")
    parts: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "optimiser": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = tensor
    return Checkpoint(
        identity=about["identity"],
        epochs=_reports(path, about["epochs"]),
        weights=parts["weights"],
        best_weights=parts["best"],
        optimiser=parts["optimiser"],
    )


def _joined(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """All its tensors, under ``PART/NAME``."""
    parts = {
        "weights": checkpoint.weights,
        "best": checkpoint.best_weights,
        "optimiser": checkpoint.optimiser,
    }
    return {f"{part}/{name}": t for part, state in parts.items() for name, t in state.items()}


def _kinds(tensors: Mapping[str, Tensor]) -> dict[str, tuple[torch.dtype, torch.Size]]:
    return {name: (tensor.dtype, tensor.shape) for name, tensor in tensors.items()}


def _reports(path: Path, found: list[dict[str, Any]]) -> list[EpochReport]:
    reports = [EpochReport(**each) for each in found]
    figures = [
        figure
        for each in reports
        for figure in (each.loss, each.learning_rate, each.score, *each.recalls.values())
    ]
    in_order = [each.epoch for each in reports] == list(range(1, len(reports) + 1))
    if not reports or not in_order or not all(map(math.isfinite, figures)):
        raise UnusableFileError(f"{path} holds no finite figures of the epochs from 1 on.")
    return reports


def _check_identity(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    # As JSON gives it back: tuples become lists.
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
