"""People, animals and small things, in a box one unit wide."""

import random

from newsimages.corpora.demo.drawing.pen import (
    DARK,
    LIGHT,
    PALE,
    RGB,
    SKIN,
    STEEL,
    WOOD,
    Pen,
    shade,
)

_HAIR: tuple[RGB, ...] = ((52, 36, 26), (120, 78, 40), (206, 166, 92), (30, 28, 30))
_SKINS: tuple[RGB, ...] = (SKIN, (240, 200, 170), (170, 116, 78), (116, 76, 52))


def person(
    pen: Pen, shirt: RGB, rng: random.Random, *, arms_up: bool = False, trousers: RGB = DARK
) -> None:
    """A standing person, one unit high."""
    skin = rng.choice(_SKINS)
    pen.line([(-0.08, 0.42), (-0.1, 0.04)], trousers, 0.12)
    pen.line([(0.08, 0.42), (0.1, 0.04)], trousers, 0.12)
    hand = 0.95 if arms_up else 0.42
    for side in (-1, 1):
        pen.line(
            [(side * 0.14, 0.7), (side * 0.27, (0.7 + hand) / 2), (side * 0.25, hand)], shirt, 0.09
        )
        pen.disc(side * 0.25, hand, 0.05, skin, False)
    pen.rect(-0.17, 0.38, 0.17, 0.76, shirt, 0.05)
    pen.disc(0, 0.88, 0.115, skin)
    pen.slice(-0.12, 0.78, 0.12, 1.01, 180, 360, rng.choice(_HAIR))


