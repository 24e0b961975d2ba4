"""A request's parameters, as they are sent: a mapping of anything in, checked settings out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from newsimages.errors import NewsImagesError, first_ten
from newsimages.gallery.filters import Filter
from newsimages.plain_text import encodable
from newsimages.retriever.retriever import MAX_MINUS_WEIGHT, MINUS_WEIGHT, Against

PARAMETERS = (
    "top_k", "revision", "against", "explain", "words", "filter", "like", "minus", "minus_weight"
)  # fmt: skip
MAX_CHARACTERS = 100_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a request asks for; all of it as `Answers` has it."""

    top_k: int = 100
    revision: str | None = None
    against: Against = "bank"
    explain: bool = False
    words: bool = False
    filter: Filter | None = None
    like: str = ""
    minus: str = ""
    minus_weight: float = MINUS_WEIGHT


def settings_of(parameters: Mapping[str, Any]) -> Settings:
    """Raises: NewsImagesError where a parameter is unknown or cannot be."""
    given = {key: value for key, value in parameters.items() if value is not None}
    unknown = sorted(str(key) for key in set(given) - set(PARAMETERS))
    if unknown:
        raise NewsImagesError(
            f"Unknown parameters: {first_ten(unknown)}; expected {first_ten(PARAMETERS)}."
        )
    top_k = given.get("top_k", 100)
    if not _is_number(top_k) or not top_k >= 1 or top_k % 1:
        raise NewsImagesError(
            f"top_k is {beginning(top_k, str)}, expected a whole number of at least 1."
        )
    weight = given.get("minus_weight", MINUS_WEIGHT)
    if not _is_number(weight) or not 0 <= weight <= MAX_MINUS_WEIGHT:
        raise NewsImagesError(
            f"minus_weight is {beginning(weight, repr)}, expected a number from 0 to "
            f"{MAX_MINUS_WEIGHT:g}."
        )
    for name, what in (("revision", "a name"), ("like", "an image's id"), ("minus", "a text")):
        if not isinstance(text := given.get(name, ""), str):
            raise NewsImagesError(f"{name} is {beginning(text, repr)}, expected {what}.")
        if len(text) > MAX_CHARACTERS:
            raise NewsImagesError(f"{name} has more than {MAX_CHARACTERS:,} characters.")
    for name in ("explain", "words"):
        if not isinstance(flag := given.get(name, False), bool | np.bool_):
            raise NewsImagesError(f"{name} is {beginning(flag, repr)}, expected true or false.")
        if flag and given.get("against") == "batch":
            raise NewsImagesError(
                f"{name}=true says what scores against the bank are made of: leave against=batch "
                "out."
            )
        if flag and given.get("like"):
            raise NewsImagesError(
                f"{name}=true says what an article's scores are made of, and with like there is "
                "no article: leave one of them out."
            )
    wanted = given.pop("filter", "")
    changed: dict[str, Any] = {
        "top_k": int(top_k),
        "minus_weight": float(weight),
        "like": encodable(given.get("like", "")),
        "minus": encodable(given.get("minus", "")),
        "filter": Filter.of(wanted) if wanted != "" else None,
    }
    return Settings(**{**given, **changed})


def beginning(value: Any, show: Callable[[Any], str]) -> str:
    """The beginning of a value, as errors show it."""
    try:
        return show(value)[:40]
    except (ValueError, RuntimeError):  # a number of thousands of digits; a list nested too deep
        return "too much to be shown"


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float | np.integer | np.floating)
    return is_number and not isinstance(value, bool)
