"""The optional ``corpus.json`` of a corpus: its name and the models it recommends."""

import json
from pathlib import Path

from newsimages.corpora.names import reason_not_to_follow
from newsimages.errors import NewsImagesError, first_ten

_MAX_BYTES = 1 << 20
_MODEL_KEYS = (
    "backbone",
    "pretrained",
    "translator",
    "multilingual_backbone",
    "multilingual_pretrained",
)


def read_corpus_file(folder: Path) -> tuple[str, dict[str, str]]:
    """The name and the models that ``corpus.json`` in ``folder`` gives; other keys are ignored.

    The name is the folder's where none is given. The models stand under some of ``backbone``,
    ``pretrained``, ``translator``, ``multilingual_backbone`` and ``multilingual_pretrained``.

    Raises:
        NewsImagesError: The file is a link out of the corpus, over 1 MB, not JSON or not an
            object, or a value is not a text.
    """
    path = folder / "corpus.json"
    if not path.exists() and not path.is_symlink():
        return folder.resolve().name, {}
    reason = reason_not_to_follow(path, folder) or ("" if path.is_file() else "no file")
    if not reason and path.stat().st_size > _MAX_BYTES:
        reason = f"{path.stat().st_size:,} bytes, expected at most {_MAX_BYTES:,}"
    if reason:
        raise NewsImagesError(
            f"{path} is not read: {reason}. Put a file of its own in its place or remove it."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError, OSError) as error:
        raise NewsImagesError(
            f"{path} is not readable as JSON: {error}. Correct or remove it."
        ) from error
    if not isinstance(content, dict):
        raise NewsImagesError(
            f"{path} holds {type(content).__name__}, expected an object such as "
            '{"name": "my corpus", "backbone": "ViT-B-32"}.'
        )
    given = {key: content[key] for key in ("name", *_MODEL_KEYS) if key in content}
    wrong = {k: v for k, v in given.items() if not isinstance(v, str) or not v.strip()}
    if wrong:
        got = first_ten([f"{key}={value!r}" for key, value in wrong.items()])
        raise NewsImagesError(
            f"{path}: got {got}, expected texts that are not empty. "
            "Put the values into quotation marks or leave the keys out."
        )
    return given.pop("name", folder.resolve().name), given
