"""Lists that a user has written in one string, the names in it separated by commas."""


def names_in(text: str) -> tuple[str, ...]:
    """The names between the commas, each once, in their order; none in an empty text."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
