"""Progress of long work: a bar on a terminal, a plain line every few seconds elsewhere."""

import re
import sys
from typing import Any, TextIO, cast

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 5.0
_COUNTS = re.compile(r"[\d.]+\w?/[\d.]+\w? ")


class _Lines:
    """A stream that ends each state of the bar with a new line, so that logs stay readable."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._counts: str | None = None

    def write(self, text: str) -> None:
        """Writes one state of the bar as a line, unless the one before said as much."""
        line = text.strip("\r\n ")
        counts = _COUNTS.search(line)
        if line and not (counts and counts.group() == self._counts):
            self._stream.write(line + "\n")
        self._counts = counts.group() if counts else self._counts

    def flush(self) -> None:
        self._stream.flush()


def progress(
    *, total: int, unit: str, doing: str, hide: bool = False, in_bytes: bool = False
) -> "tqdm[Any]":
    """A bar with rate and time left; call its ``update``, and close it or use it in a ``with``.

    Args:
        total: How many there are.
        unit: What is counted, e.g. ``images``.
        doing: What happens to them, e.g. ``RSS test: encode``.
        hide: Show nothing, for work that is over in a moment.
        in_bytes: Show thousands and millions by their letters, as is usual for bytes.
    """
    on_terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        unit=unit if in_bytes else f" {unit}",
        unit_scale=in_bytes,
        desc=doing,
        file=sys.stderr if on_terminal else cast(TextIO, _Lines(sys.stderr)),
        mininterval=0.1 if on_terminal else SECONDS_BETWEEN_LINES,
        maxinterval=0.5 if on_terminal else SECONDS_BETWEEN_LINES,
        dynamic_ncols=on_terminal,
        ncols=None if on_terminal else 100,
        disable=hide,
    )
