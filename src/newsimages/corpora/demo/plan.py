"""The content of the demo corpus: articles, captions and scenes of pictures, from a seed.

In: a seed and sizes. Out: tables and the list of pictures to draw; nothing is written here.
"""

import datetime
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from newsimages.corpora.demo.scenes import TOPICS, Scene, sample_scene
from newsimages.corpora.demo.wording import (
    LOOSE_SHARE,
    agency_caption,
    article,
    caption,
    exclaimed,
)
from newsimages.corpora.demo.words import Both, Language

GENERATOR_VERSION = 1
"""Goes up when the same seed gives other words or pictures than before."""

SEED = 2022
"""Of the demo corpus that is drawn where no other is asked for."""

Split = Literal["train", "test"]
Row = dict[str, str]

_FIRST_DAY: dict[Split, datetime.date] = {
    "train": datetime.date(2022, 1, 1),
    "test": datetime.date(2022, 11, 1),
}
_DAYS: dict[Split, int] = {"train": 300, "test": 60}
_SHARED_IMAGES = 0.03
_SHARED_TITLES = 0.02
_CAPTIONED = 2 / 3  # of the pictures of a data set


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The sizes of a demo corpus."""

    train: int = 800
    """Training articles per data set."""
    test: int = 300
    """Test articles per data set."""
    pairs: int = 5000
    """Caption–image pairs for pre-training."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """The style of a data set."""

    name: str
    language: Language
    topics: tuple[str, ...]
    exclaimed: float
    """Share of titles that start as short posts do ("Breaking: …")."""


STYLES: tuple[Style, ...] = (
    Style(name="RSS", language="en", topics=TOPICS, exclaimed=0.0),
    Style(
        name="RT",
        language="de",
        topics=(
            *TOPICS,
            *("election",) * 3,
            *("stocks",) * 3,
            *("protest", "energy") * 2,
            *("construction", "harbour", "rail", "health"),
        ),
        exclaimed=0.0,
    ),
    Style(
        name="TW",
        language="en",
        topics=(
            *TOPICS,
            *("football", "storm") * 3,
            *("fire", "police", "aviation", "space") * 2,
            *("accident", "protest"),
        ),
        exclaimed=0.35,
    ),
)


@dataclass(kw_only=True)
class Plan:
    """Tables by path below the corpus folder, and the scene behind every picture's path."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    pictures: dict[str, Scene] = field(default_factory=dict)
    headlines: dict[str, list[Both]] = field(default_factory=dict)
    """Per table of articles, each one's title in English and German, without exclamations."""


def plan_corpus(seed: int, sizes: Sizes) -> Plan:
    """Plans the whole corpus; the same for the same arguments."""
    plan = Plan()
    seen: set[Scene] = set()
    for style in STYLES:
        titles: set[str] = set()
        _add_articles(plan, style, "test", sizes.test, seed=seed, titles=titles, seen=seen)
        _add_articles(plan, style, "train", sizes.train, seed=seed, titles=titles, seen=seen)
        _add_captions(plan, style, seed)
    rng = random.Random(f"corpus-{seed}-pairs")
    rows = []
    for index in range(sizes.pairs):
        scene = _new_scene(rng, TOPICS, seen)
        name = _file_name(seed, "pairs", index)
        plan.pictures[f"pairs/images/{name}"] = scene
        rows.append({"caption": caption(scene, rng), "image": name})
    plan.tables["pairs/pairs.csv"] = rows
    return plan


