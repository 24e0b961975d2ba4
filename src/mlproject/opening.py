"""The run that an entry point works in: which it is, what it is called, and where it is seen."""

import os
import tempfile
from pathlib import Path

import mlflow
from mlflow.entities import LifecycleStage, Run, RunStatus
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.utils.mlflow_tags import MLFLOW_SOURCE_NAME, MLFLOW_SOURCE_TYPE
from mlflow.utils.name_utils import _GENERATOR_NOUNS, _GENERATOR_PREDICATES

from mlproject.running import CLOSED_TAG
from mlproject.store import shown_address
from newsimages.encoding.model_files import LOCAL
from newsimages.encoding.models import AUTO
from newsimages.errors import NewsImagesError

ROOT = Path(__file__).resolve().parents[2]
ENTRY_POINT_TAG = "entry_point"
RUN_ID = "MLFLOW_RUN_ID"
UI = "http://127.0.0.1:5000"
"""Where ``mlflow ui`` shows the store of the current folder."""
CLASSIC = "?workflowType=machine_learning"
"""What makes the UI show an experiment's runs as those of models, not of agents."""


def opened_run() -> str | None:
    """The id of the run that ``mlflow run`` has opened for this process, None where there is none.

    It is taken out of the environment, where the first nested run would take it for its own.

    Raises:
        NewsImagesError: The environment names a run that cannot be written into: it has ended, is
            deleted, or is none of the store's.
    """
    run_id = os.environ.pop(RUN_ID, None)
    if not run_id:
        return None
    advice = f"To begin a run of its own, unset {RUN_ID}."
    try:
        run = mlflow.get_run(run_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        raise NewsImagesError(
            f"{RUN_ID} in the environment is {run_id}, but the store {shown_address()} has no such "
            f"run. {advice} Under mlflow run, name the store by a whole path."
        ) from error
    status = run.info.status
    if run.info.lifecycle_stage == LifecycleStage.DELETED:
        status = "deleted"
    elif not RunStatus.is_terminated(RunStatus.from_string(status)) or _is_about_to_begin(run):
        return run_id
    raise NewsImagesError(
        f"{RUN_ID} in the environment is {run_id}, a run that is {status}; what is done now would "
        f"be mixed with it. {advice}"
    )


def _is_about_to_begin(run: Run) -> bool:
    """Whether another run has taken it for killed before anything was done in it."""
    return CLOSED_TAG in run.data.tags and ENTRY_POINT_TAG not in run.data.tags


def name_run(backbone: str = AUTO) -> None:
    """Calls the active run by entry point, corpus and backbone, unless somebody has named it.

    Args:
        backbone: Of the encoder; auto where it is not known yet.
    """
    active = mlflow.active_run()
    if active is None:
        return
    run = mlflow.get_run(active.info.run_id)
    words = [run.data.tags.get(ENTRY_POINT_TAG, ""), _last_part(run.data.params.get("corpus", ""))]
    name = run.info.run_name or ""
    if is_random(name) or name == _joined(words):
        words += [_last_part(backbone)] if backbone != AUTO else []
        mlflow.MlflowClient().update_run(run.info.run_id, name=_joined(words))


def _joined(words: list[str]) -> str:
    return " · ".join(dict.fromkeys(filter(None, words)))


def _last_part(name: str) -> str:
    """What tells a folder or a model apart: the last part of its path."""
    return Path(name.removeprefix(LOCAL)).absolute().name if name else ""


def is_random(name: str) -> bool:
    """Whether MLflow has made the name up: ``bouncy-fish-123``."""
    predicate, _, rest = name.partition("-")
    noun, _, number = rest.rpartition("-")
    return (
        number.isdigit() and predicate in _GENERATOR_PREDICATES and noun.lower() in _GENERATOR_NOUNS
    )


def how_to_look() -> str:
    """The active run's address in the MLflow UI; of a store without a server, by ``mlflow ui``."""
    run, server = mlflow.active_run(), mlflow.get_tracking_uri()
    if run is None:
        return ""
    path = f"/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}{CLASSIC}"
    if not server.startswith(("http://", "https://")):
        return f"mlflow ui     # this run: {UI}{path}"
    scheme, _, host = server.rstrip("/").partition("://")
    return f"this run: {scheme}://{host.rpartition('@')[2]}{path}"


def say_if_fetched(run: Run, workdir: Path) -> None:
    """Says that the workdir will not be found again, where MLflow has fetched the project.

    For a git address, or a zip file, ``mlflow run`` makes a new temporary folder each time.
    """
    temporary, tags = Path(tempfile.gettempdir()).resolve(), run.data.tags
    is_fetched = (
        tags.get(MLFLOW_SOURCE_TYPE) == "PROJECT"
        and ROOT.is_relative_to(temporary)
        and str(ROOT) not in tags.get(MLFLOW_SOURCE_NAME, "")
    )
    if is_fetched and workdir.resolve().is_relative_to(ROOT):
        print(
            f"  MLflow has fetched the project into a temporary folder, and {workdir.resolve()} "
            "with it: the next run will not find it. To keep it, add -P workdir=/path/to/work"
        )
