"""What a parameter's text on the command line is read as: one rule per type, for all of them."""

from pathlib import Path
from typing import Any

from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    PrimitiveTypeInfo,
)

from newsimages.encoding.model_files import LOCAL

MAX_INTEGER = 2**32 - 1
"""The greatest whole number that a parameter may be; of a seed, too."""
PARSING = ConstructorRegistry()


def whole_number(text: str) -> int:
    """The whole number that a text says, ``5`` and ``1e3`` as well as the float ``5.0``.

    Raises:
        ValueError: It says another number, a greater one than `MAX_INTEGER`, or none.
    """
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not (number.is_integer() and abs(number) <= MAX_INTEGER):
        raise ValueError(f"got {text!r}, expected a whole number of at most {MAX_INTEGER}")
    return int(number)


def real_number(text: str) -> float:
    """The number that a text says. Raises: ValueError where it says none."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"got {text!r}, expected a number") from None


def name_or_path(text: str) -> str:
    """A text with ``~`` for the home folder written out, as no shell does that within -P x=~/y.

    Raises:
        ValueError: It is empty.
    """
    if not text.strip():
        raise ValueError(f"got {text!r}, expected a value; leave the parameter out for its default")
    scheme = LOCAL if text.startswith(LOCAL) else ""
    path = text.removeprefix(scheme)
    try:
        return scheme + (str(Path(path).expanduser()) if path.startswith("~") else path)
    except RuntimeError:  # there is no such user
        return text


_RULES = {int: whole_number, float: real_number, str: name_or_path}


@PARSING.primitive_rule
def _rule(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    """How tyro makes a value of the type; None for types that have no rule here."""
    kind: Any = info.type
    if kind not in _RULES:
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=kind.__name__.upper(),
        instance_from_str=lambda words: _RULES[kind](words[0]),
        is_instance=lambda value: type(value) is kind,
        str_from_instance=lambda value: [str(value)],
    )
