"""Prints how fast the project is beside the plain way of doing the same, as a Markdown table.

`PYTHONPATH=src python benchmarks/run.py [NAME …]`; all of `BENCHMARKS` without a name. Both sides
of a pair run in turn on the same machine, so the ratios tell, not the seconds. With ``--page`` the
table is also written into docs/speed.md.
"""

import argparse
import os
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks import (
    explanations,
    images,
    large,
    ranking,
    revisions,
    served,
    serving,
    spark,
    text,
    training,
    translation,
    words,
)
from benchmarks.timing import Row, gain
from tools.pages import replace_block

SPEED_PAGE = Path(__file__).resolve().parent.parent / "docs" / "speed.md"
HEAD = (
    "| benchmark | ours (s) | reference (s) | ratio | target | met | accuracy, memory |\n"
    "| --- | ---: | ---: | ---: | --- | --- | --- |"
)


def _translation() -> list[Row]:
    """The translation benchmark's figures as rows."""
    return [gain(name, (ours, loop), 3, "", True) for name, _, loop, ours in translation.run()]


BENCHMARKS = {
    "text": text.run,
    "images": images.run,
    "ranking": ranking.run,
    "revisions": revisions.run,
    "translation": _translation,
    "training": training.run,
    "serving": serving.run,
    "served": served.run,
    "explanations": explanations.run,
    "words": words.run,
}
LARGE = {"large": large.run, "larger": large.run_larger, "spark": spark.run}
"""Those that need minutes and gigabytes, only run by their names."""


def main() -> None:
    """Runs what was asked for; a row is printed as soon as its benchmark is done."""
    known = BENCHMARKS | LARGE
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=", ".join(known))
    parser.add_argument("--page", action="store_true", help="write docs/speed.md as well")
    parser.add_argument("--block", default="bench", help="the block of that page to write")
    given = parser.parse_args()
    names = given.names or list(BENCHMARKS)
    unknown = sorted(set(names) - set(known))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    lines = [f"{_machine()}\n\n{HEAD}"]
    print(lines[0], flush=True)
    for name in names:
        for row in known[name]():
            lines.append(_line(row))
            print(lines[-1], flush=True)
    if given.page:
        told = "written by `benchmarks/run.py --page`, not by hand"
        replace_block(SPEED_PAGE, given.block, told=told, content="\n".join(lines))


def _line(row: Row) -> str:
    cells = (
        row.name,
        f"{row.ours_s:.2f}",
        f"{row.reference_s:.2f}",
        f"{row.ratio:.2f}",
        row.target,
        "yes" if row.met else "no",
        row.accuracy,
    )
    return f"| {' | '.join(cells)} |"


def _machine() -> str:
    described = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line for line in described.splitlines() if line.startswith("model name")]
    cpu = models[0].split(":", 1)[1].strip() if models else platform.processor()
    return (
        f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; torch {torch.__version__} "
        f"with {torch.get_num_threads()} threads; Python {platform.python_version()}"
    )


if __name__ == "__main__":
    main()
