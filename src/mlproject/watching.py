"""A gallery that grows, watched while a desk is open: what is new is searchable in a moment.

Every few seconds a thread looks into the folder of incoming pictures, adds those that nobody writes
to any more to the gallery, and goes on to the gallery's newest version, whoever has made it.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlproject.failures import sentence_of
from mlproject.growing import Gallery, add_listed
from newsimages.corpora.image_folder import image_files
from newsimages.desk.models import InProcess, Loaded
from newsimages.desk.pictures import tag_of
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.images import UnreadableImageError
from newsimages.errors import NewsImagesError, first_ten, shortened
from newsimages.gallery.listing import listing
from newsimages.gallery.table import Gallery as Growing

EVERY_S = 5.0


class Watch:
    """Looks for new pictures, and for new versions of the gallery."""

    def __init__(
        self,
        model: InProcess,
        newest: Callable[[], Loaded],
        folder: Path | None,
        config: Gallery,
        encoders: Callable[[], Mapping[str, OpenClipEncoder]],
    ) -> None:
        """Takes what it keeps up to date, and how.

        Args:
            model: Which is given what ``newest`` loads.
            newest: Loads the newest version of the gallery.
            folder: Of incoming pictures; None: others add them.
            config: The gallery, and how pictures are added to it.
            encoders: Loads the models of its vectors, when the first picture is there.
        """
        self._model, self._newest, self._folder = model, newest, folder
        self._config, self._encoders = config, encoders
        self._seen: dict[str, str] = {}
        self._done: dict[str, str] = {}
        self._problems: dict[str, str] = {}

    def look(self) -> None:
        """Adds what is new, and goes on to the newest version; says what cannot be done."""
        try:
            if self._folder:
                self._add(self._folder)
            if Growing.open(self._config.growing.gallery).version != self._version:
                self._model.loaded = self._newest()
            self._say("")
        except Exception as error:
            if (why := sentence_of(error)) is None:  # which ends the watch: the page has to say so
                kind = type(error).__name__
                self._say(
                    f"New pictures are not looked for any more ({kind}): open the desk again."
                )
                raise
            self._say(why)

    @property
    def _version(self) -> int | None:
        snapshot = self._model.retriever.snapshot
        return snapshot.version if snapshot else None

    def _add(self, folder: Path) -> None:
        """Adds the pictures that have not changed since the last look, and were not tried yet."""
        tags = dict(_tags(folder))
        ready = [key for key, tag in tags.items() if self._seen.get(key) == tag]
        todo = [key for key in ready if self._done.get(key) != tags[key]]
        self._seen = tags
        self._problems = {key: why for key, why in self._problems.items() if key in tags}
        if not todo:
            return
        try:
            self._add_these(folder, todo)
        except NewsImagesError:  # one is not taken, and none is: find out which
            for key in todo:
                try:
                    self._add_these(folder, [key])
                except NewsImagesError as error:
                    self._problems[key] = str(error)
        self._done |= {key: tags[key] for key in todo}

    def _add_these(self, folder: Path, keys: Collection[str]) -> None:
        found = listing(folder, only=keys)
        change, _, unread = add_listed(self._config, found, self._encoders())
        self._problems |= unread
        if change.added:
            print(f"  {change.added} new pictures of {folder} are in the gallery", flush=True)

    def _say(self, trouble: str) -> None:
        """Tells the page, and the terminal where it is news."""
        if self._problems:
            shown = first_ten([f"{key} ({shortened(why)})" for key, why in self._problems.items()])
            trouble = f"{trouble} Not added of {self._folder}: {shown}".strip()
        if trouble not in ("", self._model.notice):
            print(f"  {trouble}", flush=True)
        self._model.notice = trouble


@contextmanager
def watching(watch: Watch, *, every_s: float = EVERY_S) -> Iterator[None]:
    """Looks every few seconds while the block runs."""
    ended = threading.Event()

    def look_again() -> None:
        while not ended.wait(every_s):
            watch.look()

    thread = threading.Thread(target=look_again, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _tags(folder: Path) -> Iterator[tuple[str, str]]:
    """Yields each image file's id, and what changes when the file does."""
    for key, path in image_files(folder).items():
        try:
            yield key, tag_of(path)
        except UnreadableImageError:  # it is gone again
            continue
