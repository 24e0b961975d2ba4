"""The error that bad input raises, and how much of long lists and names is shown in it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path


class NewsImagesError(ValueError):
    """Input that cannot be worked with: says what was got, what was expected, where, what to do."""


class TooFewError(NewsImagesError):
    """What was read is too little for what is to be made of it."""


def first_ten(items: Collection[object]) -> str:
    """The first ten of ``items`` and how many there are: ``a, b, … (12 in all)``."""
    shown = ", ".join(str(item) for item in list(items)[:10])
    return shown if len(items) <= 10 else f"{shown}, … ({len(items)} in all)"


def shortened(name: object, n: int = 200) -> str:
    """The first ``n`` letters of a name and how many there are: ``abc… (5000 letters)``."""
    whole = str(name)
    return whole if len(whole) <= n else f"{whole[:n]}… ({len(whole)} letters)"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yields the error, and those that it was raised from or while handling, one by one."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def told_as(path: Path, form: str, remedy: str) -> Iterator[None]:
    """Turns whatever a library raises over a file into a `NewsImagesError` that names it.

    Args:
        path: The file that is read in the block.
        form: What it is read as.
        remedy: What to do about one that cannot be.
    """
    try:
        yield
    except (NewsImagesError, PermissionError):
        raise
    except Exception as error:
        got = " ".join(str(error).split())[:300].rstrip(".")
        raise NewsImagesError(
            f"{path} cannot be read as {form}: {type(error).__name__}: {got}. {remedy}"
        ) from error


def reason_of(error: object) -> str:
    """The first line of what a library says, without the full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if lines[0].startswith("Weights only load failed"):  # torch goes on to advise loading it
        return "its weights are a pickle that could run code, which is never loaded"
    return lines[0].rstrip(". ")
