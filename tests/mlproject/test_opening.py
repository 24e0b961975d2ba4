"""The run that an entry point works in: refused where it cannot be, named, and shown."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from mlflow.utils.name_utils import _generate_random_name

from mlproject import cli, opening
from mlproject.opening import how_to_look, is_random, name_run, opened_run, say_if_fetched
from newsimages.errors import NewsImagesError
from tests.mlproject.squares import runs

PREPROCESS = ["preprocess", "--corpus", "up/nowhere"]  # fails, after it has begun


def a_run(status: str = "RUNNING", name: str | None = None, **tags: str) -> str:
    """A run that somebody else has made."""
    [experiment] = mlflow.search_experiments(filter_string="name = 'newsimages'")
    client = mlflow.MlflowClient()
    made = client.create_run(experiment.experiment_id, run_name=name, tags=tags).info.run_id
    if status == "deleted":
        client.delete_run(made)
    elif status != "RUNNING":
        client.set_terminated(made, status)
    return str(made)


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED", "deleted", "unknown"])
def test_a_run_that_cannot_be_written_into_is_refused_before_anything_is_done(
    status: str, store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = "0" * 32 if status == "unknown" else a_run(status, name="theirs")
    before = [run.to_dictionary() for run in runs()]
    files = sorted(path.name for path in store.iterdir())
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    assert cli.run(PREPROCESS) == 1
    shown = capsys.readouterr().err
    assert f"MLFLOW_RUN_ID in the environment is {run_id}" in shown
    assert ("has no such run" if status == "unknown" else f"a run that is {status}") in shown
    assert "unset MLFLOW_RUN_ID" in shown
    assert [run.to_dictionary() for run in runs()] == before
    assert sorted(path.name for path in store.iterdir()) == files


@pytest.mark.usefixtures("store")
def test_the_run_that_is_open_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = a_run()
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    assert [opened_run(), opened_run()] == [run_id, None]
    monkeypatch.setenv("MLFLOW_RUN_ID", "")
    assert opened_run() is None


@pytest.mark.usefixtures("store")
def test_a_store_that_fails_is_no_absent_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise mlflow.MlflowException("the server is away")

    monkeypatch.setattr(mlflow, "get_run", fail)
    monkeypatch.setenv("MLFLOW_RUN_ID", "abc")
    with pytest.raises(mlflow.MlflowException, match="away") as raised:
        opened_run()
    assert not isinstance(raised.value, NewsImagesError)


@pytest.mark.usefixtures("store")
def test_a_run_says_what_it_is_unless_somebody_has_named_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert cli.run(PREPROCESS) == 1
    [own] = [run for run in runs() if "step" not in run.data.tags]
    assert own.info.run_name == "preprocess · nowhere"
    for name, expected in ((None, "preprocess · nowhere"), ("a-name-3", "a-name-3")):
        run_id = a_run(name=name)
        monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
        assert cli.run(PREPROCESS) == 1
        assert mlflow.get_run(run_id).info.run_name == expected


@pytest.mark.usefixtures("store")
def test_the_backbone_is_added_when_it_is_known() -> None:
    def name(corpus: str, backbone: str, given: str | None = None) -> str:
        with mlflow.start_run(run_name=given, tags={"entry_point": "main"}) as run:
            mlflow.log_param("corpus", corpus)
            name_run()
            name_run(backbone)
            name_run(backbone)
        return str(mlflow.get_run(run.info.run_id).info.run_name)

    assert name("demo", "demo") == "main · demo"
    assert name("/data/press/", "ViT-H-14") == "main · press · ViT-H-14"
    assert name("~/press", "local-dir:/models/tiny") == "main · press · tiny"
    assert name(".", "hf-hub:org/model") == f"main · {Path.cwd().name} · model"
    assert name("demo", "demo", given="before the fix") == "before the fix"


def test_names_that_mlflow_makes_up_are_told_from_others() -> None:
    assert all(is_random(_generate_random_name()) for _ in range(100))
    for name in ("a-name-3", "bouncy-fish", "bouncy-fish-12a", "main", "", "my-bouncy-fish-1"):
        assert not is_random(name)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("server", "shown"),
    [
        ("sqlite:///mlflow.db", "mlflow ui     # this run: http://127.0.0.1:5000"),
        ("http://host:8080/", "this run: http://host:8080"),
        ("https://me:secret@host/mlflow", "this run: https://host/mlflow"),
    ],
)
def test_the_address_is_whole_and_in_the_classic_view(
    server: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mlflow.start_run() as run:
        monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: server)
        path = f"experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
        assert how_to_look() == f"{shown}/#/{path}?workflowType=machine_learning"
        monkeypatch.undo()


@pytest.mark.parametrize(
    ("temporary", "source", "workdir", "is_said"),
    [
        (opening.ROOT.parent, "https://example.org/news.git", "work", True),
        (opening.ROOT.parent, "git@example.org:news.git#part", "work", True),
        (opening.ROOT.parent, "/downloads/news.zip", "work", True),
        (opening.ROOT.parent, "https://example.org/news.git", "/data/work", False),
        (opening.ROOT.parent, f"file://{opening.ROOT}#", "work", False),
        (opening.ROOT / "tmp", "https://example.org/news.git", "work", False),
    ],
)
def test_a_fetched_project_says_that_its_workdir_is_lost(
    temporary: Path, source: str, workdir: str, *, is_said: bool, request: pytest.FixtureRequest
) -> None:
    monkeypatch, capsys = map(request.getfixturevalue, ("monkeypatch", "capsys"))
    monkeypatch.chdir(opening.ROOT)
    monkeypatch.setattr(opening.tempfile, "gettempdir", lambda: str(temporary))
    tags = {"mlflow.source.type": "PROJECT", "mlflow.source.name": source}
    run: Any = SimpleNamespace(data=SimpleNamespace(tags=tags))
    say_if_fetched(run, Path(workdir))
    shown = capsys.readouterr().out
    assert (f"{opening.ROOT}/work" in shown and "-P workdir=" in shown) == is_said
    assert bool(shown) == is_said
