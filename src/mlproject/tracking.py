"""How the project's work shows in MLflow: runs, their parameters, data sets and tables."""

import io
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
import mlflow.data.pandas_dataset
import pandas as pd
from mlflow.data.pandas_dataset import PandasDataset
from mlflow.exceptions import MlflowException
from mlflow.utils.git_utils import get_git_commit
from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH, MAX_TAG_VAL_LENGTH

from mlproject.opening import ENTRY_POINT_TAG, name_run, opened_run, say_if_fetched
from mlproject.options import flat
from mlproject.running import LOCK_TAG, alive, close_killed
from mlproject.stopping import answering, is_stopped, raise_noted
from mlproject.store import PATIENCE_S, make_ready, say_if_moved
from newsimages.corpora import DataSet
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.reports.figures.canvas import Drawing
from newsimages.reports.spreadsheet import spreadsheet_csv

DESCRIPTION_TAG = "mlflow.note.content"
COMMIT_TAG = "mlflow.source.git.commit"
CUT = "\n\nThe rest is among the artifacts of this run."
_unended: dict[str, str] = {}  # the status of runs by id, where the store could not be told


@contextmanager
def entry_point(config: Any) -> Iterator[None]:
    """The run of an entry point: the one that ``mlflow run`` has opened, else a new one.

    Args:
        config: The entry point's dataclass. Its docstring describes the run; its settings are
            logged as parameters, where ``mlflow run`` has not logged them already.
    """
    name = type(config).__name__.lower()
    settings = {key: str(value) for key, value in flat(config).items()}
    # MLflow raises what it logs so, and that is told in a sentence.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    workdir, description = Path(settings["workdir"]), str(type(config).__doc__)
    tags = {**_common_tags(), ENTRY_POINT_TAG: name, DESCRIPTION_TAG: description}
    with answering("raise"):
        make_ready()
        opened = opened_run()
        with (
            alive(workdir) as lock,
            _closing(),
            _open(run_id=opened, tags={**tags, LOCK_TAG: lock}) as run,
        ):
            close_killed(run)
            say_if_fetched(run, workdir)
            say_if_moved(run)
            known = run.data.params
            new = {key: value for key, value in settings.items() if key not in known}
            mlflow.log_params({key: value[:MAX_PARAM_VAL_LENGTH] for key, value in new.items()})
            name_run()
            yield


@contextmanager
def step(name: str, *, doing: str) -> Iterator[None]:
    """A nested run for one step, announced on the terminal."""
    tags = {"step": name, DESCRIPTION_TAG: doing}
    with nested(name, tags=tags, params={}), announced(name, doing=doing):
        yield


@contextmanager
def announced(name: str, *, doing: str) -> Iterator[None]:
    """Says on the terminal what begins, and how long it took; keeps that as ``seconds/NAME``.

    It is a tag, as the UI's charts would show such a metric before those of sets of later names.
    """
    print(f"\n▶ {name}: {doing}", flush=True)
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    mlflow.set_tag(f"seconds/{name}", f"{seconds:.1f}")
    print(f"✔ {name}: {seconds:.1f} s", flush=True)


@contextmanager
def nested(name: str, *, tags: dict[str, str], params: dict[str, Any]) -> Iterator[None]:
    """A run below the active one."""
    parent = mlflow.active_run()
    lock = parent.data.tags.get(LOCK_TAG) if parent else None
    tags = {**_common_tags(), **({LOCK_TAG: lock} if lock else {}), **tags}
    with _open(run_name=name, nested=True, tags=tags):
        mlflow.log_params(params)
        yield


@contextmanager
def _open(**how: Any) -> Iterator[mlflow.ActiveRun]:
    """A run; after an error it is FAILED, and KILLED where this process is asked to end."""
    with answering("note"):
        run = mlflow.start_run(**how)
    status = "FINISHED"
    try:
        raise_noted()
        yield run
    except BaseException as error:
        status = "FAILED" if isinstance(error, Exception) and not is_stopped() else "KILLED"
        raise
    finally:
        _end(run.info.run_id, status)


def _end(run_id: str, status: str) -> None:
    """Ends the active run; where the store refuses, `_closing` tries again."""
    try:
        with answering("note"):
            mlflow.end_run(status)
    except MlflowException:
        _unended[run_id] = status
        if status == "FINISHED":  # else something else has happened before, which is told
            raise
    if status == "FINISHED":
        raise_noted()


