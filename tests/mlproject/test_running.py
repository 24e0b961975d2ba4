"""A run that was killed is closed by the next one; one that is alive is left alone."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from filelock import FileLock
from mlflow.entities import Run

from mlproject import cli, running
from mlproject.running import CLOSED_TAG, FOLDERS, LOCK_TAG, LOCKS, alive
from newsimages.atomic import temporary_of
from newsimages.errors import NewsImagesError
from tests.mlproject.squares import runs

ROOT = Path(__file__).parents[2]
NEXT = ["preprocess", "--corpus", "nowhere"]  # fails, after it has begun
PROJECT = {"mlflow.source.type": "PROJECT", "mlflow.source.name": "file:///projects/ours"}


def left_running(**tags: str) -> str:
    """A run that nobody ends."""
    [experiment] = mlflow.search_experiments(filter_string="name = 'newsimages'")
    client = mlflow.MlflowClient()
    return str(client.create_run(experiment.experiment_id, tags=tags).info.run_id)


def status(run_id: str) -> str:
    return str(mlflow.get_run(run_id).info.status)


def test_the_runs_of_a_killed_process_are_closed_and_its_leftovers_removed(store: Path) -> None:
    code = (
        "import os, signal; from mlproject import preprocess, cli\n"
        "preprocess.read_corpus = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "cli.run(['embed', '--corpus', '.'])"
    )
    environment = {**os.environ, "MLFLOW_TRACKING_URI": mlflow.get_tracking_uri()}
    environment["PYTHONPATH"] = str(ROOT / "src")
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    killed = [run.info.run_id for run in runs() if run.info.status == "RUNNING"]
    assert len(killed) == 2
    deep = store / "work" / "embeddings" / "a model" / "RSS"
    deep.mkdir(parents=True)
    leftover, kept = temporary_of(deep / "00000-abc.safetensors"), deep / ".notes.tmp"
    for path in (leftover, kept):
        path.write_bytes(b"half")

    assert cli.run(NEXT) == 1
    [own] = [run for run in runs() if run.data.tags.get("entry_point") == "preprocess"]
    for run_id in killed:
        run = mlflow.get_run(run_id)
        assert run.info.status == "KILLED"
        assert run.data.tags[CLOSED_TAG] == own.info.run_id
    assert {run.info.status for run in runs()} == {"KILLED", "FAILED"}
    assert not leftover.exists()
    assert kept.exists()
    assert [path.name for path in (store / "work" / LOCKS).iterdir()] == ["gate"]


def test_a_run_that_ends_while_the_next_one_looks_keeps_its_status(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_killed = running._is_killed

    def ended(run: Run, own: Run) -> bool:
        """What is found out of a run whose process has ended since the search."""
        mlflow.MlflowClient().set_terminated(other, "FINISHED")
        lock.unlink(missing_ok=True)
        return is_killed(run, own)

    lock = store / "work" / LOCKS / "other.lock"
    assert cli.run(NEXT) == 1
    lock.touch()
    other = left_running(**{LOCK_TAG: f"{socket.gethostname()} {lock}"})
    with FileLock(lock):
        monkeypatch.setattr(running, "_is_killed", ended)
        assert cli.run(NEXT) == 1
    assert status(other) == "FINISHED"
    assert CLOSED_TAG not in mlflow.get_run(other).data.tags


def test_a_run_that_is_alive_keeps_its_status_and_its_files(store: Path) -> None:
    with alive(Path("elsewhere")) as elsewhere, alive(Path("work")) as here:
        mine = [left_running(**{LOCK_TAG: lock}) for lock in (here, elsewhere)]
        temporary = temporary_of(store / "work" / "txv" / "x")
        temporary.parent.mkdir()
        temporary.write_bytes(b"half")
        assert cli.run(NEXT) == 1
        assert [status(run_id) for run_id in mine] == ["RUNNING", "RUNNING"]
        assert temporary.exists()
        assert len(list((store / "work" / LOCKS).glob("*.lock"))) == 1
    assert cli.run(NEXT) == 1
    assert [status(run_id) for run_id in mine] == ["KILLED", "KILLED"]
    assert not temporary.exists()


@pytest.mark.usefixtures("store")
def test_a_lock_that_is_gone_tells_of_this_host_alone() -> None:
    here = left_running(**{LOCK_TAG: f"{socket.gethostname()} /gone/work/locks/1.lock"})
    there = left_running(**{LOCK_TAG: "another.host /gone/work/locks/1.lock"})
    foreign = left_running(team="another")
    assert cli.run(NEXT) == 1
    assert [status(run_id) for run_id in (here, there, foreign)] == ["KILLED", "RUNNING", "RUNNING"]


def test_another_hosts_run_is_closed_where_its_lock_can_be_tried(store: Path) -> None:
    lock = store / "shared" / "1.lock"
    lock.parent.mkdir()
    run_id = left_running(**{LOCK_TAG: f"another.host {lock}"})
    with FileLock(lock):
        assert cli.run(NEXT) == 1
        assert status(run_id) == "RUNNING"
    assert cli.run(NEXT) == 1
    assert status(run_id) == "KILLED"


@pytest.mark.usefixtures("store")
def test_what_mlflow_run_has_opened_and_left_is_closed_by_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, own = left_running(**PROJECT), left_running(**PROJECT)
    others = left_running(**{**PROJECT, "mlflow.source.name": "file:///projects/theirs"})
    monkeypatch.setenv("MLFLOW_RUN_ID", own)
    assert cli.run(NEXT) == 1
    assert [status(run_id) for run_id in (before, own, others)] == ["KILLED", "FAILED", "RUNNING"]
    monkeypatch.setenv("MLFLOW_RUN_ID", before)  # it was about to begin
    assert cli.run(NEXT) == 1
    assert status(before) == "FAILED"


def test_all_folders_that_are_written_to_are_known(store: Path, arguments: list[str]) -> None:
    assert cli.run(["embed", *arguments]) == 0
    made = {path.name for path in (store / "work").iterdir() if path.is_dir()}
    assert made <= {*FOLDERS, LOCKS}


def test_a_workdir_that_cannot_be_written_is_an_error_with_a_short_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for workdir in (tmp_path / "file", tmp_path / ("w" * 3000)):
        with (
            pytest.raises(NewsImagesError, match="Cannot write .*workdir") as raised,
            alive(workdir),
        ):
            pass
        assert len(str(raised.value)) < 500
