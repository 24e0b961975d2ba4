"""A retriever as a pyfunc model, from code: MLflow runs this file to load a version."""
# ruff: noqa: E402  (nothing is imported from newsimages before it is known whose it is)

import filecmp
import gc
import os
import warnings
from asyncio import AbstractEventLoop
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.pyfunc.model import PythonModel
from pandas.api.types import is_integer_dtype

import newsimages


def _check_code(folder: Path) -> None:
    """Raises: MlflowException where the code that runs is not that of the version in ``folder``.

    MLflow puts a version's code first on the path. That changes nothing where newsimages has been
    imported before, from another version or from a clone.
    """
    own, running = folder / "code" / "newsimages", Path(newsimages.__file__).parent
    files = [
        str(path.relative_to(own))
        for path in sorted(own.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    _, unequal, absent = filecmp.cmpfiles(own, running, files, shallow=False)
    if others := [*unequal, *absent]:
        raise MlflowException.invalid_parameter_value(
            f"This process runs the code of {running}; that of the version in {folder} differs in "
            f"{len(others)} of {len(files)} files, such as {others[0]}. Load each in a process "
            "of its own"
        )


_check_code(Path(__file__).parent)

from newsimages.errors import NewsImagesError, first_ten
from newsimages.retriever.batching import MAX_ITEMS, MAX_WAITING, BusyError
from newsimages.retriever.folder import load_retriever
from newsimages.retriever.requests import Answers

_SERVING = "_MLFLOW_IS_IN_SERVING_ENVIRONMENT"
"""The variable that is "true" where requests are read by ``mlflow models serve`` or ``predict``."""
_GALLERY = {"gallery": "NEWSIMAGES_GALLERY", "gallery_version": "NEWSIMAGES_GALLERY_VERSION"}
"""The variable of each key of ``model_config``."""


class RetrieverModel(PythonModel):
    """Articles to ranked images, in the way of the run that its folder was made of."""

    def load_context(self, context: Any) -> None:
        """Reads the retriever's folder, which says if it was altered.

        Where it points to a gallery that grows, another place or version of it can be asked for: by
        ``model_config``, or where there is none, as in ``mlflow models serve``, by variables.
        """
        given = context.model_config or {}
        place, version = (
            str(given.get(key) or os.environ.get(name, "")) for key, name in _GALLERY.items()
        )
        folder = Path(context.artifacts["retriever"])
        self.answers = Answers(load_retriever(folder, place=place, version=version))
        self.let_in = cache(_let_requests_in)
        if _is_served():
            _take_any_text()

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """As `Answers`; bad input is a 400 with a sentence, a full queue a 503."""
        try:
            if _is_served():
                self.let_in()
                _check_row_numbers(model_input.index)
            return self.answers(model_input, params)
        except BusyError as error:
            raise MlflowException(str(error), error_code=TEMPORARILY_UNAVAILABLE) from None
        except NewsImagesError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None


def _is_served() -> bool:
    return os.environ.get(_SERVING) == "true"


def _take_any_text() -> None:
    """Lets texts that cannot be encoded, such as half an emoji, come as far as to `Answers`.

    MLflow's server makes pandas' tables of requests, and pandas' own kind of texts refuses them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pd.set_option("future.infer_string", False)


def _let_requests_in() -> None:
    """Lets as many requests in at a time as may wait, and a batch more, to be told of it.

    MLflow's server calls `predict` in the pool of its event loop, whose few threads (six on two
    cores) would hold back requests that could share a batch. The loop is not handed to a model, so
    it is looked for, once, when the first request is there.
    """
    loops = [each for each in gc.get_objects() if issubclass(type(each), AbstractEventLoop)]
    for loop in loops:
        if loop.is_running():
            pool = ThreadPoolExecutor(MAX_WAITING + MAX_ITEMS)
            loop.call_soon_threadsafe(loop.set_default_executor, pool)


def _check_row_numbers(index: pd.Index) -> None:
    """Raises: NewsImagesError where the rows of a request are not numbered 0, 1, 2, ….

    MLflow reads CSV with pandas, which takes the first cells of rows that are longer than the
    header for the index: of an unquoted ``title`` with a comma only its end would be ranked. A
    DataFrame in a program of one's own has whatever index it has.
    """
    if not (is_integer_dtype(index) and index.equals(pd.RangeIndex(len(index)))):
        raise NewsImagesError(
            f"The rows are called {first_ten([str(each) for each in index])}; expected no names, "
            "or 0, 1, 2, …. In CSV, put a title that holds a comma in double quotes, so that no "
            "row has more cells than the header; in JSON, leave index out."
        )


set_model(RetrieverModel())
