"""What is said of images as tokens: texts in, which of them hold a word out, in milliseconds.

``"Flut – in Köln"`` has the tokens ``flut``, ``in`` and ``köln``, case-folded and in NFC; of rights
the whole is one. A token is kept as 64 bits of its hash, those of a row one behind the other.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

WHOLE = ("rights",)
"""The columns whose texts are one token each."""
_WORD = re.compile(r"\w+")


def tokens_of(column: str, text: str | None) -> list[str]:
    """The tokens of a readable text in a column, each once; none where there is no text."""
    folded = unicodedata.normalize("NFC", (text or "").casefold())
    found = ([folded] if folded else []) if column in WHOLE else _WORD.findall(folded)
    return list(dict.fromkeys(found))


@lru_cache(maxsize=1 << 20)
def hashed(token: str) -> int:
    """64 bits of a token's hash."""
    return int.from_bytes(hashlib.blake2b(token.encode(), digest_size=8).digest(), "little")


def hashed_rows(
    column: str, texts: Iterable[str | None]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """All tokens of N texts, one text's behind the other's, and (N,) how many each has."""
    rows = [[hashed(token) for token in tokens_of(column, text)] for text in texts]
    flat = [token for row in rows for token in row]
    return np.array(flat, np.uint64), np.array([*map(len, rows)], np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tokens:
    """The tokens of R rows in a column."""

    hashes: NDArray[np.uint64]
    """Those of all rows, one row's behind the other's."""
    ends: NDArray[np.int64]
    """(R,) behind which of them a row's end."""

    def holding(self, tokens: Sequence[str]) -> NDArray[np.bool_]:
        """(R,) the rows that have all of these tokens."""
        holds = np.ones(len(self.ends), np.bool_)
        for token in tokens:
            places = np.flatnonzero(self.hashes == np.uint64(hashed(token)))
            own = np.zeros(len(self.ends), np.bool_)
            own[np.searchsorted(self.ends, places, side="right")] = True
            holds &= own
        return holds
