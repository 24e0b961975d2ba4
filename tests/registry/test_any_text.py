"""What a registered model does to the server that it is in."""

import runpy
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from mlflow.models.utils import _enforce_schema
from mlflow.pyfunc.scoring_server import _parse_json_data
from mlflow.types import ColSpec, DataType, Schema

MODEL = Path(__file__).parents[2] / "registry" / "retriever.py"
SCHEMA = Schema([ColSpec(DataType.string, "title")])


class Metadata:
    """Of a model with a title as its input."""

    def get_input_schema(self) -> Schema:
        return SCHEMA

    def get_params_schema(self) -> None:
        return None


@pytest.fixture
def pandas_as_it_was() -> Iterator[None]:
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pd.reset_option("future.infer_string")


@pytest.mark.usefixtures("pandas_as_it_was")
@pytest.mark.parametrize(
    "request_of",
    [
        '{"dataframe_records": [{"title": "%s"}]}',
        '{"dataframe_split": {"columns": ["title"], "data": [["%s"]]}}',
        '{"instances": [{"title": "%s"}]}',
        '{"inputs": {"title": ["%s"]}}',
    ],
)
def test_half_an_emoji_comes_as_far_as_to_the_model(request_of: str) -> None:
    runpy.run_path(str(MODEL))["_take_any_text"]()
    parsed = _parse_json_data(request_of % "Storm \\ud83d", Metadata(), SCHEMA).data
    assert _enforce_schema(parsed, SCHEMA)["title"].tolist() == ["Storm \ud83d"]
