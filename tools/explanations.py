"""Measures the explanations on the demo, which knows where the objects of its pictures are.

`make explanations`, in a folder with a store in which `main` has run on the demo corpus; it writes
the tables of docs/explanations.md, and a figure and its data beside it.
"""

import copy
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import mlflow
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import spearmanr

from newsimages.corpora.demo.drawing import object_mask
from newsimages.corpora.demo.plan import SEED, STYLES, Plan, Sizes, plan_corpus
from newsimages.corpora.demo.scenes import Scene
from newsimages.corpora.demo.words import COLOUR_WORDS, NOUNS, NUMBERS
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.explanations.regions import LONG_SIDE, Method, Regions
from newsimages.explanations.target import Target, targets, value
from newsimages.explanations.words import added_to_scores, read_of
from newsimages.metrics.comparison import Paired, paired
from newsimages.metrics.deletion import area, deleted, in_cells, inserted, order_of
from newsimages.metrics.pointing import by_chance, centred, equal_area, is_hit
from newsimages.ranking.spaces import Queries, Tower
from newsimages.reports.figures.canvas import TEXT, Drawing, canvas, title
from newsimages.reports.tables import markdown
from newsimages.retriever.articles import ArticleEncoder, ReadArticle
from newsimages.retriever.folder import load_retriever
from newsimages.retriever.retriever import Retriever
from tools.pages import replace_block

