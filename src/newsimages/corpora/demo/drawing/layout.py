"""Places the objects of a picture and calls the function that draws each.

In: a canvas with its background, a scene. Out: the canvas with its objects.
"""

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from newsimages.corpora.demo.drawing import buildings, craft, things, vehicles
from newsimages.corpora.demo.drawing.background import SIDE, ground_colour
from newsimages.corpora.demo.drawing.pen import DARK, PAINT, RGB, STEEL, Pen, shade
from newsimages.corpora.demo.scenes import Scene

Drawing = Callable[[Pen, RGB, random.Random], None]
Second = Callable[[Pen, RGB], None]
Paint = Callable[[Pen, Scene, bool, random.Random], None]

_STANDING: dict[str, Drawing] = {
    "house": buildings.house,
    "factory": buildings.factory,
    "barn": buildings.barn,
    "cottage": buildings.cottage,
    "church": buildings.church,
    "caravan": buildings.caravan,
    "car": vehicles.car,
    "lorry": vehicles.lorry,
    "bus": vehicles.bus,
    "ballot_box": things.ballot_box,
    "lectern": things.lectern,
    "poster": things.poster,
    "player": things.player,
    "fan": things.fan,
    "trophy": things.trophy,
    "tree": buildings.tree,
    "umbrella": things.umbrella,
    "tent": buildings.tent,
    "container_ship": craft.container_ship,
    "sailing_boat": craft.sailing_boat,
    "ferry": craft.ferry,
    "wind_turbine": buildings.wind_turbine,
    "solar_panel": buildings.solar_panel,
    "cooling_tower": buildings.cooling_tower,
    "tractor": vehicles.tractor,
    "cow": things.cow,
    "sheep": things.sheep,
    "ambulance": vehicles.ambulance,
    "hospital_bed": things.hospital_bed,
    "syringe": things.syringe,
    "police_car": vehicles.police_car,
    "motorcycle": vehicles.motorcycle,
    "barrier": things.barrier,
    "crane": buildings.crane,
    "excavator": vehicles.excavator,
    "worker": things.worker,
}
_TRAINS: dict[str, Drawing] = {
    "express_train": vehicles.express_train,
    "tram": vehicles.tram,
    "locomotive": vehicles.locomotive,
}
_CARRIED: dict[str, Drawing] = {
    "placard": things.placard,
    "flag": things.flag,
    "banner": things.banner,
}
_FLYING: dict[str, Callable[[Pen, RGB, bool], None]] = {
    "plane": craft.plane,
    "helicopter": craft.helicopter,
    "balloon": craft.balloon,
    "probe": craft.probe,
    "astronaut": craft.astronaut,
}
_SECOND: dict[str, tuple[Second, int]] = {
    "fire": (vehicles.fire_engine, 130),
    "flood": (craft.rescue_boat, 110),
    "accident": (vehicles.van, 130),
    "football": (things.goal, 110),
    "storm": (things.bench, 100),
    "rail": (things.signal, 70),
    "aviation": (buildings.hangar, 190),
    "harbour": (buildings.lighthouse, 100),
    "protest": (things.stage, 120),
    "energy": (buildings.substation, 110),
    "farming": (buildings.silo, 110),
    "health": (buildings.hospital, 130),
    "police": (things.suitcase, 84),
    "construction": (buildings.tower_block, 110),
}

Spot = tuple[float, float, float]
"""Foot (x, y) and width on the canvas."""


def paint_objects(canvas: ImageDraw.ImageDraw, scene: Scene, rng: random.Random) -> None:
    """Draws what is behind the main objects, these, and what is in front of them."""
    left = rng.random() < 0.5
    pen = Pen(canvas, ground=ground_colour(scene))
    for paint in (_behind, _main, _before):
        paint(pen, scene, left, rng)


def main_objects(scene: Scene, rng: random.Random) -> NDArray[np.bool_]:
    """(`SIDE`, `SIDE`) where the main objects are seen; ``rng`` is as `paint_objects` gets it."""
    left = rng.random() < 0.5
    painted = _painted(_main, scene, left, rng)
    return painted & ~_painted(_before, scene, left, rng)


