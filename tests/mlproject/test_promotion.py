"""The alias of a new version and why it gets it, also where several are registered at once."""

import math
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import mlflow
import numpy as np
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

from mlproject.promotion import CHALLENGER, CHAMPION, settle, settling
from newsimages.errors import NewsImagesError

NAME = "newsimages-clip"
EQUAL = {
    "backbone": "demo",
    "precision": "bf16",
    "with/weights": "5a6b7c8d",
    "with/preprocessing": "de,en; translator 1b2c3d4e; long texts cut",
    "with/validation_part": "461 articles, ad0db032",
    "with/gallery": "900 images, cf955227",
}


def tags_with(mrr: float, promote: str = "auto", **others: str) -> dict[str, str]:
    """What a version is registered with; ``others`` by the last words of their names."""
    terms = {key: others.get(key.split("/")[-1], value) for key, value in EQUAL.items()}
    gallery = {"gallery": "all (900 images)"}
    decided = {} if promote == "auto" else {"promote": promote}
    return {**decided, "validation_mrr": f"{mrr:.6f}", **gallery, **terms}


class Registry:
    """A registry in memory. Of several threads that call it, a lot decides whose turn it is."""

    def __init__(self, seed: int) -> None:
        self.tags: dict[str, dict[str, str]] = {}
        self.aliases: dict[str, str] = {}
        self._lots = np.random.default_rng(seed)
        self._waiting: dict[int, bool] = {}  # by thread: whether it waits for its turn
        self._turn = threading.Condition()

    def together(self, works: list[Callable[[], object]]) -> None:
        """Does several works at once, one call at a time."""

        def one(number: int) -> None:
            try:
                self._local.number = number
                works[number]()
            finally:
                with self._turn:
                    del self._waiting[number]
                    self._next()

        self._local = threading.local()
        self._waiting = dict.fromkeys(range(len(works)), False)
        self._chosen = -1
        with ThreadPoolExecutor(len(works)) as pool:
            for future in [pool.submit(one, number) for number in range(len(works))]:
                future.result()
        self._waiting = {}

    def _next(self) -> None:
        if self._waiting and all(self._waiting.values()):
            self._chosen = int(self._lots.choice(list(self._waiting)))
            self._turn.notify_all()

    def _await_turn(self) -> None:
        if not self._waiting:
            return
        number = self._local.number
        with self._turn:
            self._waiting[number] = True
            self._next()
            self._turn.wait_for(lambda: self._chosen == number)
            self._chosen, self._waiting[number] = -1, False

    def register(self, mrr: float, promote: str = "auto", **others: str) -> None:
        """As `register` does: a version, its tags, its alias."""
        self._await_turn()
        tags, version = tags_with(mrr, promote, **others), str(len(self.tags) + 1)
        self.tags[version] = {}
        for key, value in tags.items():
            self.set_model_version_tag(NAME, version, key, value)
        settle(NAME, version, tags)

    def search_model_versions(self, *_: object, **__: object) -> list[SimpleNamespace]:
        self._await_turn()
        return [
            SimpleNamespace(version=version, tags=dict(tags)) for version, tags in self.tags.items()
        ]

    def get_registered_model(self, name: str) -> SimpleNamespace:
        self._await_turn()
        return SimpleNamespace(name=name, aliases=dict(self.aliases))

    def get_model_version(self, name: str, version: str) -> SimpleNamespace:
        self._await_turn()
        return SimpleNamespace(name=name, version=version, tags=dict(self.tags[version]))

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        self._await_turn()
        self.aliases[alias] = version

    def set_model_version_tag(self, name: str, version: str, key: str, value: str) -> None:
        self._await_turn()
        self.tags[version][key] = value

    def mrr_of(self, alias: str) -> float:
        return float(self.tags[self.aliases[alias]]["validation_mrr"])


