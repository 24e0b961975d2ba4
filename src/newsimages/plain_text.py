"""Titles and texts as people see them: what corpora, served requests and pairs all come through.

A headline from a feed or a PDF holds characters that nobody sees and that change its vector:
soft hyphens, zero-width characters, direction marks, no-break spaces, HTML entities.
"""

import html
import re
import unicodedata

# Unicode's Default_Ignorable_Code_Point, and the marks of interlinear annotations.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Arabic to Mongolian and their like: there a joiner changes words, as in Persian and Sinhala.
_JOINED = re.compile(
    "[\u0600-\u109f\u1780-\u18af\ua840-\ua8ff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff]"
)
_CONTROLS = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"

_TO_DO = re.compile(f"[&{_IGNORABLE}{_CONTROLS}\ud800-\udfff]")
_UNSEEN = re.compile(f"[{_IGNORABLE}{_CONTROLS}]+")
_BLANKS = re.compile("[\\s\u2800]+")  # U+2800 is Braille without a dot
_SURROGATE = re.compile("[\ud800-\udfff]")
_SYMBOLS = "‼⁉〰↔\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"  # of other categories
_KEPT_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")


def readable(text: str) -> str:
    """``text`` with only what is seen of it, on one line.

    HTML entities are what they stand for, twice over, as openCLIP reads them; lone surrogates are
    U+FFFD; all blanks are single spaces, with none at the ends; the form is NFC. Characters that
    are not seen are dropped, except where they make what is seen: joiners between letters of a
    script that needs them (Persian, Devanagari) and between emoji, and what gives emoji their form.
    """
    if _TO_DO.search(text):
        text = _without_unseen(encodable(html.unescape(html.unescape(text))))
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", text).strip())


def encodable(text: str) -> str:
    """``text`` with U+FFFD for surrogates, which cannot be encoded; pairs of them are joined."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _without_unseen(text: str) -> str:
    flags = _KEPT_FLAG.findall(text)
    parts = [_UNSEEN.sub(_kept, part) for part in _KEPT_FLAG.split(text)]
    return parts[0] + "".join(map("".join, zip(flags, parts[1:], strict=True)))


def _kept(unseen: re.Match[str]) -> str:
    """What is kept of a run of characters that are not seen."""
    text, run, start, end = unseen.string, unseen.group(), unseen.start(), unseen.end()
    before, after = text[start - 1] if start else "", text[end : end + 1]
    if _is_symbol(before) or after == "\u20e3":  # a keycap
        form = next((mark for mark in run if mark in "\ufe0e\ufe0f"), "")
        return form + ("\u200d" if "\u200d" in run and _is_symbol(after) else "")
    joins = _JOINED.match(before) and _JOINED.match(after)
    return next((mark for mark in run if mark in "\u200c\u200d"), "") if joins else ""


def _is_symbol(character: str) -> bool:
    """Whether it is an emoji or the like, a skin colour included."""
    if not character:
        return False
    return unicodedata.category(character) == "So" or character in _SYMBOLS
