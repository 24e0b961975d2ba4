"""Where work is done: in this process, or on the machines of a cluster (`newsimages.spark`).

A step hands its function and its items to an engine and takes the results as they come. It does not
ask where: a function's results depend on its items alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(Protocol):
    """Applies a function to items."""

    def run(
        self,
        function: Callable[[Sequence[Item]], Iterable[Result]],
        items: Sequence[Item],
        *,
        cut: Callable[[Sequence[Item]], Iterable[Sequence[Item]]],
    ) -> Iterator[Result]:
        """Yields the results as they come, in any order.

        Args:
            function: Takes some of the items, and yields results.
            items: All of them.
            cut: The items in the parts that are worked on apart, where there is more than one
                process to do it.

        Raises:
            NewsImagesError: As the function does.
        """


class Local:
    """This process, which takes all items as one part."""

    def run(
        self,
        function: Callable[[Sequence[Item]], Iterable[Result]],
        items: Sequence[Item],
        *,
        cut: Callable[[Sequence[Item]], Iterable[Sequence[Item]]],
    ) -> Iterator[Result]:
        """As `Engine` has it."""
        return iter(function(items))


LOCAL = Local()


def singly(items: Sequence[Item]) -> list[Sequence[Item]]:
    """Each item as a part of its own."""
    return [[item] for item in items]


def in_parts(size: int) -> Callable[[Sequence[Item]], list[Sequence[Item]]]:
    """Parts of ``size`` items, in order; the last one may be smaller."""

    def cut(items: Sequence[Item]) -> list[Sequence[Item]]:
        return [items[start : start + size] for start in range(0, len(items), size)]

    return cut
