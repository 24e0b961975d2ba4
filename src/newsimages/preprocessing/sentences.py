"""Step 2, sentences: a German or English text in, its sentences out, on one line each.

Where a sentence ends, `sentence_ends` says.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from newsimages.preprocessing.sentence_ends import STOP, ends_sentence

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u00ad\u200b\u2028\u2029\ufeff\ud800-\udfff\s]+")
_PARAGRAPH = re.compile(r"\r?\n[^\S\n]*\r?\n|\u2029")


def split(text: str) -> list[str]:
    """The sentences of ``text``; blank lines end a sentence, other line breaks are spaces."""
    return [
        sentence
        for paragraph in _PARAGRAPH.split(text)
        for sentence in _split_line(_INVISIBLE.sub(" ", paragraph.replace("\u00ad", "")).strip())
    ]


def sentences_at(line: str) -> list[tuple[int, int]]:
    """The start and end of each sentence of a text on one line."""
    ends = [stop.end() for stop in STOP.finditer(line) if ends_sentence(line, stop)]
    found: list[tuple[int, int]] = []
    for start, end in pairwise([0, *ends, len(line)]):
        sentence = line[start:end]
        if sentence.strip():
            first = start + len(sentence) - len(sentence.lstrip())
            found.append((first, first + len(sentence.strip())))
    return found


def cut(sentence: str, max_tokens: int, count_tokens: Callable[[str], int]) -> list[str]:
    """Halves ``sentence`` until no piece has more than ``max_tokens``; nothing is dropped.

    It is cut near its middle: after a semicolon, colon, dash or comma if there is one, else at a
    space, else anywhere.
    """
    # No use in counting what is certainly too long: few tokens have more than 16 characters.
    fits = len(sentence) <= 16 * max_tokens and count_tokens(sentence) <= max_tokens
    if fits or len(sentence) <= 1:
        return [sentence] if sentence else []
    middle = _middle(sentence)
    halves = sentence[:middle].strip(), sentence[middle:].strip()
    return [piece for half in halves for piece in cut(half, max_tokens, count_tokens)]


def _middle(sentence: str) -> int:
    quarter, half = len(sentence) // 4, len(sentence) // 2
    for pattern in (r"[;:,–—]\s", r"\s"):
        places = [match.end() for match in re.finditer(pattern, sentence)]
        central = [place for place in places if quarter <= place <= len(sentence) - quarter]
        if central:
            return min(central, key=lambda place: abs(place - half))
    return half


def _split_line(line: str) -> list[str]:
    return [line[start:end] for start, end in sentences_at(line)]
