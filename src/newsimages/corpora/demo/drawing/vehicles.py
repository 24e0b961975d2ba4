"""Vehicles on roads, rails, fields and building sites, one unit long, on their wheels."""

import random

from newsimages.corpora.demo.drawing.pen import DARK, GLASS, LIGHT, PALE, RGB, STEEL, Pen, shade


def _wheels(pen: Pen, spots: tuple[float, ...], radius: float = 0.09) -> None:
    for u in spots:
        pen.disc(u, radius, radius, (30, 30, 34))
        pen.disc(u, radius, radius * 0.45, STEEL)


def _impact(pen: Pen) -> None:
    """A star of shards where something was hit."""
    points = [
        (0.0, 0.2),
        (0.05, 0.07),
        (0.18, 0.09),
        (0.08, -0.01),
        (0.12, -0.14),
        (0, -0.06),
        (-0.12, -0.14),
        (-0.08, -0.01),
        (-0.18, 0.09),
        (-0.05, 0.07),
    ]
    pen.poly(points, (255, 206, 60))


def _saloon(pen: Pen, colour: RGB) -> None:
    pen.poly([(-0.3, 0.26), (-0.18, 0.44), (0.16, 0.44), (0.3, 0.26)], colour)
    pen.poly([(-0.24, 0.27), (-0.15, 0.4), (-0.02, 0.4), (-0.02, 0.27)], GLASS)
    pen.poly([(0.02, 0.27), (0.02, 0.4), (0.14, 0.4), (0.24, 0.27)], GLASS)
    pen.rect(-0.5, 0.08, 0.5, 0.28, colour, 0.06)
    pen.rect(0.44, 0.18, 0.5, 0.24, LIGHT)
    _wheels(pen, (-0.28, 0.28), 0.1)


