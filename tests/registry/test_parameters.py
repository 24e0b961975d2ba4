"""What the scoring server makes of a request's parameters."""

import json

import pytest
from mlflow.exceptions import MlflowException

from tests.registry.loaded import Loaded, ask


def body(**params: object) -> str:
    records = [{"title": "Storm over 東京", "text": "It blew."}]
    return json.dumps({"dataframe_records": records, "params": {"top_k": 3, **params}})


def test_words_come_as_json() -> None:
    (answer,) = ask(Loaded(), body(words=True), "application/json")
    parts = answer["words"]["parts"]
    assert [part["text"] for part in parts] == ["Storm", "over", "東", "京"]
    assert all(len(part["adds"]) == 3 for part in parts)
    assert answer["words"]["title"] == "Storm over 東京"


def test_likes_of_an_image_come_without_probabilities() -> None:
    (answer,) = ask(Loaded(), body(like="i00007", minus="rain"), "application/json")
    assert "i00007" not in answer["image_ids"]
    assert answer["confidence"] is answer["none_fits"] is None
    with pytest.raises(MlflowException, match="no image nowhere") as error:
        ask(Loaded(), body(like="nowhere"), "application/json")
    assert error.value.get_http_status_code() == 400
