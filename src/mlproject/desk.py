"""Entry point ``desk``: a local page on a model, for editors who look for a picture."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import uvicorn
from fastapi import FastAPI

from mlproject import tracking
from mlproject.failures import sentence_of
from mlproject.growing import Gallery, load_encoders
from mlproject.options import GrowingOptions
from mlproject.registered import (
    NOT_KNOWN,
    Registered,
    adding_as,
    folders_of,
    given_pictures,
    image_encoders,
    registered_pictures,
)
from mlproject.score import retriever_folder
from mlproject.stopping import ended_by_signal
from mlproject.watching import Watch, watching
from newsimages.corpora.choices import COLUMNS
from newsimages.desk.answering import Desk as Page
from newsimages.desk.app import application
from newsimages.desk.models import InProcess, Loaded, Model, Served
from newsimages.desk.pictures import GalleryPictures, ListedPictures
from newsimages.desk.taken import Keep
from newsimages.encoding.models import AUTO
from newsimages.errors import NewsImagesError, reason_of
from newsimages.lists import names_in
from newsimages.paths import is_folder, looked_for
from newsimages.retriever.folder import LATEST, load_retriever, on_newest
from newsimages.retriever.manifest import read_manifest
from newsimages.retriever.requests import Answers
from newsimages.retriever.retriever import Retriever

TAKEN = "taken.json"
"""The run's table of what was taken, with the columns of `newsimages.corpora.choices`."""
# Which is asked for, not bound to by default; a blank host is all of IPv4, too.
ANY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104
_DAMAGED = (AttributeError, KeyError, TypeError, ValueError)
"""What reading a table raises that MLflow has not written so."""
PATIENCE_S = 10.0  # for answers that are under way when the desk is closed


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Opens the picture desk: a local page on a model, for people who choose pictures."""

    model: str = "models:/newsimages-fused@champion"
    """The registered model, models:/NAME@ALIAS or models:/NAME/VERSION, or the address of a served
    one, such as http://127.0.0.1:5001."""
    pictures: str = AUTO
    """Where its image files are: a folder, a corpus folder, demo, or a gallery that grows, which
    knows; auto: where the run that registered the model found them."""
    workdir: str = "work"
    """The folder for the model's files; made if it is not there."""
    host: str = "127.0.0.1"
    """The address that the page is opened on; by default this machine alone reaches it."""
    port: int = 5002
    """The port of it."""
    watch: str = ""
    """A folder of incoming pictures, which are added to the model's gallery, if that grows."""
    names: str = ""
    """Host names by which others call this machine, separated by commas; others are refused."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a port that cannot be, or a host that answers to no name."""
        if not 0 <= self.port <= 65_535:
            raise NewsImagesError(f"port is {self.port}, expected 0 to 65535.")
        self.check_names(self.host)

    def check_names(self, address: str) -> None:
        """Raises: NewsImagesError where it is open to all machines, which know it by no name."""
        if address in ANY_ADDRESS and not names_in(self.names):
            raise NewsImagesError(
                f"host={self.host} is open to other machines: set names to the host names by which "
                "they call this one, so that no other page can pass itself off as the desk."
            )

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that it answers to, beside those of this machine."""
        return (*names_in(self.names), *(() if self.host in ANY_ADDRESS else (self.host,)))


def run(config: Desk) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        listening = listen(config)
        model, watch = opened(config)
        print(f"  {model.name} {model.version}: {model.n_images or 'unknown'} images")
        app = application(Page(model, keeping()), hosts=config.hosts)
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        with watching(watch) if watch else nullcontext(), _serving(app, listening):
            print(f"\nThe desk is open: http://{shown}:{port} (Ctrl-C closes it)", flush=True)


def keeping() -> Keep:
    """Writes what is taken into a table of the active run, and how much that is by now."""
    run, client, lock = mlflow.active_run(), mlflow.MlflowClient(), threading.Lock()
    run_id, n_taken = run.info.run_id if run else "", 0

    def keep(rows: Sequence[dict[str, Any]]) -> None:
        nonlocal n_taken
        try:
            with lock:  # a table is read, and written with more rows
                client.log_table(run_id, pd.DataFrame(list(rows), columns=list(COLUMNS)), TAKEN)
                n_taken += len(rows)
                client.log_metric(run_id, "pictures_taken", n_taken)
        except Exception as error:
            why = sentence_of(error)
            if why is None and isinstance(error, _DAMAGED):
                why = (
                    f"The choice is not written down: {TAKEN} of the run {run_id} is damaged "
                    f"({reason_of(error)}). Open the desk again, which begins another table."
                )
            if why is None:
                raise
            raise NewsImagesError(why) from error

    return keep


def listen(config: Desk) -> socket.socket:
    """A socket on the port. Raises: NewsImagesError where it cannot be had."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        listening = socket.create_server((config.host, config.port), family=family)
    except (OSError, UnicodeError) as error:
        raise NewsImagesError(
            f"The desk cannot be opened on {config.host}, port {config.port}: "
            f"{getattr(error, 'strerror', None) or error}. Choose another port, or host."
        ) from error
    try:
        config.check_names(listening.getsockname()[0])  # host=0 is 0.0.0.0, too
    except NewsImagesError:
        listening.close()
        raise
    return listening


