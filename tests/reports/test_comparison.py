"""Comparisons in words: what differs is said, and what does not."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from newsimages.metrics.comparison import compare
from newsimages.reports.comparison import (
    comparison_html,
    comparison_markdown,
    comparison_sentences,
)
from newsimages.runs.table import RUNS
from tests.reports.pages import CONTRAST, Open

RANKS = np.random.default_rng(0).geometric(0.3, 200).astype(np.float64)


def test_sentences_say_which_differ_and_which_do_not() -> None:
    good = RANKS
    sentences = comparison_sentences(
        compare({"RSS": {"clip": good, "clip_ds": good, "bad": good + 5}})
    )
    assert len(sentences) == 4
    assert sentences[0].startswith("RSS: 2 of 3 pairs of variants differ in MRR beyond chance")
    assert "(200 articles, paired randomisation test, p < 0.05 after" in sentences[0]
    assert sentences[1] == "RSS: nothing separates clip and clip_ds."
    assert sentences[2].startswith("RSS: bad is worse than clip by 0.")
    assert sentences[2].endswith("ahead on 0 articles and behind on 200.")


def test_markdown_and_html() -> None:
    table = compare({"<RSS>": {"clip & co": RANKS, "txv": RANKS[::-1]}})
    lines = comparison_markdown(table).splitlines()
    assert len(lines) == 3
    assert "interval" in lines[0]
    assert " to " in lines[2]
    page = comparison_html(table)
    assert "&lt;RSS&gt;" in page
    assert "clip &amp; co" in page
    assert "<RSS>" not in page
    assert page.count("<svg") == 1
    assert "clip & co" not in page
    assert "http" not in page


def test_nothing_to_compare() -> None:
    table = compare({"x": {"a": RANKS}})
    assert comparison_sentences(table) == []
    assert "<table>" not in comparison_html(table)
    assert comparison_markdown(table).count("\n") == 1


STAIRS = {"w": 0.9, "x": 0.8, "y": 0.7, "z": 0.6, "alone & <last>": 0.1}
"""MRR by variant; neighbours are not told apart, and w, x, y are one group."""
ALIKE = [{"w", "x"}, {"w", "y"}, {"x", "y"}, {"y", "z"}]


def stairs() -> pd.DataFrame:
    """A table as `compare` gives it, with p values as the tests want them."""
    rows = [
        {
            "data set": "<RSS>",
            "variant": one,
            "against": other,
            "articles": 50,
            "MRR": STAIRS[one],
            "MRR against": STAIRS[other],
            "difference": STAIRS[one] - STAIRS[other],
            "low": -0.5,
            "high": 0.9,
            "p": 0.01,
            "p corrected": 0.5 if {one, other} in ALIKE else 0.01,
            "won": 3,
            "lost": 2,
            "tied": 45,
        }
        for other, one in itertools.combinations(["z", "w", "alone & <last>", "x", "y"], 2)
    ]
    return pd.DataFrame(rows)


def test_a_page_shows_groups_a_matrix_and_all_pairs(tmp_path: Path, open_page: Open) -> None:
    path = tmp_path / "comparison.html"
    path.write_text(comparison_html(stairs(), {"w": "CLIP on <titles>"}), "utf-8")
    page = open_page(path)
    said = page.locator(".groups li").evaluate_all("all => all.map(e => e.innerText)")
    assert [" ".join(one.split()) for one in said] == [
        "a w, x and y",
        "b y and z",
        "c alone & <last> alone",
    ]
    letters = page.locator(".ranking tbody tr").evaluate_all(
        "all => all.map(row => [...row.cells].slice(3).map(e => e.textContent).join(''))"
    )
    assert letters == ["a", "a", "ab", "b", "c"]
    assert page.locator(".ranking tbody tr").first.inner_text().split("\t")[:3] == [
        "w",
        "CLIP on <titles>",
        "0.900",
    ]
    rows = page.locator(".matrix tbody tr")
    assert [row.split("\t")[0] for row in rows.all_inner_texts()] == list(STAIRS)
    cells = rows.nth(1).locator("td")
    assert cells.nth(0).text_content() == "−.100, may be chance"
    assert cells.nth(3).text_content() == "+.200, beyond chance"
    assert [cells.nth(n).get_attribute("class") for n in range(5)] == [
        *(None, "self", None, "better", "better")
    ]
    assert page.locator(".matrix .better").count() == page.locator(".matrix .worse").count() == 6
    assert page.locator(".pairs").is_hidden()
    page.locator("summary").click()
    assert page.locator(".pairs tbody tr").count() == 10


@pytest.mark.parametrize(("width", "theme"), [(1400, "light"), (375, "dark")])
def test_a_matrix_of_all_runs_fits_and_keeps_its_names(
    tmp_path: Path, open_page: Open, width: int, theme: str
) -> None:
    generator = np.random.default_rng(0)
    ranks = {run.variant: generator.geometric(0.02 * run.number, 60) for run in RUNS}
    path = tmp_path / "comparison.html"
    path.write_text(comparison_html(compare({"RSS": ranks})), "utf-8")
    page = open_page(path, width=width, color_scheme=theme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    matrix = page.locator(".wide:has(.matrix)")
    fits = matrix.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert fits == (width == 1400)
    matrix.evaluate("e => e.scrollTo(200, 200)")
    left = matrix.evaluate("e => e.getBoundingClientRect().left")
    name = matrix.locator("[scope=row]").first
    assert name.evaluate("e => e.getBoundingClientRect().left") == left
    for selector in (".matrix .better", ".matrix .worse", ".matrix td:not([class])"):
        assert page.evaluate(CONTRAST, selector) >= 4.5
