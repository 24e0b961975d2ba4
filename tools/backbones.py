"""Compares the encoder with openCLIP for every family of backbones, and writes docs/backbones.md.

`make backbones`; about half a minute on one core. The models are small and random, the comparison
is that of the tests.
"""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd

from newsimages.reports.tables import markdown
from tests.conformance import Conformance, check
from tests.families import FAMILIES
from tools.pages import replace_block

PAGE = Path(__file__).resolve().parents[1] / "docs" / "backbones.md"
DIGITS = 6
YES_NO = {True: "yes", False: "no"}


def main() -> None:
    """Compares, and writes the block ``families``."""
    with tempfile.TemporaryDirectory() as folder:
        found = [check(family, Path(folder, str(i))) for i, family in enumerate(FAMILIES)]
    rows = pd.DataFrame([row(each) for each in found])
    libraries = ("open_clip_torch", "timm", "transformers", "torch")
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
    content = f"{markdown(rows)}\n\nMeasured with {versions}."
    replace_block(
        PAGE, "families", told="written by `make backbones`, not by hand", content=content
    )


def row(found: Conformance) -> dict[str, str]:
    """A family's row of the table; cosines are cut, not rounded up."""
    cut = 10**DIGITS
    text, image = (
        f"{int(min(each, 1) * cut) / cut:.{DIGITS}f}"
        for each in (found.text_cosine, found.image_cosine)
    )
    return {
        "family": found.family,
        "small copy of": f"`{found.backbone}`",
        "cosine, texts": text,
        "cosine, images": image,
        "same bits, texts": YES_NO[found.same_text_bits],
        "same bits, images": YES_NO[found.same_image_bits],
        "text is cut": YES_NO[found.is_cut],
        "served": YES_NO[found.is_served],
    }


if __name__ == "__main__":
    main()
