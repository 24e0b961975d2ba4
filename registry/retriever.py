"""A retriever as a pyfunc model, from code: MLflow runs this file to load a version."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from newsimages.errors import NewsImagesError
from newsimages.retriever.folder import load_retriever
from newsimages.retriever.requests import answer


class RetrieverModel(PythonModel):
    """Articles to ranked images, in the way of the run that its folder was made of."""

    def load_context(self, context: Any) -> None:
        """Reads the retriever's folder, which says if it was altered."""
        self.retriever = load_retriever(Path(context.artifacts["retriever"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Answers a request as `requests.answer`; bad input is a 400 with a sentence."""
        try:
            return answer(self.retriever, model_input, params)
        except NewsImagesError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None


set_model(RetrieverModel())
