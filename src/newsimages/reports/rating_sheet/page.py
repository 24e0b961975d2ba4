"""The HTML page of a rating sheet: values and pictures in, one self-contained file out.

As the page of a contact sheet: titles are JSON that the script puts in place as text, and a content
security policy allows nothing from a network. Nothing in the file tells which run is which, nor the
ids of articles and images.
"""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from newsimages.reports.contact_sheet.page import as_json, assembled

FOLDER = Path(__file__).parent
SCRIPTS = ("table.js", "memory.js", "rating.js")


def page(values: Mapping[str, Any], pictures: Sequence[str], *, name: str) -> str:
    """The whole page: what its script reads, and WebP files in base64."""
    return assembled(
        FOLDER, SCRIPTS, name=html.escape(name), values=as_json(values), pictures=as_json(pictures)
    )
