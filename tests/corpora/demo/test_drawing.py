"""Pictures show what the scene says."""

import random
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageChops, ImageStat

from newsimages.corpora.demo.drawing import draw, object_mask
from newsimages.corpora.demo.scenes import MOTIFS, Scene, sample_scene

PICTURES = [
    *(624823, 329289, 521331, 448945, 357022, 712170, 285953, 345503, 239199, 643480),
    *(362859, 718885, 661243, 267315, 250224, 417075, 188198, 427701, 490071, 793422),
]  # the sum over every 7th pixel of every 7th row


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


def test_pictures_are_those_of_the_generator_version() -> None:
    rng = random.Random(9)
    pictures = [np.asarray(draw(sample_scene(rng)), np.int64) for _ in PICTURES]
    sums = [int(picture[::7, ::7].sum()) for picture in pictures]
    assert sums == pytest.approx(PICTURES, rel=1e-3)  # another Pillow may round otherwise


@pytest.mark.parametrize("motif", MOTIFS)
def test_the_mask_holds_all_that_has_the_objects_colour(motif: str) -> None:
    scene = replace(_scene(motif), accent="blue", count=MOTIFS[motif].max_count)
    mask = object_mask(scene, 512)
    other = np.asarray(draw(replace(scene, colour="yellow"), 512))
    changed = (np.asarray(draw(scene, 512)) != other).any(axis=2)
    assert 0 < changed.sum() == (changed & mask).sum()
    assert 0.01 < mask.mean() < 0.5


def test_a_mask_leaves_out_what_stands_before_the_objects() -> None:
    scene = replace(_scene("placard"), count=5)
    mask = object_mask(scene)
    assert mask[128:190].any()
    assert not mask[226:].any()  # the crowd
    assert mask.shape == (256, 256)
