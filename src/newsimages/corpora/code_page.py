"""Whether bytes that are not UTF-8 are text in cp1252: a decoded text in, its doubtful words out.

Every byte means something in a code page of one byte per letter, so a wrong one is told from what
it makes of words. Two things do not occur in languages that cp1252 writes: a symbol or a capital
within a word (``BŸrgermeister`` is Mac Roman's ``Bürgermeister``), and letters that no single
alphabet has (``pøíklad`` with ``mìsto`` is the Czech of cp1250).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

_MARKS_IN_WORDS = "’‘´`·–—-…\u00a0\u00ad"  # apostrophes, dashes and what joins two words
_CODE_PAGES = ("mac_roman", "cp850", "cp1250", "cp1251", "gb18030", "shift_jis", "euc_kr")

_LETTER = r"[^\W\d_]"
_LOWER = "a-zßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿšœž"
_WORD = re.compile(r"[^\s,;\"]+")
_SYMBOL_WITHIN = re.compile(rf"(?<={_LETTER})[^\x00-\x7f\w{_MARKS_IN_WORDS}]+(?={_LETTER})")
_CAPITAL_WITHIN = re.compile(rf"(?<={_LETTER})(?![A-Z])[^\W\d_{_LOWER}](?=[{_LOWER}])")
_FOUR_BEYOND_ASCII = re.compile(rf"(?:(?![A-Za-z]){_LETTER}){{4}}")
_SYMBOL = re.compile(r"[^\x00-\x7f\w]")
_DOUBTFUL = re.compile(
    "|".join(each.pattern for each in (_SYMBOL_WITHIN, _CAPITAL_WITHIN, _FOUR_BEYOND_ASCII))
)

_ALPHABETS = [
    frozenset(letters)
    for letters in (
        "äöüß",  # German
        "àâæçèéêëîïôœùûüÿ",  # French
        "áéíñóúüçàèòï",  # Spanish, Catalan
        "àáâãçéêíóôõúü",  # Portuguese
        "àèéìíîòóùú",  # Italian
        "áéëïóöüèêàç",  # Dutch
        "æøåéäöü",  # Danish, Norwegian
        "åäöéüšž",  # Swedish, Finnish
        "äõöüšž",  # Estonian
        "áðéíóúýþæö",  # Icelandic, Faroese
        "áéíóúàèìòùâêîôûŵŷ",  # Irish, Gaelic, Welsh
    )
]
_FEW = 1 / 30  # of the words beyond ASCII
_ENOUGH_LETTERS, _MAIN_SHARE = 20, 0.8


def words_beyond_ascii(text: str) -> list[str]:
    """The different words of ``text`` that hold anything beyond ASCII, in order."""
    return [word for word in dict.fromkeys(_WORD.findall(text)) if not word.isascii()]


def doubtful_words(text: str) -> list[str]:
    """The words of ``text`` that cp1252 seems to have made of another code page, in order.

    None where they are a few among many, as odd names are. A text of at least twenty letters
    beyond ASCII is doubtful as a whole where no one alphabet has four in five of them.
    """
    words = words_beyond_ascii(text)
    doubtful = [word for word in words if _DOUBTFUL.search(word)]
    if len(doubtful) > _FEW * len(words):
        return doubtful
    letters = [each for word in words for each in word.lower() if each.isalpha()]
    beyond = Counter(each for each in letters if not each.isascii())
    most = max(sum(beyond[each] for each in alphabet) for alphabet in _ALPHABETS)
    is_of_one = most >= _MAIN_SHARE * beyond.total()
    return words if beyond.total() >= _ENOUGH_LETTERS and not is_of_one else []


def other_readings(word: str) -> Iterator[tuple[str, str]]:
    """Yields (code page, reading) of a word's bytes for code pages that make a word of them."""
    for code_page in _CODE_PAGES:
        try:
            reading = word.encode("cp1252").decode(code_page)
        except UnicodeError:
            continue
        letters = re.findall(_LETTER, reading)
        scripts = {unicodedata.name(each, "?").partition(" ")[0] for each in letters}
        is_one = len(scripts) == 1 or scripts <= {"CJK", "HIRAGANA", "KATAKANA"}
        is_odd = _SYMBOL.search(reading) or (scripts == {"LATIN"} and _DOUBTFUL.search(reading))
        if is_one and not is_odd:
            yield code_page, reading
