"""Requests: what is answered, and what is refused with which sentence."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

from newsimages.errors import NewsImagesError
from newsimages.explanations.words import added_by_parts
from newsimages.ranking.spaces import View
from newsimages.retriever.parameters import MAX_CHARACTERS
from newsimages.retriever.requests import MAX_ROWS, Answers
from newsimages.retriever.retriever import Retriever
from tests.explanations.test_words import encoder_of
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
        ({"words": 1}, "words is 1, expected true or false"),
        ({"words": True, "against": "batch"}, "words=true says .* leave against=batch out"),
        ({"words": True, "like": "i00001"}, "words=true .* with like there is no article"),
        ({"explain": True, "like": "i00001"}, "explain=true .* with like there is no article"),
        ({"like": 3}, "like is 3, expected an image's id"),
        ({"like": "nowhere.jpg"}, "The gallery has no image nowhere.jpg"),
        ({"like": "i00001\0"}, "The gallery has no image i00001"),
        ({"like": "i\ud83d"}, "The gallery has no image"),
        ({"minus": ["crowd"]}, r"minus is \['crowd'\], expected a text"),
        ({"minus": " \u200b"}, "minus is blank"),
        ({"minus": "x" * (MAX_CHARACTERS + 1)}, "minus has more than 100,000 characters"),
        ({"minus": "x", "minus_weight": -0.1}, "minus_weight is -0.1, expected a number from 0"),
        ({"minus": "x", "minus_weight": 2.01}, "minus_weight is 2.01, expected .* to 2"),
        ({"minus": "x", "minus_weight": float("nan")}, "minus_weight is nan"),
        ({"minus_weight": float("inf")}, "minus_weight is inf"),
        ({"minus_weight": 10**400}, "minus_weight is 1000.*, expected a number from 0 to 2"),
        pytest.param({"minus_weight": 10**5_000}, "minus_weight is too much", id="weight"),
        ({"minus_weight": True}, "minus_weight is True, expected a number"),
        ({"minus_weight": "much"}, "minus_weight is 'much', expected a number"),
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


def test_with_words_an_answer_says_what_each_adds_to_each_listed_image() -> None:
    own = retriever(MIX)
    request = pd.DataFrame(
        {"title": ["Storm  over the coast", "Rates"], "text": ["A gale. It blew.", None]}
    )
    table = answer(own, request, {"words": True, "top_k": 5})
    said = table["words"][0]
    assert {name: said[name] for name in ("title", "text", "title_en", "left")} == {
        "title": "Storm over the coast",
        "text": "A gale. It blew.",
        "title_en": "Storm over the coast",
        "left": 0,
    }
    assert said["parts"][1].items() >= {
        "field": "title", "of": "original", "text": "over", "start": 6, "end": 10
    }.items()  # fmt: skip
    expected = added_by_parts(
        own, encoder_of(own), request["title"][0], request["text"][0], table["image_ids"][0]
    )
    assert [part["adds"] for part in said["parts"]] == expected.values.tolist()
    assert [part["text"] for part in table["words"][1]["parts"]] == ["Rates"]
    plain = answer(own, request, {"top_k": 5})
    pd.testing.assert_frame_equal(table.drop(columns="words"), plain)
    json.dumps(table.to_dict("records"))


def test_words_need_an_encoder_that_reads_first() -> None:
    own = retriever()
    encode = own.encode
    assert encode is not None
    whole = replace(own, encode=partial(encode))
    assert len(answer(whole, ONE)) == 1
    with pytest.raises(NewsImagesError, match="takes articles whole: leave words out"):
        answer(whole, ONE, {"words": True})


@pytest.mark.parametrize("parameters", [{}, {"minus": "Rain", "minus_weight": 0.3}])
def test_like_lists_an_images_likes_for_every_article(parameters: dict[str, Any]) -> None:
    own, two = retriever(MIX), pd.DataFrame({"title": ["Storm", "Rates"]})
    table = answer(own, two, {"like": "i00007", "top_k": 400, **parameters})
    expected = own.like("i00007", top_k=400, **parameters)
    assert table["image_ids"].tolist() == [expected.image_ids[0].tolist()] * 2
    assert table["scores"][1] == table["similarities"][1] == expected.scores[0].tolist()
    assert table["confidence"].tolist() == table["none_fits"].tolist() == [None, None]
    assert table["language"].tolist() == ["und", "und"]
    assert len(table["image_ids"][0]) == 299


def test_minus_is_part_of_what_is_explained() -> None:
    own = retriever(MIX)
    asked = {"minus": "Rain", "minus_weight": 1.5, "top_k": 300}
    table = answer(own, ONE, {**asked, "explain": True, "words": True})
    expected = own.retrieve({"a": ONE["title"][0]}, **asked)  # type: ignore[arg-type]
    assert table["image_ids"][0] == expected.image_ids[0].tolist()
    parts, scores = table["contributions"][0], table["scores"][0]
    assert [sum(each[rank] for each in parts.values()) for rank in range(300)] == scores
    assert table["confidence"].tolist() == [None]
    word = next(each for each in table["words"][0]["parts"] if each["text"] == "Storm")
    less = own.retrieve({"a": "over the coast"}, **asked)  # type: ignore[arg-type]
    of = dict(zip(less.image_ids[0].tolist(), less.scores[0].tolist(), strict=True))
    lost = [score - of[name] for score, name in zip(scores, table["image_ids"][0], strict=True)]
    np.testing.assert_allclose(word["adds"], lost, atol=1e-4)


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
    with pytest.raises(NewsImagesError, match="2 articles with top_k=2 .* at most 1 "):
        answer(retriever(), two, {"top_k": 2, "words": True})


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
            {
                "top_k": 5 + n % 2,
                "explain": n % 5 == 0,
                "words": n % 7 == 0,
                "minus": "rain" if n % 6 == 0 else "",
            },
        )
        for n in range(60)
    ]
    by_itself = Answers(retriever(MIX))
    alone = [by_itself(*request) for request in requests]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda request: answers(*request), requests))
    for ours, theirs in zip(together, alone, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
