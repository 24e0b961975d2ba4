"""Pictures show what the scene says."""

import random
import time
from dataclasses import replace

import pytest
from PIL import ImageChops, ImageStat

from newsimages.corpora.demo.drawing import draw
from newsimages.corpora.demo.scenes import MOTIFS, Scene, sample_scene


def _scene(motif: str) -> Scene:
    base = sample_scene(random.Random(motif), [MOTIFS[motif].topic])
    return replace(base, motif=motif, count=1, time="day", weather="clear", colour="red")


def _difference(first: Scene, second: Scene) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(draw(first), draw(second))).mean)


@pytest.mark.parametrize("motif", MOTIFS)
def test_a_motif_shows_its_count_and_colour(motif: str) -> None:
    scene = _scene(motif)
    assert _difference(scene, scene) == 0
    assert _difference(scene, replace(scene, colour="yellow")) > 0.1
    assert _difference(scene, replace(scene, count=MOTIFS[motif].max_count)) > 1


def test_pictures_are_rgb_squares_of_the_asked_size() -> None:
    scene = _scene("house")
    assert (draw(scene).mode, draw(scene).size) == ("RGB", (256, 256))
    assert draw(scene, 224).size == (224, 224)


@pytest.mark.parametrize(
    ("name", "value"),
    [("place", "forest"), ("weather", "rain"), ("time", "night"), ("accent", "white")],
)
def test_surroundings_can_be_seen(name: str, value: str) -> None:
    scene = replace(_scene("tractor"), place="coast", accent="blue")
    assert _difference(scene, replace(scene, **{name: value})) > 1  # type: ignore[arg-type]


def test_drawing_is_quick() -> None:
    rng = random.Random(5)
    scenes = [sample_scene(rng) for _ in range(40)]
    start = time.process_time()
    for scene in scenes:
        draw(scene)
    assert (time.process_time() - start) / len(scenes) < 0.05
