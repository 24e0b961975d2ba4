"""Buildings, trees and other fixed objects, in a box one unit wide, from the ground up."""

import random
from math import cos, sin

from newsimages.corpora.demo.drawing.pen import (
    DARK,
    GLASS,
    LIGHT,
    PALE,
    RGB,
    STEEL,
    WOOD,
    Pen,
    shade,
)


def flames(pen: Pen, rng: random.Random) -> None:
    """Fire from u -0.4 to 0.4, rising from v 0."""
    for u in (-0.32, -0.1, 0.14, 0.34):
        h = rng.uniform(0.32, 0.5)
        for colour, k in (((226, 66, 24), 1.0), ((252, 150, 34), 0.7), ((255, 226, 96), 0.4)):
            w = 0.14 * k
            pen.poly(
                [
                    (u - w, 0),
                    (u - w * 0.9, h * k * 0.5),
                    (u - w * 0.2, h * k * 0.6),
                    (u, h * k),
                    (u + w * 0.5, h * k * 0.55),
                    (u + w, h * k * 0.65),
                    (u + w, 0),
                ],
                colour,
                False,
            )


def smoke(pen: Pen, rng: random.Random) -> None:
    """Dark smoke that drifts upwards from the origin."""
    side = rng.choice((-1, 1))
    for step in range(7):
        grey = 62 + step * 9
        pen.disc(
            side * step * 0.07 + rng.uniform(-0.05, 0.05),
            step * 0.17,
            0.13 + step * 0.03,
            (grey, grey, grey + 3),
            False,
        )


def _windows(pen: Pen, spots: list[tuple[float, float]], colour: RGB, size: float = 0.07) -> None:
    for u, v in spots:
        pen.rect(u - size, v - size, u + size, v + size, colour)


