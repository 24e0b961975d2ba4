"""The small models that come with the project, for the demo corpus alone.

In: which one. Out: the folder that openCLIP or transformers loads it from like any other.
``tools/demo_models`` holds the seeded programs that trained them; each folder's
``MODEL_CARD.md`` says on what, and how good they are.
"""

from pathlib import Path
from typing import Literal

NAME = "demo"
"""What the parameters backbone and translator call them."""

MULTILINGUAL = "demo-multilingual"
"""What the parameter multilingual_backbone calls the model for original titles."""

Kind = Literal["clip", "multilingual", "translator"]
BACKBONES: dict[str, Kind] = {NAME: "clip", MULTILINGUAL: "multilingual"}
"""The openCLIP models among them, by name."""


def path(kind: Kind) -> Path:
    """The folder of a bundled model.

    Args:
        kind: ``clip`` and ``multilingual`` for openCLIP (name it ``local-dir:<folder>``),
            ``translator`` for transformers' ``AutoTokenizer`` and ``AutoModelForSeq2SeqLM``.
    """
    return Path(__file__).parent / kind
