"""Requests that come at the same time are worked on together.

In come items from many threads, out come each thread's own results. Whoever comes while nothing is
worked on begins at once. Who comes meanwhile queues up, and what has queued up when that work is
done is the next batch, led by the thread at its head. So one client alone loses nothing, and many
are served in batches as large as they are many. The work itself is done in one thread, made when
the first request is there: each thread keeps memory of its own for what it computed last.
"""

import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Generic, TypeVar

from newsimages.errors import NewsImagesError

Item = TypeVar("Item")
Result = TypeVar("Result")
MAX_ITEMS = 64  # in a batch; a request of more is one of its own
MAX_WAITING = 128  # requests
COMPANY_S = 0.003  # that a batch waits for more, where requests came during the one before
MAX_WAIT_S = 45.0  # less than the minute after which MLflow's server gives up


class BusyError(NewsImagesError):
    """So many wait already that another one cannot be answered in time."""


@dataclass(eq=False)
class _Request(Generic[Item, Result]):
    """What one thread asks."""

    settings: Hashable
    items: Sequence[Item]
    called: Event = field(default_factory=Event)
    """Set when there is an outcome, or when it is this thread's turn to work."""
    results: Sequence[Result] | None = None
    error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return self.results is not None or self.error is not None


class Batcher(Generic[Item, Result]):
    """Works on the items of several threads at once.

    Args:
        work: Settings and items to as many results, in order. What becomes of an item must not
            depend on the others.
        max_items: Items in a batch.
        max_waiting: Requests that wait, at most.
        max_wait_s: Seconds that one waits for its turn, at most.
        company_s: Seconds that a batch waits for more, where requests came during the one before.
    """

    def __init__(
        self,
        work: Callable[[Hashable, Sequence[Item]], Sequence[Result]],
        *,
        max_items: int = MAX_ITEMS,
        max_waiting: int = MAX_WAITING,
        max_wait_s: float = MAX_WAIT_S,
        company_s: float = COMPANY_S,
    ) -> None:
        self._work, self._thread = work, ThreadPoolExecutor(1)
        self.max_items, self.max_waiting, self.max_wait_s = max_items, max_waiting, max_wait_s
        self.company_s = company_s
        self._queue: deque[_Request[Item, Result]] = deque()
        self._is_working = False
        self._lock = Lock()

    def __call__(self, settings: Hashable, items: Sequence[Item]) -> Sequence[Result]:
        """The results of ``items``; requests of equal settings share a batch.

        Raises:
            BusyError: The queue is full, or the turn did not come in time.
            Exception: What ``work`` raises on these items.
        """
        request = _Request[Item, Result](settings, items)
        with self._lock:
            if len(self._queue) >= self.max_waiting:
                raise BusyError(
                    f"{len(self._queue)} requests are waiting already. Try again in a moment, or "
                    "ask for several articles in one request."
                )
            self._queue.append(request)
            leads, self._is_working = not self._is_working, True
        if not leads and not request.called.wait(self.max_wait_s):
            self._give_up(request)
        if not request.is_done:
            if not leads and len(self._queue) < self.max_items:
                time.sleep(self.company_s)
            self._lead(request)
        if request.error is not None:
            raise request.error
        return request.results or ()

    def _give_up(self, request: _Request[Item, Result]) -> None:
        """Leaves the queue, unless the turn has come in this very moment."""
        with self._lock:
            if request in self._queue and not request.called.is_set():
                self._queue.remove(request)
                raise BusyError(
                    f"The turn did not come in {self.max_wait_s:g} s. Try again later, or ask "
                    "less at a time."
                )
        request.called.wait()

    def _lead(self, first: _Request[Item, Result]) -> None:
        """Works on a batch with this request at its head, and calls the next one to lead."""
        with self._lock:
            batch = self._taken(first)
        try:
            self._answer(batch)
        except BaseException as error:  # of this thread (an interrupt): the others must not wait
            for request in batch:
                request.error = request.error or error
            raise
        finally:
            for request in batch:
                request.called.set()
            with self._lock:
                self._is_working = bool(self._queue)
                if self._queue:
                    self._queue[0].called.set()

    def _taken(self, first: _Request[Item, Result]) -> list[_Request[Item, Result]]:
        """The request and those behind it that fit into its batch, out of the queue."""
        batch, n_items = [], 0
        for request in list(self._queue):
            fits = request.settings == first.settings and (
                request is first or n_items + len(request.items) <= self.max_items
            )
            if fits:
                batch.append(request)
                n_items += len(request.items)
                self._queue.remove(request)
        return batch

    def _answer(self, batch: Sequence[_Request[Item, Result]]) -> None:
        """Gives each request its results, or the error of its own items."""
        try:
            items = [item for each in batch for item in each.items]
            results = self._thread.submit(self._work, batch[0].settings, items).result()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is that request's
            if len(batch) == 1:
                batch[0].error = error
                return
            for request in batch:  # one by one, so that a bad one spoils no other
                self._answer([request])
            return
        start = 0
        for request in batch:
            request.results = results[start : start + len(request.items)]
            start += len(request.items)
