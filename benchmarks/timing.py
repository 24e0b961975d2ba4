"""Times two ways of doing one thing side by side, as a row of the table."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    name: str
    ours_s: float
    reference_s: float
    target: str
    """The required ratio, in words."""
    met: bool
    accuracy: str = ""
    """How close the two answers are, or what else was measured."""
    slower: bool = False
    """Whether the ratio is ours over the reference (a cost) or the other way round (a gain)."""

    @property
    def ratio(self) -> float:
        """How many times faster, or how many times as long."""
        gain = self.reference_s / self.ours_s
        return 1 / gain if self.slower else gain


def gain(name: str, seconds: tuple[float, float], at_least: float, accuracy: str, ok: bool) -> Row:
    """A row whose ratio is reference over ours; ``seconds`` are (ours, reference)."""
    ours_s, reference_s = seconds
    return Row(
        name=name,
        ours_s=ours_s,
        reference_s=reference_s,
        target=f"≥ {at_least:g} × as fast",
        met=reference_s / ours_s >= at_least and ok,
        accuracy=accuracy,
    )


def cost(name: str, seconds: tuple[float, float], at_most: float, accuracy: str, ok: bool) -> Row:
    """A row whose ratio is ours over reference; ``seconds`` are (ours, reference)."""
    ours_s, reference_s = seconds
    return Row(
        name=name,
        ours_s=ours_s,
        reference_s=reference_s,
        target=f"≤ {at_most:g} × as long",
        met=ours_s / reference_s <= at_most and ok,
        accuracy=accuracy,
        slower=True,
    )


def best_of(repeats: int, *ways: Callable[[], object]) -> tuple[float, ...]:
    """The shortest wall time of each way in seconds; they take turns, so that noise hits all."""
    return tuple(min(times) for times in _times(repeats, ways))


def median_of(repeats: int, *ways: Callable[[], object]) -> tuple[float, ...]:
    """The median wall time of each way in seconds; they take turns."""
    return tuple(statistics.median(times) for times in _times(repeats, ways))


def _times(repeats: int, ways: Sequence[Callable[[], object]]) -> list[list[float]]:
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(repeats):
        for way, times in zip(ways, seconds, strict=True):
            gc.collect()
            start = time.perf_counter()
            way()
            times.append(time.perf_counter() - start)
    return seconds
