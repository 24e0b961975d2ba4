"""What goes wrong outside of the project - disks, memory, MLflow's store - in a sentence each."""

import errno
import re
import shutil

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from mlproject.store import shown_address
from newsimages.errors import NewsImagesError, causes, reason_of, shortened

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_MEMORY = re.compile(
    r"can't allocate memory|Cannot allocate memory|not enough memory|out of memory|"
    r"can't start new thread|failed to map segment",
    re.IGNORECASE,
)

_DATABASE = re.compile(r"\([\w.]+Error\) (.+)")  # SQLAlchemy's form of a database's message
_ROOM = (
    "See that there is room where it lies: the folder that the parameter workdir names, that of "
    "MLflow's artifacts (mlruns), or that of temporary files (TMPDIR)."
)


def sentence_of(error: BaseException) -> str | None:
    """What happened and what to do about it; None for an error of the program's own."""
    if isinstance(error, NewsImagesError):
        return str(error)
    if any(_is_about_memory(each) for each in causes(error)):
        return (
            f"There is not enough memory: {reason_of(error)}. Give this process more (ulimit -v "
            "says if it is limited), or set workers=0, and batch_size and memory_mb lower."
        )
    if isinstance(error, MlflowException | SQLAlchemyError):
        return _of_store(error)
    return _of_system(error) if isinstance(error, OSError) else None


def _of_store(error: Exception) -> str:
    """MLflow's own message, without the statement that the database was given."""
    said = _DATABASE.search(str(error))
    where, message = shown_address(), said[1] if said else reason_of(error)
    advice = ""
    if "database is locked" in message:
        advice = " Another program holds it: end that program, or wait for it, and start again."
    elif "disk is full" in message:
        advice = " Free some space there, and start again."
    elif "readonly database" in message or "unable to open database" in message:
        advice = " Make it writable, or name another store with MLFLOW_TRACKING_URI."
    return f"MLflow cannot track this run at {where}: {message}.{advice}"


def _of_system(error: OSError) -> str:
    """What the system says, and of which file, if it does."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        source, target, reason = error.args[0][0]  # the first of all files of a folder
        return f"Cannot copy {source} to {target}: {reason}. {_ROOM}"
    shown = shortened(error.filename or "")
    said = f"{shown}: {error.strerror}" if shown and error.strerror else reason_of(error)
    if error.errno in _FULL:
        advice = _ROOM
    elif "No usable temporary directory" in said:
        advice = "Free some space in one of them, or set TMPDIR to a folder that has some."
    elif error.errno in _CLOSED:
        advice = "Make it writable, or work in another folder."
    elif error.errno == errno.ENAMETOOLONG:
        advice = "Name a file or folder that can exist: its name is longer than the system allows."
    elif error.errno == errno.EMFILE:
        advice = "Allow more open files (ulimit -n), or set workers=0."
    else:
        advice = "See to that file or folder, and start again."
    return f"The system refuses a file. {said}. {advice}"


def _is_about_memory(error: BaseException) -> bool:
    is_said = isinstance(error, RuntimeError | ImportError | OSError)
    return isinstance(error, MemoryError) or (is_said and bool(_NO_MEMORY.search(str(error))))
