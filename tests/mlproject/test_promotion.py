"""The alias of a new version, also where several are registered at once."""

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow.exceptions import MlflowException

from mlproject.promotion import CHALLENGER, CHAMPION, settle

NAME = "newsimages-clip"
NOBODY: Any = None  # a chooser, which versions of one validation part do not need


def tags_with(mrr: float, part: str = "p") -> dict[str, str]:
    gallery = {"gallery": "all (3 images)", "gallery_digest": "d"}
    return {"validation_mrr": f"{mrr:.6f}", "validation_part": part, **gallery}


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

    def register(self, mrr: float) -> None:
        """As `register` does: a version, its tags, its alias."""
        self._await_turn()
        version = str(len(self.tags) + 1)
        self.tags[version] = {}
        for key, value in tags_with(mrr).items():
            self.set_model_version_tag(NAME, version, key, value)
        settle(NAME, version, tags_with(mrr), NOBODY)

    def search_model_versions(self, *_: object, **__: object) -> list[SimpleNamespace]:
        self._await_turn()
        return [
            SimpleNamespace(version=version, tags=dict(tags)) for version, tags in self.tags.items()
        ]

    def get_model_version_by_alias(self, name: str, alias: str) -> SimpleNamespace:
        self._await_turn()
        if alias not in self.aliases:
            raise MlflowException(f"{alias} not found")
        version = self.aliases[alias]
        return SimpleNamespace(name=name, version=version, tags=dict(self.tags[version]))

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        self._await_turn()
        self.aliases[alias] = version

    def set_model_version_tag(self, name: str, version: str, key: str, value: str) -> None:
        self._await_turn()
        self.tags[version][key] = value

    def mrr_of(self, alias: str) -> float:
        return float(self.tags[self.aliases[alias]]["validation_mrr"])


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


@pytest.mark.usefixtures("store")
def test_in_a_store_of_two_at_once_the_better_is_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worse sleeps between reading the champion and setting itself, the better does not."""
    client = mlflow.MlflowClient()
    client.create_registered_model(NAME)
    read = mlflow.MlflowClient.get_model_version_by_alias
    worse_has_read, better_is_done = threading.Event(), threading.Event()

    def slow(self: mlflow.MlflowClient, name: str, alias: str) -> object:
        try:
            return read(self, name, alias)
        finally:
            if threading.current_thread().name == "worse":
                worse_has_read.set()
                better_is_done.wait(60)

    monkeypatch.setattr(mlflow.MlflowClient, "get_model_version_by_alias", slow)

    def register(mrr: float) -> tuple[str, str]:
        version = str(client.create_model_version(NAME, source="s3://nowhere/model").version)
        for key, value in tags_with(mrr).items():
            client.set_model_version_tag(NAME, version, key, value)
        return settle(NAME, version, tags_with(mrr), NOBODY)

    register(0.1)
    said: list[tuple[str, str]] = []
    worse = threading.Thread(target=lambda: said.append(register(0.4)), name="worse")
    worse.start()
    assert worse_has_read.wait(60)
    assert register(0.6)[0] == CHAMPION
    better_is_done.set()
    worse.join(60)
    assert said == [(CHALLENGER, "version 3 of the same moment is better")]
    assert str(client.get_model_version_by_alias(NAME, CHAMPION).version) == "3"
    assert str(client.get_model_version_by_alias(NAME, CHALLENGER).version) == "2"


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
