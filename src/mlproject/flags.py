"""How settings are written on the command line: flat names, and flags as true or false."""

from dataclasses import Field, fields, is_dataclass
from typing import Annotated, Any, TypeAlias

import tyro


def _parse_bool(words: list[str]) -> bool:
    word = words[0].lower()
    if word not in ("true", "false"):
        raise ValueError(f"got {words[0]!r}, expected true or false")
    return word == "true"


# MLflow passes every parameter with a value, so a flag is written as true or false.
Bool: TypeAlias = Annotated[
    bool,
    tyro.constructors.PrimitiveConstructorSpec[bool](
        nargs=1,
        metavar="{true,false}",
        instance_from_str=_parse_bool,
        is_instance=lambda value: isinstance(value, bool),
        str_from_instance=lambda value: [str(value).lower()],
    ),
    tyro.conf.FlagConversionOff,
]


def flat(config: Any) -> dict[str, Any]:
    """The settings of an entry point or a group, by their names on the command line."""
    settings: dict[str, Any] = {}
    for each in fields(config):
        value = getattr(config, each.name)
        settings |= flat(value) if is_dataclass(value) else {flag_name(each): value}
    return settings


def flag_name(each: Field[Any]) -> str:
    """A field's name on the command line: its own, unless ``tyro.conf.arg`` gives it another."""
    given = (getattr(extra, "name", None) for extra in getattr(each.type, "__metadata__", ()))
    return next((name for name in given if isinstance(name, str)), each.name)
