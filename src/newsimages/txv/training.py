"""Training of T×V: a network and pairs in, the network of the best epoch out.

The random numbers of an epoch follow from the seed and its number, and the schedule from the
scores. So a killed training resumes from the checkpoint of its last whole epoch and ends, on the
same CPU, with the same bits as one that was not. How many threads add up a sum decides how it is
rounded: on a CPU their number is part of what a training depends on.
"""

import copy
import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from newsimages.errors import NewsImagesError
from newsimages.progress import progress
from newsimages.txv.batches import check_enough, count_batches, epoch_batches, load_batches
from newsimages.txv.checkpoint import EpochReport, TrainingState
from newsimages.txv.loss import margin_loss
from newsimages.txv.network import TxVNetwork
from newsimages.txv.pairs import Pairs
from newsimages.txv.projection import check_dimensions
from newsimages.txv.schedule import TrainingConfig, best_epoch, is_over, learning_rate
from newsimages.txv.validation import check_not_empty, recalls, score

STEPS_PER_SHOWN_LOSS = 20  # reading the loss more often would keep a GPU waiting


@dataclass(frozen=True, kw_only=True)
class TrainedNetwork:
    """The result of a training."""

    network: TxVNetwork  # of the best epoch, in eval mode
    epochs: tuple[EpochReport, ...]  # all of them, in order
    best_epoch: int  # from 1; the first of those with the greatest score


def train(
    network: TxVNetwork,
    training: Pairs,
    validation: Pairs,
    config: TrainingConfig,
    *,
    checkpoint_path: Path | None = None,
    device: torch.device | str = "cpu",
    doing: str = "train",
    on_epoch: Callable[[EpochReport], None] = lambda report: None,
) -> TrainedNetwork:
    """Trains a copy of a network, fresh or pre-trained.

    Args:
        network: Where to start from; it is not changed.
        training: Pairs to learn from; their vectors may be memory-mapped.
        validation: Pairs by which the best epoch is chosen.
        config: How to train.
        checkpoint_path: Written after each epoch. Training resumes from it; a damaged one is
            overwritten, after a warning.
        device: Where to compute, as torch names it.
        doing: The label of the progress bar.
        on_epoch: Called after each epoch, and for those in the checkpoint.

    Raises:
        NewsImagesError: Vectors that do not fit the network, too few pairs, no validation
            pairs, a checkpoint of another training, or a loss that is not finite.
    """
    for pairs in (training, validation):
        check_dimensions("text", pairs.texts, network.config.text_dimensions)
        check_dimensions("image", pairs.images, network.config.image_dimensions)
    check_enough(len(training))
    check_not_empty(validation)
    steps_per_epoch = count_batches(len(training), config.batch_size)
    depends_on = identity(network, training, validation, config, device=device)
    state = TrainingState(copy.deepcopy(network).to(device), depends_on)
    if checkpoint_path is not None:
        state.resume(checkpoint_path)
    for report in state.reports:
        on_epoch(report)
    epochs_left = 0 if is_over(config, state.scores) else config.epochs - len(state.reports)
    n_steps = epochs_left * steps_per_epoch
    with progress(total=n_steps, unit="steps", doing=doing, hide=not n_steps) as bar:
        while not is_over(config, state.scores):
            rate = learning_rate(config, state.scores)
            loss = _learn(state, training, config, rate, bar)
            figures = recalls(state.network, validation)
            epoch, total = len(state.reports) + 1, score(figures)
            report = EpochReport(
                epoch=epoch, loss=loss, learning_rate=rate, recalls=figures, score=total
            )
            state.add(report)
            if checkpoint_path is not None:
                state.save(checkpoint_path)
            on_epoch(report)
    state.network.load_state_dict(state.best_weights)
    best, epochs = best_epoch(state.scores), tuple(state.reports)
    return TrainedNetwork(network=state.network.eval(), epochs=epochs, best_epoch=best)


def _learn(
    state: TrainingState, training: Pairs, config: TrainingConfig, rate: float, bar: "tqdm[Any]"
) -> float:
    """Trains for one epoch. Returns the mean loss per pair."""
    network, optimiser, epoch = state.network.train(), state.optimiser, len(state.reports) + 1
    for group in optimiser.param_groups:
        group["lr"] = rate
    batches = epoch_batches(len(training), config.batch_size, seed=config.seed, epoch=epoch)
    total = torch.zeros((), device=network.device)
    n_seen = 0
    # The epoch's own random numbers; torch's generators are restored afterwards.
    with torch.random.fork_rng([network.device] if network.device.type == "cuda" else []):
        digest = hashlib.sha256(f"{config.seed} {epoch}".encode()).digest()
        torch.manual_seed(int.from_bytes(digest[:8], "big") >> 1)
        for step, batch in enumerate(load_batches(training, batches, network.device), start=1):
            loss = margin_loss(
                network.texts(batch.texts),
                network.images(batch.images),
                margin=config.margin,
                negatives=config.negatives,
                image_ids=batch.image_ids,
            )
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.max_gradient_norm)
            optimiser.step()
            total += loss.detach()
            n_seen += len(batch)
            if step % STEPS_PER_SHOWN_LOSS == 0 or step == len(batches):
                best = max(state.scores, default=0.0)
                shown = f"epoch {epoch}/{config.epochs}, loss {total.item() / n_seen:.3f}"
                bar.set_postfix_str(f"{shown}, best {best:.3f}", refresh=False)
            bar.update()
    mean = total.item() / n_seen
    if not math.isfinite(mean):
        raise NewsImagesError(
            f"The loss became {mean} in epoch {epoch}, with a learning rate of {rate:g}. "
            "Set a smaller learning_rate."
        )
    return mean


def identity(
    network: TxVNetwork,
    training: Pairs,
    validation: Pairs,
    config: TrainingConfig,
    *,
    device: torch.device | str = "cpu",
) -> dict[str, Any]:
    """All that the outcome of a training depends on, except the machine; flat, as JSON has it."""
    weights = hashlib.sha256()
    for tensor in network.state_dict().values():
        weights.update(tensor.detach().cpu().numpy().tobytes())
    return {
        **asdict(network.config),
        **asdict(config),
        "first_weights": weights.hexdigest(),
        "training_pairs": training.fingerprint,
        "validation_pairs": validation.fingerprint,
        "threads": torch.get_num_threads() if torch.device(device).type == "cpu" else None,
    }
