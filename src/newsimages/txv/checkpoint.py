"""The state of a T×V training, and its checkpoint, from which a killed training resumes.

A checkpoint is a `newsimages.checked_file`. One that was cut short or altered is passed over, and
the training starts anew.
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

from newsimages.checked_file import UnusableFileError, read_tensors, write_tensors
from newsimages.errors import NewsImagesError, first_ten
from newsimages.txv.network import TXV_FILE, TxVNetwork
from newsimages.txv.schedule import best_epoch

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """The figures of an epoch."""

    epoch: int  # from 1
    loss: float  # mean per training pair
    learning_rate: float
    recalls: dict[str, float]  # on the validation part, as `newsimages.txv.validation.recalls`
    score: float  # the sum of the recalls, from 0 to 6


class TrainingState:
    """A network, its optimiser, the epochs so far and the weights after the best of them.

    Args:
        network: It is trained in place.
        identity: All that the outcome depends on, except the machine; flat.
    """

    def __init__(self, network: TxVNetwork, identity: Mapping[str, Any]) -> None:
        self.network = network
        # `fused` updates all weights in one go over memory: several times faster on a CPU.
        self.optimiser = torch.optim.Adam(network.parameters(), fused=True)
        for weight in network.parameters():  # as Adam's first step would begin
            self.optimiser.state[weight] = {
                "step": torch.zeros((), device=weight.device),
                "exp_avg": torch.zeros_like(weight),
                "exp_avg_sq": torch.zeros_like(weight),
            }
        self.reports: list[EpochReport] = []
        self.best_weights = {name: each.clone() for name, each in network.state_dict().items()}
        self._identity = json.loads(json.dumps(identity))  # tuples become lists

    @property
    def scores(self) -> list[float]:
        """The validation scores of the epochs so far."""
        return [report.score for report in self.reports]

    def add(self, report: EpochReport) -> None:
        """Adds a finished epoch, and keeps the weights if it is the best."""
        self.reports.append(report)
        if best_epoch(self.scores) == report.epoch:
            for name, tensor in self.network.state_dict().items():
                self.best_weights[name].copy_(tensor)

    def save(self, path: Path) -> None:
        """Writes a checkpoint. Raises: NewsImagesError if it cannot be written."""
        about = {"identity": self._identity, "epochs": [asdict(each) for each in self.reports]}
        tensors = {name: each.cpu().contiguous() for name, each in self._tensors().items()}
        write_tensors(path, tensors, about, TXV_FILE)

    def resume(self, path: Path) -> None:
        """Restores what `save` has written, if anything.

        A file that was cut short or altered, or is of another format, is passed over, with a
        warning.

        Raises:
            NewsImagesError: The file is of another training (it says which settings differ), is a
                network, or the system does not let it be read.
        """
        if not path.exists():
            return
        try:
            self._restore(path)
        except (UnusableFileError, KeyError, TypeError, AttributeError, OverflowError):
            logger.warning(
                "%s was cut short or altered, or is of another format: training starts anew.", path
            )

    def _restore(self, path: Path) -> None:
        """Raises: As `resume`; on damage, UnusableFileError or what Python raises."""
        found, about = read_tensors(path, TXV_FILE)
        if "network" in about:
            what = "is no checkpoint of a training, but a T×V network"
            raise NewsImagesError(f"{path} {what}. Remove it, or name another.")
        _check_identity(path, about["identity"], self._identity)
        own = self._tensors()
        if _kinds(found) != _kinds(own):
            raise UnusableFileError(f"{path} has other tensors than a checkpoint of its training.")
        self.reports = _reports(path, about["epochs"])
        for name, tensor in own.items():
            tensor.copy_(found[name])

    def _tensors(self) -> dict[str, Tensor]:
        """All its tensors, by their names in the file; not copied."""
        tensors = {f"weights/{name}": each for name, each in self.network.state_dict().items()}
        tensors |= {f"best/{name}": each for name, each in self.best_weights.items()}
        for name, weight in self.network.named_parameters():
            for item, tensor in self.optimiser.state[weight].items():
                tensors[f"optimiser/{name}/{item}"] = tensor
        return tensors


def _kinds(tensors: Mapping[str, Tensor]) -> dict[str, tuple[torch.dtype, torch.Size]]:
    return {name: (tensor.dtype, tensor.shape) for name, tensor in tensors.items()}


def _reports(path: Path, found: list[dict[str, Any]]) -> list[EpochReport]:
    reports = [EpochReport(**each) for each in found]
    in_order = [each.epoch for each in reports] == list(range(1, len(reports) + 1))
    figures: list[float] = []
    for each in reports:
        figures += (each.loss, each.learning_rate, each.score, *each.recalls.values())
    if not reports or not in_order or not all(map(math.isfinite, figures)):
        raise UnusableFileError(f"{path} holds no finite figures of the epochs from 1 on.")
    return reports


def _check_identity(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    different = [
        f"{key}: {found.get(key, 'absent')} there, {wanted.get(key, 'absent')} here"
        for key in {**wanted, **found}
        if found.get(key, "absent") != wanted.get(key, "absent")
    ]
    if different:
        raise NewsImagesError(
            f"{path} is the checkpoint of another training. What differs: {first_ten(different)}. "
            "Set these as they were to go on with it, or remove the file to start anew."
        )
