"""Draws a scene: background, objects, weather.

In: a scene. Out: an RGB picture, the same for the same scene.
"""

import random

from PIL import Image, ImageDraw

from newsimages.corpora.demo.drawing.background import SIDE, paint_background, paint_weather
from newsimages.corpora.demo.drawing.layout import paint_objects
from newsimages.corpora.demo.scenes import Scene

__all__ = ["draw"]


def draw(scene: Scene, size: int = 256) -> Image.Image:
    """The picture of ``scene``, ``size`` pixels wide and high, RGB."""
    rng = random.Random(scene.seed)
    image = paint_background(scene, rng)
    paint_objects(ImageDraw.Draw(image), scene, rng)
    paint_weather(image, scene, rng)
    if SIDE % size == 0:
        return image.reduce(SIDE // size)
    return image.resize((size, size), Image.Resampling.LANCZOS)
