"""The rows of requests: what MLflow's scoring server may call them, and what a program may."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models.utils import _enforce_schema
from mlflow.pyfunc import scoring_server
from mlflow.types import ColSpec, Schema
from registry.retriever import RetrieverModel

from newsimages.retriever.requests import Answers
from tests.retriever.test_retriever import retriever

SCHEMA = Schema([
    ColSpec("string", "title"),
    ColSpec("string", "text", required=False),
    ColSpec("string", "article_id", required=False),
])  # fmt: skip


class Loaded:
    """A model as MLflow has loaded it, as far as the scoring server knows."""

    metadata = None

    def __init__(self) -> None:
        self.model = RetrieverModel()
        self.model.answers = Answers(retriever())
        self.model.let_in = lambda: None  # type: ignore[assignment, misc]

    def predict(self, data: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        return self.model.predict(None, _enforce_schema(data, SCHEMA), dict(params or {}))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """In the environment that MLflow's server sets."""
    monkeypatch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "true")
    return Loaded()


def ask(model: Loaded, data: str, content_type: str = "text/csv") -> list[dict[str, Any]]:
    answer = scoring_server.invocations(data, content_type, model, SCHEMA)
    assert answer.status == 200
    predictions: list[dict[str, Any]] = json.loads(answer.response)["predictions"]
    return predictions


@pytest.mark.parametrize(
    "data",
    [
        "title\nRates rise, again\n",
        "title\nRates rise, again\nStorm, and rain\n",
        "title\nStorm, rain, and wind\n",
        "title,text\nRates rise, again,The bank has decided.\n",
        "title,text,article_id\nStorm, rain, and wind,It blew.,a7\n",
        "title\n1,000 people flee\n",
        "title\n2,5 per cent more\n3,5 per cent more\n",
        "title\n2022-03-31,a day in spring\n",
        "title\n,Storm\n",
        "title\nTrue, after all\n",
        'title\n"Rates rise", again\n',
    ],
)
def test_csv_whose_rows_are_longer_than_its_header_is_refused(served: Loaded, data: str) -> None:
    with pytest.raises(MlflowException, match=r"rows are called .* in double quotes") as refused:
        ask(served, data)
    assert refused.value.get_http_status_code() == 400


@pytest.mark.parametrize(
    ("data", "titles"),
    [
        ('title\n"Rates rise, again"\nStorm\n', ["Rates rise, again", "Storm"]),
        ("title\r\nStorm\r\n", ["Storm"]),
        ('title,text\n"Storm, rain",\nRates,"It, too."\n', ["Storm, rain", "Rates"]),
        (pd.DataFrame({"title": ["Storm, rain"]}, index=[4]).to_csv(), ["Storm, rain"]),
    ],
)
def test_csv_that_is_quoted_is_answered(served: Loaded, data: str, titles: list[str]) -> None:
    expected = retriever().retrieve({str(n): title for n, title in enumerate(titles)}, top_k=3)
    answers = [answer["image_ids"][:3] for answer in ask(served, data)]
    assert answers == expected.image_ids.tolist()


def test_json_may_number_its_rows_and_nothing_else(served: Loaded) -> None:
    split = {"columns": ["title"], "data": [["Storm"], ["Rates"]]}
    for own in ({}, {"index": [0, 1]}):
        body = json.dumps({"dataframe_split": {**split, **own}})
        assert len(ask(served, body, "application/json")) == 2
    for index in ([5, 7], [1, 0], ["a", "b"], [[0, 1], [1, 2]]):
        body = json.dumps({"dataframe_split": {**split, "index": index}})
        with pytest.raises(MlflowException, match="in JSON, leave index out"):
            ask(served, body, "application/json")


@pytest.mark.parametrize(
    "index", [[7, 3], ["x", "y"], pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), [0.5, 1.5]]
)
def test_a_program_asks_with_a_table_of_any_index(index: Any) -> None:
    table = pd.DataFrame({"title": ["Storm", "Rates"]}, index=index)
    assert Loaded().predict(table)["article_id"].to_list() == ["0", "1"]
