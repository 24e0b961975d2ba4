"""What the system refuses is one sentence; an error of the program's own keeps its traceback."""

import errno
import shutil
import sqlite3
import threading
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import OperationalError

from mlproject import cli, preprocess
from mlproject.failures import sentence_of
from newsimages.errors import NewsImagesError
from tests.mlproject.squares import runs

COPIES = shutil.Error([("a.png", "b.png", "[Errno 28] No space left on device"), ("c", "d", "e")])
LOCKED = (
    "(raised as a result of autoflush)\n(sqlite3.OperationalError) database is locked\n"
    "[SQL: INSERT INTO runs]\n(Background on this error at: https://sqlalche.me/e/e3q8)"
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NewsImagesError("Just this."), ["Just this."]),
        (OSError(errno.ENOSPC, "No space left on device"), ["No space left", "workdir", "TMPDIR"]),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/home/x"), ["/home/x: Disk quota", "room"]),
        (OSError(errno.EROFS, "Read-only file system", "/mlruns"), ["/mlruns", "writable"]),
        (PermissionError(errno.EACCES, "Permission denied", "/mlruns"), ["/mlruns", "writable"]),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x" * 5000), ["xxx…", "5000 letters"]),
        (OSError(errno.EMFILE, "Too many open files"), ["ulimit -n"]),
        (FileNotFoundError("No usable temporary directory found in ['/tmp']"), ["TMPDIR"]),
        (COPIES, ["a.png to b.png", "No space left"]),
        (MemoryError(), ["not enough memory", "ulimit -v", "batch_size"]),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"), ["9 bytes"]),
        (RuntimeError("can't start new thread"), ["not enough memory"]),
        (MlflowException(LOCKED), ["database is locked. Another program holds it"]),
        (OperationalError("SELECT 1", {}, sqlite3.OperationalError("disk is full")), ["Free some"]),
        (MlflowException("attempt to write a readonly database"), ["MLFLOW_TRACKING_URI"]),
        (MlflowException("No such experiment.\nTrace"), ["cannot track this run", "experiment."]),
    ],
)
def test_the_world_is_told_in_a_sentence(error: Exception, words: list[str]) -> None:
    told = sentence_of(error)
    assert told is not None
    assert all(word in told for word in words)
    assert "\n" not in told
    assert len(told) < 600


def test_memory_is_told_where_it_is_the_cause() -> None:
    error = RuntimeError("worker failed")
    error.__cause__ = MemoryError()
    assert "not enough memory" in str(sentence_of(error))


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("y"), RuntimeError("shapes differ")])
def test_an_error_of_the_programs_own_has_none(error: Exception) -> None:
    assert sentence_of(error) is None


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("n", [500, 5000, 9000])
def test_names_longer_than_any_file_has(n: int, capsys: pytest.CaptureFixture[str]) -> None:
    for parameter in ("--corpus", "--workdir"):
        assert cli.run(["embed", parameter, "a" * n]) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith("Error: ")
        assert "letters)" in line
        assert len(line) < 600
    assert {run.info.status for run in runs()} == {"FAILED"}


def test_runs_are_closed_when_a_lock_on_the_store_is_gone(
    store: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def lock(*_: object, **__: object) -> None:
        other = sqlite3.connect(store / "mlflow.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(3, lambda: other.execute("ROLLBACK")).start()
        raise NewsImagesError("This came first.")

    monkeypatch.setattr(preprocess, "read_corpus", lock)
    end_run = mlflow.end_run

    def impatient(status: str) -> None:  # as if the lock outlasted MLflow's 20 seconds
        monkeypatch.setattr(mlflow, "end_run", end_run)
        mlflow.tracking.fluent._active_run_stack.get().pop()
        raise MlflowException(f"database is locked, {status}")

    monkeypatch.setattr(mlflow, "end_run", impatient)
    assert cli.run(["embed", "--corpus", "."]) == 1
    assert capfd.readouterr().err == "Error: This came first.\n"
    assert [run.info.status for run in runs()] == ["FAILED", "FAILED"]
