"""A model as MLflow loads it, and what its scoring server answers with it."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
from mlflow.models.utils import _enforce_schema
from mlflow.pyfunc import scoring_server
from mlflow.types import ColSpec, Schema
from registry.retriever import RetrieverModel

from newsimages.retriever.requests import Answers
from newsimages.retriever.retriever import Retriever
from tests.retriever.test_retriever import retriever

SCHEMA = Schema([
    ColSpec("string", "title"),
    ColSpec("string", "text", required=False),
    ColSpec("string", "article_id", required=False),
])  # fmt: skip


class Loaded:
    """A model as MLflow has loaded it, as far as the scoring server knows."""

    metadata = None

    def __init__(self, of: Retriever | None = None) -> None:
        self.model = RetrieverModel()
        self.model.answers = Answers(of or retriever())
        self.model.let_in = lambda: None  # type: ignore[assignment, misc]

    def predict(self, data: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        return self.model.predict(None, _enforce_schema(data, SCHEMA), dict(params or {}))


def ask(model: Loaded, data: str, content_type: str = "text/csv") -> list[dict[str, Any]]:
    answer = scoring_server.invocations(data, content_type, model, SCHEMA)
    assert answer.status == 200
    predictions: list[dict[str, Any]] = json.loads(answer.response)["predictions"]
    return predictions
