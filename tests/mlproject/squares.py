"""A small corpus of coloured squares, and the runs that working on it leaves."""

from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities import Run
from PIL import Image

N_TEST, N_TRAIN, N_PAIRS = 12, 15, 30


def write_corpus(folder: Path) -> Path:
    """Two data sets of coloured squares with English titles, and pairs for pre-training."""
    for name in ("RSS", "TW"):
        images = folder / name / "images"
        images.mkdir(parents=True)
        for split, n in (("train", N_TRAIN), ("test", N_TEST)):
            rows = []
            for i in range(n):
                tint = 40 if split == "test" else 200
                Image.new("RGB", (40, 40), (15 * i, 255 - 15 * i, tint + len(name))).save(
                    images / f"{split}{i}.png"
                )
                title = f"The {split} council of {name} talks about square number {i} on the market"
                rows.append((f"{name}{split}{i}", title, f"It is the {i}th.", f"{split}{i}.png"))
            table = pd.DataFrame(rows, columns=["article_id", "title", "text", "image"])
            table.to_csv(folder / name / f"{split}.csv", index=False)
    write_pairs(folder / "pairs")
    return folder


def write_pairs(folder: Path, n: int = N_PAIRS) -> Path:
    """Squares of yet other colours with captions."""
    (folder / "images").mkdir(parents=True)
    for i in range(n):
        Image.new("RGB", (40, 40), (8 * i, 8 * i, 100)).save(folder / "images" / f"p{i}.png")
    rows = [(f"A square of shade {i}", f"p{i}.png") for i in range(n)]
    pd.DataFrame(rows, columns=["caption", "image"]).to_csv(folder / "pairs.csv", index=False)
    return folder


def runs() -> list[Run]:
    """All runs of the store."""
    return list(mlflow.search_runs(search_all_experiments=True, output_format="list"))


def children(variant: str, protocol: str = "official") -> list[Run]:
    """The runs of a variant."""
    wanted = {"variant": variant, "protocol": protocol}
    return [run for run in runs() if wanted.items() <= run.data.tags.items()]


def steps() -> set[str]:
    """The names of all steps that were begun."""
    return {run.data.tags["step"] for run in runs() if "step" in run.data.tags}


def step(name: str) -> Run:
    """The one run of a step."""
    [run] = [run for run in runs() if run.data.tags.get("step") == name]
    return run
