"""Craft of water, air and space, one unit long."""

import random

from newsimages.corpora.demo.drawing.buildings import flames
from newsimages.corpora.demo.drawing.pen import (
    DARK,
    GLASS,
    PAINT,
    PALE,
    RGB,
    SKIN,
    STEEL,
    WOOD,
    Pen,
    shade,
)


def _wake(pen: Pen) -> None:
    pen.line(
        [(-0.6, -0.02), (-0.2, 0.0), (0.1, -0.02), (0.4, 0.0), (0.62, -0.02)],
        (232, 242, 248),
        0.025,
    )


def container_ship(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A ship with stacked containers; the hull has the colour."""
    paints = [PAINT[name] for name in ("red", "blue", "green", "orange", "white")]
    for column in range(5):
        for row in range(rng.randint(1, 3)):
            u, v = -0.16 + column * 0.115, 0.24 + row * 0.09
            pen.rect(u, v, u + 0.105, v + 0.085, shade(rng.choice(paints), 0.85))
    pen.rect(-0.42, 0.22, -0.22, 0.56, PALE)
    pen.rect(-0.4, 0.46, -0.22, 0.52, GLASS)
    pen.rect(-0.38, 0.56, -0.3, 0.66, shade(colour, 0.8))
    pen.poly([(-0.5, 0.24), (0.54, 0.24), (0.44, 0), (-0.44, 0)], colour)
    _wake(pen)


def sailing_boat(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A boat; sails have the colour."""
    pen.line([(0, 0.16), (0, 1.02)], WOOD, 0.03)
    pen.poly([(0.04, 0.22), (0.04, 1.0), (0.42, 0.24)], colour)
    pen.poly([(-0.04, 0.22), (-0.04, 0.86), (-0.32, 0.24)], shade(colour, 0.86))
    pen.poly([(-0.42, 0.17), (0.46, 0.17), (0.3, 0), (-0.3, 0)], (116, 72, 44))
    _wake(pen)


def ferry(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A ferry with decks and a funnel; hull and funnel have the colour."""
    pen.rect(-0.4, 0.18, 0.32, 0.34, (250, 250, 248))
    pen.rect(-0.3, 0.34, 0.22, 0.46, (250, 250, 248))
    for u in range(-3, 3):
        pen.rect(u * 0.1 - 0.04, 0.24, u * 0.1 + 0.03, 0.3, GLASS)
        pen.rect(u * 0.08, 0.38, u * 0.08 + 0.05, 0.43, GLASS)
    pen.poly([(-0.22, 0.46), (-0.22, 0.66), (-0.06, 0.66), (-0.04, 0.46)], colour)
    pen.rect(-0.22, 0.6, -0.06, 0.66, DARK)
    pen.poly([(-0.5, 0.2), (0.54, 0.2), (0.42, 0), (-0.46, 0)], colour)
    _wake(pen)


def rescue_boat(pen: Pen, colour: RGB) -> None:
    """An open boat with two people."""
    for u, shirt in ((-0.16, (244, 128, 24)), (0.16, (250, 210, 50))):
        pen.rect(u - 0.09, 0.16, u + 0.09, 0.46, shirt, 0.04)
        pen.disc(u, 0.54, 0.085, SKIN)
    pen.poly([(-0.5, 0.28), (0.54, 0.3), (0.38, 0), (-0.4, 0)], colour)
    pen.line([(-0.47, 0.2), (0.48, 0.2)], PALE if sum(colour) < 620 else DARK, 0.03)
    _wake(pen)


def plane(pen: Pen, colour: RGB, climbs: bool) -> None:
    """An airliner, nose up or nose down; body and fin have the colour."""
    tilt = 0.36 if climbs else -0.3

    def turned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(u, v + u * tilt) for u, v in points]

    pen.poly(
        turned([(-0.08, 0.04), (0.06, 0.04), (-0.16, 0.32), (-0.24, 0.32)]), shade(colour, 0.7)
    )
    pen.poly(turned([(-0.48, 0.04), (-0.56, 0.3), (-0.44, 0.3), (-0.26, 0.1)]), colour)
    pen.poly(
        turned(
            [
                (-0.5, 0.08),
                (-0.3, 0.1),
                (0.34, 0.1),
                (0.46, 0.06),
                (0.52, 0),
                (0.46, -0.05),
                (0.3, -0.07),
                (-0.34, -0.06),
            ]
        ),
        colour,
    )
    for u in (-0.22, -0.12, -0.02, 0.08, 0.18, 0.28):
        pen.disc(u, 0.04 + u * tilt, 0.022, PALE, False)
    pen.poly(turned([(0.36, 0.09), (0.44, 0.07), (0.48, 0.03), (0.36, 0.04)]), GLASS)
    pen.poly(
        turned([(-0.1, -0.02), (0.1, -0.02), (-0.16, -0.32), (-0.26, -0.32)]), shade(colour, 0.85)
    )
    pen.poly(turned([(-0.04, -0.12), (0.08, -0.12), (0.08, -0.2), (-0.04, -0.2)]), STEEL)
    _trend(pen, climbs)


def helicopter(pen: Pen, colour: RGB, climbs: bool) -> None:
    """A helicopter with its rotor."""
    pen.poly([(-0.52, 0.1), (-0.1, 0.13), (-0.1, 0.02), (-0.5, 0.05)], colour)
    pen.poly([(-0.56, 0.24), (-0.44, 0.2), (-0.46, 0.02), (-0.54, 0.02)], colour)
    pen.oval(-0.22, -0.16, 0.36, 0.24, colour)
    pen.slice(0.0, -0.12, 0.34, 0.2, 270, 430, GLASS)
    pen.line([(0.04, 0.24), (0.04, 0.34)], DARK, 0.035)
    pen.line([(-0.46, 0.34), (0.54, 0.34)], DARK, 0.03)
    pen.line([(-0.16, -0.24), (0.28, -0.24), (0.34, -0.2)], DARK, 0.03)
    for u in (-0.06, 0.16):
        pen.line([(u, -0.14), (u, -0.24)], DARK, 0.025)
    _trend(pen, climbs)


def balloon(pen: Pen, colour: RGB, climbs: bool) -> None:
    """A hot-air balloon; a flame burns when it climbs."""
    pen.disc(0, 0.16, 0.36, colour)
    pen.poly([(-0.3, -0.04), (0.3, -0.04), (0.1, -0.3), (-0.1, -0.3)], colour, False)
    pen.oval(
        -0.16,
        -0.2,
        0.16,
        0.52,
        shade(colour, 1.25) if sum(colour) < 600 else shade(colour, 0.86),
        False,
    )
    for u in (-0.09, 0.09):
        pen.line([(u, -0.3), (u * 0.8, -0.42)], DARK, 0.015)
    pen.rect(-0.09, -0.54, 0.09, -0.41, WOOD)
    _trend(pen, climbs)
    if climbs:
        pen.poly([(-0.05, -0.4), (0.05, -0.4), (0, -0.27)], (255, 150, 40), False)


def _trend(pen: Pen, climbs: bool) -> None:
    """Lines of movement: below what climbs, above what descends."""
    for u in (-0.2, 0, 0.2):
        if climbs:
            pen.line(
                [(u - 0.34, -0.46 + u * 0.3), (u - 0.46, -0.56 + u * 0.3)], (250, 250, 250), 0.02
            )
        else:
            pen.line([(u - 0.34, 0.5 + u * 0.3), (u - 0.46, 0.6 + u * 0.3)], (250, 250, 250), 0.02)


def rocket(pen: Pen, colour: RGB, climbs: bool, rng: random.Random) -> None:
    """A rocket: on its flame when it leaves, under a parachute when it returns."""
    if climbs:
        for k in range(5):
            pen.disc(rng.uniform(-0.2, 0.2), -0.42 - k * 0.05, 0.14, (214, 212, 216), False)
        for flame, w, v in (((240, 96, 30), 0.13, -0.5), ((255, 210, 80), 0.07, -0.32)):
            pen.poly([(-w, 0.02), (w, 0.02), (0, v)], flame, False)
    else:
        pen.slice(-0.42, 0.9, 0.42, 1.5, 180, 360, PALE)
        for u in (-0.42, -0.14, 0.14, 0.42):
            pen.line([(u, 1.2), (0, 0.88)], PALE, 0.015)
    pen.poly([(-0.15, 0.22), (-0.3, -0.02), (-0.15, 0.02)], shade(colour, 0.75))
    pen.poly([(0.15, 0.22), (0.3, -0.02), (0.15, 0.02)], shade(colour, 0.75))
    pen.poly(
        [
            (-0.15, 0.0),
            (-0.15, 0.6),
            (-0.09, 0.8),
            (0, 0.94),
            (0.09, 0.8),
            (0.15, 0.6),
            (0.15, 0.0),
        ],
        colour,
    )
    pen.poly([(-0.15, 0.6), (-0.09, 0.8), (0, 0.94), (0.09, 0.8), (0.15, 0.6)], shade(colour, 0.6))
    pen.disc(0, 0.48, 0.075, GLASS)
    pen.rect(-0.15, 0.14, 0.15, 0.2, PALE if sum(colour) < 620 else DARK)


def probe(pen: Pen, colour: RGB, climbs: bool) -> None:
    """A space probe with solar wings (they have the colour) and a dish."""
    for side in (-1, 1):
        u0, u1 = sorted((side * 0.16, side * 0.54))
        pen.line([(0, 0), (side * 0.2, 0)], STEEL, 0.04)
        pen.rect(u0, -0.14, u1, 0.14, colour)
        for k in (1, 2, 3):
            pen.line([(u0 + k * 0.095, -0.14), (u0 + k * 0.095, 0.14)], shade(colour, 0.65), 0.015)
        pen.line([(u0, 0), (u1, 0)], shade(colour, 0.65), 0.015)
    pen.rect(-0.11, -0.16, 0.11, 0.16, (214, 184, 110))
    pen.slice(-0.16, 0.12, 0.16, 0.44, 0, 180, PALE)
    pen.line([(0, 0.28), (0, 0.42)], PALE, 0.02)
    if climbs:
        flames(pen.at(0, -0.16, 0.3).at(0, -0.3), random.Random(3))


def astronaut(pen: Pen, colour: RGB, climbs: bool) -> None:
    """A floating astronaut; the suit has the colour."""
    pen.rect(-0.24, -0.06, 0.24, 0.34, PALE, 0.05)
    pen.line([(-0.16, 0.2), (-0.42, 0.36 if climbs else 0.02)], colour, 0.14)
    pen.line([(0.16, 0.2), (0.42, 0.36 if climbs else 0.02)], colour, 0.14)
    pen.line([(-0.09, -0.06), (-0.16, -0.42)], colour, 0.15)
    pen.line([(0.09, -0.06), (0.18, -0.4)], colour, 0.15)
    pen.rect(-0.17, -0.12, 0.17, 0.26, colour, 0.06)
    pen.disc(0, 0.4, 0.19, (248, 248, 248))
    pen.oval(-0.12, 0.3, 0.14, 0.5, (40, 60, 96))
    pen.rect(-0.09, 0.02, 0.09, 0.14, STEEL)
