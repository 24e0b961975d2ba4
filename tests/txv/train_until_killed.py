"""A training in a process of its own, for a test that kills it: arguments are folder and pause."""

import sys
import time
from pathlib import Path

from newsimages.txv.network import NetworkConfig, TxVNetwork, save_network
from newsimages.txv.schedule import TrainingConfig
from newsimages.txv.training import train
from tests.txv.fake_pairs import fake_pairs

CONFIG = TrainingConfig(epochs=6, batch_size=16, learning_rate=3e-3)


def train_in(folder: Path, *, pause: float = 0.0) -> None:
    """Trains with a checkpoint in ``folder`` and leaves the network there."""
    shape = NetworkConfig(text_dimensions=(8,), image_dimensions=(8,), width=32)
    trained = train(
        TxVNetwork(shape, seed=1),
        fake_pairs(50, per_image=2),
        fake_pairs(20, seed=5),
        CONFIG,
        checkpoint_path=folder / "checkpoint.safetensors",
        on_epoch=lambda report: time.sleep(pause),
    )
    save_network(folder / "network.safetensors", trained.network)


if __name__ == "__main__":
    train_in(Path(sys.argv[1]), pause=float(sys.argv[2]))