DOCS = Path(__file__).resolve().parents[1] / "docs"
MODELS = {"CLIP": "newsimages-clip", "T×V": "newsimages-txv", "fused": "newsimages-fused"}
BACKBONES: Mapping[Tower, str] = {"clip": "demo", "multilingual": "demo-multilingual"}
CELLS, STEPS, N_RANDOM = 8, 8, 2
"""Of a side; of a curve; random orders per article."""
N_POINTED, N_COVERED, N_SHUFFLED, N_TITLES = 150, 60, 30, 200
"""The first headlines of a data set: for pointing, curves, shuffled weights and words."""
COLOURS = {"gradient": "#1f5fa8", "occlusion": "#c2571a", "random order": "#8a8a84"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """An article whose headline names the main object of its picture."""

    article: ReadArticle
    article_id: str
    image_id: str
    """``DATA SET/FILE``, as a gallery of several data sets has it."""
    scene: Scene

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Where the object is."""
        return object_mask(self.scene, LONG_SIDE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """A retriever, what looks at its pictures, and where these are."""

    retriever: Retriever
    encoders: Mapping[Tower, OpenClipEncoder]
    folder: Path

    def path(self, case: Case) -> Path:
        """The file of a case's picture."""
        data_set, _, name = case.image_id.partition("/")
        return self.folder / data_set / "images" / name

    @property
    def encode(self) -> ArticleEncoder:
        """The retriever's. Raises: SystemExit where it has none."""
        encode = self.retriever.encode
        if not isinstance(encode, ArticleEncoder):
            raise SystemExit("The registered model has no text towers: register it again.")
        return encode

    def queries(self, cases: Sequence[Case]) -> Queries:
        """All cases in the retriever's views."""
        return self.encode.encode({case.article_id: case.article for case in cases})

    def maps(
        self, asked: Sequence[Case], seen: Sequence[Case], method: Method = "gradient"
    ) -> list[NDArray[np.float32]]:
        """The map of each article asked over each picture seen."""
        regions = Regions(self.encoders, self.retriever, cells=CELLS)
        queries = self.queries(asked)
        return [
            regions.heat_map(
                queries.select([one.article_id]), self.path(other), method=method
            ).values
            for one, other in zip(asked, seen, strict=True)
        ]


def noun_of(scene: Scene) -> str:
    """The word or words, in English, for the main object of a scene."""
    noun = NOUNS[scene.motif]
    return noun.english if scene.count == 1 else noun.english_plural


def cases_of(articles: pd.DataFrame, plan: Plan, name: str) -> list[Case]:
    """The articles of a data set whose English headline names the object of their picture.

    Args:
        articles: As `newsimages.preprocessing.articles.preprocess` gives them.
        plan: With the scenes of the pictures.
        name: The data set's.
    """
    found = []
    files = dict(zip(articles["article_id"], articles["image_id"], strict=True))
    for key, article in read_of(articles).items():
        scene, image_id = plan.pictures[f"{name}/images/{files[key]}"], f"{name}/{files[key]}"
        if re.search(rf"\b{noun_of(scene)}\b", article.title_en, re.IGNORECASE):
            found.append(Case(article=article, article_id=key, image_id=image_id, scene=scene))
    return found


def of_another_topic(cases: Sequence[Case]) -> list[int]:
    """For each case, one whose article is about something else."""
    n = len(cases)
    return [
        next(
            at % n
            for at in range(row + n // 2, row + n // 2 + n)
            if cases[at % n].scene.topic != case.scene.topic
        )
        for row, case in enumerate(cases)
    ]


def pointing(measured: Measured, cases: Sequence[Case]) -> pd.DataFrame:
    """A row per case: whether each kind of map points at the object of the case's picture.

    Returns:
        ``right`` (the article's own map), ``wrong`` (the map of another topic's article over the
        same picture), ``other`` (that article's own map, over its own picture), ``centre`` and
        ``random``: hits; and ``area …``, the same for the measure of equal area.
    """
    others = of_another_topic(cases)
    wrong = measured.maps([cases[at] for at in others], cases)
    right = measured.maps(cases, cases)
    middle = centred((LONG_SIDE, LONG_SIDE))
    rows = []
    for row, case in enumerate(cases):
        mask = case.mask
        maps = {
            "right": right[row], "wrong": wrong[row], "other": right[others[row]],
            "centre": middle,
        }  # fmt: skip
        hits = {name: float(is_hit(values, mask)) for name, values in maps.items()}
        areas = {f"area {name}": equal_area(values, mask) for name, values in maps.items()}
        chance = by_chance(mask)
        rows.append({**hits, "random": chance, **areas, "area random": chance})
    return pd.DataFrame(rows)


def pointing_row(hits: pd.DataFrame) -> dict[str, str]:
    """Means, and differences with their 95 % intervals."""
    pairs = {
        "right − centre": ("right", "centre"),
        "right − random": ("right", "random"),
        "wrong − other": ("wrong", "other"),
    }
    differences = np.stack([hits[one] - hits[other] for one, other in pairs.values()], axis=1)
    tested = paired(differences)
    means = {name: f"{hits[name].mean():.3f}" for name in ("right", "wrong", "other")}
    means |= {name: f"{hits[name].mean():.3f}" for name in ("centre", "random")}
    return means | {name: told(tested, at) for at, name in enumerate(pairs)}


def told(tested: Paired, at: int) -> str:
    """A mean with its interval."""
    return f"{tested.mean[at]:+.3f} ({tested.low[at]:+.3f} to {tested.high[at]:+.3f})"


Curves = Mapping[str, NDArray[np.float64]]
"""(articles, steps + 1) by the order in which cells go or come."""


def covered_curves(measured: Measured, cases: Sequence[Case]) -> tuple[Curves, Curves]:
    """The scores of pictures that go, and that come, cell by cell in each order.

    A score is what an article owes to the pixels (`newsimages.explanations.target`). Cells are
    covered in the tower's mean colour.
    """
    rng = np.random.default_rng(0)
    orders = {
        method: [order_of(in_cells(each, CELLS)) for each in measured.maps(cases, cases, method)]
        for method in ("gradient", "occlusion")
    }
    queries = measured.queries(cases)
    going: dict[str, list[NDArray[np.float64]]] = {}
    coming: dict[str, list[NDArray[np.float64]]] = {}
    for row, case in enumerate(cases):
        own = [("gradient", orders["gradient"][row]), ("occlusion", orders["occlusion"][row])]
        own += [("random order", rng.permutation(CELLS * CELLS)) for _ in range(N_RANDOM)]
        covered = [step(order, STEPS) for step in (deleted, inserted) for _, order in own]
        asked = targets(measured.retriever, queries.select([case.article_id]), None)
        scores = _scores(measured, asked, measured.path(case), np.concatenate(covered))
        curves = scores.reshape(2, len(own), STEPS + 1)
        for kept, of_kind in zip((going, coming), curves, strict=True):
            for name in orders | {"random order": []}:
                mean = of_kind[[own_name == name for own_name, _ in own]].mean(axis=0)
                kept.setdefault(name, []).append(mean)
    return tuple({name: np.stack(each) for name, each in kept.items()} for kept in (going, coming))


@torch.inference_mode()
def _scores(
    measured: Measured, asked: Mapping[Tower, Target], path: Path, covered: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(B,) what an article owes to a picture with these cells covered, (B, cells)."""
    total = np.zeros(len(covered))
    for tower, target in asked.items():
        encoder = measured.encoders[tower]
        pixels = encoder.place_image(path).pixels
        side = pixels.shape[-1] // CELLS
        grid = covered.reshape(-1, CELLS, CELLS).repeat(side, axis=1).repeat(side, axis=2)
        for start in range(0, len(grid), encoder.config.batch_size):
            part = torch.from_numpy(grid[start : start + encoder.config.batch_size])[:, None]
            vectors = encoder.encode_pixels(pixels.masked_fill(part, 0))
            total[start : start + len(part)] += value(target, vectors).cpu().numpy()
    return total


def deletion_rows(going: Curves, coming: Curves) -> pd.DataFrame:
    """The areas under both kinds of curves, in shares of the whole picture's score, with tests."""
    rows = []
    for kind, curves, sign in (("deletion", going, -1), ("insertion", coming, 1)):
        areas = {name: area(shares(curves)[name]) for name in curves}
        for name, against in (("gradient", "random order"), ("occlusion", "random order"),
                              ("gradient", "occlusion")):  # fmt: skip
            tested = paired((sign * (areas[name] - areas[against]))[:, None])
            rows.append(
                {
                    "curve": kind,
                    "order": name,
                    "area": f"{areas[name].mean():.3f}",
                    "against": against,
                    "its area": f"{areas[against].mean():.3f}",
                    "better by": told(tested, 0),
                    "p": f"{tested.p[0]:.4f}",
                }
            )
    return pd.DataFrame(rows)


def shares(curves: Curves) -> Curves:
    """Scores scaled so that, in the mean over articles, a covered picture has 0, a whole one 1."""
    ends = np.sort(np.stack([next(iter(curves.values()))[:, at].mean() for at in (0, -1)]))
    return {name: (each - ends[0]) / (ends[1] - ends[0]) for name, each in curves.items()}


def draw_curves(going: Curves, coming: Curves) -> Drawing:
    """Mean curves; the data has the columns curve, order, covered (or shown) share, score."""
    figure: Figure
    figure, panels = canvas(2, columns=2, panel_height=3.6)
    x, rows = np.linspace(0, 1, STEPS + 1), []
    labels = ("cells covered", "cells shown")
    names = ("deletion", "insertion")
    for panel, name, label, curves in zip(panels, names, labels, (going, coming), strict=True):
        for order, each in shares(curves).items():
            mean = each.mean(axis=0)
            panel.plot(x, mean, color=COLOURS[order], linewidth=1.8, label=order)
            rows += [
                {"curve": name, "order": order, "share": share, "score": score}
                for share, score in zip(x, mean, strict=True)
            ]
        panel.set_xlabel(f"share of the {label}")
        panel.set_ylabel("score: 0 all covered, 1 whole picture")
        panel.set_xlim(0, 1)
        panel.legend(frameon=False, fontsize=9.5, labelcolor=TEXT)
        title(panel, name.capitalize())
    return Drawing(figure, pd.DataFrame(rows))


def shuffled(encoder: OpenClipEncoder) -> OpenClipEncoder:
    """The encoder with the weights of its image tower's last block in random order."""
    other = copy.copy(encoder)
    other.model = copy.deepcopy(encoder.model)
    generator = torch.Generator().manual_seed(0)
    for weight in other.model.visual.layer4.parameters():
        order = torch.randperm(weight.numel(), generator=generator)
        weight.data = weight.data.flatten()[order].reshape(weight.shape)
    return other


def correlations(
    maps: Sequence[NDArray[np.float32]], others: Sequence[NDArray[np.float32]]
) -> NDArray[np.float64]:
    """(articles,) rank correlations of two maps each, over their cells."""
    pairs = zip(maps, others, strict=True)
    cells = ([in_cells(each, CELLS).ravel() for each in pair] for pair in pairs)
    return np.array([spearmanr(*pair).statistic for pair in cells])


def agreement(
    maps: Sequence[NDArray[np.float32]], others: Sequence[NDArray[np.float32]]
) -> NDArray[np.float64]:
    """(articles,) the share of the cells on whose sign two maps agree, by the weight of the second.

    Of numbers that know nothing of each other it is about a half.
    """
    found = []
    for pair in zip(maps, others, strict=True):
        one, other = (in_cells(each, CELLS) for each in pair)
        found.append(np.abs(other)[np.sign(one) == np.sign(other)].sum() / np.abs(other).sum())
    return np.array(found)


def words_row(measured: Measured, cases: Sequence[Case]) -> dict[str, str]:
    """How often no other word of the title adds more than those for the object.

    Of a name of several words ("ballot box") the one that adds most counts.
    """
    rows = [_firsts(measured, case) for case in cases]
    noun, phrase, chance = (np.array(each) for each in zip(*rows, strict=True))
    return {
        "headlines": str(len(cases)),
        "the noun first": _mean(noun),
        "by chance": f"{chance.mean():.3f}",
        "the noun, its colour or its number first": _mean(phrase),
    }


def _firsts(measured: Measured, case: Case) -> tuple[float, float, float]:
    """Whether the noun is a title's first word; it, its colour or number; its share of words."""
    rows = measured.retriever.rows_of([case.image_id])
    added = added_to_scores(measured.retriever, measured.encode, case.article, rows)
    worth = {
        at: float(added.values[at, 0])
        for at, part in enumerate(added.parts)
        if part.field == "title"
    }
    first = added.parts[max(worth, key=worth.__getitem__)].text.lower()
    noun = {word for word in noun_of(case.scene).lower().split() if word != "of"}
    phrase = noun | {COLOUR_WORDS[case.scene.colour][0], NUMBERS[case.scene.count][0]}
    share = sum(added.parts[at].text.lower() in noun for at in worth) / len(worth)
    return float(first in noun), float(first in phrase), share


def main(workdir: Path) -> None:
    """Measures everything and writes the page, the figure and its data."""
    measured = dict(models(workdir))
    plan, sets = plan_corpus(SEED, Sizes()), {}
    for name in (style.name for style in STYLES):
        articles = pd.read_parquet(workdir / "articles" / f"{name}-test.parquet")
        sets[name] = cases_of(articles, plan, name)
    cases = sets["RSS"]
    words = [
        {"what scores": label} | words_row(each, cases[:N_TITLES])
        for label, each in measured.items()
    ]
    _write("words", markdown(pd.DataFrame(words)))
    asked = [("RSS", label) for label in measured]
    asked += [(name, "fused") for name in sets if name != "RSS"]
    points = [
        {"data set": name, "what scores": label, "headlines": len(sets[name][:N_POINTED])}
        | pointing_row(pointing(measured[label], sets[name][:N_POINTED]))
        for name, label in asked
    ]
    _write("pointing", markdown(pd.DataFrame(points)))
    some = cases[:N_COVERED]
    for_figure = None
    rows = []
    for label, each in measured.items():
        for_figure = covered_curves(each, some)
        rows.append(deletion_rows(*for_figure).assign(**{"what scores": label}))
    table = pd.concat(rows)
    _write("deletion", markdown(table[["what scores", *table.columns[:-1]]]))
    if for_figure:
        drawing = draw_curves(*for_figure)
        drawing.figure.savefig(DOCS / "deletion-insertion.png")
        drawing.data.to_csv(DOCS / "deletion-insertion.csv", index=False, float_format="%.5f")
    _write("sanity", markdown(pd.DataFrame(sanity(measured, cases[:N_SHUFFLED]))))


def sanity(measured: Mapping[str, Measured], cases: Sequence[Case]) -> Iterator[dict[str, str]]:
    """A row per retriever: maps against those of shuffled weights, and against occlusion."""
    for label, each in measured.items():
        random_last = {tower: shuffled(own) for tower, own in each.encoders.items()}
        other = Measured(retriever=each.retriever, encoders=random_last, folder=each.folder)
        maps = each.maps(cases, cases)
        covered = each.maps(cases, cases, "occlusion")
        yield {
            "what scores": label,
            "articles": str(len(cases)),
            "rank correlation with shuffled weights": _mean(
                correlations(maps, other.maps(cases, cases))
            ),
            "with occlusion": _mean(correlations(maps, covered)),
            "same sign as occlusion": _mean(agreement(maps, covered)),
        }


def _mean(values: NDArray[np.float64]) -> str:
    tested = paired(values[:, None])
    return f"{tested.mean[0]:.3f} ({tested.low[0]:.3f} to {tested.high[0]:.3f})"


def models(workdir: Path) -> Iterator[tuple[str, Measured]]:
    """The newest registered versions, with the image towers that their scores look through."""
    client = mlflow.MlflowClient()
    for label, name in MODELS.items():
        versions = client.search_model_versions(f"name = '{name}'")
        if not versions:
            raise SystemExit(f"No registered model {name}: run `mlflow run .` here first.")
        newest = max(versions, key=lambda version: int(version.version))
        with tempfile.TemporaryDirectory() as folder:
            uri = f"models:/{name}/{newest.version}"
            path = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder)
            manifest = next(Path(path).rglob("retriever.json"))
            retriever = load_retriever(manifest.parent)
        towers = {view.tower for view in retriever.weights}
        asked: set[Tower] = {"multilingual"} & towers
        asked |= {"clip"} if towers - {"multilingual", "captions"} else set()
        encoders = {tower: _encoder(tower) for tower in asked}
        yield (
            label,
            Measured(retriever=retriever, encoders=encoders, folder=workdir / "demo-corpus"),
        )


@cache
def _encoder(tower: Tower) -> OpenClipEncoder:
    name = BACKBONES[tower]
    return OpenClipEncoder(OpenClipConfig(backbone=name, pretrained=name, device="cpu"))


def _write(block: str, content: str) -> None:
    told_by = "written by `make explanations`, not by hand"
    replace_block(DOCS / "explanations.md", block, told=told_by, content=content)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "work"))
