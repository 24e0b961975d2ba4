"""Requests: what is answered, and what is refused with which sentence."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.ranking.spaces import View
from newsimages.retriever.requests import MAX_CHARACTERS, MAX_ROWS, Answers
from newsimages.retriever.retriever import Retriever
from tests.retriever.test_retriever import MIX, retriever


def answer(
    retriever: Retriever, articles: pd.DataFrame, parameters: Mapping[str, object] | None = None
) -> pd.DataFrame:
    return Answers(retriever)(articles, parameters)


ONE = pd.DataFrame({"title": ["Storm over the coast"]})


def test_an_answer_has_a_row_per_article() -> None:
    request = pd.DataFrame({"title": ["Storm", "Rates"], "article_id": ["x", "x"]})
    table = answer(retriever(), request, {"top_k": 3})
    assert list(table) == [
        *("article_id", "language", "image_ids", "scores", "similarities", "confidence"),
        "none_fits",
    ]
    assert table["article_id"].tolist() == ["x", "x"]
    expected = retriever().retrieve({"0": "Storm", "1": "Rates"}, top_k=3)
    assert table["image_ids"].tolist() == expected.image_ids.tolist()
    np.testing.assert_array_equal(np.stack(table["scores"]), expected.scores)


def test_rows_are_numbered_where_no_id_is_given() -> None:
    request = pd.DataFrame({"title": ["a", "b", "c"]}, index=[7, 3, 3])
    table = answer(retriever(), request)
    assert table["article_id"].tolist() == ["0", "1", "2"]
    assert [len(images) for images in table["image_ids"]] == [100, 100, 100]
    assert table.index.tolist() == [7, 3, 3]
    table = answer(retriever(), request.assign(article_id=pd.Categorical(["x", None, "<NA>"])))
    assert table["article_id"].tolist() == ["x", "1", "2"]


def test_texts_are_asked_with_where_the_model_weighs_them() -> None:
    by_text = retriever({View("clip", "text"): 1.0})
    request = pd.DataFrame({"title": ["Storm", "Rates"], "text": ["The river rose.", None]})
    table = answer(by_text, request, {"top_k": 3, "revision": "none"})
    titles = {"0": "The river rose.", "1": "Rates"}
    expected = retriever().retrieve(titles, top_k=3, revision="none")
    assert table["image_ids"].tolist() == expected.image_ids.tolist()


def test_what_is_not_seen_of_a_title_or_text_changes_no_answer() -> None:
    mix = retriever(MIX)
    seen = pd.DataFrame({"title": ["Müller & Söhne"], "text": ["Die Brücke ist gesperrt."]})
    written = pd.DataFrame(
        {
            "title": ["M&uuml;l\u00adler\u00a0&amp; S\u200boehne".replace("oe", "ö")],
            "text": ["\ufeffDie\nBru\u0308cke \u200eist\u2028gesperrt.\u200f"],
        }
    )
    pd.testing.assert_frame_equal(answer(mix, written), answer(mix, seen))


@pytest.mark.parametrize("title", ["\u00ad", "&nbsp;&#8203;", "\u200e\u3164", "\x00"])
def test_a_title_of_nothing_visible_is_blank(title: str) -> None:
    with pytest.raises(NewsImagesError, match=r"The title is blank in the rows 1 "):
        answer(retriever(), pd.DataFrame({"title": ["Storm", title]}))


def test_lone_surrogates_are_replaced() -> None:
    request = pd.DataFrame(
        {"title": ["Storm \ud83d"], "text": ["\udfff rain"], "article_id": ["a\ud83d"]},
        dtype=object,
    )
    expected = pd.DataFrame(
        {"title": ["Storm \ufffd"], "text": ["\ufffd rain"], "article_id": ["a\ufffd"]}
    )
    table = answer(retriever(MIX), request)
    pd.testing.assert_frame_equal(table, answer(retriever(MIX), expected))
    table.to_json().encode()


def test_an_absent_text_is_a_blank_one() -> None:
    mix = retriever(MIX)
    title = pd.DataFrame({"title": ["Storm"]})
    for text in (None, "", " ", float("nan"), pd.NA, pd.NaT, "<NA>"):
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
        ({"title": ["x"], "article_id": [7]}, "article_id is no text in the rows 0: got int '7'"),
    ],
)
def test_bad_tables_are_refused(request_: dict[str, list[object]], message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        answer(retriever(), pd.DataFrame(request_))


def nested(depth: int) -> list[object]:
    inner: list[object] = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (b"Storm", "bytes \"b'Storm'\""),
        ([["Storm"]], "list \"\\[\\['Storm'"),
        (nested(50_000), "list 'too much to be shown'"),
        pytest.param(10**5_000, "int 'too much to be shown'", id="digits"),
        (np.arange(10**6), "ndarray "),
        ({"a": 1}, "dict "),
        (True, "bool 'True'"),
    ],
)
@pytest.mark.parametrize("column", ["title", "article_id"])
def test_cells_that_are_no_text_are_shown_in_short(cell: object, shown: str, column: str) -> None:
    cells = pd.Series([cell], dtype=object)
    with pytest.raises(NewsImagesError, match=f"{column} is no text in the rows 0: got {shown}"):
        answer(retriever(), ONE.assign(**{column: cells}))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"top_k": 0}, "top_k is 0"),
        ({"top_k": -1}, "top_k is -1"),
        ({"top_k": 1.5}, "top_k is 1.5"),
        ({"top_k": True}, "top_k is True"),
        ({"top_k": "5"}, "top_k is 5"),
        ({"top_k": [5]}, "expected a whole number"),
        ({"top_k": float("nan")}, "top_k is nan"),
        ({"top_k": float("inf")}, "top_k is inf"),
        ({"revision": [1]}, "expected a name"),
        ({"revision": "x"}, "revision is 'x', expected one of"),
        ({"against": "x"}, "against is 'x', expected bank, batch"),
        ({"explain": "yes"}, "explain is 'yes', expected true or false"),
        ({"explain": True, "against": "batch"}, "leave against=batch out"),
        pytest.param(
            {"top_k": -(10**5_000)}, "top_k is too much to be shown, expected", id="digits"
        ),
        pytest.param(
            {"explain": nested(50_000)}, "explain is too much to be shown, expected", id="nested"
        ),
        ({"topk": 1, 5: 2}, "Unknown parameters: 5, topk"),
        ({"topk": 1}, "Unknown parameters: topk; expected top_k, revision, against, explain"),
    ],
)
def test_bad_parameters_are_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        answer(retriever(), ONE, parameters)


def test_with_explain_contributions_add_up_to_the_scores() -> None:
    table = answer(retriever(MIX), ONE, {"explain": True, "top_k": 300})
    parts, scores = table["contributions"][0], table["scores"][0]
    assert list(parts)[-1] == "revision"
    assert [sum(own[rank] for own in parts.values()) for rank in range(300)] == scores
    plain = answer(retriever(MIX), ONE, {"top_k": 300})
    pd.testing.assert_frame_equal(table.drop(columns="contributions"), plain)


def test_scores_over_the_request_have_no_probability() -> None:
    table = answer(retriever(), pd.DataFrame({"title": ["a", "b"]}), {"against": "batch"})
    assert table["confidence"].tolist() == table["none_fits"].tolist() == [None, None]


def test_an_answer_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsimages.retriever.requests.MAX_NUMBERS", 1_000)
    two = pd.DataFrame({"title": ["a", "b"]})
    assert len(answer(retriever(), ONE, {"top_k": 10**9})) == 1
    with pytest.raises(NewsImagesError, match="2 articles with top_k=1000000000 .* at most 1 "):
        answer(retriever(), two, {"top_k": 10**9})
    with pytest.raises(NewsImagesError, match="at most 1 articles at a time"):
        answer(retriever(MIX), two, {"top_k": 100, "explain": True})


def test_requests_in_batch_form_never_share_a_batch() -> None:
    answers, settings = Answers(retriever()), {"against": "batch", "top_k": 5}
    requests = [pd.DataFrame({"title": [f"Storm {n}", f"Rates {n}"]}) for n in range(12)]
    alone = [Answers(retriever())(request, settings) for request in requests]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda request: answers(request, settings), requests))
    for ours, theirs in zip(together, alone, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_requests_from_many_threads_are_answered_as_alone() -> None:
    answers = Answers(retriever(MIX))
    requests = [
        (
            pd.DataFrame({"title": [f"Storm {n} {i}" for i in range(1 + n % 3)]}).assign(
                text=None if n % 2 else f"It rained for {n} days."
            ),
            {"top_k": 5 + n % 2, "explain": n % 5 == 0},
        )
        for n in range(60)
    ]
    alone = [Answers(retriever(MIX))(*request) for request in requests]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda request: answers(*request), requests))
    for ours, theirs in zip(together, alone, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
