"""Comparisons in words: what differs is said, and what does not."""

import numpy as np

from newsimages.metrics.comparison import compare
from newsimages.reports.comparison import (
    comparison_html,
    comparison_markdown,
    comparison_sentences,
)

RANKS = np.random.default_rng(0).geometric(0.3, 200).astype(np.float64)


def test_sentences_say_which_differ_and_which_do_not() -> None:
    good = RANKS
    sentences = comparison_sentences(
        compare({"RSS": {"clip": good, "clip_ds": good, "bad": good + 5}})
    )
    assert len(sentences) == 4
    assert sentences[0].startswith("RSS: 2 of 3 pairs of variants differ in MRR beyond chance")
    assert "(200 articles, paired randomisation test, p < 0.05 after" in sentences[0]
    assert sentences[1].startswith("RSS: bad is worse than clip by 0.")
    assert sentences[1].endswith("ahead on 0 articles and behind on 200.")
    assert sentences[3] == "RSS: no difference beyond chance between clip_ds and clip."


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
    assert "http" not in page


def test_nothing_to_compare() -> None:
    table = compare({"x": {"a": RANKS}})
    assert comparison_sentences(table) == []
    assert "<table>" not in comparison_html(table)
    assert comparison_markdown(table).count("\n") == 1
