"""What is missing in a table or a request, by every way in which pandas and MLflow say so."""

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from mlflow.exceptions import MlflowException

from tests.registry.loaded import Loaded, ask
from tests.retriever.test_retriever import MIX, retriever

TITLES = ["Storm", "Rates rise", "A bridge is closed"]
NULLS = (None, float("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), np.float32("nan"), Decimal("NaN"))
DTYPES = (
    *("str", "string[python]", "string[pyarrow]", pd.StringDtype("pyarrow", na_value=np.nan)),
    *(pd.ArrowDtype(pa.string()), pd.ArrowDtype(pa.large_string())),
)
COLUMNS = [
    *(pd.Series(["a7", null, "0"], dtype=object) for null in NULLS),
    *(pd.Series(["a7", pd.NA, "0"], dtype=dtype) for dtype in DTYPES),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.dtype}-{column[1]!r}")
def test_what_is_missing_is_as_if_not_given(column: pd.Series) -> None:
    model, table = Loaded(retriever(MIX)), pd.DataFrame({"title": TITLES})
    plain = model.predict(table.assign(text=["a7", "", "0"]))
    answers = model.predict(table.assign(article_id=column, text=column))
    assert answers["article_id"].to_list() == ["a7", "1", "0"]
    pd.testing.assert_frame_equal(answers.iloc[:, 1:], plain.iloc[:, 1:])
    with pytest.raises(MlflowException, match="title is no text in the rows 1: got null"):
        model.predict(table.assign(title=column))


@pytest.mark.parametrize("dtype", [object, *DTYPES], ids=str)
def test_a_column_may_be_missing_as_a_whole(dtype: Any) -> None:
    table = pd.DataFrame({"title": TITLES})
    column = pd.Series([pd.NA] * 3, dtype=dtype)
    model = Loaded(retriever(MIX))
    answers = model.predict(table.assign(article_id=column, text=column))
    pd.testing.assert_frame_equal(answers, model.predict(table))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps({"dataframe_records": [
            {"title": "Storm", "text": None, "article_id": None},
            {"title": "Rates rise", "article_id": "a7"},
        ]})),
        ("application/json", json.dumps({"dataframe_split": {
            "columns": ["title", "article_id"], "data": [["Storm", None], ["Rates rise", "a7"]],
        }})),
        ("text/csv", "title,text,article_id\nStorm,,\nRates rise,,a7\n"),
    ],
    ids=["records", "split", "csv"],
)  # fmt: skip
def test_so_it_is_over_http(served: Loaded, content_type: str, body: str) -> None:
    answers = ask(served, body, content_type)
    assert [answer["article_id"] for answer in answers] == ["0", "a7"]
    plain = ask(served, "title\nStorm\nRates rise\n")
    assert [each["image_ids"] for each in answers] == [each["image_ids"] for each in plain]
