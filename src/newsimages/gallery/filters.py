"""Which images may be listed: a few fields in, the rows of a snapshot that they leave out.

A request says, in JSON, for instance::

    {"date_from": "2026-01-01", "date_to": "2026-01-31", "rights": ["editorial", "free"],
     "credit": "dpa", "caption": "flood"}

All fields that are given must hold. Nothing of it is ever part of a query that an engine reads: it
is compared, value by value, with the columns.

=========  =====================================================================================
date_from  a day or a moment in ISO form; images from then on
date_to    a day (the whole of it) or a moment; images up to then
rights     a text or a list of them; one of them is what the image's rights say, in any case
credit     a text or a list of them; all words of one of them are in the credit
caption    a text; all its words are in the caption
=========  =====================================================================================

Words are whole ones, in any case. An image of which such a thing is not said is left out.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from newsimages.errors import NewsImagesError, first_ten, shortened
from newsimages.gallery.tokens import Tokens, tokens_of
from newsimages.plain_text import encodable, readable

MAX_LETTERS = 10_000  # of a filter
MAX_VALUES = 100  # of a field
EXAMPLE = '{"date_from": "2026-01-01", "rights": ["editorial"], "caption": "flood"}'
_DAY = len("2026-01-31")


class NothingLeftError(NewsImagesError):
    """A filter that leaves none of a gallery's images."""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What must hold of an image that is listed; None: anything."""

    date_from: datetime | None = None
    """The first moment, in UTC without a zone."""
    date_to: datetime | None = None
    """The moment before which it is dated."""
    rights: tuple[tuple[str, ...], ...] | None = None
    """The tokens of one of these are in its rights (the whole of them is one)."""
    credit: tuple[tuple[str, ...], ...] | None = None
    """As for the rights: the words of one of these."""
    caption: tuple[tuple[str, ...], ...] | None = None
    """As for the credit; there is one."""

    @classmethod
    def of(cls, given: str | Mapping[str, Any]) -> "Filter":
        """What a request says, in JSON or read from it.

        Raises:
            NewsImagesError: No JSON, no object, an unknown field, or a value that cannot be.
        """
        told = _read(given)
        known = [each.name for each in fields(cls)]
        unknown = sorted(str(name) for name in told if name not in known)
        if unknown or not told:
            got = f"has the unknown fields {first_ten(unknown)}" if unknown else "is empty"
            raise NewsImagesError(
                f"The filter {shortened(got)}; expected some of {first_ten(known)}, such as "
                f"{EXAMPLE}."
            )
        values: dict[str, Any] = {name: _READ[name](name, told[name]) for name in told}
        made = cls(**values)
        if made.date_from and made.date_to and made.date_from >= made.date_to:
            raise NewsImagesError(
                f"The filter's date_from, {told['date_from']}, lies behind its date_to, "
                f"{told['date_to']}: no image can be of both. Exchange them."
            )
        return made

    def mask(self, dates: pa.ChunkedArray, tokens: Mapping[str, Tokens]) -> NDArray[np.bool_]:
        """(R,) the rows of which it holds.

        Args:
            dates: Theirs; null where there is none.
            tokens: Of their rights, credits and captions, by column.
        """
        holds = np.ones(len(dates), np.bool_)
        if self.date_from is not None:
            holds &= _true(pc.greater_equal(dates, pa.scalar(self.date_from, dates.type)))
        if self.date_to is not None:
            holds &= _true(pc.less(dates, pa.scalar(self.date_to, dates.type)))
        for name in ("rights", "credit", "caption"):
            if any_of := getattr(self, name):
                holds &= np.any([tokens[name].holding(all_of) for all_of in any_of], axis=0)
        return holds


def _read(given: str | Mapping[str, Any]) -> Mapping[str, Any]:
    told: Any = given
    if isinstance(given, str):
        if len(given) > MAX_LETTERS:
            raise NewsImagesError(
                f"The filter has {len(given):,} letters, expected at most {MAX_LETTERS:,}."
            )
        try:
            told = json.loads(encodable(given), object_pairs_hook=_each_once)
        except (ValueError, RecursionError) as error:
            if isinstance(error, NewsImagesError):
                raise
            raise NewsImagesError(
                f"The filter is no JSON: got {shortened(repr(given), 60)}, expected an object such "
                f"as {EXAMPLE}."
            ) from error
    if not isinstance(told, Mapping):
        raise NewsImagesError(
            f"The filter is {shortened(repr(told), 60)}, expected an object such as {EXAMPLE}."
        )
    return told


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        raise NewsImagesError("The filter names a field twice: give each once.")
    return told


def _date_from(name: str, value: Any) -> datetime:
    return _moment(name, value)


def _date_to(name: str, value: Any) -> datetime:
    """The moment behind the last one that is meant."""
    moment = _moment(name, value)
    is_day = len(value.strip()) <= _DAY
    try:
        return moment + (timedelta(days=1) if is_day else timedelta(microseconds=1))
    except OverflowError:
        return moment


def _moment(name: str, value: Any) -> datetime:
    try:
        if not isinstance(value, str) or "-" not in value:
            raise TypeError("no text with a date")
        moment = datetime.fromisoformat(value.strip())
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (TypeError, ValueError, OverflowError) as error:
        raise _wrong(name, value, "a date such as 2026-01-31 or 2026-01-31T18:30:00") from error


def _some(name: str, value: Any) -> tuple[tuple[str, ...], ...]:
    """The tokens of a text, or of each of a list of them."""
    values = [value] if isinstance(value, str) else value
    is_list = isinstance(values, list | tuple) and 0 < len(values) <= MAX_VALUES
    if not is_list or not all(isinstance(each, str) for each in values):
        raise _wrong(name, value, f"a text, or a list of 1 to {MAX_VALUES} of them")
    tokens = [tuple(tokens_of(name, readable(each))) for each in values]
    if not all(tokens):
        raise _wrong(name, value, "texts with at least one word each")
    return tuple(tokens)


def _one(name: str, value: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, str):
        raise _wrong(name, value, "a text with the words that must all be in it")
    return _some(name, value)


def _wrong(name: str, value: Any, expected: str) -> NewsImagesError:
    return NewsImagesError(
        f"The filter's {name} is {shortened(repr(value), 60)}, expected {expected}."
    )


_READ: Mapping[str, Callable[[str, Any], Any]] = {
    "date_from": _date_from,
    "date_to": _date_to,
    "rights": _some,
    "credit": _some,
    "caption": _one,
}


def _true(values: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Where a column is true; null is not."""
    filled = pc.fill_null(values, False)
    return np.asarray(filled.to_numpy(), np.bool_)
