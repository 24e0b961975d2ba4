"""What was taken: which picture an editor has chosen for which story, as rows of a table.

Such a table (`newsimages.corpora.choices`) says which image belongs to which article, so that a
desk's choices can be measured, and trained on.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from newsimages.corpora.choices import COLUMNS
from newsimages.plain_text import encodable, readable

Keep = Callable[[Sequence[dict[str, Any]]], None]
"""Writes rows of `COLUMNS` down."""


def article_id_of(title: str, text: str) -> str:
    """An id for a story that has none: the same for the same story."""
    digest = hashlib.sha256(f"{readable(title)}\n{readable(text)}".encode())
    return f"desk-{digest.hexdigest()[:16]}"


def taken_row(
    story: dict[str, str], chosen: dict[str, Any], *, model: str, version: str
) -> dict[str, Any]:
    """A row of `COLUMNS`.

    Args:
        story: title, text and article_id, "" where it has none.
        chosen: image_id, image, credit, rank and score.
        model: Which has answered.
        version: Of it.
    """
    own = {name: encodable(value) for name, value in story.items()}
    own["article_id"] = own["article_id"] or article_id_of(own["title"], own["text"])
    now = datetime.now(UTC).isoformat(timespec="seconds")
    row = {**own, **chosen, "model": model, "version": version, "taken_at": now}
    return {name: row[name] for name in COLUMNS}
