"""The settings of T×V training, and the rules that follow from the validation scores so far.

The numbers are those of the authors' published network; those for NewsImages are not published.
Where the training differs from theirs, and why, stands in docs/how-it-works.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from newsimages.errors import NewsImagesError
from newsimages.txv.loss import Negatives


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a T×V network is trained."""

    learning_rate: float = 1e-4
    """Learning rate of Adam in the first epoch."""
    epoch_decay: float = 0.99
    """Factor on the learning rate after every epoch."""
    plateau_decay: float = 0.5
    """Further factor on the learning rate after an epoch without gain."""
    plateau_gap: int = 3
    """Epochs that pass, at least, before plateau_decay is applied, first and again."""
    batch_size: int = 196
    """Pairs per step, at most; the batches of an epoch differ by at most one pair."""
    epochs: int = 20
    """Passes over all pairs, at most."""
    patience: int = 10
    """Training stops after more than this many epochs without gain."""
    max_gradient_norm: float = 2.0
    """Gradients are clipped to this L2 norm over all weights."""
    margin: float = 0.2
    """Cosine by which a pair is to be more similar than its negatives."""
    negatives: Negatives = "hardest"
    """hardest: the most similar negative of the batch, as in the authors' papers; all: each of
    them, as their code has it by default."""
    seed: int = 0
    """Seed of the order of the pairs and of dropout."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on invalid settings."""
        above_0 = ("learning_rate", "epoch_decay", "plateau_decay", "max_gradient_norm", "epochs")
        bad = [name for name in above_0 if not 0 < getattr(self, name) < float("inf")]
        bad += [name for name in ("plateau_gap", "patience", "seed") if getattr(self, name) < 0]
        bad += [] if 0 <= self.margin < float("inf") else ["margin"]
        if bad:
            shown = ", ".join(f"{name}={getattr(self, name)}" for name in bad)
            raise NewsImagesError(
                f"{shown}: expected finite numbers, {', '.join(above_0)} above 0 and the others "
                "at least 0."
            )
        if self.batch_size < 2:
            raise NewsImagesError(
                f"batch_size={self.batch_size}: batch norm and negatives need at least 2 pairs."
            )
        if self.negatives not in ("hardest", "all"):
            raise NewsImagesError(f"negatives={self.negatives!r}, expected 'hardest' or 'all'.")


def best_epoch(scores: Sequence[float]) -> int:
    """The epoch (from 1) with the greatest score, the first of equal ones; 0 before the first."""
    return max(range(len(scores)), key=scores.__getitem__) + 1 if scores else 0


def learning_rate(config: TrainingConfig, scores: Sequence[float]) -> float:
    """The learning rate of the epoch after those with these scores."""
    rate, halved = config.learning_rate, 0
    for epoch in range(1, len(scores) + 1):
        rate *= config.epoch_decay
        gained = best_epoch(scores[:epoch]) == epoch
        if not gained and epoch - halved >= config.plateau_gap:
            rate *= config.plateau_decay
            halved = epoch
    return rate


def is_over(config: TrainingConfig, scores: Sequence[float]) -> bool:
    """Whether training ends after the epochs with these scores."""
    without_gain = len(scores) - best_epoch(scores)
    return len(scores) >= config.epochs or without_gain > config.patience
