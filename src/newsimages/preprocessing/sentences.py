"""Step 2, sentences: a German or English text in, its sentences out, on one line each.

A doubtful stop does not end a sentence: a sentence too long costs little, a sentence torn apart is
translated wrongly.
"""

import re
from collections.abc import Callable
from itertools import pairwise

# Written as they stand before the stop; single letters ("z. B.", "J. Smith") need no entry.
_ABBREVIATIONS = frozenset(
    """
    Abb Abs Abt Allg Art Aug Ausg Bd Bf Bhf Co Corp Dez Dipl Dr Fa Feb Gebr Gen Gov Hbf Hr Hrn
    Hrsg Inc Ing Jan Jh Jhd Jr Kap Kl Lt Ltd Mio Mr Mrd Mrs Ms Mt Nov Nr Okt Prof Rep Rev Sen
    Sept Sgt Sr St Std Str Tel Tsd Univ Vol abzgl allg betr bspw bzgl bzw ca dgl dt ebd ehem
    einschl engl entspr ev evtl exkl franz geb gegr gem gest ggf ggü griech hl inkl insb insbes
    ital jew kath lfd max med mind mtl nat o phil pol rd rer russ röm sog span staatl stellv str
    städt tägl türk urspr verh vgl vs wg zit zzgl zzt österr übers
    """.split()  # noqa: SIM905 - easier to read than a list of quoted words
)

# After an ordinal or an abbreviation these begin a sentence; a noun or a name ("3. Mai") does not.
_STARTERS = frozenset(
    """
    Aber Allerdings Als Am An Auch Auf Aus Außerdem Bei Beim Bereits Bis Da Dabei Dafür Damit
    Danach Dann Daraufhin Darum Das Dass Dazu Deine Dem Den Denn Dennoch Der Deshalb Die Dies
    Diese Dieser Dieses Doch Dort Durch Ein Eine Einem Einen Einer Er Erst Es For From Für Gegen
    He Hier Hinter His How Ich Ihr Ihre Im In Insgesamt It Jetzt Laut Man Mit Nach Nachdem Neben
    Nicht Noch Nun Nur Ob Obwohl On Schon Seine Seit She Sie So Sogar Statt The Their Then There
    They This Trotz Um Und Unter Viele Vom Von Vor Warum Was Weil Welche Wenn Wer Wie Wir Wo Während
    Zu Zudem Zum Zur Zwar Über
    """.split()  # noqa: SIM905 - easier to read than a list of quoted words
)

_STOP = re.compile(r"""[.!?…]+["“”»«'’)\]]*""")
_WORD_BEFORE = re.compile(r"[^\W_]+$")
_WORD_AFTER = re.compile(r"[^\W\d_]+")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u00ad\u200b\u2028\u2029\ufeff\ud800-\udfff\s]+")
_PARAGRAPH = re.compile(r"\r?\n[^\S\n]*\r?\n|\u2029")
_ORDINAL = re.compile(r"(?:^|[\s.(/„“\"])(?:\d{1,2}|[IVX]+)$")  # not the 2 of "3:2" or "1,2"
_WINDOW = 40  # characters looked at on either side of a stop, longer than any word that matters


def split(text: str) -> list[str]:
    """The sentences of ``text``; blank lines end a sentence, other line breaks are spaces."""
    return [
        sentence
        for paragraph in _PARAGRAPH.split(text)
        for sentence in _split_line(_INVISIBLE.sub(" ", paragraph.replace("\u00ad", "")).strip())
    ]


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
    ends = [stop.end() for stop in _STOP.finditer(line) if _ends_sentence(line, stop)]
    sentences = [line[start:end].strip() for start, end in pairwise([0, *ends, len(line)])]
    return [sentence for sentence in sentences if sentence]


def _ends_sentence(line: str, stop: re.Match[str]) -> bool:
    before = line[max(0, stop.start() - _WINDOW) : stop.start()]
    after = line[stop.end() : stop.end() + _WINDOW]
    following = after.lstrip()
    if not following or following[0].islower() or following[0] in ",;:.)]–-":
        return False
    if after[0] != " " and not _is_glued_end(before, following):
        return False
    return stop.group()[0] != "." or not _is_abbreviated(before, following)


def _is_glued_end(before: str, following: str) -> bool:
    """Whether a stop with no space after it ends a sentence, as in ``gesperrt.Wie die Bahn``."""
    word = _word(before)
    if any(mark in before.rsplit(" ", 1)[-1] for mark in ("www", "://", "@")):
        return False
    if len(word) < (3 if word.isdigit() else 2) and before[-1:] not in '"“”»«)%€':
        return False
    return following[0] in '„“»"' or (following[0].isupper() and not following[1:2].isupper())


def _is_abbreviated(before: str, following: str) -> bool:
    """Whether the stop belongs to the word before it: ``Dr.``, ``z. B.``, ``3. Mai``."""
    word = _word(before)
    if len(word) == 1 and word.isalpha():
        return True
    is_ordinal = _ORDINAL.search(before) is not None
    starter = _WORD_AFTER.match(following)
    begins = starter is not None and starter.group() in _STARTERS
    return (is_ordinal or word in _ABBREVIATIONS) and not begins


def _word(before: str) -> str:
    match = _WORD_BEFORE.search(before)
    return match.group() if match else ""