@pytest.fixture
def files_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every version has its files, which versions in memory do not."""
    listed = [SimpleNamespace(path="MLmodel")]
    monkeypatch.setattr(mlflow.artifacts, "list_artifacts", lambda **_: listed)


@pytest.mark.usefixtures("files_are_there")
@pytest.mark.parametrize("before", [None, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("at_once", [(0.4, 0.6), (0.6, 0.5, 0.4)])
def test_of_several_that_are_registered_at_once_the_best_is_champion(
    at_once: tuple[float, ...], before: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = set()
    for seed in range(100):
        registry = Registry(seed)
        monkeypatch.setattr(mlflow, "MlflowClient", lambda registry=registry: registry)
        if before is not None:
            registry.register(before)
        registry.together([partial(registry.register, mrr) for mrr in at_once])
        assert registry.mrr_of(CHAMPION) == max(before or 0, 0.6), seed
        assert all(tags["settled_as"] in (CHAMPION, CHALLENGER) for tags in registry.tags.values())
        orders.add(tuple(tags["validation_mrr"] for tags in registry.tags.values()))
    assert len(orders) == math.factorial(len(at_once))  # each came first at times


@pytest.mark.usefixtures("files_are_there")
def test_at_once_only_versions_that_can_be_compared_stand_in_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for seed in range(50):
        registry = Registry(seed)
        monkeypatch.setattr(mlflow, "MlflowClient", lambda registry=registry: registry)
        registry.register(0.3)
        registry.together(
            [
                partial(registry.register, 0.4),
                partial(registry.register, 0.8, "never"),
                partial(registry.register, 0.9, gallery="2 images, 44556677"),
            ]
        )
        assert registry.mrr_of(CHAMPION) == 0.4, seed


def register(mrr: float, promote: str = "auto", *, is_trial: bool = False, **others: str) -> str:
    """As `register` does, in the store: a version, its tags, its alias. What it prints of it."""
    tags = tags_with(mrr, promote, **others)
    return settled(version_with(tags), tags, is_trial=is_trial)


def version_with(tags: dict[str, str]) -> str:
    """A new version with these tags, the files of a model and no alias."""
    client = mlflow.MlflowClient()
    number = len(client.search_model_versions(f"name = '{NAME}'")) + 1
    folder = Path(f"models/{number}/artifacts/retriever").absolute()
    folder.mkdir(parents=True)
    (folder / "retriever.json").write_text("{}")
    (folder.parents[1] / "MLmodel").write_text("")
    version = client.create_model_version(NAME, source=str(folder.parents[1])).version
    for key, value in tags.items():
        client.set_model_version_tag(NAME, str(version), key, value)
    return str(version)


def settled(version: str, tags: dict[str, str], *, is_trial: bool = False) -> str:
    with settling(NAME, version):
        alias, reason = settle(NAME, version, tags, is_trial=is_trial)
    return f"version {version}: {alias}, as {reason}"


def version_of(alias: str) -> str | None:
    """The version that has an alias."""
    version = mlflow.MlflowClient().get_registered_model(NAME).aliases.get(alias)
    return str(version) if version else None


@pytest.mark.usefixtures("store", "files_are_there")
def test_in_a_store_of_two_at_once_the_better_is_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worse sleeps between reading the champion and setting itself, the better does not."""
    mlflow.MlflowClient().create_registered_model(NAME)
    read = mlflow.MlflowClient.get_model_version
    worse_has_read, better_is_done = threading.Event(), threading.Event()

    def slow(self: mlflow.MlflowClient, name: str, version: str) -> object:
        try:
            return read(self, name, version)
        finally:
            if threading.current_thread().name == "worse":
                worse_has_read.set()
                better_is_done.wait(60)

    monkeypatch.setattr(mlflow.MlflowClient, "get_model_version", slow)

    register(0.1)
    said: list[str] = []
    worse = threading.Thread(target=lambda: said.append(register(0.4)), name="worse")
    worse.start()
    assert worse_has_read.wait(60)
    assert "champion" in register(0.6)
    better_is_done.set()
    worse.join(60)
    assert said == ["version 2: challenger, as version 3 of the same moment is better"]
    assert (version_of(CHAMPION), version_of(CHALLENGER)) == ("3", "2")


