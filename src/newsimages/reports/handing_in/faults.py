"""What is wrong with a submission: faults by their kind, each counted, with its first examples."""

from collections import defaultdict
from dataclasses import dataclass, field

from newsimages.errors import shortened

SHOWN = 10
LONGEST = 300  # letters of a name


@dataclass(frozen=True)
class Faults:
    """Faults that are found one by one; of each kind no more is kept than is shown."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How many there are, by what is wrong."""
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The first of each kind."""

    def add(self, kind: str, *where: str) -> None:
        """Adds a fault at each place, whose name may come from anywhere."""
        self.counts[kind] += len(where)
        room = SHOWN - len(self.examples[kind])
        self.examples[kind] += map(_shown, where[: max(0, room)])

    @property
    def lines(self) -> list[str]:
        """A line per kind: ``12 pictures are … : a, b, …``."""
        lines = []
        for kind, n in self.counts.items():
            if n:
                more = ", …" if n > len(self.examples[kind]) else ""
                lines.append(f"{n} × {kind}: {', '.join(self.examples[kind])}{more}")
        return lines

    def __len__(self) -> int:
        return sum(self.counts.values())


def _shown(name: str) -> str:
    """A name as a terminal and a report can show it."""
    return shortened(name if name.isprintable() else ascii(name)[1:-1], LONGEST)
