"""Titles and texts as people see them: what is dropped, what is kept, and that vectors follow."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.plain_text import encodable, readable
from tests.tiny_clip import save_tiny_clip

UNSEEN = [
    *(0x00, 0x1B, 0x9F, 0xAD, 0x34F, 0x61C, 0x180E, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A),
    *(0x202E, 0x2060, 0x2063, 0x2066, 0x2069, 0x3164, 0xFE0F, 0xFEFF, 0xFFFC, 0xE0041, 0xE0101),
]


@pytest.mark.parametrize("unseen", [chr(code) for code in UNSEEN], ids=ascii)
def test_what_is_not_seen_changes_nothing(unseen: str) -> None:
    seen = "Überschwemmung: Fähre läuft auf Grund (2 Tote)"
    assert readable(unseen.join(["", *seen, ""])) == seen
    assert readable(unseen * 3) == ""


@pytest.mark.parametrize(
    "blank", ["\u00a0", "\u2009", "\u202f", "\u3000", "\u2028", "\n\t", "\u2800"]
)
def test_blanks_are_single_spaces(blank: str) -> None:
    assert readable(f"{blank}Storm{blank}{blank}closes port{blank}") == "Storm closes port"


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("M&uuml;ller &amp; S&ouml;hne", "Müller & Söhne"),
        ("Mayor&#8217;s &quot;plan&#x22;", 'Mayor’s "plan"'),
        ("Gr&amp;uuml;n", "Grün"),
        ("Hoch&shy;wasser&nbsp;&#8203;heute", "Hochwasser heute"),
        ("&nbsp;&#173;&zwnj;", ""),
        ("AT&T, R&D; 3 < 4 & 5", "AT&T, R&D; 3 < 4 & 5"),
        ("Ko\u0308ln", "Köln"),
        ("Sieg \ud83d", "Sieg \ufffd"),
        ("Sieg \ud83d\ude00", "Sieg 😀"),
        ("&#xD800;", "\ufffd"),
    ],
)
def test_entities_marks_and_surrogates(written: str, seen: str) -> None:
    assert readable(written) == seen


@pytest.mark.parametrize(
    "text",
    [
        "می‌خواهم",  # Persian with a joiner that is none
        "ක්‍රීඩා",  # Sinhala with a joiner
        "क्‍ष और र्‍य",
        "👩🏽‍🚒 rettet 👨‍👩‍👧",
        "❤️‍🔥 und ☀️ und 1️⃣",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿 siegt",
        "ไทย 日本語 한국어 עברית العربية",
    ],
)
def test_what_makes_what_is_seen_is_kept(text: str) -> None:
    assert readable(text) == text
    assert readable(f"\u200b{text}\u200e\ufeff") == text


@given(st.text(alphabet=st.characters()))
def test_any_text_can_be_encoded_after(text: str) -> None:
    once = readable(text)
    once.encode()
    assert once == once.strip()
    encodable(text).encode()
    if "&" not in once:  # what is escaped three times over
        assert readable(once) == once


def test_a_million_characters_take_no_time() -> None:
    assert readable("a\u00ad" * 500_000) == "a" * 500_000


def test_a_tower_takes_lone_surrogates(tmp_path: Path) -> None:
    for kind in ("clip", "xlm_roberta"):
        folder = save_tiny_clip(tmp_path / kind, kind)
        config = OpenClipConfig(backbone=f"local-dir:{folder}", pretrained="", device="cpu")
        first, second = OpenClipEncoder(config).encode_texts(["a \ud800 b", "a \ufffd b"])
        np.testing.assert_array_equal(first, second)
