"""The manifest of a retriever's folder: what it goes by, and what every file in it must be."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, get_args, get_type_hints

from newsimages.checksums import file_sha256
from newsimages.encoding.long_text import LongText
from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.revisions import REVISIONS, Revision
from newsimages.ranking.spaces import TextField, Tower, View, whole
from newsimages.retriever.growing import Pointer
from newsimages.retriever.retriever import IndexRecord, Provenance, Retriever

FORMAT = 5  # raise it when the folder's content, or its meaning, changes
MANIFEST = "retriever.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What ``retriever.json`` says of a folder."""

    weights: dict[View, float]
    revisions: tuple[Revision, ...]
    confidences: dict[str, Confidence]
    """By the name of a revision, or ``none``."""
    long_text: LongText
    languages: tuple[str, ...]
    """ISO 639-1 codes of those that articles may be in."""
    rare: tuple[str, ...]
    """Those of them that were rare in the corpus."""
    provenance: Provenance | None
    pointer: Pointer | None
    """The gallery that it points to; None: the folder holds its gallery."""
    files: Mapping[str, Mapping[str, Any]]
    """``bytes`` and ``sha256`` of every other file, by its name."""


def write_manifest(
    folder: Path,
    retriever: Retriever,
    *,
    long_text: LongText,
    languages: Sequence[str],
    rare: Sequence[str] = (),
    pointer: Pointer | None = None,
) -> None:
    """Writes ``retriever.json``, with size and SHA-256 of every file that is there by now."""
    about = {
        "format": FORMAT,
        "weights": [[*view, weight] for view, weight in retriever.weights.items() if weight],
        "revisions": [{"name": each.name, **each.settings} for each in retriever.revisions],
        "confidences": {name: asdict(each) for name, each in retriever.confidences.items()},
        "long_text": long_text,
        "languages": list(languages),
        "rare_languages": list(rare),
        "provenance": asdict(retriever.provenance) if retriever.provenance else None,
        "points_to": asdict(pointer) if pointer else None,
        "files": {
            path.relative_to(folder).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": file_sha256(path),
            }
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }
    (folder / MANIFEST).write_text(json.dumps(about, indent=2))


def _manifest(read: Mapping[str, Any]) -> Manifest:
    """Raises: KeyError, TypeError, ValueError on anything that `write_manifest` never wrote."""
    about = read["provenance"]
    if about is not None:
        read_as: dict[str, Any] = {"bank_sets": tuple(about["bank_sets"])}
        if about.get("index") is not None:
            read_as["index"] = IndexRecord(**about["index"])
        about = Provenance(**{**about, **read_as})
    pairs = [(_view(tower, field), _number(weight)) for tower, field, weight in read["weights"]]
    weights = dict(pairs)
    whole(weights)  # raises where they cannot be weights
    revisions = tuple(_revision(**settings) for settings in read["revisions"])
    if not revisions or read["long_text"] not in get_args(LongText):
        raise ValueError("there is no revision, or long_text is unknown")
    if len(weights) < len(pairs) or len({each.name for each in revisions}) < len(revisions):
        raise ValueError("a view or a revision is named twice")
    confidences = {
        str(name): Confidence(**{key: _number(value) for key, value in each.items()})
        for name, each in read["confidences"].items()
    }
    if not all(isinstance(read[key], list) for key in ("languages", "rare_languages")):
        raise TypeError("languages are no list")
    pointer = Pointer(**read["points_to"]) if read["points_to"] is not None else None
    if pointer and not (type(pointer.version) is int and isinstance(pointer.uri, str)):
        raise TypeError("the gallery that it points to has no place or version")
    return Manifest(
        pointer=pointer,
        weights=weights,
        revisions=revisions,
        confidences=confidences,
        languages=tuple(str(code) for code in read["languages"]),
        rare=tuple(str(code) for code in read["rare_languages"]),
        long_text=read["long_text"],
        provenance=about,
        files={
            str(name): {"bytes": each["bytes"], "sha256": each["sha256"]}
            for name, each in read["files"].items()
        },
    )


def _number(value: Any) -> float:
    if type(value) not in (int, float):  # a True is no number
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _view(tower: Any, text_field: Any) -> View:
    if tower not in get_args(Tower) or text_field not in get_args(TextField):
        raise ValueError(f"no such view: {tower} on {text_field}")
    return View(tower, text_field)


def _revision(*, name: str, **settings: Any) -> Revision:
    revision = REVISIONS[name](**settings)
    types = get_type_hints(type(revision))
    for key, value in settings.items():
        accepted = (int, float) if types[key] is float else (types[key],)
        if type(value) not in accepted:  # a True is no number
            raise TypeError(f"{key} of {name} is {value!r}, expected {types[key].__name__}")
    return revision


def read_manifest(folder: Path) -> Manifest:
    """Reads ``retriever.json``. Raises: NewsImagesError where it is none of this format."""
    path = folder / MANIFEST
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        found = read["format"]
        if type(found) is int and found == FORMAT:  # a True is no 1
            return _manifest(read)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise NewsImagesError(
            f"{path} cannot be read as a retriever's: {type(error).__name__}: {error}. Expected a "
            "folder as `register` writes it."
        ) from error
    raise NewsImagesError(
        f"{path} is of format {found!r}, but this code reads format {FORMAT}. Load it with the "
        "version of the project that wrote it, or register the model again."
    )


def check_files(
    folder: Path, files: Mapping[str, Mapping[str, Any]], needed: Collection[str]
) -> None:
    """Raises: NewsImagesError where a file is not what the manifest says, or is not in it."""
    there = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if not path.is_dir() and path != folder / MANIFEST
    }
    unlisted = {*there, *needed} - {*files}
    wrong = [f"{_shown(name)} (not in {MANIFEST})" for name in sorted(unlisted)]
    for name, expected in files.items():
        reason = _reason(folder, name, there.get(name), expected)
        wrong += [f"{_shown(name)} ({reason})"] if reason else []
    if wrong:
        raise NewsImagesError(
            f"{folder} is damaged: {first_ten(wrong)}. Fetch the model anew, or register it again."
        )


def _reason(folder: Path, name: str, path: Path | None, expected: Mapping[str, Any]) -> str | None:
    """What is wrong with a file of the manifest, whose name is never made a path of."""
    leads = PurePosixPath(name)
    is_link_out = path is not None and not path.resolve().is_relative_to(folder.resolve())
    if leads.is_absolute() or ".." in leads.parts or is_link_out:
        return "outside the folder"
    if path is None or not path.is_file():
        return "absent"
    if path.stat().st_size != expected["bytes"]:
        return f"{path.stat().st_size} bytes, expected {expected['bytes']}"
    return None if file_sha256(path) == expected["sha256"] else "altered"


def _shown(name: str) -> str:
    return name if name.isprintable() else ascii(name)
