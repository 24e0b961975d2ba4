"""Sentence splitting: German and English stops that end a sentence and those that do not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsimages.preprocessing.sentences import cut, sentences_at, split

GERMAN = (Path(__file__).parent / "german_sentences.txt").read_text("utf-8").splitlines()
"""Written for this test, with a bar where a sentence ends."""


@pytest.mark.parametrize(
    "sentences",
    [
        ["Prof. Dr. Müller kam am 3. Mai um 12.30 Uhr z. B. nach St. Gallen.", "Es war kalt!"],
        ["Dort leben ca. 3.000 Menschen, d.h. mehr als in Nr. 5.", "Warum?", "Niemand weiß es."],
        ["Er sagte: „Komm!“", "Sie blieb.", "„Nein“, rief sie … und ging."],
        ["Köln gewann 3:2.", "Bayern verlor 2019.", "Am 24.12. ist Ruhe."],
        ["Ludwig XIV. von Frankreich baute.", "Er starb 1715."],
        ["Das geschah am 21.", "Die Polizei sucht Zeugen."],
        ["Mr. Smith met J. Doe of the U.S. Army at 5 p.m. sharp.", "It rained."],
        ["Mehr auf www.Beispiel.de und bei info@Mail.Example.", "Bis bald!"],
    ],
)
def test_sentences_are_found(sentences: list[str]) -> None:
    assert split(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Das Gleis ist gesperrt.Wie die Bahn", ["Das Gleis ist gesperrt.", "Wie die Bahn"]),
        ("So die „Bild“.Eine Frau", ["So die „Bild“.", "Eine Frau"]),
        ("Es war 2018.Danach kam", ["Es war 2018.", "Danach kam"]),
        ("Am 3.Mai in z.B.Köln", ["Am 3.Mai in z.B.Köln"]),
        ("Eine\nZeile\n\nTitel", ["Eine Zeile", "Titel"]),
        ("Son\u00adder\x00zei\ud800chen\t\u200bhier", ["Sonder zei chen hier"]),
        (" \n\n\x01 ", []),
        ("", []),
    ],
)
def test_missing_spaces_lines_and_control_characters(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


@pytest.mark.parametrize("line", GERMAN)
def test_german_stops_are_told_apart(line: str) -> None:
    assert split(line.replace(" | ", " ")) == line.split(" | ")


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_no_visible_character_is_lost(text: str) -> None:
    def visible(string: str) -> str:
        dropped = "\u00ad\u200b\u2028\u2029\ufeff"
        return "".join(c for c in string if c not in dropped and not (c.isspace() or c < " "))

    kept = visible("".join(split(text)))
    assert kept == "".join(c for c in visible(text) if not "\x7f" <= c <= "\x9f")


@pytest.mark.parametrize(
    "sentence",
    ["eins zwei drei, vier fünf sechs; sieben acht neun zehn elf", "x" * 100, "ein Wort"],
)
def test_long_sentences_are_cut_and_nothing_is_dropped(sentence: str) -> None:
    pieces = cut(sentence, 3, lambda piece: max(len(piece.split()), len(piece) // 10))
    assert all(len(piece.split()) <= 3 and len(piece) < 40 for piece in pieces)
    assert "".join(pieces).replace(" ", "") == sentence.replace(" ", "")


def test_a_long_sentence_is_cut_after_a_comma() -> None:
    assert cut("wenn es regnet, bleiben alle zu Haus", 4, lambda piece: len(piece.split())) == [
        "wenn es regnet,",
        "bleiben alle zu Haus",
    ]


def test_full_width_stops_end_sentences() -> None:
    text = "台風が来た。「逃げろ！」と言った。雨3.5ミリ"
    assert split(text) == ["台風が来た。", "「逃げろ！」と言った。", "雨3.5ミリ"]
    places = sentences_at(text)
    assert [text[start:end] for start, end in places] == split(text)
