"""The state of a T×V training, and how it is saved and resumed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from newsimages.txv.checkpoint import Checkpoint, EpochReport, load_checkpoint, save_checkpoint
from newsimages.txv.network import TxVNetwork
from newsimages.txv.schedule import best_epoch


class TrainingState:
    """A network, its optimiser, the epochs so far and the weights after the best of them.

    Args:
        network: It is trained in place.
        identity: All that the outcome depends on, except the machine.
    """

    def __init__(self, network: TxVNetwork, identity: Mapping[str, Any]) -> None:
        self.network = network
        # `fused` updates all weights in one go over memory: several times faster on a CPU.
        self.optimiser = torch.optim.Adam(network.parameters(), fused=True)
        self.reports: list[EpochReport] = []
        self.best_weights: dict[str, Tensor] = {}
        self._identity = dict(identity)

    @property
    def scores(self) -> list[float]:
        """The validation scores of the epochs so far."""
        return [report.score for report in self.reports]

    def add(self, report: EpochReport) -> None:
        """Adds a finished epoch, and keeps the weights if it is the best."""
        self.reports.append(report)
        if best_epoch(self.scores) == report.epoch:
            state = self.network.state_dict()
            self.best_weights = {name: tensor.detach().clone() for name, tensor in state.items()}

    def save(self, path: Path) -> None:
        """Writes a checkpoint. Raises: NewsImagesError if it cannot be written."""
        weights = dict(self.network.named_parameters())
        save_checkpoint(
            path,
            Checkpoint(
                identity=self._identity,
                epochs=self.reports,
                weights=self.network.state_dict(),
                best_weights=self.best_weights,
                optimiser={
                    f"{name}/{item}": tensor
                    for name, weight in weights.items()
                    for item, tensor in self.optimiser.state[weight].items()
                },
            ),
        )

    def resume(self, path: Path) -> None:
        """Restores what `save` has written, if anything. Raises: As `load_checkpoint`."""
        found = load_checkpoint(path, self._like())
        if found is None:
            return
        self.network.load_state_dict(found.weights)
        self.reports = found.epochs
        self.best_weights = found.best_weights
        index_of = {name: i for i, (name, _) in enumerate(self.network.named_parameters())}
        state: dict[int, dict[str, Tensor]] = {index: {} for index in index_of.values()}
        for key, tensor in found.optimiser.items():
            weight, _, item = key.rpartition("/")
            state[index_of[weight]][item] = tensor
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})

    def _like(self) -> Checkpoint:
        """A checkpoint with the identity, dtypes and shapes that `save` writes."""
        weights = self.network.state_dict()
        step = torch.zeros((), dtype=torch.float32)
        return Checkpoint(
            identity=self._identity,
            epochs=[],
            weights=weights,
            best_weights=weights,
            optimiser={
                f"{name}/{item}": like
                for name, weight in self.network.named_parameters()
                for item, like in (("step", step), ("exp_avg", weight), ("exp_avg_sq", weight))
            },
        )
