"""Requests that are worked on together: results, company, errors, limits."""

import threading
import time
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from newsimages.errors import NewsImagesError
from newsimages.retriever.batching import Batcher, BusyError


class Work:
    """Doubles numbers; the first batch waits for ``go``."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.began = threading.Event()
        self.batches: list[tuple[Hashable, list[int]]] = []

    def __call__(self, settings: Hashable, items: Sequence[int]) -> list[int]:
        self.batches.append((settings, list(items)))
        if len(self.batches) == 1:
            self.began.set()
            assert self.go.wait(20)
        if 13 in items:
            raise NewsImagesError("13 is refused")
        return [2 * item for item in items]


def waiting(batcher: Batcher[int, int], n: int) -> None:
    """Returns when so many requests wait."""
    deadline = time.monotonic() + 20
    while len(batcher._queue) < n:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_one_thread_does_all_the_work_and_alone_it_begins_at_once() -> None:
    threads = []

    def work(settings: Hashable, items: Sequence[int]) -> list[int]:
        threads.append(threading.get_ident())
        return list(items)

    batcher = Batcher[int, int](work)
    assert [list(batcher("a", [number, 7])) for number in range(3)] == [[0, 7], [1, 7], [2, 7]]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: batcher("a", [number]), range(50)))
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads


def test_what_comes_meanwhile_is_the_next_batch_by_settings_and_size() -> None:
    work = Work()
    batcher = Batcher[int, int](work, max_items=4)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(batcher, "a", [0])
        assert work.began.wait(20)
        asked = [("a", [1]), ("b", [2]), ("a", [3, 4]), ("a", [5, 6]), ("b", [7]), ("a", [8])]
        futures = []
        for n, (settings, items) in enumerate(asked):
            futures.append(pool.submit(batcher, settings, items))
            waiting(batcher, n + 1)
        work.go.set()
        for (_, items), future in zip([("a", [0]), *asked], [first, *futures], strict=True):
            assert list(future.result(20)) == [2 * item for item in items]
    assert work.batches == [
        ("a", [0]), ("a", [1, 3, 4, 8]), ("b", [2, 7]), ("a", [5, 6])
    ]  # fmt: skip
    assert not batcher._is_working


def test_a_bad_request_spoils_no_other() -> None:
    work = Work()
    batcher = Batcher[int, int](work)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(batcher, "a", [0])
        assert work.began.wait(20)
        futures = []
        for n, item in enumerate((1, 13, 2)):
            futures.append(pool.submit(batcher, "a", [item]))
            waiting(batcher, n + 1)
        work.go.set()
        assert list(first.result(20)) == [0]
        assert list(futures[0].result(20)) == [2]
        with pytest.raises(NewsImagesError, match="13 is refused"):
            futures[1].result(20)
        assert list(futures[2].result(20)) == [4]
    with pytest.raises(NewsImagesError, match="13 is refused"):
        batcher("a", [13])
    assert list(batcher("a", [5])) == [10]


def test_a_full_queue_refuses_and_nobody_waits_forever() -> None:
    work = Work()
    batcher = Batcher[int, int](work, max_waiting=2, max_wait_s=0.2)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(batcher, "a", [0])
        assert work.began.wait(20)
        late = [pool.submit(batcher, "a", [1])]
        waiting(batcher, 1)
        late.append(pool.submit(batcher, "a", [2]))
        waiting(batcher, 2)
        with pytest.raises(BusyError, match="2 requests are waiting already"):
            batcher("a", [3])
        for future in late:
            with pytest.raises(BusyError, match=r"turn did not come in 0\.2 s"):
                future.result(20)
        assert not batcher._queue
        work.go.set()
        assert list(first.result(20)) == [0]
    assert list(batcher("a", [4])) == [8]


def test_an_interrupt_lets_the_others_go_on() -> None:
    class Interrupted(Work):
        def __call__(self, settings: Hashable, items: Sequence[int]) -> list[int]:
            results = super().__call__(settings, items)
            if items == [0]:
                raise KeyboardInterrupt
            return results

    work = Interrupted()
    batcher = Batcher[int, int](work)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(batcher, "a", [0])
        assert work.began.wait(20)
        second = pool.submit(batcher, "a", [1])
        waiting(batcher, 1)
        work.go.set()
        with pytest.raises(KeyboardInterrupt):
            first.result(20)
        assert list(second.result(20)) == [2]


def test_many_threads_get_their_own() -> None:
    batcher = Batcher[int, int](lambda _, items: [2 * item for item in items], max_items=5)

    def ask(number: int) -> bool:
        items = list(range(number, number + 1 + number % 7))
        return list(batcher(number % 3, items)) == [2 * item for item in items]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(3000)))
    assert not batcher._is_working
    assert not batcher._queue