def _add_articles(
    plan: Plan,
    style: Style,
    part: Split,
    n_articles: int,
    *,
    seed: int,
    titles: set[str],
    seen: set[Scene],
) -> None:
    """One split: new pictures and titles, but for the shared ones of a training set."""
    rng = random.Random(f"corpus-{seed}-{style.name}-{part}")
    ids = rng.sample(range(1_000_000, 10_000_000), n_articles)
    n_loose = round(n_articles * LOOSE_SHARE)
    loose = [True] * n_loose + [False] * (n_articles - n_loose)
    rng.shuffle(loose)
    rows: list[Row] = []
    scenes: list[Scene] = []
    headlines: list[Both] = []
    for index, article_id in enumerate(ids):
        reuses = part == "train" and index > 0 and rng.random() < _SHARED_IMAGES
        image = rng.randrange(index) if reuses else None
        given = None if image is None else scenes[image]
        scene, title, text, both = _new_article(
            rng, style, loose=loose[index], given=given, titles=titles, seen=seen
        )
        if part == "train" and index > 0 and rng.random() < _SHARED_TITLES:
            other = rng.choice(range(index))
            title, both = rows[other]["title"], headlines[other]
        titles.add(title)
        headlines.append(both)
        name = _file_name(seed, f"{style.name}-{part}", index)
        if image is not None:
            name = rows[image]["image"]
        plan.pictures[f"{style.name}/images/{name}"] = scene
        scenes.append(scene)
        rows.append(
            {
                "article_id": str(article_id),
                "title": title,
                "text": text,
                "image": name,
                "date": _date(part, rng),
                "url": f"https://{style.name.lower()}.example/{article_id}",
            }
        )
    plan.tables[f"{style.name}/{part}.csv"] = rows
    plan.headlines[f"{style.name}/{part}.csv"] = headlines


def _add_captions(plan: Plan, style: Style, seed: int) -> None:
    """An agency's captions of most pictures of a data set, from random numbers of their own."""
    rng = random.Random(f"captions-{seed}-{style.name}")
    start = f"{style.name}/images/"
    plan.tables[f"{style.name}/captions.csv"] = [
        {"image": name.removeprefix(start), "caption": agency_caption(scene, rng)}
        for name, scene in sorted(plan.pictures.items(), key=lambda picture: picture[0])
        if name.startswith(start) and rng.random() < _CAPTIONED
    ]


def _new_article(
    rng: random.Random,
    style: Style,
    *,
    loose: bool,
    given: Scene | None,
    titles: set[str],
    seen: set[Scene],
) -> tuple[Scene, str, str, Both]:
    """Scene (``given`` or a new one), title (a new one), text, and the title in both languages."""
    while True:
        scene = given or _sampled(rng, style.topics, seen)
        is_loose = loose and given is None
        before = rng.getstate()
        title, text = article(scene, rng, style.language, loose=is_loose)
        if rng.random() < style.exclaimed:
            title = exclaimed(title, rng)
        if title not in titles:
            seen.add(_looks(scene))
            return scene, title, text, _in_both(scene, before, loose=is_loose)


def _in_both(scene: Scene, state: tuple[Any, ...], *, loose: bool) -> Both:
    """The headline that a generator in this state puts a scene under, in English and German."""

    def headline(language: Language) -> str:
        rng = random.Random()
        rng.setstate(state)
        return article(scene, rng, language, loose=loose)[0]

    return headline("en"), headline("de")


def _new_scene(rng: random.Random, topics: Sequence[str], seen: set[Scene]) -> Scene:
    """A scene that looks like none before it, entered into ``seen``."""
    scene = _sampled(rng, topics, seen)
    seen.add(_looks(scene))
    return scene


def _sampled(rng: random.Random, topics: Sequence[str], seen: set[Scene]) -> Scene:
    while True:
        scene = sample_scene(rng, topics)
        if _looks(scene) not in seen:
            return scene


def _looks(scene: Scene) -> Scene:
    """The scene without its jitter."""
    return replace(scene, seed=0)


def _file_name(seed: int, part: str, index: int) -> str:
    """A picture's file name, which reveals neither article nor order."""
    key = f"picture-{GENERATOR_VERSION}-{seed}-{part}-{index}"
    return hashlib.sha256(key.encode()).hexdigest()[:20] + ".jpg"


def _date(split: Split, rng: random.Random) -> str:
    """A day in ISO form; all test days come after all training days."""
    return (_FIRST_DAY[split] + datetime.timedelta(days=rng.randrange(_DAYS[split]))).isoformat()
