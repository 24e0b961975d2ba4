"""``python src/mlproject STEP --parameter value …``: what the file MLproject calls."""

import logging
import sys
from pathlib import Path

# Python puts src/mlproject on the import path; what is imported lies in src.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from mlproject.cli import run  # noqa: E402

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    sys.exit(run(sys.argv[1:]))