def _painted(paint: Paint, scene: Scene, left: bool, rng: random.Random) -> NDArray[np.bool_]:
    """Where a sheet of black and one of white are the same after painting."""
    state, sheets = rng.getstate(), []
    for colour in ((0, 0, 0), (255, 255, 255)):
        rng.setstate(state)
        sheet = Image.new("RGB", (SIDE, SIDE), colour)
        paint(Pen(ImageDraw.Draw(sheet), ground=colour), scene, left, rng)
        sheets.append(np.asarray(sheet))
    return np.asarray((sheets[0] == sheets[1]).all(axis=2), np.bool_)


def _behind(pen: Pen, scene: Scene, left: bool, _: random.Random) -> None:
    if scene.topic == "stocks":
        _screen(pen, scene)
    elif scene.topic == "space":
        _moon(pen, scene, left)
    else:
        _second(pen, scene, left)


def _before(pen: Pen, scene: Scene, _: bool, rng: random.Random) -> None:
    if scene.topic == "stocks":
        things.arrow(Pen(pen.canvas, 402, 330, 110), PAINT[scene.accent], scene.direction == "up")
    elif scene.motif in _CARRIED:
        things.crowd(Pen(pen.canvas, 0, SIDE, 1), rng)


def _main(pen: Pen, scene: Scene, left: bool, rng: random.Random) -> None:
    colour, name = PAINT[scene.colour], scene.motif
    if scene.topic == "stocks":
        _chart(pen, scene, rng)
    elif name == "rocket":
        _rockets(pen, scene, left, rng)
    elif name in _TRAINS:
        for row in range(scene.count):
            y: float = {1: (450,), 2: (386, 486), 3: (344, 418, 494)}[scene.count][row]
            size = {1: 270, 2: 210, 3: 150}[scene.count]
            _TRAINS[name](_facing(pen, 256 + rng.randint(-50, 50), y, size, rng), colour, rng)
    elif name in _CARRIED:
        width = min(150, 470 / scene.count) * (1.0 if name != "banner" else 1.1)
        for k in range(scene.count):
            x: float = SIDE / 2 + (k - (scene.count - 1) / 2) * min(470 / scene.count, 180)
            _CARRIED[name](
                _facing(pen, x, 452 + rng.randint(-14, 8), width, rng, name == "flag"), colour, rng
            )
    elif name in _FLYING:
        lower, part = (120, 0.9) if scene.topic == "space" else (0, 1)
        for x, y, width in _sky_spots(scene.count, rng):
            spot = _facing(pen, x, y + lower, width * part, rng)
            _FLYING[name](spot, colour, scene.direction == "up")
    else:
        for x, y, width in _ground_spots(scene.count, left, rng):
            mirror = name not in ("poster", "ballot_box", "tree", "umbrella")
            _STANDING[name](_facing(pen, x, y, width, rng, mirror), colour, rng)


def _facing(  # noqa: PLR0917 -- a spot is three numbers
    pen: Pen, x: float, y: float, width: float, rng: random.Random, mirror: bool = True
) -> Pen:
    """A pen at a spot, mirrored at random."""
    return replace(pen, x=x, y=y, size=width, mirrored=mirror and rng.random() < 0.5)


def _ground_spots(count: int, left: bool, rng: random.Random) -> list[Spot]:
    """Feet of ``count`` objects, back row first; room is left for the second object's side."""
    side = 1 if left else -1
    layouts: dict[int, list[tuple[int, float, float, float]]] = {
        1: [(1, 256 + side * 76, 452, 232)],
        2: [(2, 256 + side * 14, 470, 180)],
        3: [(1, 256 + side * 96, 378, 138), (2, 256, 488, 168)],
        4: [(2, 256 + side * 84, 378, 130), (2, 256, 490, 150)],
        5: [(2, 256 + side * 84, 378, 130), (3, 256, 490, 136)],
    }
    spots: list[Spot] = []
    for n, middle, y, width in layouts[count]:
        for k in range(n):
            x = middle + (k - (n - 1) / 2) * width * 1.12
            spots.append((x + rng.randint(-6, 6), y + rng.randint(-6, 6), width))
    return spots


def _sky_spots(count: int, rng: random.Random) -> list[Spot]:
    grid: list[tuple[float, float]] = {
        1: [(256.0, 180.0)],
        2: [(140.0, 140.0), (372.0, 210.0)],
        3: [(110.0, 120.0), (390.0, 130.0), (250.0, 250.0)],
        4: [(120.0, 100.0), (380.0, 110.0), (130.0, 260.0), (385.0, 265.0)],
        5: [(100.0, 90.0), (400.0, 95.0), (255.0, 175.0), (105.0, 280.0), (400.0, 280.0)],
    }[count]
    width = (250, 200, 165, 150, 135)[count - 1]
    return [(x + rng.randint(-16, 16), y + rng.randint(-12, 12), width) for x, y in grid]


