"""Words: a title in, the places of its words out.

A word is a run of letters, digits and marks, with apostrophes and hyphens inside (``Trump's``,
``Covid-19``) and what parts the digits of a number (``3.5``); so is an emoji. Of scripts that leave
no blanks between words, such as Chinese, Japanese and Thai, each character is one.
"""

import re
import unicodedata

_NO_BLANKS = re.compile(  # Thai to Myanmar, Khmer, kana, Han
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
# What a character is to words, in one letter: by itself, or by its category in Unicode.
_KINDS = {
    **dict.fromkeys("'’-‐‑·", "j"),
    **dict.fromkeys(".,:", "p"),
    **dict.fromkeys(map(chr, range(0x1F1E6, 0x1F200)), "r"),
    "\u200d": "z",  # between the emoji of one picture; in words, too
    "_": "w",
}
_KINDS_BY_CATEGORY = {
    **dict.fromkeys(("Mn", "Mc", "Me", "Cf"), "m"), "Nd": "d", "So": "s", "Sk": "k",
}  # fmt: skip
_WORD = re.compile(
    r"cm*"
    r"|rm*rm*"  # two regional indicators are a flag
    r"|[sr][mk]*(?:zs[mk]*)*"
    r"|[wd][wdmz]*(?:(?:j|(?<=d)p(?=d))[wd][wdmz]*)*"
)


def words_of(text: str) -> list[tuple[int, int]]:
    """The start and end of each word of a readable text."""
    kinds = "".join(map(_kind, text))
    return [match.span() for match in _WORD.finditer(kinds)]


def _kind(character: str) -> str:
    """A character's letter in `_WORD`; a blank for what is in no word."""
    known = _KINDS.get(character) or _KINDS_BY_CATEGORY.get(unicodedata.category(character))
    if known or not character.isalnum():
        return known or " "
    return "c" if _NO_BLANKS.match(character) else "w"
