"""The HTML page: values and thumbnails in, one self-contained file out.

Titles and ids come from the outside. They reach the page as JSON in which no ``<`` is left, and
the script puts them in place as text, never as markup. A content security policy allows only this
style and script and pictures in the page itself, nothing from a network.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from newsimages.reports.contact_sheet.thumbnails import Thumbnails

FOLDER = Path(__file__).parent
SCRIPTS = ("search.js", "rows.js", "why.js", "sheet.js")
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def page(values: Mapping[str, Any], thumbnails: Thumbnails, *, name: str, notes: list[str]) -> str:
    """The whole page: `content`'s values, a thumbnail for each of its images, and the notes."""
    pictures = zip(thumbnails.pictures, thumbnails.reasons, strict=True)
    return assembled(
        FOLDER,
        SCRIPTS,
        name=html.escape(name),
        notes=html.escape(" ".join(notes)),
        values=as_json(values),
        pictures=as_json([picture or f"!{reason}" for picture, reason in pictures]),
    )


def assembled(folder: Path, scripts: Sequence[str], **slots: str) -> str:
    """The page of a folder: its template.html with sheet.css, the scripts and what fills slots."""

    def read(file: str) -> str:
        return (folder / file).read_text("utf-8")

    style = read("sheet.css")
    script = "(() => {\n'use strict';\n" + "\n".join(map(read, scripts)) + "})();"
    return Template(read("template.html")).substitute(  # which searches no value for slots
        slots, style=style, style_hash=_hash(style), script=script, script_hash=_hash(script)
    )


def as_json(values: object) -> str:
    """JSON in ASCII that may stand within a script element."""
    return json.dumps(values, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def _hash(text: str) -> str:
    """How a content security policy names a style or a script that it allows."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
