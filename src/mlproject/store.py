"""MLflow's SQLite file in the current folder: made whole or not at all, and looked at before use.

MLflow fills it over seconds, in many steps: killed meanwhile, it leaves a file that it cannot use,
and two that do so at once spoil it for each other.
"""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import is_local_uri
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from newsimages.atomic import remove_leftovers, replacing
from newsimages.errors import NewsImagesError

PATIENCE_S = 120.0
"""How long others may keep the file locked."""
_MAKING_S = 30.0  # how long MLflow may take to make it
_ELSEWHERE = "name another store with MLFLOW_TRACKING_URI"


def make_ready() -> None:
    """Makes MLflow's store and the experiment, where they are absent and this process can.

    Raises:
        NewsImagesError: The file cannot be made, read or written, or is half made; or the driver of
            a database is not installed.
        MlflowException: What MLflow has against the experiment.
    """
    path = _sqlite_file(mlflow.get_tracking_uri())
    if path is not None:
        if not path.exists():
            _make(path)
        _check(path)
    try:
        _make_experiment()
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise NewsImagesError(
            f"MLflow's store {shown_address()} needs a driver that is not installed: {error}. For "
            "PostgreSQL, pip install 'psycopg[binary]' and begin the address with "
            "postgresql+psycopg://."
        ) from error


def say_if_moved(run: Run) -> None:
    """Says where new artifacts go if that is not beside the store, as after it was moved or copied.

    Experiments keep the whole path of their artifacts' folder, which MLflow makes again in silence.
    """
    store, experiment = _sqlite_file(mlflow.get_tracking_uri()), run.info.experiment_id
    location = mlflow.get_experiment(experiment).artifact_location
    if store is None or not is_local_uri(location):  # type: ignore[no-untyped-call]
        return
    kept = Path(local_file_uri_to_path(location))  # type: ignore[no-untyped-call]
    beside = store.parent / "mlruns" / experiment
    earlier = "attributes.status = 'FINISHED'"
    is_copied = kept.exists() and beside.exists() and not kept.samefile(beside)
    is_moved = not kept.exists() and bool(
        mlflow.search_runs([experiment], earlier, max_results=1, output_format="list")
    )
    if is_copied or is_moved:
        print(
            f"  MLflow's store {store} keeps artifacts in {kept}, which "
            f"{'is not beside it' if is_copied else 'is not there'}, and makes new ones there. "
            "If it was moved or copied, see Moving a store in docs/serving.md."
        )


def shown_address() -> str:
    """The address of MLflow's store, without a password."""
    address = mlflow.get_tracking_uri()
    try:
        return make_url(address).render_as_string(hide_password=True)
    except ArgumentError:
        return address  # a folder


def _sqlite_file(address: str) -> Path | None:
    """The file of an SQLite store; None for any other store."""
    if not address.startswith("sqlite:"):
        return None
    name = make_url(address).database
    return Path(name).absolute() if name and not name.startswith(("file:", ":memory:")) else None


def _make(path: Path) -> None:
    """Makes the file beside its place and moves it there; of several that want to, one does."""
    lock = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            remove_leftovers(path.parent, of=path.name)
            if not path.exists():
                with replacing(path, instead=_ELSEWHERE) as temporary:
                    address = f"sqlite:///{temporary}"
                    made = SqlAlchemyStore(address, "./mlruns")  # type: ignore[no-untyped-call]
                    made.engine.dispose()
            with suppress(OSError):  # Windows keeps it; who waits for it sees that it is gone
                lock.unlink()
    except OSError as error:
        raise NewsImagesError(
            f"Cannot make MLflow's store {path}: {error.strerror or error}. Make that folder "
            f"writable, or {_ELSEWHERE}."
        ) from error


def _check(path: Path) -> None:
    """Raises: NewsImagesError where the file cannot be used, with the reason."""
    now = time.monotonic()
    locked_until, half_made_until, is_told = now + PATIENCE_S, now + _MAKING_S, False
    while True:
        try:
            if _has_content(path):
                return
            problem, until = "it is half made, and nothing is in it yet", half_made_until
            advice = f"MLflow was stopped while making it: remove {path.name}, and start again"
        except sqlite3.Error as error:
            problem = str(error)
            is_busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            until = locked_until if is_busy else now
            advice = f"make it writable or {_ELSEWHERE}"
            if is_busy:
                advice = "end the program that holds it, or wait for that"
            elif "not a database" in problem or "malformed" in problem:
                advice = f"it is no store of MLflow's, or is damaged: move it away, or {_ELSEWHERE}"
        if time.monotonic() >= until:
            raise NewsImagesError(
                f"MLflow's store {path} cannot be used: {problem}. To go on, {advice}."
            )
        if not is_told:
            print(f"  waiting for {path}: {problem}", flush=True)
            is_told = True
        time.sleep(0.5)


def _has_content(path: Path) -> bool:
    """Whether the file can be written, and MLflow has finished making it."""
    with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")  # fails where nothing can be written
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        content = tables & {"experiments", "registered_models"}  # the first is made last of all
        asked = [f"SELECT 1 FROM {name} LIMIT 1" for name in content]  # noqa: S608
        return any(database.execute(query).fetchone() for query in asked)


def _make_experiment() -> None:
    """Makes the experiment that the environment names; another run may make it meanwhile."""
    name, client = os.environ.get("MLFLOW_EXPERIMENT_NAME"), mlflow.MlflowClient()
    if name and client.get_experiment_by_name(name) is None:
        try:
            client.create_experiment(name)
        except MlflowException:
            if client.get_experiment_by_name(name) is None:
                raise