def house(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A house with a pitched roof, burning."""
    smoke(pen.at(0.1, 0.85, 0.8), rng)
    flames(pen.at(0, 0.72, 0.9), rng)
    pen.rect(-0.42, 0, 0.42, 0.5, colour)
    pen.poly([(-0.5, 0.48), (0.5, 0.48), (0.26, 0.82), (-0.26, 0.82)], (98, 62, 52))
    pen.rect(-0.08, 0, 0.08, 0.24, WOOD)
    _windows(pen, [(-0.26, 0.28), (0.26, 0.28)], (255, 170, 50), 0.08)
    flames(pen.at(-0.24, 0.3, 0.4), rng)


def factory(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A factory with a saw-tooth roof and chimneys, burning."""
    smoke(pen.at(0.32, 0.95, 0.7), rng)
    flames(pen.at(-0.1, 0.55, 0.9), rng)
    for u in (0.24, 0.4):
        pen.rect(u - 0.05, 0.4, u + 0.05, 0.95, shade(colour, 0.8))
    pen.poly(
        [
            (-0.5, 0),
            (-0.5, 0.62),
            (-0.27, 0.45),
            (-0.27, 0.62),
            (-0.04, 0.45),
            (-0.04, 0.62),
            (0.19, 0.45),
            (0.5, 0.45),
            (0.5, 0),
        ],
        colour,
    )
    _windows(pen, [(u, 0.26) for u in (-0.38, -0.18, 0.02, 0.22, 0.4)], (255, 190, 70), 0.06)
    flames(pen.at(0.1, 0.22, 0.4), rng)


def barn(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A round-roofed barn with a crossed door, burning."""
    smoke(pen.at(-0.1, 0.8, 0.8), rng)
    flames(pen.at(0, 0.7, 0.85), rng)
    pen.poly(
        [(-0.44, 0), (-0.44, 0.46), (-0.3, 0.68), (0, 0.8), (0.3, 0.68), (0.44, 0.46), (0.44, 0)],
        colour,
    )
    pen.line([(-0.48, 0.44), (-0.32, 0.69), (0, 0.82), (0.32, 0.69), (0.48, 0.44)], DARK, 0.05)
    pen.rect(-0.18, 0, 0.18, 0.36, shade(colour, 0.75))
    pen.line([(-0.18, 0), (0.18, 0.36)], PALE, 0.03)
    pen.line([(0.18, 0), (-0.18, 0.36)], PALE, 0.03)
    flames(pen.at(0.3, 0.2, 0.35), rng)


def cottage(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A holiday house with a chimney, standing in water."""
    pen.rect(0.18, 0.5, 0.3, 0.86, (140, 70, 58))
    pen.rect(-0.4, -0.1, 0.4, 0.42, colour)
    pen.poly([(-0.5, 0.4), (0.5, 0.4), (0, 0.82)], (110, 64, 50))
    _windows(pen, [(-0.2, 0.22), (0.2, 0.22)], GLASS, 0.09)
    _waterline(pen, rng)


def church(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A church with a steeple and a cross, standing in water."""
    pen.rect(-0.15, -0.1, 0.48, 0.42, colour)
    pen.poly([(-0.18, 0.4), (0.5, 0.4), (0.42, 0.62), (-0.1, 0.62)], (96, 74, 82))
    pen.rect(-0.42, -0.1, -0.12, 0.68, colour)
    pen.poly([(-0.46, 0.67), (-0.08, 0.67), (-0.27, 1.02)], (96, 74, 82))
    pen.line([(-0.27, 1.0), (-0.27, 1.16)], DARK, 0.03)
    pen.line([(-0.33, 1.1), (-0.21, 1.1)], DARK, 0.03)
    pen.disc(-0.27, 0.54, 0.07, PALE)
    for u in (0.02, 0.18, 0.34):
        pen.rect(u - 0.04, 0.12, u + 0.04, 0.32, GLASS, 0.03)
    _waterline(pen, rng)


def caravan(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A caravan, half under water."""
    pen.rect(-0.42, -0.08, 0.4, 0.44, colour, 0.1)
    pen.rect(-0.42, 0.12, 0.4, 0.17, shade(colour, 0.7))
    pen.rect(-0.32, 0.22, -0.08, 0.36, GLASS, 0.02)
    pen.rect(0.06, -0.06, 0.22, 0.36, shade(colour, 0.85), 0.02)
    pen.line([(0.4, 0.04), (0.54, 0.02)], DARK, 0.03)
    _waterline(pen, rng)


def _waterline(pen: Pen, rng: random.Random) -> None:
    """Flood water over the foot of a building."""
    top = 0.06
    points = [(-0.62, -0.16), (-0.62, top)]
    for step in range(9):
        points.append((-0.55 + step * 0.14, top + rng.choice((-0.02, 0.0, 0.025))))
    pen.poly([*points, (0.62, top), (0.62, -0.16)], pen.ground, False)
    pen.line([(-0.55, top - 0.05), (-0.2, top - 0.05)], shade(pen.ground, 1.35), 0.02)
    pen.line([(0.1, top - 0.1), (0.5, top - 0.1)], shade(pen.ground, 1.35), 0.02)


def wind_turbine(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A wind turbine; the blades have the colour."""
    pen.poly([(-0.045, 0), (0.045, 0), (0.022, 0.95), (-0.022, 0.95)], PALE)
    turn = rng.uniform(0, 2)
    hub = pen.at(0, 0.95)
    for blade in range(3):
        _blade(hub, colour, turn + blade * 2.094)
    hub.disc(0, 0, 0.055, STEEL)


def _blade(hub: Pen, colour: RGB, angle: float) -> None:
    along, across = (cos(angle), sin(angle)), (-sin(angle), cos(angle))
    points = [(0.0, -0.02), (0.12, -0.06), (0.5, -0.01), (0.5, 0.01), (0.0, 0.03)]
    hub.poly(
        [(r * along[0] + w * across[0], r * along[1] + w * across[1]) for r, w in points], colour
    )


def solar_panel(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A tilted solar panel on a stand."""
    pen.line([(-0.2, 0), (-0.2, 0.25)], STEEL, 0.05)
    pen.line([(0.22, 0), (0.22, 0.25)], STEEL, 0.05)
    pen.poly([(-0.5, 0.14), (0.36, 0.14), (0.5, 0.62), (-0.36, 0.62)], colour)
    for k in (0.25, 0.5, 0.75):
        pen.line([(-0.5 + 0.86 * k, 0.14), (-0.36 + 0.86 * k, 0.62)], PALE, 0.015)
        pen.line(
            [(-0.5 + 0.14 * k, 0.14 + 0.48 * k), (0.36 + 0.14 * k, 0.14 + 0.48 * k)], PALE, 0.015
        )


def cooling_tower(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A waisted cooling tower with steam and a coloured band."""
    for step in range(5):
        pen.disc(
            step * 0.06 + rng.uniform(-0.04, 0.04),
            0.94 + step * 0.1,
            0.17 + step * 0.02,
            (238, 240, 243),
            False,
        )
    pen.poly(
        [
            (-0.4, 0),
            (-0.29, 0.3),
            (-0.24, 0.6),
            (-0.28, 0.9),
            (0.28, 0.9),
            (0.24, 0.6),
            (0.29, 0.3),
            (0.4, 0),
        ],
        colour,
    )
    pen.poly([(-0.26, 0.74), (0.26, 0.74), (0.28, 0.82), (-0.28, 0.82)], shade(colour, 0.75), False)


def crane(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A tower crane with a load."""
    for v in range(9):
        pen.line([(-0.22, v * 0.1), (-0.1, v * 0.1 + 0.1)], colour, 0.025)
        pen.line([(-0.1, v * 0.1), (-0.22, v * 0.1 + 0.1)], colour, 0.025)
    pen.line([(-0.22, 0), (-0.22, 0.98)], colour, 0.045)
    pen.line([(-0.1, 0), (-0.1, 0.98)], colour, 0.045)
    pen.line([(-0.46, 0.92), (0.5, 0.92)], colour, 0.06)
    pen.line([(-0.42, 0.94), (-0.16, 1.1), (0.42, 0.94)], colour, 0.025)
    pen.rect(-0.48, 0.76, -0.34, 0.9, STEEL)
    pen.rect(-0.1, 0.78, 0.0, 0.9, GLASS)
    pen.line([(0.34, 0.92), (0.34, 0.5)], DARK, 0.015)
    pen.rect(0.24, 0.42, 0.44, 0.5, WOOD)
    pen.rect(-0.3, 0, -0.02, 0.06, STEEL)


def tree(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A tree that the wind bends to the right, losing leaves."""
    pen.poly(
        [(-0.14, 0), (-0.02, 0), (0.08, 0.3), (0.16, 0.55), (0.06, 0.55), (-0.04, 0.3)],
        (104, 70, 42),
    )
    for u, v, r in ((0.04, 0.62, 0.2), (0.3, 0.62, 0.17), (0.18, 0.8, 0.2), (0.42, 0.76, 0.12)):
        pen.disc(u, v, r, colour, True)
    pen.oval(0.0, 0.56, 0.4, 0.86, colour, False)
    for _ in range(6):
        pen.disc(rng.uniform(0.4, 0.75), rng.uniform(0.3, 0.8), 0.025, colour, False)


def tent(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A tent whose flap the wind tears open."""
    pen.poly([(-0.5, 0), (0.5, 0), (0.1, 0.62), (-0.02, 0.62)], colour)
    pen.poly([(-0.2, 0), (0.16, 0), (0.02, 0.46)], shade(colour, 0.45))
    pen.poly([(0.02, 0.46), (0.16, 0.0), (0.5, 0.3), (0.3, 0.34)], shade(colour, 1.2))
    pen.line([(0.5, 0), (0.62, -0.05)], DARK, 0.02)
    pen.line([(-0.5, 0), (-0.62, -0.05)], DARK, 0.02)
    for v in (0.3, 0.5, 0.7):
        pen.line([(-0.62, v), (-0.35, v + 0.02)], PALE, 0.015)


def hospital(pen: Pen, colour: RGB) -> None:
    """A clinic with a cross on it."""
    pen.rect(-0.5, 0, 0.5, 0.7, colour)
    pen.rect(-0.2, 0.62, 0.2, 0.98, (250, 250, 250))
    pen.rect(-0.05, 0.66, 0.05, 0.94, (214, 34, 38))
    pen.rect(-0.14, 0.75, 0.14, 0.85, (214, 34, 38))
    _windows(pen, [(u, v) for u in (-0.36, -0.12, 0.12, 0.36) for v in (0.24, 0.48)], GLASS, 0.07)
    pen.rect(-0.09, 0, 0.09, 0.14, DARK)


def tower_block(pen: Pen, colour: RGB) -> None:
    """A tall block with scaffolding."""
    pen.rect(-0.34, 0, 0.34, 1.35, colour)
    _windows(
        pen, [(u, v) for u in (-0.2, 0, 0.2) for v in (0.2, 0.45, 0.7, 0.95, 1.2)], LIGHT, 0.06
    )
    for v in (0.33, 0.58, 0.83, 1.08):
        pen.line([(-0.42, v), (0.42, v)], STEEL, 0.025)
    for u in (-0.42, 0.42):
        pen.line([(u, 0), (u, 1.35)], STEEL, 0.03)


def hangar(pen: Pen, colour: RGB) -> None:
    """A half-round hangar."""
    pen.slice(-0.5, -0.5, 0.5, 0.6, 180, 360, colour)
    pen.rect(-0.5, 0, 0.5, 0.06, colour)
    pen.slice(-0.34, -0.32, 0.34, 0.38, 180, 360, DARK)
    pen.rect(-0.34, 0, 0.34, 0.03, DARK)


def lighthouse(pen: Pen, colour: RGB) -> None:
    """A striped lighthouse on a rock."""
    pen.slice(-0.5, -0.22, 0.5, 0.24, 180, 360, (112, 108, 102))
    for step in range(5):
        v, w = 0.1 + step * 0.2, 0.2 - step * 0.018
        fill = colour if step % 2 == 0 else (244, 244, 240)
        pen.poly([(-w, v), (w, v), (w - 0.018, v + 0.2), (-w + 0.018, v + 0.2)], fill)
    pen.rect(-0.11, 1.1, 0.11, 1.24, LIGHT)
    pen.poly([(-0.16, 1.24), (0.16, 1.24), (0, 1.4)], colour)


def substation(pen: Pen, colour: RGB) -> None:
    """A substation: a box with a flash, and a pylon beside it."""
    pen.line([(0.22, 0), (0.36, 1.1), (0.5, 0)], STEEL, 0.035)
    for v in (0.6, 0.85):
        pen.line([(0.16, v), (0.56, v)], STEEL, 0.035)
    pen.line([(0.28, 0.4), (0.45, 0.4)], STEEL, 0.025)
    pen.rect(-0.5, 0, 0.16, 0.58, colour)
    pen.poly(
        [
            (-0.14, 0.52),
            (-0.3, 0.26),
            (-0.19, 0.26),
            (-0.24, 0.06),
            (-0.06, 0.32),
            (-0.17, 0.32),
            (-0.09, 0.52),
        ],
        (255, 230, 60) if sum(colour) < 600 else DARK,
    )


def silo(pen: Pen, colour: RGB) -> None:
    """Two grain silos."""
    for u in (-0.22, 0.22):
        pen.slice(u - 0.2, 0.7, u + 0.2, 1.1, 180, 360, shade(colour, 0.85))
        pen.rect(u - 0.2, 0, u + 0.2, 0.9, colour)
        for v in (0.25, 0.5, 0.75):
            pen.line([(u - 0.2, v), (u + 0.2, v)], shade(colour, 0.75), 0.02)
