"""Filters: which images they leave, and what is no filter."""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from newsimages.errors import NewsImagesError
from newsimages.gallery.filters import Filter
from newsimages.gallery.tokens import Tokens, hashed_rows

SAID = {
    "rights": ["Editorial", "free", None, "editorial only"],
    "credit": ["dpa / Anna Köhler", "Reuters", None, "DPA"],
    "caption": ["Flut in KÖLN", "A flood, seen from above", None, "Floodlights on a field"],
}
DATES = pa.chunked_array(
    [
        pa.array(
            [datetime(2026, 1, 1), datetime(2026, 1, 31, 23, 59), None, datetime(2026, 2, 1)],
            pa.timestamp("us"),
        )
    ]
)


def left(said: str) -> list[int]:
    """The rows of the images above that a filter leaves."""
    tokens = {}
    for name, texts in SAID.items():
        hashes, counts = hashed_rows(name, texts)
        tokens[name] = Tokens(hashes=hashes, ends=counts.cumsum())
    return list(np.flatnonzero(Filter.of(said).mask(DATES, tokens)))


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ('{"caption": "flood"}', [1]),  # whole words
        ('{"caption": "köln FLUT"}', [0]),  # in any case and order
        ('{"caption": "flood köln"}', []),
        ('{"credit": "dpa"}', [0, 3]),
        ('{"credit": ["reuters", "Anna Köhler"]}', [0, 1]),
        ('{"rights": "editorial"}', [0]),  # the whole of what they say
        ('{"rights": ["EDITORIAL ", "free"]}', [0, 1]),
        ('{"date_from": "2026-01-31"}', [1, 3]),
        ('{"date_to": "2026-01-31"}', [0, 1]),  # the whole day
        ('{"date_to": "2026-01-31T12:00:00"}', [0]),
        ('{"date_from": "2026-02-01T01:00:00+01:00"}', [3]),  # in UTC
        ('{"date_from": "2026-01-01", "date_to": "2026-01-01", "credit": "dpa"}', [0]),
        ('{"caption": "\'; drop table images; --"}', []),
    ],
)
def test_what_is_left(said: str, rows: list[int]) -> None:
    assert left(said) == rows


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("rights = 'free'", "no JSON"),
        ("[" * 5000, "no JSON"),
        ('["free"]', "expected an object such as"),
        ("{}", "is empty; expected some of date_from, date_to, rights, credit, caption"),
        ('{"colour": "red"}', "unknown fields colour; expected some of"),
        ('{"caption": "a", "caption": "b"}', "names a field twice"),
        ('{"caption": ["a"]}', "caption is .*expected a text"),
        ('{"caption": " – "}', "at least one word"),
        ('{"rights": []}', "a list of 1 to 100"),
        ('{"rights": ["free", 7]}', "a text, or a list"),
        ('{"rights": ["free", null]}', "a text, or a list"),
        ('{"credit": {"is": "dpa"}}', "a text, or a list"),
        ('{"date_from": "today"}', "a date such as 2026-01-31"),
        ('{"date_from": 20260131}', "a date such as 2026-01-31"),
        ('{"date_to": "2026-02-30"}', "a date such as 2026-01-31"),
        ('{"date_from": "2026-02-01", "date_to": "2026-01-31"}', "lies behind"),
        ('{"caption": "' + "a" * 20_000 + '"}', "at most 10,000"),
    ],
)
def test_what_is_no_filter(said: str, message: str) -> None:
    with pytest.raises(NewsImagesError, match=message):
        Filter.of(said)
