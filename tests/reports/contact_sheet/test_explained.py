"""What the sheet's script reads of explanations."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from newsimages.explanations.answers import Explanation
from newsimages.reports.contact_sheet.content import content, judge
from newsimages.reports.contact_sheet.sheet import SheetConfig, contact_sheet
from tests.reports.contact_sheet.sheets import ARTICLES, GONE, explanation, rankings
from tests.reports.contact_sheet.test_content import TRUTH
from tests.reports.contact_sheet.test_sheet import values_of


def made(*explanations: Explanation, articles: Any = ARTICLES) -> dict[str, Any]:
    judged = {name: judge(table, TRUTH) for name, table in rankings().items()}
    values = content(articles, judged, TRUTH, {}, explanations)
    return json.loads(json.dumps(values, allow_nan=False))  # type: ignore[no-any-return]


def test_words_values_and_heat_maps() -> None:
    values = made(explanation(ARTICLES.iloc[0], "right", "i00", "i02"))
    side, parts, images = values["explained"]["0"]
    assert (side, list(values["explained"])) == ("right", ["0"])
    titles = values["articles"][0][1:3]
    words = [titles[line][start:end] for line, start, end in parts[:-1]]
    assert words == [
        "Überschwemmung",
        "in",
        "Köln",
        "Straßen",
        "gesperrt",
        "Flood",
        "in",
        "Cologne",
    ]
    assert [line for line, *_ in parts] == [0] * 5 + [1] * 3 + [0]
    assert len(parts[-1][1]) == 160
    (first, added, heat, why_not), second = images
    assert [values["images"][first], values["images"][second[0]]] == ["i00", "i02"]
    assert added[:3] == [-0.01, 0.02, -0.03]
    assert why_not == ""
    cells = np.frombuffer(base64.b64decode(heat[2]), np.int8).reshape(heat[1], heat[0])
    assert (cells[0, 8], cells[5, 0], np.count_nonzero(cells)) == (127, -64, 2)
    assert second[2:] == [0, GONE]


def test_places_are_counted_as_scripts_do_and_equal_titles_stand_twice() -> None:
    title = "\U0001f30a Flut in Köln"
    articles = ARTICLES.assign(title=title, title_en=title + "\u200b")
    own = explanation(articles.iloc[0], "wrong", "i00")
    values = made(own, articles=articles.assign(title_en=title))
    assert values["explained"]["0"][1][0] == [0, 3, 7]
    assert values["articles"][0][1:3] == [title, title]  # words of both are explained
    assert values["articles"][1][2] == 0


def test_articles_that_are_not_shown_are_not_explained() -> None:
    own = explanation(ARTICLES.iloc[0], "right", "i00")
    assert made(own, articles=ARTICLES.iloc[1:])["explained"] == {}
    assert made()["explained"] == {}


def test_explained_articles_are_in_any_sample(tmp_path: Path) -> None:
    own = [explanation(ARTICLES.iloc[row], "wrong", f"i0{row}") for row in (3, 1)]
    for seed in range(4):
        contact_sheet(
            tmp_path / "sheet.html",
            name="RSS",
            articles=ARTICLES,
            rankings=rankings(),
            image_paths={},
            explanations=own,
            config=SheetConfig(max_articles=3, seed=seed),
        )
        values = values_of(tmp_path / "sheet.html")
        assert {"a1", "a3"} < {row[0] for row in values["articles"]}
        assert len(values["explained"]) == 2
    text = (tmp_path / "sheet.html").read_text("utf-8")
    assert "All 2 explained articles within a random sample of 3 of 6 articles" in text
    assert "2 articles are explained, those that clip was most wrong and right about" in text