@contextmanager
def _closing() -> Iterator[None]:
    """Tries to end the runs whose end the store has refused, as long as others keep it locked."""
    try:
        yield
    finally:
        patience = time.monotonic() + PATIENCE_S
        while _unended:
            run_id, status = _unended.popitem()
            try:
                mlflow.MlflowClient().set_terminated(run_id, status)
            except MlflowException as error:
                if "database is locked" in str(error) and time.monotonic() < patience:
                    _unended[run_id] = status


def not_made(what: str, why: str) -> None:
    """Says what the active run does not make, and why, and notes it."""
    print(f"  not made: {what}, as {why}")
    note_not_made(what, why)


def note_not_made(what: str, why: str) -> None:
    """Keeps in the active run's tag ``not_made/WHAT`` why something was not made."""
    mlflow.set_tag(f"not_made/{what}", why[:MAX_TAG_VAL_LENGTH])


def log_data_set(data_set: DataSet | EmbeddedSet) -> None:
    """Logs a data set's articles as an input of the active run."""
    context = {"train": "training", "test": "testing"}[data_set.split]
    mlflow.log_input(mlflow_data_set(data_set), context=context)


def mlflow_data_set(data_set: DataSet | EmbeddedSet) -> PandasDataset:
    """A data set's articles as MLflow knows them."""
    articles = data_set.articles.assign(date=data_set.articles["date"].astype("string"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow wonders which kind of folder this is
        return mlflow.data.pandas_dataset.from_pandas(
            articles,
            source=data_set.name,
            name=f"{data_set.name}-{data_set.split}",
            targets="image_id",
        )


def log_table(table: pd.DataFrame, artifact_file: str) -> None:
    """Logs a table that the MLflow UI shows as one (``.json``), or as ``.csv`` or ``.parquet``.

    CSV is for people and their spreadsheets, Parquet for programs.
    """
    match Path(artifact_file).suffix:
        case ".json":
            mlflow.log_table(table.astype("string").fillna(""), artifact_file)
        case ".csv":
            mlflow.log_text(spreadsheet_csv(table), artifact_file)
        case _:
            mlflow.log_stream(io.BytesIO(table.to_parquet(index=False)), artifact_file)


def log_drawing(drawing: Drawing, name: str) -> None:
    """Logs a figure as ``figures/NAME.png`` and what it shows as ``figures/NAME.csv``."""
    mlflow.log_figure(drawing.figure, f"figures/{name}.png")
    log_table(drawing.data, f"figures/{name}.csv")


def describe(text: str) -> None:
    """Makes a text in Markdown the active run's description, as far as a tag holds it."""
    mlflow.set_tag(DESCRIPTION_TAG, shortened_markdown(text))


def shortened_markdown(text: str, n: int = MAX_TAG_VAL_LENGTH) -> str:
    """A text of ``n`` characters at most, which ends behind a whole line and the word on the rest.

    A table of which not one row would be left is left out with its head.
    """
    if len(text) <= n:
        return text
    lines, kept = text.split("\n"), text[: n - len(CUT) + 1].count("\n")
    while kept and (not lines[kept - 1] or any(map(_is_rule, lines[kept - 1 : kept + 1]))):
        kept -= 1
    return "\n".join(lines[:kept]) + CUT


def _is_rule(line: str) -> bool:
    """Whether it is the line between a table's head and its rows."""
    return line.startswith("| --")


def picture(name: str, words: str) -> str:
    """A figure that `log_drawing` has logged in the active run, in Markdown for the MLflow UI."""
    run = mlflow.active_run()
    run_id = run.info.run_id if run else ""
    path = quote(f"figures/{name}.png", safe="")
    return f"![{words}](get-artifact?path={path}&run_uuid={run_id})"


@contextmanager
def artifact(artifact_file: str) -> Iterator[Path]:
    """A path to write a file to, which is logged when the block has ended well."""
    target = Path(artifact_file)
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / target.name
        mlflow.log_artifact(str(Path(folder) / target.name), str(target.parent))


def _common_tags() -> dict[str, str]:
    """The git commit of the project, where it is a checkout."""
    commit = get_git_commit(__file__)
    return {COMMIT_TAG: commit} if commit else {}
