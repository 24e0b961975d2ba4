"""Scenes, the content of the demo corpus's pictures; they are drawn and worded elsewhere.

In: a random generator. Out: a `Scene`, the one description that picture, caption and article share.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Place = Literal["city", "village", "coast", "mountains", "fields", "forest"]
Weather = Literal["clear", "clouds", "rain", "snow", "fog"]
Time = Literal["day", "dusk", "night"]
Direction = Literal["up", "down"]
Colour = Literal[
    "red", "blue", "green", "yellow", "orange", "white", "black", "purple", "brown"
]  # fmt: skip

PLACES: tuple[Place, ...] = get_args(Place)
WEATHERS: tuple[Weather, ...] = get_args(Weather)
TIMES: tuple[Time, ...] = get_args(Time)
PAINTS: tuple[Colour, ...] = (
    "red",
    "blue",
    "green",
    "yellow",
    "orange",
    "white",
    "black",
    "purple",
)
COATS: tuple[Colour, ...] = ("brown", "white", "black")
LEAVES: tuple[Colour, ...] = ("green", "red", "yellow", "brown", "orange")
BRIGHT: tuple[Colour, ...] = ("red", "blue", "green", "yellow", "orange", "white", "purple")

SCENE_SEED_BITS = 63
"""Scenes carry a random seed of this many bits, so that no two of them are drawn alike."""


@dataclass(frozen=True, kw_only=True)
class Motif:
    """A main object: its topic, how many of it fit into a picture, and the colours it comes in."""

    topic: str
    max_count: int
    colours: tuple[Colour, ...] = PAINTS


MOTIFS: dict[str, Motif] = {
    "house": Motif(topic="fire", max_count=3),
    "factory": Motif(topic="fire", max_count=2),
    "barn": Motif(topic="fire", max_count=3),
    "cottage": Motif(topic="flood", max_count=4),
    "church": Motif(topic="flood", max_count=2),
    "caravan": Motif(topic="flood", max_count=4),
    "car": Motif(topic="accident", max_count=4),
    "lorry": Motif(topic="accident", max_count=3),
    "bus": Motif(topic="accident", max_count=3),
    "ballot_box": Motif(topic="election", max_count=5),
    "lectern": Motif(topic="election", max_count=5),
    "poster": Motif(topic="election", max_count=5),
    "player": Motif(topic="football", max_count=5),
    "fan": Motif(topic="football", max_count=5),
    "trophy": Motif(topic="football", max_count=3),
    "curve": Motif(topic="stocks", max_count=3, colours=BRIGHT),
    "bar": Motif(topic="stocks", max_count=5, colours=BRIGHT),
    "coin_stack": Motif(topic="stocks", max_count=5, colours=("yellow", "white", "brown")),
    "tree": Motif(topic="storm", max_count=5, colours=LEAVES),
    "umbrella": Motif(topic="storm", max_count=5),
    "tent": Motif(topic="storm", max_count=4),
    "express_train": Motif(topic="rail", max_count=3),
    "tram": Motif(topic="rail", max_count=3),
    "locomotive": Motif(topic="rail", max_count=3),
    "plane": Motif(topic="aviation", max_count=4),
    "helicopter": Motif(topic="aviation", max_count=4),
    "balloon": Motif(topic="aviation", max_count=5),
    "container_ship": Motif(topic="harbour", max_count=2),
    "sailing_boat": Motif(topic="harbour", max_count=5),
    "ferry": Motif(topic="harbour", max_count=3),
    "placard": Motif(topic="protest", max_count=5),
    "flag": Motif(topic="protest", max_count=5),
    "banner": Motif(topic="protest", max_count=3),
    "wind_turbine": Motif(topic="energy", max_count=5, colours=("white", "red", "blue", "yellow")),
    "solar_panel": Motif(topic="energy", max_count=5, colours=("blue", "black", "purple")),
    "cooling_tower": Motif(topic="energy", max_count=3, colours=("white", "red", "brown", "blue")),
    "tractor": Motif(topic="farming", max_count=3),
    "cow": Motif(topic="farming", max_count=5, colours=COATS),
    "sheep": Motif(topic="farming", max_count=5, colours=COATS),
    "ambulance": Motif(topic="health", max_count=3, colours=("white", "yellow", "red", "orange")),
    "hospital_bed": Motif(topic="health", max_count=4),
    "syringe": Motif(topic="health", max_count=5),
    "police_car": Motif(topic="police", max_count=3),
    "motorcycle": Motif(topic="police", max_count=4),
    "barrier": Motif(topic="police", max_count=4),
    "rocket": Motif(topic="space", max_count=3),
    "probe": Motif(topic="space", max_count=4, colours=BRIGHT),
    "astronaut": Motif(topic="space", max_count=4, colours=BRIGHT),
    "crane": Motif(topic="construction", max_count=4),
    "excavator": Motif(topic="construction", max_count=3),
    "worker": Motif(topic="construction", max_count=5),
}

TOPICS: tuple[str, ...] = tuple(dict.fromkeys(motif.topic for motif in MOTIFS.values()))


TOPIC_PLACES: dict[str, tuple[Place, ...]] = {
    "harbour": ("coast", "coast", "city", "village"),
    "stocks": ("city", "coast"),
    "farming": ("village", "coast", "mountains", "fields", "forest"),
    "health": ("city", "village", "coast", "mountains", "fields"),
    "construction": ("city", "village", "coast", "mountains", "fields"),
}
"""Where a topic's scenes may be; all places for topics that are not named."""

TOPIC_WEATHERS: dict[str, tuple[Weather, ...]] = {"storm": ("clouds", "rain", "snow")}
"""The weather that a topic's scenes may have; any for topics that are not named."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The content of one picture."""

    topic: str
    """One of `TOPICS`."""
    motif: str
    """The main object, a key of `MOTIFS`."""
    count: int
    """How many of the main object, 1 to 5."""
    colour: Colour
    """The main object's colour."""
    accent: Colour
    """Colour of the topic's second object (a fire engine, a lighthouse, …); never `colour`."""
    place: Place
    weather: Weather
    time: Time
    direction: Direction
    """Direction of a chart, an aircraft or a rocket."""
    seed: int
    """Seed of the drawing's jitter: positions, sizes, details that no word mentions."""


def sample_scene(rng: random.Random, topics: Sequence[str] = TOPICS) -> Scene:
    """Draws a scene from ``rng``; a topic that ``topics`` holds twice is twice as likely."""
    topic = rng.choice(topics)
    name = rng.choice([key for key, motif in MOTIFS.items() if motif.topic == topic])
    motif = MOTIFS[name]
    colour = rng.choice(motif.colours)
    return Scene(
        topic=topic,
        motif=name,
        count=rng.randint(1, motif.max_count),
        colour=colour,
        accent=rng.choice([paint for paint in BRIGHT if paint != colour]),
        place=rng.choice(TOPIC_PLACES.get(topic, PLACES)),
        weather=rng.choice(TOPIC_WEATHERS.get(topic, WEATHERS)),
        time=rng.choices(TIMES, weights=(3, 1, 1))[0],
        direction=rng.choice(("up", "down")),
        seed=rng.getrandbits(SCENE_SEED_BITS),
    )


def pretraining_scenes(n: int, seed: int) -> Iterator[Scene]:
    """``n`` scenes for training models, apart from those of every corpus with any seed.

    The generator's seed is a text that names its purpose, so its stream of random numbers
    is another one than the corpus's (see `newsimages.corpora.demo.corpus`), whatever the seeds.
    """
    rng = random.Random(f"pretraining-{seed}")
    for _ in range(n):
        yield sample_scene(rng)