@pytest.mark.usefixtures("files_are_there")
def test_a_version_that_was_taken_down_by_hand_does_not_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = Registry(0)
    monkeypatch.setattr(mlflow, "MlflowClient", lambda: registry)
    registry.register(0.3)
    registry.register(0.9)
    registry.aliases[CHAMPION] = "1"  # by hand
    registry.register(0.5)
    assert registry.aliases[CHAMPION] == "3"
    registry.register(0.4)
    assert (registry.aliases[CHAMPION], registry.aliases[CHALLENGER]) == ("3", "4")


ITS = "as its validation MRR of"
OF = "that of the champion, 0.552081 (version 1)"
GONE = "that of the champion, 0.552081 (version 1, whose files are gone)"
NEVERTHELESS = "promote=always makes it champion all the same"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("mrr", "others", "champion_has_files", "printed"),
    [
        (0.552081, {}, True, f"champion, {ITS} 0.552081 equals {OF}"),
        (0.552092, {}, True, f"champion, {ITS} 0.552092 is above {OF}"),
        (0.55207, {}, True, f"challenger, {ITS} 0.552070 is below {OF}. {NEVERTHELESS}"),
        (
            0.9,
            {"backbone": "ViT-B-32 openai", "weights": "1f2e3d4c"},
            True,
            f"challenger, {ITS} 0.900000 cannot be compared with {OF}: another backbone "
            "(ViT-B-32 openai; the champion's: demo), another set of weights (1f2e3d4c; the "
            f"champion's: 5a6b7c8d). {NEVERTHELESS}",
        ),
        (
            0.9,
            {"validation_part": "461 articles, 00112233"},
            True,
            f"challenger, {ITS} 0.900000 cannot be compared with {OF}: another validation part "
            "(461 articles, 00112233; the champion's: 461 articles, ad0db032). "
            f"{NEVERTHELESS}",
        ),
        (
            0.9,
            {"gallery": "2 images, 44556677"},
            True,
            f"challenger, {ITS} 0.900000 cannot be compared with {OF}: another gallery (2 images, "
            f"44556677; the champion's: 900 images, cf955227). {NEVERTHELESS}",
        ),
        (0.4, {}, False, f"champion, {ITS} 0.400000 takes the place of {GONE}"),
        (
            0.9,
            {"gallery": "2 images, 44556677"},
            False,
            f"challenger, {ITS} 0.900000 cannot be compared with {GONE}: another gallery (2 "
            f"images, 44556677; the champion's: 900 images, cf955227). {NEVERTHELESS}",
        ),
    ],
    ids=[
        *("same", "better", "worse", "other backbone", "other validation part", "other gallery"),
        *("champion's files gone", "champion's files gone, other gallery"),
    ],
)  # fmt: skip
def test_who_is_champion_and_what_is_said(
    mrr: float, others: dict[str, str], champion_has_files: bool, printed: str
) -> None:
    mlflow.MlflowClient().create_registered_model(NAME)
    assert register(0.552081) == "version 1: champion, as there was none"
    if not champion_has_files:
        shutil.rmtree("models/1")
    assert register(mrr, **others) == f"version 2: {printed}"
    assert version_of(CHAMPION) == ("2" if printed.startswith(CHAMPION) else "1")
    assert version_of(CHALLENGER) == ("2" if printed.startswith(CHALLENGER) else None)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("gone", ["MLmodel", "artifacts", "artifacts/retriever/retriever.json"])
def test_a_champion_is_gone_where_a_part_of_its_files_is(gone: str) -> None:
    mlflow.MlflowClient().create_registered_model(NAME)
    register(0.5)
    path = Path("models/1", gone)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert "(version 1, whose files are gone)" in register(0.4)
    assert version_of(CHAMPION) == "2"


