"""Counts what the bundled models saw of the demo's test sets, and writes it to cards and pages.

`make seen`. What a model was trained on is drawn anew, from the settings in its folder. A title
counts as seen where a text that was drawn for training equals it but for case and exclamations, a
picture where a scene that was drawn looks like it in all that words tell.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd

from newsimages import demo_models
from newsimages.corpora.demo.plan import STYLES, Sizes
from newsimages.corpora.demo.scenes import Scene
from newsimages.reports.tables import markdown
from tools.demo_models import draws
from tools.pages import replace_block

ROOT = Path(__file__).resolve().parents[1]
WORDS: dict[demo_models.Kind, str] = {
    "clip": "CLIP, titles in English",
    "multilingual": "multilingual CLIP, titles as written",
    "translator": "translator, German titles",
}
N_TEST = Sizes().test


def main() -> None:
    """Counts, and writes the blocks ``seen`` of the cards, README.md and docs/."""
    table = pd.concat([seen_by(kind) for kind in WORDS], ignore_index=True)
    told = "written by `make seen`, not by hand"
    for kind, words in WORDS.items():
        own = markdown(table[table["model"] == words].drop(columns="model"))
        replace_block(demo_models.path(kind) / "MODEL_CARD.md", "seen", told=told, content=own)
    page = ROOT / "docs" / "runs-and-results.md"
    replace_block(page, "seen", told=told, content=markdown(table))
    replace_block(ROOT / "README.md", "seen", told=told, content=sentence(table))


def seen_by(kind: demo_models.Kind) -> pd.DataFrame:
    """A row per test set that the model reads titles of: how many it has seen in training."""
    texts, looks = drawn_for(kind)
    rows = []
    for style in STYLES:
        if kind == "translator" and style.language != "de":
            continue
        name, plan = f"{style.name}/test.csv", draws.demo_plan()
        in_english = kind == "clip" or style.language == "en"
        titles = [both[0 if in_english else 1] for both in plan.headlines[name]]
        n_titles = sum(draws.bare(title) in texts for title in titles)
        n_pictures = sum(scene in looks for scene in draws.looks_of(plan, [name]))
        pictures = "–" if kind == "translator" else f"{n_pictures} of {N_TEST}"
        rows.append((WORDS[kind], style.name, f"{n_titles} of {N_TEST}", pictures))
    return pd.DataFrame(rows, columns=["model", "test set", "titles seen", "pictures seen"])


def drawn_for(kind: demo_models.Kind) -> tuple[set[str], set[Scene]]:
    """The texts that were drawn for a model's training, and what its pictures look like."""
    if kind == "translator":
        return {draws.bare(german) for german, _ in draws.of_translator(settings(kind))}, set()
    draw = draws.of_clip if kind == "clip" else draws.of_multilingual
    scenes, texts = draw(settings(kind))
    if kind == "multilingual":  # its image tower is that of the other
        scenes = [*scenes, *draws.of_clip(settings("clip"))[0]]
    return {draws.bare(text) for text in texts}, {draws.looks(scene) for scene in scenes}


def settings(kind: demo_models.Kind) -> dict[str, Any]:
    """The settings that a bundled model was trained with."""
    marker = json.loads((demo_models.path(kind) / "made_for.json").read_text(encoding="utf-8"))
    training: dict[str, Any] = marker["training"]
    return training


def sentence(table: pd.DataFrame) -> str:
    """What the table says, in a sentence."""
    counts = [int(cell.split()[0]) for cell in table["titles seen"]]
    if not any(counts):
        return "The bundled models saw no title of the test sets in training."
    least, most = (round(100 * count / N_TEST) for count in (min(counts), max(counts)))
    return (
        f"In training the bundled models read {least} to {most} % of a test set's titles, word for "
        "word: [what they saw](docs/runs-and-results.md#what-the-bundled-models-saw)."
    )


if __name__ == "__main__":
    main()
