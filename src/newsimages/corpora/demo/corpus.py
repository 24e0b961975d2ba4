"""Writes the demo corpus: tables and drawn pictures in the project's own folder form.

In: a folder and a seed. Out: a corpus folder with the data sets RSS, RT (German) and TW, each with
``train.csv``, ``test.csv``, ``captions.csv`` and ``images``, caption–image pairs in ``pairs``, and
``corpus.json``.
"""

import csv
import io
import json
import multiprocessing
import os
import signal
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from newsimages import demo_models
from newsimages.atomic import temporary_of, write_bytes
from newsimages.checksums import file_sha256
from newsimages.corpora.demo.drawing import draw
from newsimages.corpora.demo.plan import (
    GENERATOR_VERSION,
    SEED,
    STYLES,
    Plan,
    Row,
    Sizes,
    plan_corpus,
)
from newsimages.corpora.demo.scenes import Scene
from newsimages.errors import NewsImagesError
from newsimages.progress import progress

if TYPE_CHECKING:
    from multiprocessing.pool import Pool

JPEG_QUALITY = 85
PICTURE_SIZE = 256
"""Width and height of the pictures in pixels."""

MODELS = {
    **dict.fromkeys(("backbone", "pretrained", "translator"), demo_models.NAME),
    "multilingual_backbone": demo_models.MULTILINGUAL,
}
"""The models that the corpus recommends."""

_CHUNK = 32
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"

Task = tuple[Path, Scene]


def build_demo(
    folder: Path, *, seed: int = SEED, sizes: Sizes | None = None, workers: int | None = None
) -> Path:
    """Writes the demo corpus into ``folder``, or what is missing of it, and returns ``folder``.

    ``corpus.json`` is written last, with the checksums of the tables and the number and bytes of
    the pictures: where these fit, nothing is done.
    The tables are the same for the same ``seed`` and ``sizes``; so are the pictures, given the
    same Pillow. ``workers`` processes draw (default: one per core).

    Raises:
        NewsImagesError: ``folder`` holds another corpus, or cannot be written.
    """
    sizes = sizes or Sizes()
    if _is_complete(folder, seed, sizes):
        return folder
    plan = plan_corpus(seed, sizes)
    for name, rows in plan.tables.items():
        write_bytes(folder / name, _csv(rows))
    _draw_missing(folder, plan.pictures, workers or os.cpu_count() or 1)
    write_bytes(folder / "corpus.json", _description(folder, plan, seed, sizes))
    return folder


def _description(folder: Path, plan: Plan, seed: int, sizes: Sizes) -> bytes:
    """The content of ``corpus.json``."""
    content = {
        "name": "demo",
        **MODELS,
        **_identity(seed, sizes),
        "tables": {name: file_sha256(folder / name) for name in plan.tables},
        **_pictures(folder),
    }
    return json.dumps(content, indent=2).encode() + b"\n"


def _pictures(folder: Path) -> dict[str, int]:
    """Number and bytes of the pictures, which tell absent, empty and cut ones."""
    sizes = [path.stat().st_size for path in folder.glob("*/images/*.jpg")]
    return {"pictures": len(sizes), "picture_bytes": sum(sizes)}


def _identity(seed: int, sizes: Sizes) -> dict[str, int]:
    """The settings that tell one demo corpus from another."""
    return {"generator": GENERATOR_VERSION, "seed": seed, **vars(sizes)}


def _is_complete(folder: Path, seed: int, sizes: Sizes) -> bool:
    """Whether the whole corpus lies in ``folder`` already."""
    path = folder / "corpus.json"
    if not path.is_file():
        return False
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    wanted: dict[str, object] = {"name": "demo", **_identity(seed, sizes)}
    present = {key: found.get(key) for key in wanted} if isinstance(found, dict) else {}
    if present != wanted:
        raise NewsImagesError(
            f"{path} describes another corpus: got {present}, expected {wanted}. "
            "Choose another folder for the demo corpus, or delete this one."
        )
    tables = found.get("tables")
    described = {**MODELS, **_pictures(folder)}
    captions = {f"{style.name}/captions.csv" for style in STYLES}  # not always there at first
    if not isinstance(tables, dict) or not described.items() <= found.items():
        return False
    if not captions <= tables.keys():
        return False
    return all(
        (folder / name).is_file() and file_sha256(folder / name) == sha256
        for name, sha256 in tables.items()
    )


def _csv(rows: Iterable[Row]) -> bytes:
    """A table as UTF-8 CSV with a header."""
    rows = list(rows)
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue().encode()


def _draw_missing(folder: Path, pictures: Mapping[str, Scene], workers: int) -> None:
    """Draws the pictures that are absent or cut short."""
    tasks = [(folder / name, scene) for name, scene in pictures.items()]
    tasks = [task for task in tasks if not _is_whole(task[0])]
    for parent in {path.parent for path, _ in tasks}:
        parent.mkdir(parents=True, exist_ok=True)
    workers = min(workers, -(-len(tasks) // _CHUNK))
    with progress(
        total=len(tasks), unit="pictures", doing="draw the demo corpus", hide=not tasks
    ) as bar:
        pool = _processes(workers) if workers > 1 else None
        if pool is None:
            for task in tasks:
                _draw_file(task)
                bar.update()
            return
        with pool:
            for _ in pool.imap_unordered(_draw_file, tasks, chunksize=_CHUNK):
                bar.update()


def _processes(n: int) -> "Pool | None":
    """Processes that leave Ctrl-C, which a terminal sends to them as well, to this one.

    None where the system has no shared memory (/dev/shm), which they need.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # they inherit it
    try:
        return multiprocessing.get_context("spawn").Pool(n)
    except OSError:
        return None
    finally:
        signal.signal(signal.SIGINT, before)


def _is_whole(path: Path) -> bool:
    """Whether ``path`` is a JPEG file with its end."""
    try:
        with path.open("rb") as file:
            starts = file.read(2) == _JPEG_START
            file.seek(-2, os.SEEK_END)
            return starts and file.read(2) == _JPEG_END
    except OSError:
        return False


def _draw_file(task: Task) -> None:
    """Draws one picture into its file, whole or not at all.

    It is not synced as in `newsimages.atomic`, which would take longer than the drawing: a picture
    emptied by a power cut lacks its end and is drawn anew.
    """
    path, scene = task
    temporary = temporary_of(path)
    try:
        draw(scene, PICTURE_SIZE).save(temporary, format="JPEG", quality=JPEG_QUALITY)
        temporary.replace(path)
    except OSError as error:
        raise NewsImagesError(
            f"Cannot write {path}: {error.strerror or error}. "
            "Free some space or choose another folder."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