def player(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A footballer in a coloured shirt with a ball."""
    skin = rng.choice(_SKINS)
    pen.line([(-0.08, 0.4), (-0.16, 0.06)], skin, 0.1)
    pen.line([(0.08, 0.4), (0.22, 0.2), (0.34, 0.14)], skin, 0.1)
    pen.line([(-0.14, 0.14), (-0.16, 0.05), (-0.08, 0.03)], colour, 0.1)
    pen.line([(0.26, 0.18), (0.36, 0.14)], colour, 0.1)
    pen.rect(-0.16, 0.32, 0.16, 0.48, PALE if sum(colour) < 640 else DARK, 0.03)
    pen.line([(-0.14, 0.78), (-0.32, 0.58)], colour, 0.1)
    pen.line([(0.14, 0.78), (0.34, 0.74)], colour, 0.1)
    pen.rect(-0.18, 0.44, 0.18, 0.84, colour, 0.05)
    pen.disc(0, 0.96, 0.115, skin)
    pen.slice(-0.12, 0.86, 0.12, 1.09, 180, 360, rng.choice(_HAIR))
    pen.disc(0.46, 0.08, 0.085, (250, 250, 250))
    pen.disc(0.46, 0.08, 0.03, DARK)


def fan(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A cheering fan in a coloured shirt and scarf."""
    person(pen, colour, rng, arms_up=True, trousers=(60, 70, 100))
    pen.line([(-0.26, 0.98), (0, 1.06), (0.26, 0.98)], colour, 0.09)
    for u in (-0.14, 0.14):
        pen.line([(u - 0.02, 1.0), (u + 0.02, 1.08)], PALE if sum(colour) < 640 else DARK, 0.04)


def worker(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A building worker with a helmet and a shovel, in coloured clothes."""
    person(pen, colour, rng, trousers=shade(colour, 0.8))
    pen.rect(-0.17, 0.5, 0.17, 0.55, (236, 240, 120))
    pen.slice(-0.14, 0.8, 0.14, 1.08, 180, 360, (250, 206, 40))
    pen.line([(-0.17, 0.94), (0.17, 0.94)], (250, 206, 40), 0.04)
    pen.line([(0.26, 0.02), (0.26, 0.72)], WOOD, 0.035)
    pen.poly([(0.18, 0.12), (0.34, 0.12), (0.32, -0.06), (0.2, -0.06)], STEEL)


def trophy(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A cup with two handles on a base."""
    for side in (-1, 1):
        pen.disc(side * 0.28, 0.7, 0.13, colour)
        pen.disc(side * 0.28, 0.7, 0.07, shade(colour, 0.45))
    pen.poly(
        [(-0.28, 0.94), (0.28, 0.94), (0.24, 0.62), (0.08, 0.42), (-0.08, 0.42), (-0.24, 0.62)],
        colour,
    )
    pen.rect(-0.3, 0.9, 0.3, 0.97, shade(colour, 1.15))
    pen.rect(-0.05, 0.2, 0.05, 0.44, colour)
    pen.poly([(-0.18, 0.14), (0.18, 0.14), (0.1, 0.24), (-0.1, 0.24)], colour)
    pen.rect(-0.24, 0, 0.24, 0.15, (74, 50, 36))
    pen.line([(-0.16, 0.84), (-0.12, 0.62)], shade(colour, 1.5), 0.04)


def goal(pen: Pen, colour: RGB) -> None:
    """A goal with a net; posts have the colour."""
    for k in range(7):
        u, v = -0.6 + k * 0.2, k * 0.11
        pen.line([(u, 0), (u, 0.7)], PALE, 0.01)
        pen.line([(-0.6, v), (0.6, v)], PALE, 0.01)
    pen.line([(-0.62, 0), (-0.62, 0.72), (0.62, 0.72), (0.62, 0)], colour, 0.075)


def ballot_box(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A ballot box; a paper with a cross goes into its slot."""
    pen.poly([(-0.13, 0.62), (0.11, 0.66), (0.15, 1.0), (-0.11, 0.96)], (252, 252, 250))
    pen.line([(-0.04, 0.76), (0.08, 0.9)], (208, 36, 40), 0.03)
    pen.line([(-0.03, 0.9), (0.07, 0.76)], (208, 36, 40), 0.03)
    pen.rect(-0.38, 0, 0.38, 0.58, colour)
    pen.poly([(-0.38, 0.58), (-0.28, 0.7), (0.28, 0.7), (0.38, 0.58)], shade(colour, 0.8))
    pen.line([(-0.18, 0.64), (0.18, 0.64)], DARK, 0.04)
    pen.rect(-0.17, 0.16, 0.17, 0.42, (252, 252, 250))
    pen.line([(-0.08, 0.28), (-0.02, 0.22), (0.1, 0.37)], (40, 146, 66), 0.045)


def lectern(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A speaker behind a lectern with microphones."""
    person(pen.at(0, 0.24, 0.82), rng.choice(((52, 60, 84), (84, 84, 92), (100, 60, 60))), rng)
    pen.poly([(-0.34, 0.56), (0.34, 0.56), (0.26, 0), (-0.26, 0)], colour)
    pen.rect(-0.4, 0.54, 0.4, 0.61, shade(colour, 0.8))
    for u in (-0.12, 0.12):
        pen.line([(u, 0.6), (u * 0.6, 0.76)], DARK, 0.025)
        pen.disc(u * 0.6, 0.77, 0.03, DARK)
    pen.disc(0, 0.3, 0.1, PALE if sum(colour) < 640 else STEEL)


def poster(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """An election poster on two posts: a portrait and a cross in a circle."""
    for u in (-0.28, 0.28):
        pen.line([(u, 0), (u, 0.3)], WOOD, 0.05)
    pen.rect(-0.4, 0.24, 0.4, 1.08, colour)
    pen.rect(
        -0.33, 0.46, 0.33, 1.01, shade(colour, 1.35) if 160 < sum(colour) < 600 else (200, 206, 214)
    )
    pen.slice(-0.26, 0.22, 0.26, 0.7, 180, 360, (44, 52, 78))
    pen.disc(0, 0.78, 0.14, rng.choice(_SKINS))
    pen.slice(-0.15, 0.64, 0.15, 0.95, 180, 360, rng.choice(_HAIR))
    pen.line([(-0.26, 0.35), (0.08, 0.35)], PALE if sum(colour) < 640 else DARK, 0.05)
    pen.disc(0.24, 0.35, 0.07, (252, 252, 250))
    pen.line([(0.2, 0.31), (0.28, 0.39)], (208, 36, 40), 0.025)
    pen.line([(0.28, 0.31), (0.2, 0.39)], (208, 36, 40), 0.025)


def curtain(pen: Pen, colour: RGB) -> None:
    """A wide curtain with folds on a rail."""
    pen.rect(-1.1, 0, 1.1, 1.5, colour)
    for k in range(-10, 11, 2):
        pen.poly(
            [(k * 0.1, 0), (k * 0.1 + 0.07, 0), (k * 0.1 + 0.05, 1.48), (k * 0.1 + 0.02, 1.48)],
            shade(colour, 0.78),
            False,
        )
    pen.line([(-1.2, 1.5), (1.2, 1.5)], WOOD, 0.06)


def umbrella(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A person who holds an umbrella against the wind."""
    person(pen.at(-0.06, 0, 0.66), rng.choice(((70, 82, 110), (110, 96, 84), (90, 90, 94))), rng)
    pen.line([(0.1, 0.36), (0.12, 0.98)], DARK, 0.035)
    pen.slice(-0.42, 0.36, 0.62, 1.12, 180, 360, colour)
    for u in (-0.1, 0.1, 0.3):
        pen.line([(0.1, 1.11), (u, 0.75)], shade(colour, 0.68), 0.02)
    for v in (0.2, 0.45):
        pen.line([(-0.62, v), (-0.36, v + 0.02)], PALE, 0.018)


def bench(pen: Pen, colour: RGB) -> None:
    """A park bench."""
    for u in (-0.38, 0.38):
        pen.line([(u, 0), (u, 0.62)], DARK, 0.05)
    for v in (0.26, 0.42, 0.56):
        pen.rect(-0.5, v - 0.045, 0.5, v + 0.045, colour)
    pen.rect(-0.54, 0.2, 0.54, 0.28, shade(colour, 0.85))


def signal(pen: Pen, colour: RGB) -> None:
    """A railway signal whose lamp has the colour."""
    pen.line([(0, 0), (0, 0.9)], STEEL, 0.08)
    pen.rect(-0.26, 0.72, 0.26, 1.62, DARK, 0.1)
    pen.disc(0, 1.36, 0.21, colour)
    pen.disc(0, 0.94, 0.15, (70, 72, 78))


def crowd(pen: Pen, rng: random.Random) -> None:
    """Heads and shoulders from left to right, 512 units wide."""
    for row, v in enumerate((70, 28)):
        for k in range(13):
            who = pen.at(k * 42 + row * 20 - 6 + rng.randint(-6, 6), v, 40)
            coat = rng.choice(
                ((66, 80, 116), (100, 70, 66), (74, 98, 80), (92, 92, 100), (120, 100, 74))
            )
            who.slice(-0.55, -1.5, 0.55, 0.45, 180, 360, coat)
            who.disc(0, 0.6, 0.32, rng.choice(_SKINS))
            who.slice(-0.33, 0.3, 0.33, 0.95, 180, 360, rng.choice(_HAIR))


def placard(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A placard on a stick with an exclamation mark."""
    pen.line([(0, 0), (0, 0.6)], WOOD, 0.05)
    pen.rect(-0.36, 0.5, 0.36, 1.0, colour, 0.02)
    ink = PALE if sum(colour) < 500 else DARK
    pen.line([(-0.24, 0.86), (0.1, 0.86)], ink, 0.045)
    pen.line([(-0.24, 0.75), (0.06, 0.75)], ink, 0.045)
    pen.line([(-0.24, 0.64), (0.1, 0.64)], ink, 0.045)
    pen.line([(0.24, 0.9), (0.24, 0.72)], ink, 0.07)
    pen.disc(0.24, 0.62, 0.035, ink, False)


def flag(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A waving flag on a pole."""
    pen.line([(-0.34, 0), (-0.34, 1.06)], WOOD, 0.045)
    pen.poly(
        [
            (-0.33, 1.04),
            (-0.12, 1.1),
            (0.14, 1.0),
            (0.42, 1.08),
            (0.38, 0.62),
            (0.14, 0.54),
            (-0.12, 0.64),
            (-0.33, 0.58),
        ],
        colour,
    )
    pen.line([(-0.12, 1.08), (-0.12, 0.66)], shade(colour, 0.8), 0.02)
    pen.line([(0.14, 0.99), (0.14, 0.56)], shade(colour, 0.8), 0.02)


def banner(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A wide banner between two poles."""
    for u in (-0.5, 0.5):
        pen.line([(u, 0), (u, 0.9)], WOOD, 0.04)
    pen.poly([(-0.5, 0.9), (0, 0.84), (0.5, 0.9), (0.5, 0.5), (0, 0.44), (-0.5, 0.5)], colour)
    ink = PALE if sum(colour) < 500 else DARK
    for u, w in ((-0.4, 0.2), (-0.14, 0.26), (0.2, 0.18)):
        pen.line([(u, 0.72), (u + w, 0.72)], ink, 0.06)
        pen.line([(u, 0.6), (u + w * 0.8, 0.6)], ink, 0.04)


def stage(pen: Pen, colour: RGB) -> None:
    """A stage with a roof and a speaker."""
    pen.line([(-0.5, 0.2), (-0.5, 1.1)], STEEL, 0.05)
    pen.line([(0.5, 0.2), (0.5, 1.1)], STEEL, 0.05)
    person(pen.at(0, 0.28, 0.55), (60, 66, 90), random.Random(1), arms_up=True)
    pen.rect(-0.58, 0, 0.58, 0.3, colour)
    pen.poly([(-0.62, 1.0), (0.62, 1.0), (0.46, 1.22), (-0.46, 1.22)], colour)


def cow(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A cow with spots."""
    for u in (-0.34, -0.22, 0.12, 0.24):
        pen.line([(u, 0.26), (u, 0.02)], shade(colour, 0.8), 0.075)
    pen.line([(-0.44, 0.54), (-0.52, 0.28)], shade(colour, 0.7), 0.03)
    pen.rect(-0.46, 0.22, 0.34, 0.6, colour, 0.12)
    spot = (250, 246, 240) if sum(colour) < 450 else (60, 50, 46)
    pen.oval(-0.34, 0.36, -0.12, 0.54, spot, False)
    pen.oval(0.04, 0.28, 0.2, 0.42, spot, False)
    pen.oval(-0.14, 0.15, 0.04, 0.26, (240, 180, 180))
    pen.line([(0.3, 0.66), (0.24, 0.8)], PALE, 0.04)
    pen.line([(0.44, 0.66), (0.5, 0.8)], PALE, 0.04)
    pen.oval(0.24, 0.36, 0.5, 0.72, colour)
    pen.oval(0.28, 0.32, 0.5, 0.46, (236, 180, 172))
    pen.disc(0.34, 0.58, 0.025, DARK, False)


def sheep(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A woolly sheep."""
    for u in (-0.24, -0.12, 0.1, 0.2):
        pen.line([(u, 0.24), (u, 0.02)], DARK, 0.06)
    for u, v in (
        (-0.28, 0.34),
        (-0.1, 0.28),
        (0.1, 0.28),
        (0.22, 0.36),
        (-0.2, 0.5),
        (0.0, 0.54),
        (0.16, 0.5),
    ):
        pen.disc(u, v, 0.16, colour)
    pen.oval(-0.3, 0.24, 0.24, 0.56, colour, False)
    face = (70, 62, 58) if sum(colour) > 160 else (150, 140, 130)
    pen.oval(0.24, 0.34, 0.48, 0.66, face)
    pen.line([(0.28, 0.58), (0.18, 0.54)], face, 0.07)
    pen.disc(0.38, 0.54, 0.022, PALE, False)


def hospital_bed(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A patient in a hospital bed with a drip; the blanket has the colour."""
    pen.line([(-0.5, 0.1), (-0.5, 0.66)], STEEL, 0.05)
    pen.line([(0.5, 0.1), (0.5, 0.48)], STEEL, 0.05)
    for u in (-0.44, 0.44):
        pen.disc(u, 0.06, 0.06, DARK)
    pen.rect(-0.5, 0.16, 0.5, 0.28, (250, 250, 250), 0.03)
    pen.rect(-0.46, 0.28, -0.18, 0.42, (250, 250, 250), 0.05)
    pen.disc(-0.28, 0.46, 0.105, rng.choice(_SKINS))
    pen.poly(
        [(-0.16, 0.26), (-0.16, 0.46), (0.3, 0.44), (0.5, 0.36), (0.5, 0.2), (-0.16, 0.2)], colour
    )
    pen.line([(0.3, 0.2), (0.3, 0.94), (0.18, 0.94)], STEEL, 0.025)
    pen.rect(0.12, 0.7, 0.24, 0.9, (214, 236, 246), 0.02)


def syringe(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """An upright syringe; its filling has the colour."""
    pen.line([(0, 0.78), (0, 1.08)], STEEL, 0.025)
    pen.rect(-0.14, 0.2, 0.14, 0.76, (236, 244, 248), 0.03)
    pen.rect(-0.12, 0.34, 0.12, 0.74, colour)
    pen.rect(-0.05, 0.74, 0.05, 0.82, STEEL)
    for v in (0.44, 0.54, 0.64):
        pen.line([(0.02, v), (0.12, v)], DARK, 0.02)
    pen.rect(-0.26, 0.16, 0.26, 0.22, PALE)
    pen.rect(-0.04, 0.02, 0.04, 0.34, STEEL)
    pen.rect(-0.16, -0.03, 0.16, 0.04, PALE)


def barrier(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """A striped road barrier with warning lamps."""
    for u in (-0.34, 0.34):
        pen.line([(u - 0.08, 0), (u, 0.56)], DARK, 0.05)
        pen.line([(u + 0.08, 0), (u, 0.56)], DARK, 0.05)
        pen.disc(u, 0.66, 0.07, (255, 176, 40))
    for low in (0.12, 0.38):
        pen.rect(-0.5, low, 0.5, low + 0.17, colour)
        pale = PALE if sum(colour) < 640 else (120, 124, 130)
        for k in range(4):
            u = -0.46 + k * 0.25
            pen.poly(
                [(u, low), (u + 0.09, low), (u + 0.16, low + 0.17), (u + 0.07, low + 0.17)],
                pale,
                False,
            )


def suitcase(pen: Pen, colour: RGB) -> None:
    """A suitcase left on the ground, with a handle and straps."""
    pen.line([(-0.16, 0.56), (-0.16, 0.74), (0.16, 0.74), (0.16, 0.56)], DARK, 0.07)
    pen.rect(-0.5, 0, 0.5, 0.6, colour, 0.08)
    for u in (-0.3, 0.3):
        pen.rect(u - 0.05, 0, u + 0.05, 0.6, shade(colour, 0.65))
    pen.rect(-0.08, 0.26, 0.08, 0.36, LIGHT)


def coin_stack(pen: Pen, colour: RGB, height: float) -> None:
    """A stack of coins."""
    v = 0.0
    while v < height:
        pen.oval(-0.4, v, 0.4, v + 0.24, shade(colour, 0.88))
        v += 0.13
    pen.oval(-0.4, v, 0.4, v + 0.24, colour)
    pen.oval(-0.24, v + 0.06, 0.24, v + 0.18, shade(colour, 0.88))


def arrow(pen: Pen, colour: RGB, up: bool) -> None:
    """A broad arrow that points up or down."""
    points = [(-0.16, 0), (-0.16, 0.5), (-0.42, 0.5), (0, 1), (0.42, 0.5), (0.16, 0.5), (0.16, 0)]
    pen.poly([(u, v if up else 1 - v) for u, v in points], colour)
