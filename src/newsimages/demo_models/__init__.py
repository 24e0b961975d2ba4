"""The small models that come with the project, for the demo corpus alone.

In: a kind of model. Out: the folder from which openCLIP or transformers loads it.
``tools/demo_models`` holds the seeded programs that trained them; each folder's
``MODEL_CARD.md`` says on what, and how good they are.
"""

from pathlib import Path
from typing import Literal

NAME = "demo"
"""Their name in the parameters backbone and translator."""

MULTILINGUAL = "demo-multilingual"
"""The model for original titles in the parameter multilingual_backbone."""

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
