"""What the bundled models are trained on: scenes and texts from a seed, not the demo's articles.

In: seeds and sizes. Out: scenes, texts about them, sentence pairs; the same for the same arguments.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Any

from newsimages.corpora.demo import wording
from newsimages.corpora.demo.plan import SEED, Plan, Sizes, plan_corpus
from newsimages.corpora.demo.scenes import Scene, pretraining_scenes
from newsimages.corpora.demo.templates import EXCLAIMED

GERMAN_SHARE = 0.5

Pair = tuple[str, str]
"""German, English."""


@dataclass(frozen=True, kw_only=True)
class Articles:
    """What is told of articles by their titles and pictures."""

    titles: frozenset[str]
    """In English and German, as `bare` has them."""
    scenes: frozenset[Scene]
    """As `looks` has them."""


NONE = Articles(titles=frozenset(), scenes=frozenset())


@cache
def demo_plan() -> Plan:
    """The plan of the demo corpus as `main` draws it."""
    return plan_corpus(SEED, Sizes())


def of_clip(settings: Mapping[str, Any]) -> tuple[list[Scene], list[str]]:
    """Scenes, and the texts about each in turn, of a training of CLIP with these settings."""
    return _scenes_and_texts(settings, wording.training_text)


def of_multilingual(settings: Mapping[str, Any]) -> tuple[list[Scene], list[str]]:
    """As `of_clip`, of the multilingual CLIP."""
    return _scenes_and_texts(settings, bilingual_text)


def of_translator(settings: Mapping[str, Any]) -> list[Pair]:
    """The sentence pairs of a training of the translator with these settings."""
    without = left_out(settings.get("without_demo", False))
    n_scenes, seed, at_most = (settings[name] for name in ("n_scenes", "seed", "at_most"))
    return sentence_pairs(n_scenes, seed, without, at_most=at_most)


def _scenes_and_texts(
    settings: Mapping[str, Any], word: Callable[[Scene, random.Random], str]
) -> tuple[list[Scene], list[str]]:
    without = left_out(settings.get("without_demo", False))
    scenes = training_scenes(settings["n_scenes"], settings["seed"], without)
    n_texts = settings["texts_per_scene"]
    texts = training_texts(scenes, settings["seed"], without, texts_per_scene=n_texts, word=word)
    return scenes, texts


def left_out(without_demo: bool) -> Articles:
    """The articles that are kept out of a training: all of the demo's, of every part, or none."""
    return articles_of(demo_plan(), demo_plan().headlines) if without_demo else NONE


def articles_of(plan: Plan, tables: Iterable[str]) -> Articles:
    """The articles of some of a plan's tables."""
    titles = {bare(title) for table in tables for both in plan.headlines[table] for title in both}
    return Articles(titles=frozenset(titles), scenes=frozenset(looks_of(plan, tables)))


def looks_of(plan: Plan, tables: Iterable[str]) -> list[Scene]:
    """What the articles' pictures look like, in the articles' order."""
    rows = [(table.partition("/")[0], row) for table in tables for row in plan.tables[table]]
    return [looks(plan.pictures[f"{name}/images/{row['image']}"]) for name, row in rows]


def bare(title: str) -> str:
    """A title without exclamations before it, in lower case."""
    head, _, rest = title.partition(": ")
    return (rest if rest and head in EXCLAIMED else title).casefold()


def looks(scene: Scene) -> Scene:
    """What words can tell of a scene; its direction, which few pictures show, is left out."""
    return replace(scene, seed=0, direction="up")


def training_scenes(n_scenes: int, seed: int, without: Articles) -> list[Scene]:
    """New scenes that look like none of the articles' pictures."""
    drawn = pretraining_scenes(2 * n_scenes, seed)
    return list(islice((scene for scene in drawn if looks(scene) not in without.scenes), n_scenes))


def training_texts(
    scenes: Sequence[Scene],
    seed: int,
    without: Articles,
    *,
    texts_per_scene: int,
    word: Callable[[Scene, random.Random], str],
) -> list[str]:
    """Texts about each scene in turn, none of which is an article's title."""
    rng = random.Random(f"texts-{seed}")

    def text_about(scene: Scene) -> str:
        while bare(text := word(scene, rng)) in without.titles:
            pass
        return text

    return [text_about(scene) for scene in scenes for _ in range(texts_per_scene)]


def bilingual_text(scene: Scene, rng: random.Random) -> str:
    """A text about the picture, English or German: a caption or a lead, or a headline."""
    if rng.random() < GERMAN_SHARE:
        headline, lead, *_ = wording.sentence_pairs(scene, rng)
        german, _ = rng.choice((headline, lead))
        return german
    return wording.training_text(scene, rng)


def sentence_pairs(n_scenes: int, seed: int, without: Articles, *, at_most: int) -> list[Pair]:
    """The sentences of the news about new scenes, none of them an article's title.

    A sentence occurs ``at_most`` times: those that fit every scene would occur thousands of times,
    those that fit few once or twice.
    """
    rng = random.Random(f"sentences-{seed}")
    kept: Counter[Pair] = Counter()
    pairs = []
    for scene in training_scenes(n_scenes, seed, without):
        for pair in wording.sentence_pairs(scene, rng):
            kept[pair] += 1
            if kept[pair] <= at_most and without.titles.isdisjoint(map(bare, pair)):
                pairs.append(pair)
    return pairs
