"""What a version's validation MRR rests on: two are compared only where all of it is equal.

Each term is a tag of the version, in words and, where they do not tell it apart, a digest. Digests
are of what was read - texts, image files, weights - and not of vectors, whose last bits are
another machine's own.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from newsimages.checksums import file_sha256
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.long_text import LongText
from newsimages.encoding.model_files import HUB, LOCAL
from newsimages.preprocessing.served import Preprocessing
from newsimages.protocols.embedded import EmbeddedSet

TERMS: Mapping[str, str] = {
    "backbone": "backbone",
    "precision": "precision",
    "with/weights": "set of weights",
    "with/preprocessing": "preprocessing",
    "with/validation_part": "validation part",
    "with/gallery": "gallery",
}
"""The tag of each term, and what people call it."""
NOT_ON_RECORD = "not on record"
"""In place of a tag that a version does not have."""
_READ = ("article_id", "title", "text", "title_en", "text_en", "image_id")


def model_in_words(backbone: str, pretrained: str) -> str:
    """A model and its weights, a folder by its own name; once where one name stands for both."""
    names = [name.removeprefix(LOCAL) for name in (backbone, pretrained)]
    return " ".join(dict.fromkeys(n if n.startswith(HUB) else Path(n).name for n in names))


def encoder_terms(encoders: Sequence[OpenClipEncoder]) -> dict[str, str]:
    """The terms of the models through which a run looks."""
    used = [each.used for each in encoders]
    return {
        "backbone": " + ".join(model_in_words(each.backbone, each.pretrained) for each in used),
        "precision": ", ".join(dict.fromkeys(each.precision for each in used)),
        "with/weights": _digest([each.key for each in encoders]),
    }


def corpus_terms(
    preprocessing: Preprocessing,
    long_text: LongText,
    validation: Iterable[EmbeddedSet],
    gallery: str,
) -> dict[str, str]:
    """The terms that all versions of a run of `register` share.

    Args:
        preprocessing: As it is served.
        long_text: How texts beyond the context were embedded.
        validation: The validation part, in English and with its images' files.
        gallery: The images that are served, in words that tell them from any others.
    """
    translator = preprocessing.translator.fingerprint[:8] if preprocessing.translator else "none"
    languages = ",".join(sorted(preprocessing.languages))
    articles = [row for part in validation for row in _articles(part)]
    return {
        "with/preprocessing": f"{languages}; translator {translator}; long texts {long_text}",
        "with/validation_part": f"{len(articles)} articles, {_digest(sorted(articles))}",
        "with/gallery": gallery,
    }


def images_term(files: Mapping[str, Path]) -> str:
    """Images in words, by the file of each."""
    images = sorted(_contents(files).items())
    return f"{len(images)} images, {_digest(images)}"


def unequal_terms(tags: Mapping[str, str], champions: Mapping[str, str]) -> list[str]:
    """What of two versions is not equal, in words; what only one has on record is not, either."""
    return [
        f"another {words} ({tags.get(key, NOT_ON_RECORD)}; the champion's: "
        f"{champions.get(key, NOT_ON_RECORD)})"
        for key, words in TERMS.items()
        if key not in tags or tags[key] != champions.get(key)
    ]


def _articles(part: EmbeddedSet) -> list[list[str]]:
    """What of each article is read, and what its image's file holds."""
    table = part.articles[list(_READ)].astype("string").fillna("")
    contents = _contents({key: part.files[key] for key in part.images.ids.tolist()})
    return [[part.name, *row, contents.get(row[-1], "")] for row in table.to_numpy().tolist()]


def _contents(files: Mapping[str, Path]) -> dict[str, str]:
    """SHA-256 of each file."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(files, pool.map(file_sha256, files.values()), strict=True))


def _digest(items: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(items).encode()).hexdigest()[:16]