def _second(pen: Pen, scene: Scene, left: bool) -> None:
    colour = PAINT[scene.accent]
    if scene.topic == "election":
        things.curtain(Pen(pen.canvas, SIDE / 2, 345, 150), colour)
        return
    drawing, width = _SECOND[scene.topic]
    x = 76 if left else SIDE - 76
    y = {"aviation": 470, "police": 372, "protest": 336}.get(scene.topic, 322)
    if scene.topic == "aviation":
        x = SIDE // 2 + (-110 if left else 110)
    drawing(Pen(pen.canvas, x, y, width, not left), colour)


def _moon(pen: Pen, scene: Scene, left: bool) -> None:
    moon, accent = Pen(pen.canvas, 84 if left else SIDE - 84, 84, 66), PAINT[scene.accent]
    moon.disc(0, 0, 1, accent)
    for u, v, r in ((-0.3, 0.3, 0.22), (0.35, -0.1, 0.16), (-0.2, -0.45, 0.14), (0.3, 0.5, 0.1)):
        moon.disc(u, v, r, shade(accent, 0.8), False)


def _rockets(pen: Pen, scene: Scene, left: bool, rng: random.Random) -> None:
    up, colour = scene.direction == "up", PAINT[scene.colour]
    for k in range(scene.count):
        x = SIDE / 2 + (k - (scene.count - 1) / 2) * 140 + (30 if left else -30)
        y = (360 if up else 440) + rng.randint(-20, 20)
        craft.rocket(Pen(pen.canvas, x, y, 190 if scene.count < 3 else 160), colour, up, rng)


def _screen(pen: Pen, scene: Scene) -> None:
    pen.canvas.rounded_rectangle((36, 70, 476, 432), 14, fill=DARK)
    pen.canvas.rounded_rectangle(
        (48, 82, 464, 420), 8, fill=(22, 30, 50) if scene.colour != "black" else (200, 206, 214)
    )
    pen.canvas.polygon([(210, 432), (302, 432), (330, 490), (182, 490)], fill=STEEL)
    for k in range(1, 6):
        pen.canvas.line((60, 82 + k * 56, 452, 82 + k * 56), fill=(50, 62, 88), width=2)


def _chart(pen: Pen, scene: Scene, rng: random.Random) -> None:
    """Curves, columns or stacks of coins that rise or fall."""
    up, colour = scene.direction == "up", PAINT[scene.colour]
    if scene.motif == "curve":
        _curves(pen, scene, rng)
    elif scene.motif == "bar":
        for k in range(scene.count):
            height = 70 + 200 * _rise(k, scene.count, up) + rng.randint(-8, 8)
            width = min(76, 340 / scene.count - 16)
            half = min(width, 250 / scene.count) / 2
            column = Pen(pen.canvas, 66 + (k + 0.5) * 270 / scene.count, 412, 1)
            column.rect(-half, 0, half, height, colour)
    else:
        for k in range(scene.count):
            width = min(110, 280 / scene.count)
            height = (60 + 190 * _rise(k, scene.count, up)) / width
            things.coin_stack(
                Pen(pen.canvas, 62 + (k + 0.5) * 280 / scene.count, 408, width), colour, height
            )


def _rise(index: int, count: int, up: bool) -> float:
    """Height of the ``index``-th of ``count``, 0 to 1, rising or falling."""
    share = index / (count - 1) if count > 1 else 0.8
    return share if up or count == 1 else 1 - share


def _curves(pen: Pen, scene: Scene, rng: random.Random) -> None:
    for curve in range(scene.count):
        points = []
        for k in range(9):
            trend = k / 8 if scene.direction == "up" else 1 - k / 8
            v = 26 + curve * 70 + trend * (290 - 62 * scene.count) + rng.randint(-14, 14)
            points.append((62 + k * 35, 412 - v))
        pen.canvas.line(points, fill=PAINT[scene.colour], width=9, joint="curve")
        x, y = points[-1]
        pen.canvas.ellipse((x - 9, y - 9, x + 9, y + 9), fill=PAINT[scene.colour])
