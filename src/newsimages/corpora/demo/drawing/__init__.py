"""Draws a scene: background, objects, weather.

In: a scene. Out: an RGB picture, the same for the same scene, and where its main objects are.
"""

import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from newsimages.corpora.demo.drawing.background import SIDE, paint_background, paint_weather
from newsimages.corpora.demo.drawing.layout import main_objects, paint_objects
from newsimages.corpora.demo.scenes import Scene

__all__ = ["draw", "object_mask"]


def draw(scene: Scene, size: int = 256) -> Image.Image:
    """The picture of ``scene``, ``size`` pixels wide and high, RGB."""
    rng = random.Random(scene.seed)
    image = paint_background(scene, rng)
    paint_objects(ImageDraw.Draw(image), scene, rng)
    paint_weather(image, scene, rng)
    return _scaled(image, size)


def object_mask(scene: Scene, size: int = 256) -> NDArray[np.bool_]:
    """(size, size) where the main objects of ``scene``'s picture are, all of them, row 0 on top.

    A pixel belongs to them if at least half of it does. What stands before them is left out;
    weather, through which they are seen, is not.
    """
    rng = random.Random(scene.seed)
    paint_background(scene, rng)  # takes its random numbers
    mask = Image.fromarray(main_objects(scene, rng).astype(np.uint8) * 255)
    return np.asarray(_scaled(mask, size)) >= 128


def _scaled(image: Image.Image, size: int) -> Image.Image:
    """From `SIDE` to ``size`` pixels."""
    if SIDE % size == 0:
        return image.reduce(SIDE // size)
    return image.resize((size, size), Image.Resampling.LANCZOS)
