"""Entry point ``desk``: a local page on a model, for editors who look for a picture."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import uvicorn
from fastapi import FastAPI

from mlproject import tracking
from mlproject.failures import sentence_of
from mlproject.registered import (
    NOT_KNOWN,
    Registered,
    folders_of,
    given_pictures,
    grown_pictures,
    image_encoders,
    registered_pictures,
)
from mlproject.score import retriever_folder
from mlproject.stopping import ended_by_signal
from newsimages.desk.app import Desk as Page
from newsimages.desk.app import application
from newsimages.desk.models import InProcess, Loaded, Model, Served
from newsimages.desk.pictures import ListedPictures, Pictures
from newsimages.desk.taken import COLUMNS, Keep
from newsimages.encoding.models import AUTO
from newsimages.errors import NewsImagesError
from newsimages.lists import names_in
from newsimages.retriever.folder import LATEST, load_retriever
from newsimages.retriever.manifest import read_manifest
from newsimages.retriever.requests import Answers
from newsimages.retriever.retriever import Retriever

TAKEN = "taken.json"
"""The run's table of what was taken, with the columns of `newsimages.desk.taken`."""
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - which is asked for, not bound to by default
PATIENCE_S = 10.0  # for answers that are under way when the desk is closed


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Opens the picture desk: a local page on a model, for people who choose pictures."""

    model: str = "models:/newsimages-fused@champion"
    """The registered model, models:/NAME@ALIAS or models:/NAME/VERSION, or the address of a served
    one, such as http://127.0.0.1:5001."""
    pictures: str = AUTO
    """Where its image files are: a folder, a corpus folder, or demo; auto: where the run that
    registered the model found them."""
    workdir: str = "work"
    """The folder for the model's files; made if it is not there."""
    host: str = "127.0.0.1"
    """The address that the page is opened on; by default this machine alone reaches it."""
    port: int = 5002
    """The port of it."""
    names: str = ""
    """Host names by which others call this machine, separated by commas; others are refused."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a port that cannot be, or a host that answers to no name."""
        if not 0 <= self.port <= 65_535:
            raise NewsImagesError(f"port is {self.port}, expected 0 to 65535.")
        if self.host in ANY_ADDRESS and not names_in(self.names):
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
        listening = _listen(config)
        model = _model(config)
        app = application(Page(model, _keep()), hosts=config.hosts)
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        with _serving(app, listening):
            print(f"\nThe desk is open: http://{shown}:{port} (Ctrl-C closes it)", flush=True)


def _keep() -> Keep:
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
            if (why := sentence_of(error)) is None:
                raise
            raise NewsImagesError(why) from error

    return keep


def _listen(config: Desk) -> socket.socket:
    """A socket on the port. Raises: NewsImagesError where it cannot be had."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family)
    except (OSError, UnicodeError) as error:
        raise NewsImagesError(
            f"The desk cannot be opened on {config.host}, port {config.port}: "
            f"{getattr(error, 'strerror', None) or error}. Choose another port, or host."
        ) from error


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


def _model(config: Desk) -> Model:
    """What the page asks. Raises: NewsImagesError where there is no such model."""
    workdir = config.workdir
    given = None if config.pictures == AUTO else given_pictures(config.pictures, workdir)
    if config.model.startswith(("http://", "https://")):
        return Served(config.model, given or ListedPictures(why_none=NOT_KNOWN))
    folder = retriever_folder(config.model, Path(workdir))
    grows = read_manifest(folder).pointer is not None
    retriever = load_retriever(folder, version=LATEST if grows else "")
    name, version = Registered.of(config.model)
    pictures = _pictures(config, retriever, given)
    print(f"  {name} {version}: {_n_images(retriever)} images")
    return InProcess(
        name=name,
        version=version,
        loaded=Loaded(Answers(retriever), pictures),
        encoders=partial(image_encoders, config.model, retriever),
    )


def _pictures(config: Desk, retriever: Retriever, given: ListedPictures | None) -> Pictures:
    if snapshot := retriever.snapshot:
        roots = [given.root] if given else folders_of(snapshot)
        return grown_pictures(snapshot, roots)
    return given or registered_pictures(config.model, config.workdir)


def _n_images(retriever: Retriever) -> int:
    return len(retriever.snapshot or next(iter(retriever.gallery.values())))
