"""The values that the sheet's script reads."""

import json

import numpy as np
import pandas as pd

from newsimages.reports.contact_sheet.content import MAX_TITLE, TOP, content, judge
from tests.reports.contact_sheet.sheets import ARTICLES, LISTED, RANKS, rankings

TRUTH = {f"a{n}": f"i{n:02d}" for n in range(5)}


def made(articles: pd.DataFrame = ARTICLES) -> dict[str, object]:
    judged = {name: judge(table, TRUTH) for name, table in rankings().items()}
    return content(articles, judged, TRUTH, {"txv": "T×V on titles"})


def test_ranks_lists_and_shares() -> None:
    values = made()
    expected = [
        [*(rank or -LISTED for rank in ranks[:5]), None]  # the last article's image is not known
        for ranks in RANKS.values()
    ]
    assert values["ranks"] == expected
    shares = [variant["found"] for variant in values["variants"]]
    assert shares == [3 / 5, 2 / 5, 3 / 5]
    assert [variant["words"] for variant in values["variants"]] == ["", "", "T×V on titles"]
    assert values["pairs"] == [[0, 1]]
    images = values["images"]
    for name, lists in zip(RANKS, values["lists"], strict=True):
        for article, entries in zip(ARTICLES["article_id"], lists, strict=True):
            table = rankings()[name]
            top = table[(table["article_id"] == article) & (table["rank"] <= TOP)]
            assert [images[number] for number in entries[::4]] == top["image_id"].tolist()
            assert np.allclose(entries[1::4], top["similarity"] * 1000, atol=0.5)
            if name == "clip_ds":
                assert np.allclose(entries[2::4], top["score"], atol=5e-5)
            else:
                assert set(entries[2::4]) == {None}
            if name == "txv":
                assert entries[3::4][:3] == [500, 31, 6]
            else:
                assert set(entries[3::4]) == {None}
    assert values["none"] == [None, None, [404] * len(ARTICLES)]


def test_titles_languages_and_right_images() -> None:
    values = made()
    rows = values["articles"]
    assert rows[0][:4] == ["a0", ARTICLES["title"][0], "Flood in Cologne", "de"]
    assert rows[1][2] == rows[4][2] == 0  # not translated; the same in English
    assert rows[5][2:] == [0, "", -1]
    assert [values["images"][row[4]] for row in rows[:5]] == list(TRUTH.values())


def test_images_are_those_shown_and_lists_follow_the_articles() -> None:
    values = made(ARTICLES.iloc[[3, 0]])
    assert [row[0] for row in values["articles"]] == ["a3", "a0"]
    assert values["ranks"][2] == [2, 3]
    used = {number for lists in values["lists"] for entries in lists for number in entries[::4]}
    used |= {row[4] for row in values["articles"]}
    assert used == set(range(len(values["images"])))


def test_no_list_short_lists_and_what_json_has_no_number_for() -> None:
    table = rankings()["clip_ds"]
    table = table[(table["article_id"] != "a1") & (table["rank"] <= 3)].copy()
    table.loc[table["article_id"] == "a2", ["score", "similarity"]] = np.nan
    values = content(ARTICLES, {"clip_ds": judge(table, TRUTH)}, TRUTH, {})
    assert values["ranks"][0] == [1, 0, -3, -3, -3, None]
    assert values["lists"][0][1] == []
    assert values["lists"][0][2][1:3] == [None, None]
    json.dumps(values, allow_nan=False)


def test_nothing_known_and_endless_titles() -> None:
    articles = ARTICLES.assign(title="x" * 10_000)
    values = content(articles, {"v": judge(rankings()["clip"], {})}, {}, {})
    assert values["variants"][0]["found"] is None
    assert values["ranks"][0] == [None] * len(articles)
    assert len(values["articles"][0][1]) == MAX_TITLE
    assert values["articles"][0][1].endswith("x…")


def test_rows_in_any_order_give_the_same() -> None:
    shuffled = rankings()["clip"].sample(frac=1, random_state=0)
    values = content(ARTICLES, {"clip": judge(shuffled, TRUTH)}, TRUTH, {})
    assert values["lists"][0] == made()["lists"][0]  # type: ignore[index]
