"""One training of a T×V network as a nested MLflow run, for ``pretrain`` and ``train``."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import mlflow
import pandas as pd
import torch

from mlproject import tracking
from newsimages.reports.figures.training import training_curves
from newsimages.txv.checkpoint import EpochReport
from newsimages.txv.network import TxVNetwork, save_network
from newsimages.txv.pairs import Pairs
from newsimages.txv.schedule import TrainingConfig
from newsimages.txv.training import TrainedNetwork, identity, train

ARTIFACT = "txv"
"""The artifact folder of the best network and its configuration."""


def fit(
    network: TxVNetwork,
    training: Pairs,
    validation: Pairs,
    config: TrainingConfig,
    *,
    name: str,
    doing: str,
    workdir: Path,
    device: torch.device,
) -> TxVNetwork:
    """Trains a network, or finds it trained in the workdir, and tracks how that went.

    The checkpoint's name holds a digest of all that the outcome depends on: a training that was
    killed is found again and goes on, and other settings or data begin one of their own. Run and
    checkpoint are called ``name``; the checkpoint lies in ``txv`` below the workdir.

    Returns:
        The network of the best epoch, in eval mode.

    Raises:
        NewsImagesError: As `newsimages.txv.train`.
    """
    settings = identity(network, training, validation, config, device=device)
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    with tracking.step(name, doing=doing):
        mlflow.log_params({**asdict(config), **asdict(network.config)})
        mlflow.log_params({"pairs": len(training), "validation_pairs": len(validation)})
        mlflow.log_param("used_batch_size", min(config.batch_size, len(training)))
        if len(training) < config.batch_size:
            print(
                f"  {len(training)} pairs are fewer than a batch of {config.batch_size}: each step "
                "takes all of them"
            )
        checkpoint_path = workdir / "txv" / f"{name}-{digest[:12]}.safetensors"
        if checkpoint_path.exists():
            print(f"  found what an earlier run has left, whole or in part: {checkpoint_path}")
        trained = train(
            network,
            training,
            validation,
            config,
            checkpoint_path=checkpoint_path,
            device=device,
            doing=name,
            on_epoch=_log_epoch,
        )
        _log_outcome(trained)
    return trained.network


def _log_epoch(report: EpochReport) -> None:
    figures = {
        "train_loss": report.loss,
        "learning_rate": report.learning_rate,
        "validation_score": report.score,
        **{f"validation/{name}": value for name, value in report.recalls.items()},
    }
    mlflow.log_metrics(figures, step=report.epoch)


def _log_outcome(trained: TrainedNetwork) -> None:
    best = trained.epochs[trained.best_epoch - 1]
    mlflow.log_metrics({"best_epoch": trained.best_epoch, "best_score": best.score})
    rows = [{**asdict(epoch), **epoch.recalls} for epoch in trained.epochs]
    epochs = pd.DataFrame(rows).drop(columns="recalls")
    tracking.log_table(epochs, "epochs.csv")
    tracking.log_drawing(training_curves(epochs), "training")
    mlflow.log_dict(asdict(trained.network.config), f"{ARTIFACT}/config.json")
    with tracking.artifact(f"{ARTIFACT}/network.safetensors") as path:
        save_network(path, trained.network)
    print(
        f"  best of {len(trained.epochs)} epochs: {trained.best_epoch}, sum of recalls "
        f"{best.score:.3f} of 6"
    )
