"""Image files in, the pictures that are handed in out: one after the other, in worker processes."""

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from newsimages.errors import NewsImagesError
from newsimages.progress import progress
from newsimages.reports.handing_in.picture import Heat, Made, make_picture

FEW = 200  # so few are made before processes have started
_AHEAD = 8  # pictures per worker that are made before they are asked for


class Source(NamedTuple):
    """What a picture is made of."""

    path: Path
    heat: Heat | None = None


def make_pictures(
    sources: Iterable[Source], *, total: int, workers: int, doing: str
) -> Iterator[Made]:
    """Makes a picture of each source, in their order, with few of them in memory at a time.

    Args:
        sources: The image files, each perhaps with a heat map; asked for one by one.
        total: How many there are.
        workers: Processes that make them; 0, and few pictures, take none.
        doing: What the bar says.

    Raises:
        NewsImagesError: A worker process was killed.
    """
    is_few = total < FEW
    with progress(total=total, unit="pictures", doing=doing, hide=is_few) as bar:
        made = map(_made, sources) if is_few or not workers else _by_workers(sources, workers)
        for one in made:
            yield one
            bar.update()


def _made(source: Source) -> Made:
    return _made_of(source.path) if source.heat is None else make_picture(*source)


@lru_cache(maxsize=256)
def _made_of(path: Path) -> Made:
    """Where images go to several articles, each is made once: 256 pictures are some 50 MB."""
    return make_picture(path)


def _by_workers(sources: Iterable[Source], workers: int) -> Iterator[Made]:
    # New processes, as a copy of this one would have its locks and not its threads.
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    ahead: deque[Future[Made]] = deque()
    try:
        for source in sources:
            ahead.append(pool.submit(_made, source))
            if len(ahead) > _AHEAD * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    except BrokenProcessPool as error:
        raise NewsImagesError(
            "A process that makes pictures was killed, perhaps for want of memory. Give it more, "
            "or set workers=0."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
