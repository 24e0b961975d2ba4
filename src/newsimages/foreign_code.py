"""No code of a model's: files that ask for it are refused, and transformers is told to run none.

transformers runs Python files of a folder or repository whose JSON files name them, if it is told
to trust them; openCLIP hands on what its configuration says, and transformers asks at the terminal
where it was told nothing.
"""

import json
from pathlib import Path
from typing import Any

from newsimages.errors import NewsImagesError, first_ten

_ASKING_FOR_CODE = {"auto_map", "trust_remote_code"}


def refuse_code(folder: Path) -> None:
    """Raises: NewsImagesError where a JSON file of a model's folder asks for code to be run."""
    for path in sorted(folder.glob("*.json")):
        named = sorted(_ASKING_FOR_CODE & _keys(path))
        if named:
            raise NewsImagesError(
                f"{path} names {first_ten(named)}: a model here has no code of its own, and none "
                "is run. Take that out of the file, or use another model."
            )


def without_code() -> dict[str, Any]:
    """The options with which transformers is called; from then on it asks nobody, either."""
    # transformers is slow to import, and not every model needs it.
    from transformers import dynamic_module_utils  # noqa: PLC0415

    dynamic_module_utils.TIME_OUT_REMOTE_CODE = 0
    return {"trust_remote_code": False}


def _keys(path: Path) -> set[str]:
    """All keys of the objects in a JSON file; none of what is no JSON."""
    keys: set[str] = set()

    def keep(pairs: list[tuple[str, object]]) -> None:
        keys.update(key for key, _ in pairs)

    try:
        json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=keep)
    except (OSError, ValueError, RecursionError):
        return set()
    return keys
