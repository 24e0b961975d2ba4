"""Words of titles in many scripts."""

import pytest

from newsimages.plain_text import readable
from newsimages.preprocessing.words import words_of


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Storm hits the coast", ["Storm", "hits", "the", "coast"]),
        ("Trump’s ‘no’: Covid-19, it's 3.5 %!", ["Trump’s", "no", "Covid-19", "it's", "3.5"]),
        ("Well-known -- rock'n'roll-", ["Well-known", "rock'n'roll"]),
        ("um 20:15 Uhr, 1,000.", ["um", "20:15", "Uhr", "1,000"]),
        ("Überflutete Straßen", ["Überflutete", "Straßen"]),
        ("Müller x́y", ["Müller", "x́y"]),
        ("台風が、来る ABC", ["台", "風", "が", "来", "る", "ABC"]),
        ("บ้านท่วม", ["บ้", "า", "น", "ท่", "ว", "ม"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("می‌خواهم بروم", ["می‌خواهم", "بروم"]),
        ("מבול בעיר", ["מבול", "בעיר"]),
        ("홍수가 마을을", ["홍수가", "마을을"]),
        ("Flut 🌊 in 🇩🇪🇫🇷 👩‍👩‍👧 👍🏽", ["Flut", "🌊", "in", "🇩🇪", "🇫🇷", "👩‍👩‍👧", "👍🏽"]),
        ("?!… — €", []),
        ("", []),
    ],
)
def test_words_are_found_in_any_script(title: str, words: list[str]) -> None:
    read = readable(title)
    assert [read[start:end] for start, end in words_of(read)] == words
