"""``python src/mlproject STEP --parameter value …``: what the file MLproject calls."""

import logging
import sys
from pathlib import Path

# Python puts src/mlproject on the import path; what is imported lies in src.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from mlproject.stopping import heeding_signals  # noqa: E402


def main() -> int:
    """Loads the libraries, which takes long and much memory, and runs an entry point."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    with heeding_signals():
        try:
            from mlproject.cli import run  # noqa: PLC0415 - signals are heeded meanwhile
        except (ImportError, MemoryError, OSError) as error:
            print(
                f"Error: A library cannot be loaded: {str(error) or 'out of memory'}. Work in an "
                "environment of requirements.txt, with memory for it (ulimit -v says if it is "
                "limited).",
                file=sys.stderr,
            )
            return 1
        return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