def car(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A car with a broken front."""
    _saloon(pen, colour)
    _impact(pen.at(0.5, 0.24, 0.9))


def police_car(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A patrol car: a light bar and a pale stripe."""
    _saloon(pen, colour)
    pen.rect(-0.44, 0.13, 0.44, 0.2, PALE if sum(colour) < 640 else (34, 92, 196))
    pen.rect(-0.13, 0.44, 0.11, 0.48, DARK)
    pen.rect(-0.12, 0.46, -0.01, 0.55, (40, 110, 255), 0.02)
    pen.rect(0.01, 0.46, 0.1, 0.55, (40, 110, 255), 0.02)
    for u, v in ((-0.2, 0.62), (0.0, 0.68), (0.2, 0.62)):
        pen.line([(u * 0.6, v - 0.06), (u, v)], (120, 180, 255), 0.025)
    _wheels(pen, (-0.28, 0.28), 0.1)


def lorry(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A lorry with a broken front."""
    pen.rect(-0.5, 0.14, 0.22, 0.62, colour)
    for u in (-0.3, -0.1, 0.06):
        pen.line([(u, 0.17), (u, 0.59)], shade(colour, 0.8), 0.015)
    pen.poly([(0.25, 0.1), (0.25, 0.5), (0.4, 0.5), (0.5, 0.32), (0.5, 0.1)], shade(colour, 0.85))
    pen.poly([(0.3, 0.3), (0.3, 0.45), (0.39, 0.45), (0.46, 0.3)], GLASS)
    pen.rect(-0.48, 0.09, 0.48, 0.15, DARK)
    _wheels(pen, (-0.36, -0.16, 0.36))
    _impact(pen.at(0.5, 0.22, 0.9))


def bus(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A bus with a broken front."""
    pen.rect(-0.5, 0.08, 0.5, 0.54, colour, 0.05)
    for u in (-0.44, -0.26, -0.08, 0.1):
        pen.rect(u, 0.28, u + 0.15, 0.46, GLASS)
    pen.rect(0.3, 0.1, 0.4, 0.46, GLASS)
    pen.rect(0.44, 0.26, 0.5, 0.46, GLASS)
    _wheels(pen, (-0.3, 0.22), 0.1)
    _impact(pen.at(0.52, 0.2, 0.9))


def van(pen: Pen, colour: RGB) -> None:
    """A delivery van, dented."""
    pen.poly(
        [(-0.5, 0.1), (-0.5, 0.56), (0.22, 0.56), (0.36, 0.34), (0.5, 0.28), (0.5, 0.1)], colour
    )
    pen.poly([(0.08, 0.34), (0.08, 0.5), (0.2, 0.5), (0.31, 0.34)], GLASS)
    pen.line([(0.04, 0.12), (0.04, 0.54)], shade(colour, 0.7), 0.02)
    _wheels(pen, (-0.3, 0.3), 0.1)


def fire_engine(pen: Pen, colour: RGB) -> None:
    """A fire engine with a ladder and a blue light."""
    pen.rect(-0.5, 0.1, 0.2, 0.42, colour)
    pen.poly([(0.2, 0.1), (0.2, 0.54), (0.42, 0.54), (0.5, 0.34), (0.5, 0.1)], colour)
    pen.poly([(0.26, 0.32), (0.26, 0.48), (0.4, 0.48), (0.46, 0.32)], GLASS)
    pen.rect(0.26, 0.54, 0.36, 0.61, (40, 110, 255))
    for v in (0.46, 0.56):
        pen.line([(-0.56, v + 0.06), (0.16, v)], PALE, 0.03)
    for u in (-0.48, -0.34, -0.2, -0.06, 0.08):
        pen.line([(u, 0.47), (u, 0.6)], PALE, 0.025)
    pen.rect(-0.46, 0.22, 0.16, 0.28, PALE if sum(colour) < 640 else (208, 36, 40))
    _wheels(pen, (-0.34, 0.32), 0.1)


def ambulance(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """An ambulance with a red cross and a blue light."""
    pen.poly([(-0.5, 0.1), (-0.5, 0.6), (0.2, 0.6), (0.36, 0.36), (0.5, 0.3), (0.5, 0.1)], colour)
    pen.poly([(0.1, 0.36), (0.1, 0.53), (0.19, 0.53), (0.3, 0.36)], GLASS)
    pen.rect(-0.38, 0.2, -0.04, 0.54, (250, 250, 250))
    pen.rect(-0.25, 0.24, -0.17, 0.5, (214, 34, 38))
    pen.rect(-0.34, 0.33, -0.08, 0.41, (214, 34, 38))
    pen.rect(-0.02, 0.6, 0.12, 0.68, (40, 110, 255), 0.02)
    _wheels(pen, (-0.3, 0.3), 0.1)


def motorcycle(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A police motorcycle with a blue light."""
    for u in (-0.32, 0.32):
        pen.disc(u, 0.17, 0.17, (30, 30, 34))
        pen.disc(u, 0.17, 0.11, PALE)
        pen.disc(u, 0.17, 0.03, DARK)
    pen.line([(0.32, 0.17), (0.2, 0.52), (0.1, 0.58)], STEEL, 0.04)
    pen.poly(
        [
            (-0.36, 0.36),
            (-0.3, 0.46),
            (-0.02, 0.4),
            (0.22, 0.48),
            (0.26, 0.34),
            (0.08, 0.16),
            (-0.14, 0.16),
        ],
        colour,
    )
    pen.poly([(-0.34, 0.44), (-0.02, 0.44), (-0.06, 0.5), (-0.32, 0.5)], DARK)
    pen.poly([(0.18, 0.46), (0.3, 0.42), (0.2, 0.68)], GLASS)
    pen.line([(-0.34, 0.46), (-0.34, 0.64)], DARK, 0.025)
    pen.disc(-0.34, 0.68, 0.055, (40, 110, 255))


def tractor(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A tractor with a cab and a big rear wheel."""
    pen.rect(-0.3, 0.5, 0.06, 0.86, GLASS)
    pen.rect(-0.34, 0.84, 0.1, 0.9, colour)
    pen.rect(-0.4, 0.24, 0.46, 0.52, colour, 0.04)
    pen.line([(0.3, 0.5), (0.3, 0.74)], DARK, 0.04)
    pen.disc(-0.24, 0.27, 0.27, (34, 34, 38))
    pen.disc(-0.24, 0.27, 0.13, (240, 206, 60))
    pen.disc(0.34, 0.15, 0.15, (34, 34, 38))
    pen.disc(0.34, 0.15, 0.07, (240, 206, 60))


def excavator(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """An excavator with a raised arm."""
    pen.rect(-0.5, 0.0, 0.14, 0.18, DARK, 0.09)
    _wheels(pen, (-0.4, -0.18, 0.04), 0.08)
    pen.rect(-0.5, 0.2, 0.1, 0.42, colour, 0.03)
    pen.rect(-0.12, 0.36, 0.12, 0.68, colour)
    pen.rect(-0.06, 0.46, 0.08, 0.63, GLASS)
    pen.line([(0.08, 0.34), (0.28, 0.84), (0.48, 0.52)], colour, 0.075)
    pen.poly([(0.38, 0.54), (0.56, 0.54), (0.52, 0.32), (0.4, 0.36)], STEEL)


def _carriage(pen: Pen, colour: RGB, count: int) -> None:
    """Windows, stripe and wheels of a train 1.6 units long."""
    for k in range(count):
        u = -0.72 + k * 1.3 / count
        pen.rect(u, 0.2, u + 0.9 / count, 0.32, GLASS)
    for u in (-0.66, -0.5, -0.1, 0.06, 0.46, 0.62):
        pen.disc(u, 0.03, 0.05, DARK)


def _track(pen: Pen) -> None:
    for u in range(-14, 15):
        pen.line([(u * 0.12, -0.06), (u * 0.12 + 0.03, -0.02)], (110, 84, 62), 0.04)
    pen.line([(-1.7, -0.025), (1.7, -0.025)], (92, 92, 100), 0.025)


def express_train(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A streamlined express train on its track."""
    _track(pen)
    pen.poly(
        [(-0.85, 0.05), (-0.85, 0.4), (0.5, 0.4), (0.68, 0.34), (0.86, 0.14), (0.86, 0.05)], colour
    )
    pen.rect(-0.85, 0.1, 0.8, 0.14, PALE if sum(colour) < 600 else DARK)
    pen.poly([(0.56, 0.22), (0.56, 0.34), (0.66, 0.31), (0.76, 0.22)], GLASS)
    _carriage(pen, colour, 8)
    pen.line([(-0.1, 0.4), (-0.1, 0.4)], DARK, 0.02)


def tram(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A tram below its wire."""
    _track(pen)
    pen.line([(-1.7, 0.66), (1.7, 0.66)], DARK, 0.012)
    pen.line([(-0.1, 0.46), (0.04, 0.56), (-0.06, 0.66)], DARK, 0.025)
    for u in (-0.78, 0.02):
        pen.rect(u, 0.04, u + 0.76, 0.46, colour, 0.05)
        for k in range(3):
            pen.rect(u + 0.05 + k * 0.24, 0.2, u + 0.21 + k * 0.24, 0.38, GLASS)
        pen.disc(u + 0.16, 0.02, 0.05, DARK)
        pen.disc(u + 0.6, 0.02, 0.05, DARK)
    pen.rect(-0.03, 0.08, 0.03, 0.42, DARK)


def locomotive(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A steam locomotive with its smoke."""
    _track(pen)
    for step in range(5):
        pen.disc(
            0.46 - step * 0.15, 0.74 + step * 0.05, 0.08 + step * 0.025, (222, 224, 228), False
        )
    pen.rect(-0.2, 0.14, 0.62, 0.42, colour, 0.06)
    pen.rect(-0.56, 0.1, -0.16, 0.6, colour)
    pen.rect(-0.48, 0.36, -0.26, 0.52, GLASS)
    pen.rect(-0.62, 0.58, -0.1, 0.64, DARK)
    pen.rect(0.4, 0.4, 0.52, 0.66, DARK)
    pen.slice(0.06, 0.32, 0.22, 0.52, 180, 360, (240, 206, 60))
    pen.poly([(0.6, 0.02), (0.6, 0.16), (0.8, 0.02)], DARK)
    for u in (-0.42, -0.1, 0.2, 0.48):
        pen.disc(u, 0.1, 0.12, DARK)
        pen.disc(u, 0.1, 0.06, (208, 60, 50))
    pen.line([(-0.42, 0.1), (0.48, 0.1)], PALE, 0.03)
