"""The rows of requests: what MLflow's scoring server may call them, and what a program may."""

import json
from typing import Any

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from tests.registry.loaded import Loaded, ask
from tests.retriever.test_retriever import retriever


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
    "index",
    [
        *([2, 0, 1], [7, 7, 3], ["x", "y", "x"], [0.5, float("nan"), float("nan")]),
        pd.RangeIndex(5, 11, 2),
        pd.MultiIndex.from_tuples([("a", 1), ("b", 2), ("a", 1)], names=["set", "n"]),
        pd.Index(pd.Categorical(["b", "a", "b"]), name="set"),
        pd.DatetimeIndex(["2022-03-31", None, "2021-01-01"]),
    ],
)
def test_a_program_finds_each_answer_under_the_label_of_its_row(index: Any) -> None:
    titles = ["Storm", "Rates rise", "A bridge is closed"]
    table = pd.DataFrame({"title": titles, "date": "Friday"}, index=index)
    answers = Loaded().predict(table)
    pd.testing.assert_index_equal(answers.index, table.index, exact=True)
    assert answers["article_id"].to_list() == ["0", "1", "2"]
    expected = retriever().retrieve(dict(zip("012", titles, strict=True)))
    assert answers["image_ids"].to_list() == expected.image_ids.tolist()


def test_a_part_of_a_table_gets_its_own_pictures_as_a_column() -> None:
    table = pd.DataFrame({"title": ["Storm", "", "Rates rise", "A bridge is closed", "A vote"]})
    first = {
        title: Loaded().predict(pd.DataFrame({"title": [title]}))["image_ids"][0][0]
        for title in table["title"]
        if title
    }
    assert len(set(first.values())) > 1
    part = table[table["title"] != ""].sort_values("title")
    part["image"] = Loaded().predict(part)["image_ids"].str[0]
    assert part["image"].to_list() == [first[title] for title in part["title"]]