@pytest.mark.usefixtures("store")
def test_a_champion_without_a_figure_stays() -> None:
    client = mlflow.MlflowClient()
    client.create_registered_model(NAME)
    register(0.5)
    client.set_model_version_tag(NAME, "1", "validation_mrr", "0,5")
    assert "cannot be compared with that of the champion, 0,5 (version 1)" in register(0.9)
    client.delete_model_version_tag(NAME, "1", "validation_mrr")
    assert "that of the champion, not on record (version 1)" in register(0.9)
    assert version_of(CHAMPION) == "1"


@pytest.mark.usefixtures("store")
def test_promote_decides_otherwise_and_says_what_the_comparison_would_have_done() -> None:
    mlflow.MlflowClient().create_registered_model(NAME)
    never = "version 1: challenger, as promote=never (auto makes it champion, as there was none)"
    assert register(0.5, "never") == never
    assert version_of(CHAMPION) is None
    register(0.5)
    assert register(0.4, "always") == (
        "version 3: champion, as promote=always (auto makes it challenger, as its validation MRR "
        "of 0.400000 is below that of the champion, 0.500000 (version 2))"
    )
    assert "promote=never (auto makes it champion" in register(0.9, "never")
    assert (version_of(CHAMPION), version_of(CHALLENGER)) == ("3", "4")


@pytest.mark.usefixtures("store")
def test_a_trial_is_not_the_first_champion() -> None:
    mlflow.MlflowClient().create_registered_model(NAME)
    trial = {"gallery": "2 images, 44556677"}
    said = register(0.5, is_trial=True, **trial)
    assert "challenger, as there is no champion, but its gallery" in said
    assert said.endswith(f"taken for a trial. {NEVERTHELESS}")
    assert version_of(CHAMPION) is None
    register(0.5, "always", is_trial=True, **trial)
    assert "is above that of the champion" in register(0.6, is_trial=True, **trial)
    assert version_of(CHAMPION) == "3"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("fails", ["get_registered_model", "get_model_version", "list_artifacts"])
def test_a_registry_that_does_not_answer_makes_no_champion(
    fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow.MlflowClient().create_registered_model(NAME)
    register(0.5)
    tags = tags_with(0.9)
    version = version_with(tags)

    def unavailable(*_: object, **__: object) -> None:
        raise MlflowException("503: come back later", TEMPORARILY_UNAVAILABLE)

    place = mlflow.artifacts if fails == "list_artifacts" else mlflow.MlflowClient
    with monkeypatch.context() as patched:
        patched.setattr(place, fails, unavailable)
        with pytest.raises(NewsImagesError) as raised:
            settled(version, tags)
    said = str(raised.value)
    assert f"{NAME} version 2 is registered, but whether it is the champion is not settled" in said
    assert "503: come back later" in said
    assert f"set_registered_model_alias('{NAME}', 'champion', '2')" in said
    assert version_of(CHAMPION) == "1"
    assert "version 3: champion" in register(0.95)


class Unavailable(BaseHTTPRequestHandler):
    """Answers as a proxy whose server is gone."""

    def do_GET(self) -> None:
        self.send_error(503)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("is_there", [True, False], ids=["answers 503", "is gone"])
def test_a_server_that_is_unavailable_makes_no_champion(
    is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `mlflow` speaks to it over HTTP."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with ThreadingHTTPServer(("127.0.0.1", 0), Unavailable) as server:
        mlflow.set_tracking_uri(f"http://127.0.0.1:{server.server_port}")
        if is_there:
            threading.Thread(target=server.serve_forever).start()
        else:
            server.server_close()
        try:
            with pytest.raises(NewsImagesError, match="version 2 is registered, but whether it is"):
                settled("2", tags_with(0.9))
        finally:
            if is_there:
                server.shutdown()