@contextmanager
def _serving(app: FastAPI, listening: socket.socket) -> Iterator[None]:
    """Serves from within the block until a signal comes, which is how a desk is closed."""
    settings = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    server = uvicorn.Server(settings)
    # Not in the main thread, where uvicorn would take the signals from the run that they close.
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    with ended_by_signal():
        try:
            thread.start()
            yield
            while thread.is_alive():
                thread.join(0.5)
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)


def opened(config: Desk) -> tuple[Model, Watch | None]:
    """What the page asks, and what keeps it up to date where its gallery grows.

    Raises:
        NewsImagesError: There is no such model, or nothing that could be watched.
    """
    given = None if config.pictures == AUTO else given_pictures(config.pictures, config.workdir)
    if config.watch and not is_folder(config.watch):
        raise NewsImagesError(
            f"watch={config.watch} is no folder{looked_for(config.watch)}. Name the folder that "
            "pictures come into."
        )
    if config.model.startswith(("http://", "https://")):
        _refuse_to_watch(config, "is served elsewhere")
        return Served(config.model, given or ListedPictures(why_none=NOT_KNOWN)), None
    folder = retriever_folder(config.model, Path(config.workdir))
    grows = read_manifest(folder).pointer is not None
    retriever = load_retriever(folder, version=LATEST if grows else "")
    encoders = cache(partial(image_encoders, config.model, retriever))
    name, version = Registered.of(config.model)
    made = partial(InProcess, name=name, version=version, encoders=encoders)
    if retriever.snapshot is None:
        _refuse_to_watch(config, "holds its own images")
        pictures = given or registered_pictures(config.model, config.workdir)
        return made(loaded=Loaded(Answers(retriever), pictures)), None
    named = [given.root] if isinstance(given, ListedPictures) else []
    roots = named or folders_of(retriever.snapshot)
    roots += [Path(config.watch)] if config.watch else []
    model = made(loaded=_loaded(retriever, roots))

    def newest() -> Loaded:
        return _loaded(on_newest(folder, model.retriever), roots)

    growing = GrowingOptions(gallery=retriever.snapshot.uri, images=config.watch)
    adding = Gallery(growing=growing, workdir=config.workdir, **adding_as(config.model))
    load = cache(partial(load_encoders, adding))
    return model, Watch(model, newest, Path(config.watch) if config.watch else None, adding, load)


def _loaded(retriever: Retriever, roots: Sequence[Path]) -> Loaded:
    """A retriever on a version of a gallery that grows. Raises: NewsImagesError without one."""
    if retriever.snapshot is None:
        raise NewsImagesError("The model holds its own images.")
    pictures = GalleryPictures(snapshot=retriever.snapshot, roots=tuple(roots))
    return Loaded(Answers(retriever), pictures)


def _refuse_to_watch(config: Desk, why: str) -> None:
    """Raises: NewsImagesError where that is asked for."""
    if config.watch:
        raise NewsImagesError(
            f"watch={config.watch}, but {config.model} {why}: nothing can be added. Register a "
            "model on a gallery that grows (docs/scale.md), or leave watch out."
        )
