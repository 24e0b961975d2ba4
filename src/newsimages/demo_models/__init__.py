"""The two small models that come with the project, for the demo corpus alone.

In: which one. Out: the folder that openCLIP or transformers loads it from like any other.
``tools/demo_models`` holds the seeded programs that trained them; each folder's
``MODEL_CARD.md`` says on what, and how good they are.
"""

from pathlib import Path
from typing import Literal

NAME = "demo"
"""What the parameters backbone and translator call them."""

Kind = Literal["clip", "translator"]


def path(kind: Kind) -> Path:
    """The folder of a bundled model.

    Args:
        kind: ``clip`` for openCLIP (name it ``local-dir:<folder>``), ``translator`` for
            transformers' ``AutoTokenizer`` and ``AutoModelForSeq2SeqLM``.
    """
    return Path(__file__).parent / kind
