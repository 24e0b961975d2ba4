"""Which runs are alive: while a process works, it holds a lock on a file in its workdir.

The system lets go of the lock however the process ends. So a run that MLflow calls RUNNING, and
whose lock is free, was killed: the next run closes it, and removes what it has left in the workdir.
"""

import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import mlflow
from filelock import FileLock, Timeout
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_SOURCE_NAME, MLFLOW_SOURCE_TYPE

from newsimages.atomic import remove_leftovers
from newsimages.errors import NewsImagesError, shortened

LOCK_TAG = "newsimages.lock"
"""A run's tag: the host and the file that is locked while the run is alive."""
CLOSED_TAG = "newsimages.closed_by"
"""The tag of a killed run: the run that has closed it."""
LOCKS = "locks"
GATE = "gate"
"""The lock that is held while others are looked at."""
_ANY = "*.lock"
FOLDERS = (
    *("articles", "embeddings", "txv", "demo-corpus"),
    *("scores", "rankings", "rating_sheets"),
)
"""The folders of a workdir that files are written to."""


@contextmanager
def alive(workdir: Path) -> Iterator[str]:
    """Holds a lock in the workdir, whose leftovers of killed runs are removed if nobody else does.

    Yields:
        The `LOCK_TAG` of the runs of this process.

    Raises:
        NewsImagesError: The workdir cannot be written.
    """
    folder = workdir.absolute() / LOCKS
    own = folder / f"{secrets.token_hex(8)}.lock"
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / GATE):  # nobody begins while it is found out who is there
                others = list(folder.glob(_ANY))
                held.enter_context(FileLock(own))
                if all(map(_is_free, others)):
                    for name in FOLDERS:
                        remove_leftovers(workdir / name)
        except OSError as error:
            raise NewsImagesError(
                f"Cannot write {shortened(folder)}: {error.strerror or error}. Choose another "
                "folder with the parameter workdir."
            ) from error
        try:
            yield f"{socket.gethostname()} {own}"
        finally:
            with suppress(OSError):
                own.unlink()


def close_killed(own: Run) -> None:
    """Closes the runs that killed processes have left RUNNING, with a word on the terminal.

    One that is closed wrongly, as its lock cannot be seen from here, closes itself at its end.
    """
    client, locks = mlflow.MlflowClient(), _lock_of(own).parent
    running = mlflow.search_runs(
        search_all_experiments=True,
        filter_string="attributes.status = 'RUNNING'",
        output_format="list",
    )
    free = [run for run in running if isinstance(run, Run) and _is_killed(run, own)]
    # One that has ended since they were searched is not RUNNING any more: it lets go of its lock
    # behind its end.
    killed = [run for run in free if client.get_run(run.info.run_id).info.status == "RUNNING"]
    for run in killed:
        with suppress(MlflowException):  # a server may leave that to whoever began it
            client.set_tag(run.info.run_id, CLOSED_TAG, own.info.run_id)
            client.set_terminated(run.info.run_id, "KILLED")
    if killed:
        print(f"  closes runs that were killed: {len(killed)}")
    with FileLock(locks / GATE), suppress(OSError):
        for file in locks.glob(_ANY):
            if _is_free(file):
                file.unlink()


def _is_killed(run: Run, own: Run) -> bool:
    """Whether a run that MLflow calls RUNNING is this project's, and its process has ended."""
    tags, mine = run.data.tags, own.data.tags
    if run.info.run_id == own.info.run_id:
        return False
    if LOCK_TAG in tags:
        file, host = _lock_of(run), tags[LOCK_TAG].partition(" ")[0]
        return _is_free(file) if file.exists() else host == socket.gethostname()
    # `mlflow run` has opened it, and the project has not begun in it: MLflow was killed, or it is
    # about to begin, and will call the run RUNNING again.
    source = (MLFLOW_SOURCE_TYPE, MLFLOW_SOURCE_NAME)
    is_opened = mine.get(MLFLOW_SOURCE_TYPE) == "PROJECT" and "entry_point" not in tags
    return is_opened and all(tags.get(key) == mine.get(key) for key in source)


def _lock_of(run: Run) -> Path:
    """The file that is locked while the run is alive."""
    return Path(run.data.tags[LOCK_TAG].partition(" ")[2])


def _is_free(file: Path) -> bool:
    """Whether nobody holds the lock; a file that cannot be locked is taken for held."""
    try:
        with FileLock(file, blocking=False):
            return True
    except (Timeout, OSError):
        return False
