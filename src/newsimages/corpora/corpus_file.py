"""The optional ``corpus.json`` of a corpus: its name and the models it recommends."""

import json
from dataclasses import dataclass
from pathlib import Path

from newsimages.errors import NewsImagesError, first_ten

FILE_NAME = "corpus.json"
MODEL_KEYS = (
    "backbone",
    "pretrained",
    "translator",
    "multilingual_backbone",
    "multilingual_pretrained",
)


@dataclass(frozen=True, kw_only=True)
class CorpusFile:
    """The content of ``corpus.json``.

    Attributes:
        name: The corpus's name; the folder's where none is given.
        models: Recommended models, under some of `MODEL_KEYS`.
    """

    name: str
    models: dict[str, str]


def read_corpus_file(folder: Path) -> CorpusFile:
    """Reads ``corpus.json`` in ``folder``; unknown keys are ignored, an absent file is empty.

    Raises:
        NewsImagesError: The file is not JSON, not an object, or a value is not a text.
    """
    path = folder / FILE_NAME
    if not path.exists() and not path.is_symlink():
        return CorpusFile(name=folder.resolve().name, models={})
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
    given = {key: content[key] for key in ("name", *MODEL_KEYS) if key in content}
    wrong = [
        f"{key}={value!r}"
        for key, value in given.items()
        if not isinstance(value, str) or not value.strip()
    ]
    if wrong:
        raise NewsImagesError(
            f"{path}: got {first_ten(wrong)}, expected texts that are not empty. "
            "Put the values into quotation marks or leave the keys out."
        )
    name = given.pop("name", folder.resolve().name)
    return CorpusFile(name=name, models=given)
