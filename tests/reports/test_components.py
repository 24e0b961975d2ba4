"""Sentences on what components add."""

import pandas as pd

from newsimages.reports.components import (
    components_line,
    components_markdown,
    readable_components,
)

TABLE = pd.DataFrame(
    [
        ("RSS", "T×V", 30, 0.1, 0.05, 0.2, 0.3, 0.02, 0.5, 0.58),
        ("RSS", "query bank", 30, -0.02, -0.04, 0.01, 0.0, -0.08, 0.5, 0.58),
        ("RSS", "translation", 30, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.58),
        ("RT", "T×V", 20, 0.25, 0.2, 0.3, 0.25, 0.25, 0.25, 0.5),
    ],
    columns=[
        *("data set", "component", "articles", "added", "low", "high", "alone", "last"),
        *("none", "all"),
    ],
)
MEANINGS = {"T×V": "it looks", "query bank": "one alone", "translation": "in English"}


def test_every_component_has_a_sentence() -> None:
    said = components_markdown(TABLE, MEANINGS)
    assert "## RSS: from 0.500 to 0.580" in said
    assert (
        "- **T×V** adds 0.100 (95 % interval +0.050 to +0.200): it looks. Without the others it "
        "comes to +0.300, on top of all of them to +0.020."
    ) in said
    assert (
        "**query bank** costs 0.020 (95 % interval -0.040 to +0.010, so it may be chance)" in said
    )
    assert "**translation** changes nothing here (in English)." in said
    assert "| RT       | T×V         | +0.250 | +0.200 to +0.300 |" in said


def test_a_line_per_set_begins_with_what_adds_most() -> None:
    shuffled = TABLE.iloc[[1, 2, 0, 3]]
    rss, rt = components_line(shuffled).split("\n")
    assert rss == (
        "- RSS: MRR 0.500 without any component, 0.580 with all: T×V +0.100, translation +0.000, "
        "query bank -0.020"
    )
    assert rt.endswith("0.500 with all: T×V +0.250")
    assert len(readable_components(TABLE)) == 4
