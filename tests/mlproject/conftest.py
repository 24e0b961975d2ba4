"""A store of its own for every test, and what the entry points are called with."""

import shutil
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import mlflow
import pytest
import sqlalchemy
import torch
from mlflow.utils import requirements_utils

from tests.mlproject.squares import write_corpus
from tests.tiny_clip import save_tiny_clip


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread: the tests' networks are too small to be shared out, least of all when busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def no_waits() -> Iterator[None]:
    """Stores that outlive no loss of power, and installed versions looked up once.

    Waiting for the disk after every entry takes a tenth of a test; so does MLflow's look at all
    packages whenever a model is saved and loaded.
    """

    def write_without_waiting(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", write_without_waiting)
    with pytest.MonkeyPatch.context() as patch:
        look_up = requirements_utils._get_installed_version
        patch.setattr(requirements_utils, "_get_installed_version", cache(look_up))
        yield
    sqlalchemy.event.remove(sqlalchemy.Engine, "connect", write_without_waiting)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's database with all its tables, which MLflow takes seconds to make."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    mlflow.MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An MLflow store of this test's own, in the current folder."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    previous = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.create_experiment("newsimages", artifact_location=f"{tmp_path}/artifacts")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "newsimages")
    mlflow.set_experiment("newsimages")
    yield tmp_path
    mlflow.set_tracking_uri(previous)


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """What `embed` is called with: a corpus, a workdir, a tiny openCLIP model."""
    corpus = write_corpus(tmp_path / "squares")
    backbone = save_tiny_clip(tmp_path / "tiny")
    return [
        *("--corpus", str(corpus), "--workdir", str(tmp_path / "work")),
        *("--backbone", f"local-dir:{backbone}", "--precision", "fp32", "--workers", "0"),
    ]


@pytest.fixture
def training() -> list[str]:
    """Settings under which T×V trains in a moment."""
    return [
        *("--width", "8", "--train-batch-size", "4", "--epochs", "2", "--pretrain-epochs", "2"),
        *("--learning-rate", "0.001"),
    ]
