"""A retriever as a pyfunc model, from code: MLflow runs this file to load a version."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.pyfunc.model import PythonModel

from newsimages.errors import NewsImagesError
from newsimages.retriever.batching import MAX_ITEMS, MAX_WAITING, BusyError
from newsimages.retriever.folder import load_retriever
from newsimages.retriever.requests import Answers


class RetrieverModel(PythonModel):
    """Articles to ranked images, in the way of the run that its folder was made of."""

    def load_context(self, context: Any) -> None:
        """Reads the retriever's folder, which says if it was altered."""
        self.answers = Answers(load_retriever(Path(context.artifacts["retriever"])))
        _let_requests_in()

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """As `Answers`; bad input is a 400 with a sentence, a full queue a 503."""
        try:
            return self.answers(model_input, params)
        except BusyError as error:
            raise MlflowException(str(error), error_code=TEMPORARILY_UNAVAILABLE) from None
        except NewsImagesError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None


def _let_requests_in() -> None:
    """Lets as many requests in at a time as may wait, and a batch more, to be told of it.

    MLflow's server calls `predict` in asyncio's own pool, whose few threads (six on two cores)
    would hold back requests that could share a batch. It loads the model in its event loop;
    elsewhere there is none, and nothing to do.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    loop.set_default_executor(ThreadPoolExecutor(MAX_WAITING + MAX_ITEMS))


set_model(RetrieverModel())
