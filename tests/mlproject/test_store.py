"""MLflow's file is whole or absent, made once, and what is wrong with it is told."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from mlproject import store
from mlproject.store import make_ready, say_if_moved, shown_address
from newsimages.errors import NewsImagesError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where MLflow's file is to lie, in a folder whose name has a blank."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(store, "PATIENCE_S", 0.0)
    monkeypatch.setattr(store, "_MAKING_S", 0.0)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    previous = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    yield folder / "mlflow.db"
    mlflow.set_tracking_uri(previous)


def test_it_is_made_whole_and_nothing_else(place: Path) -> None:
    leftover = place.with_name(f".{place.name}.99-0123abcd.tmp")
    for path in (leftover, leftover.with_name(f"{leftover.name}-journal")):
        path.write_bytes(b"of a process that was killed")
    make_ready()
    assert [path.name for path in place.parent.iterdir()] == ["mlflow.db"]
    [default] = mlflow.search_experiments()
    assert default.artifact_location == str(place.parent / "mlruns" / "0")
    before = place.stat().st_ino
    make_ready()
    assert place.stat().st_ino == before


def test_several_that_begin_at_once_make_one(place: Path) -> None:
    code = "import mlflow; from mlproject.store import make_ready; make_ready(); mlflow.start_run()"
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(),
        "MLFLOW_EXPERIMENT_NAME": "new",
        "PYTHONPATH": str(ROOT / "src"),
    }
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    shown = [process.communicate()[1] for process in begun]
    assert [process.returncode for process in begun] == [0, 0], shown
    assert sum("Creating initial MLflow database tables" in each for each in shown) == 1
    experiment = mlflow.get_experiment_by_name("new")
    assert experiment is not None
    assert len(mlflow.search_runs([experiment.experiment_id])) == 2


def half_made(place: Path) -> None:
    with sqlite3.connect(place) as database:
        database.execute("CREATE TABLE experiments (experiment_id INTEGER)")


def empty(place: Path) -> None:
    place.touch()


def foreign(place: Path) -> None:
    place.write_text("my notes, " * 1000)


def folder(place: Path) -> None:
    place.mkdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (half_made, "half made, and nothing is in it yet. To go on, MLflow was stopped"),
        (empty, "remove mlflow.db"),
        (foreign, "no store of MLflow's"),
        (folder, "unable to open database file"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_at_once(
    place: Path, spoil: Callable[[Path], None], message: str
) -> None:
    spoil(place)
    with pytest.raises(NewsImagesError, match=message):
        make_ready()


def test_a_locked_file_is_waited_for(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_ready()
    other = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NewsImagesError, match="database is locked. To go on, end the program"):
        make_ready()
    monkeypatch.setattr(store, "PATIENCE_S", 60.0)
    threading.Timer(1.5, lambda: other.execute("ROLLBACK")).start()
    make_ready()
    assert "waiting for" in capsys.readouterr().out
    other.close()


def begun(status: str | None = None) -> Run:
    """A run of an experiment, which has ended so."""
    client = mlflow.MlflowClient()
    run = client.create_run("0")
    if status:
        client.set_terminated(run.info.run_id, status)
    return run


def test_artifacts_that_go_elsewhere_than_beside_a_moved_store_are_told(
    place: Path, empty_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        say_if_moved(begun())
        return capsys.readouterr().out

    shutil.copy(empty_store, place)
    kept, beside = empty_store.parent / "mlruns" / "0", place.parent / "mlruns" / "0"
    with sqlite3.connect(place) as database:
        database.execute("UPDATE experiments SET artifact_location = ?", [str(kept)])
    assert said() == ""  # nothing has been made in it
    begun("FAILED")
    assert said() == ""
    begun("FINISHED")  # moved: what it has made is no longer where it was
    assert f"store {place} keeps artifacts in {kept}, which is not there" in said()
    kept.mkdir(parents=True)
    assert said() == ""  # kept elsewhere on purpose
    beside.mkdir(parents=True)  # copied, with the old ones left behind
    shown = said()
    assert f"store {place} keeps artifacts in {kept}, which is not beside it" in shown
    assert shown.count("\n") == 1
    kept.rmdir()
    kept.symlink_to(beside)
    assert said() == ""
    kept.unlink()
    kept.parent.rmdir()


def test_a_folder_that_cannot_be_made_is_an_error(place: Path) -> None:
    place.with_name("file").write_bytes(b"")
    mlflow.set_tracking_uri(f"sqlite:///{place.parent}/file/mlflow.db")
    with pytest.raises(NewsImagesError, match="Cannot make MLflow's store .*MLFLOW_TRACKING_URI"):
        make_ready()


@pytest.mark.parametrize("driver", ["oracledb", "pg8000"])
def test_an_absent_driver_is_named_and_no_password_is(place: Path, driver: str) -> None:
    assert not place.exists()
    mlflow.set_tracking_uri(f"postgresql+{driver}://me:topsecret@127.0.0.1:1/mlflow")
    with pytest.raises(NewsImagesError, match=r"pip install 'psycopg\[binary\]'") as raised:
        make_ready()
    assert "topsecret" not in str(raised.value)
    assert "127.0.0.1" in shown_address()
