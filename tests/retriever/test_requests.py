"""Requests: what is answered, and what is refused with which sentence."""

import numpy as np
import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.ranking.spaces import View
from newsimages.retriever.requests import MAX_CHARACTERS, MAX_ROWS, answer
from tests.retriever.test_retriever import MIX, retriever

ONE = pd.DataFrame({"title": ["Storm over the coast"]})


def test_an_answer_has_a_row_per_article() -> None:
    request = pd.DataFrame({"title": ["Storm", "Rates"], "article_id": ["x", "x"]})
    table = answer(retriever(), request, {"top_k": 3})
    assert list(table) == ["article_id", "image_ids", "scores", "similarities"]
    assert table["article_id"].tolist() == ["x", "x"]
    expected = retriever().retrieve({"0": "Storm", "1": "Rates"}, top_k=3)
    assert table["image_ids"].tolist() == expected.image_ids.tolist()
    np.testing.assert_array_equal(np.stack(table["scores"]), expected.scores)


def test_rows_are_numbered_where_no_id_is_given() -> None:
    table = answer(retriever(), pd.DataFrame({"title": ["a", "b"]}, index=[7, 3]))
    assert table["article_id"].tolist() == ["0", "1"]
    assert [len(images) for images in table["image_ids"]] == [100, 100]


def test_texts_are_asked_with_where_the_model_weighs_them() -> None:
    by_text = retriever({View("clip", "text"): 1.0})
    request = pd.DataFrame({"title": ["Storm", "Rates"], "text": ["The river rose.", None]})
    table = answer(by_text, request, {"top_k": 3, "revision": "none"})
    titles = {"0": "The river rose.", "1": "Rates"}
    expected = retriever().retrieve(titles, top_k=3, revision="none")
    assert table["image_ids"].tolist() == expected.image_ids.tolist()


def test_an_absent_text_is_a_blank_one() -> None:
    mix = retriever(MIX)
    title = pd.DataFrame({"title": ["Storm"]})
    for text in (None, "", " ", float("nan")):
        pd.testing.assert_frame_equal(answer(mix, title.assign(text=text)), answer(mix, title))
    assert (
        answer(mix, title.assign(text="A gale"))["image_ids"][0]
        != (answer(mix, title)["image_ids"][0])
    )


@pytest.mark.parametrize(
    "title", ["台風が海岸を襲う", "a\x00b\x07\u202e", "x" * MAX_CHARACTERS, "a 👩‍👩‍👧 b", "ü"]
)
def test_odd_titles_are_answered(title: str) -> None:
    assert len(answer(retriever(), pd.DataFrame({"title": [title]}))) == 1


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"text": ["x"]}, "columns are text; expected title"),
        ({"title": ["x"], "date": ["y"]}, "columns are title, date; expected title"),
        ({"title": []}, "has 0 articles, expected 1 to 10,000"),
        ({"title": ["x"] * (MAX_ROWS + 1)}, "has 10001 articles"),
        ({"title": ["x", None]}, "title is no text in the rows 1: got null"),
        ({"title": ["x", 3, ["y"]]}, "title is no text in the rows 1, 2: got int '3'"),
        ({"title": ["", "x", " \n"]}, "blank in the rows 0, 2"),
        ({"title": ["\x00\u200b"]}, "blank in the rows 0"),
        ({"title": ["x" * (MAX_CHARACTERS + 1)]}, "more than 100,000 characters in the rows 0"),
        ({"title": ["x"], "text": [3]}, "text is no text in the rows 0"),
        ({"title": ["x"], "article_id": [None]}, "article_id is no text in the rows 0"),
    ],
)
def test_bad_tables_are_refused(request_: dict[str, list[object]], message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        answer(retriever(), pd.DataFrame(request_))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"top_k": 0}, "top_k is 0"),
        ({"top_k": -1}, "top_k is -1"),
        ({"top_k": 1.5}, "top_k is 1.5"),
        ({"revision": "x"}, "revision is 'x', expected one of"),
        ({"against": "x"}, "against is 'x', expected bank, batch"),
        ({"topk": 1}, "Unknown parameters: topk; expected top_k, revision, against"),
    ],
)
def test_bad_parameters_are_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        answer(retriever(), ONE, parameters)
