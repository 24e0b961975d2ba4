"""`mlflow run`, as a user types it, with parameters that MLproject declares and others."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from tests.mlproject.squares import runs, write_corpus

ROOT = Path(__file__).parents[2]


def mlflow_run(entry_point: str, **parameters: str) -> "subprocess.CompletedProcess[str]":
    """Runs an entry point in this interpreter's environment."""
    others = {name: value for name, value in os.environ.items() if "MLFLOW_EXP" not in name}
    given = [word for name, value in parameters.items() for word in ("-P", f"{name}={value}")]
    return subprocess.run(
        [
            *(sys.executable, "-m", "mlflow", "run", str(ROOT), "-e", entry_point),
            *("--env-manager", "local", "--experiment-name", "newsimages", *given),
        ],
        env={
            **others,
            "MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def parent() -> Run:
    [run] = [run for run in runs() if "mlflow.parentRunId" not in run.data.tags]
    return run


def test_blanks_commas_and_quotes_arrive_unharmed(store: Path) -> None:
    corpus = write_corpus(store / """it's a "corpus", really""")
    workdir, translator = store / 'work, of "mine"', """nobody's "model", $HOME {here}"""
    done = mlflow_run(
        "preprocess",
        corpus=str(corpus),
        workdir=str(workdir),
        dataset="RSS ,",
        translator=translator,
    )
    assert done.returncode == 0, done.stderr
    tables = {path.name for path in (workdir / "articles").glob("*.parquet")}
    assert tables == {"RSS-train.parquet", "RSS-test.parquet"}  # undeclared, and it took effect
    assert f"Reads {corpus}." in done.stdout
    run = parent()
    assert run.info.status == "FINISHED"
    params = run.data.params
    # MLflow logs what it is given as it would be typed in a shell.
    assert shlex.split(params["corpus"]) == [str(corpus)]
    assert shlex.split(params["translator"]) == [translator]
    assert params["languages"] == "en,de"  # not given, so the entry point has logged it


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("batch_sise", "8", "Unrecognized options: --batch_sise, 8"),
        ("batch_size", "many", "Error parsing --batch-size: got 'many', expected a whole number"),
    ],
)
def test_a_parameter_that_is_mistyped_or_of_another_type_is_refused_by_name(
    name: str, value: str, message: str
) -> None:
    done = mlflow_run("embed", **{name: value})
    assert done.returncode != 0
    assert message in " ".join(done.stderr.replace("│", "").split())
    assert "Traceback" not in done.stderr
    assert parent().info.status == "FAILED"
