"""Sky, ground, the place on the horizon and the weather of a picture.

In: a scene and a canvas of `SIDE` pixels. Out: the canvas painted behind and before the objects.
"""

import random

from PIL import Image, ImageDraw, ImageOps

from newsimages.corpora.demo.drawing.pen import LIGHT, RGB, Pen, blend, shade
from newsimages.corpora.demo.scenes import Place, Scene, Weather

SIDE = 512
"""Pictures are drawn at this width and height and scaled down, which smooths all edges."""
HORIZON = 300
WATERS: dict[str, RGB] = {"harbour": (52, 112, 160), "flood": (140, 118, 86)}
"""Topics whose ground is water, and its colour."""

_SKY: dict[str, tuple[RGB, RGB]] = {
    "day": ((70, 142, 214), (198, 226, 244)),
    "dusk": ((88, 74, 132), (250, 170, 106)),
    "night": ((10, 14, 38), (44, 56, 98)),
}
_OVERCAST: dict[Weather, tuple[RGB, float]] = {
    "clear": ((0, 0, 0), 0.0),
    "clouds": ((186, 192, 200), 0.4),
    "rain": ((112, 122, 134), 0.7),
    "snow": ((206, 212, 222), 0.7),
    "fog": ((214, 216, 218), 0.85),
}
_GROUND: dict[Place, RGB] = {
    "city": (132, 134, 138),
    "village": (120, 158, 84),
    "coast": (226, 204, 150),
    "mountains": (106, 142, 88),
    "fields": (208, 182, 84),
    "forest": (86, 120, 66),
}
_DIMMED = {"day": 1.0, "dusk": 0.8, "night": 0.42}


def paint_background(scene: Scene, rng: random.Random) -> Image.Image:
    """A new canvas with sky, horizon and ground."""
    if scene.topic == "space":
        return _space(scene, rng)
    top, bottom = _sky_colours(scene)
    image = _gradient(top, bottom, SIDE, SIDE)
    pen = Pen(ImageDraw.Draw(image), 0, SIDE, 1)
    _light(pen, scene, rng)
    if scene.weather in ("clouds", "rain", "snow"):
        _clouds(pen, scene, rng)
    haze = bottom if scene.weather == "fog" else None
    _PLACES[scene.place](pen, scene, rng, haze)
    _ground(pen, scene, rng)
    return image


def ground_colour(scene: Scene) -> RGB:
    """The colour of the ground, or of the water in its place, under the scene's light."""
    ground = _GROUND[scene.place]
    if scene.topic in WATERS:
        ground = WATERS[scene.topic]
    elif scene.topic == "football":
        ground = (74, 160, 70)
    elif scene.weather == "snow":
        ground = blend(ground, (244, 247, 252), 0.82)
    return _tint(ground, scene, None)


def paint_weather(image: Image.Image, scene: Scene, rng: random.Random) -> None:
    """Rain, snow or fog before the objects."""
    if scene.topic == "space":
        return
    draw = ImageDraw.Draw(image)
    if scene.weather == "rain":
        slant = rng.choice((-14, -8, 8, 14))
        for _ in range(150):
            x, y = rng.randint(-20, SIDE + 20), rng.randint(-20, SIDE)
            draw.line((x, y, x + slant, y + 34), fill=(206, 220, 236), width=2)
    elif scene.weather == "snow":
        for _ in range(170):
            x, y, r = rng.randint(0, SIDE), rng.randint(0, SIDE), rng.choice((2, 3, 3, 4, 5))
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(252, 253, 255))
    elif scene.weather == "fog":
        veil = Image.new("RGB", image.size, shade((216, 218, 220), _DIMMED[scene.time]))
        mask = _column(SIDE).point([56 - value * 40 // 255 for value in range(256)])
        mask = mask.resize(image.size, Image.Resampling.NEAREST)
        image.paste(veil, mask=mask)


def _sky_colours(scene: Scene) -> tuple[RGB, RGB]:
    grey, share = _OVERCAST[scene.weather]
    grey = shade(grey, _DIMMED[scene.time])
    share *= 1.0 if scene.time == "day" else 0.7
    top, bottom = _SKY[scene.time]
    return blend(top, grey, share), blend(bottom, grey, share)


def _gradient(top: RGB, bottom: RGB, width: int, height: int) -> Image.Image:
    ramp = _column(height).point([min(255, value * SIDE // HORIZON) for value in range(256)])
    sky = ImageOps.colorize(ramp, top, bottom)
    return sky.resize((width, height), Image.Resampling.NEAREST)


def _column(height: int) -> Image.Image:
    """One column that goes from 0 to 255; widening it is cheaper than a whole picture of it."""
    return Image.linear_gradient("L").crop((0, 0, 1, 256)).resize((1, height))


def _light(pen: Pen, scene: Scene, rng: random.Random) -> None:
    """Sun or moon; hidden unless the sky is clear."""
    if scene.weather != "clear":
        return
    u = rng.choice((rng.randint(50, 130), rng.randint(380, 460)))
    if scene.time == "night":
        for _ in range(70):
            pen.disc(
                rng.randint(0, SIDE),
                rng.randint(240, SIDE),
                rng.choice((1, 1, 2)),
                (236, 238, 250),
                False,
            )
        pen.disc(u, 440, 30, (244, 240, 214), False)
        pen.disc(u + 13, 447, 25, blend(*_SKY["night"], 0.1), False)
    elif scene.time == "dusk":
        pen.disc(u, SIDE - HORIZON + 30, 44, (255, 214, 130), False)
    else:
        pen.disc(u, 440, 48, (255, 240, 170), False)
        pen.disc(u, 440, 34, (255, 222, 60), False)


def _clouds(pen: Pen, scene: Scene, rng: random.Random) -> None:
    base = {"clouds": (236, 239, 243), "rain": (84, 92, 104), "snow": (178, 186, 198)}[
        scene.weather
    ]
    colour = shade(base, _DIMMED[scene.time])
    for index in range(5):
        cloud = pen.at(
            40 + index * 108 + rng.randint(-30, 30), rng.randint(400, 470), rng.randint(70, 110)
        )
        cloud.oval(-0.9, -0.2, 0.9, 0.2, colour, False)
        cloud.disc(-0.35, 0.12, 0.32, colour, False)
        cloud.disc(0.2, 0.2, 0.4, colour, False)


def _tint(colour: RGB, scene: Scene, haze: RGB | None, share: float = 0.6) -> RGB:
    """A background colour under the scene's light and weather."""
    colour = shade(colour, _DIMMED[scene.time])
    if scene.time == "dusk":
        colour = blend(colour, (120, 70, 90), 0.25)
    return blend(colour, haze, share) if haze else colour


def _city(pen: Pen, scene: Scene, rng: random.Random, haze: RGB | None) -> None:
    window = LIGHT if scene.time != "day" else (196, 212, 226)
    u = -10
    while u < SIDE:
        width, height = rng.randint(38, 64), rng.randint(70, 210)
        body = _tint(rng.choice(((120, 128, 142), (142, 136, 132), (100, 112, 130))), scene, haze)
        pen.poly(_box(u, 205, u + width, 212 + height), body, False)
        glass = blend(body, window, 0.25 if haze else 0.6)
        for wu in range(u + 7, u + width - 9, 13):
            for wv in range(226, 204 + height, 22):
                if rng.random() < 0.7:
                    pen.poly(_box(wu, wv, wu + 6, wv + 10), glass, False)
        u += width + rng.choice((0, 0, 6))


def _village(pen: Pen, scene: Scene, rng: random.Random, haze: RGB | None) -> None:
    _hills(pen, scene, rng, haze, (110, 150, 90), 40)
    tower = rng.randint(60, 430)
    for u in sorted(rng.sample(range(10, 470, 46), 7)):
        wall = _tint(rng.choice(((238, 226, 204), (224, 206, 182), (244, 240, 230))), scene, haze)
        roof = _tint((168, 74, 54), scene, haze)
        pen.poly(_box(u, 205, u + 44, 240), wall, False)
        pen.poly([(u - 5, 240), (u + 49, 240), (u + 22, 268)], roof, False)
        pen.poly(
            _box(u + 8, 214, u + 16, 226),
            LIGHT if scene.time == "night" else shade(wall, 0.6),
            False,
        )
    stone = _tint((226, 220, 208), scene, haze)
    pen.poly(_box(tower, 205, tower + 24, 300), stone, False)
    pen.poly(
        [(tower - 3, 300), (tower + 27, 300), (tower + 12, 352)],
        _tint((90, 84, 96), scene, haze),
        False,
    )


def _coast(pen: Pen, scene: Scene, rng: random.Random, haze: RGB | None) -> None:
    sea = _tint((44, 116, 168), scene, haze)
    pen.poly(_box(0, 150, SIDE, 246), sea, False)
    for _ in range(26):
        u, v = rng.randint(0, SIDE), rng.randint(160, 240)
        pen.line([(u, v), (u + rng.randint(14, 36), v)], blend(sea, (255, 255, 255), 0.35), 2)
    cliff = _tint((150, 142, 122), scene, haze)
    left = rng.random() < 0.5
    points = [(0, 215), (0, 300), (50, 292), (86, 250), (112, 238), (140, 215)]
    pen.poly([(u if left else SIDE - u, v) for u, v in points], cliff, False)


def _mountains(pen: Pen, scene: Scene, rng: random.Random, haze: RGB | None) -> None:
    for base, low, high in (((112, 124, 150), 330, 420), ((84, 98, 116), 270, 330)):
        rock = _tint(base, scene, haze)
        u = rng.randint(-90, -40)
        while u < SIDE:
            width, top = rng.randint(150, 220), rng.randint(low, high)
            mid = u + width // 2
            pen.poly([(u, 205), (mid, top), (u + width, 205)], rock, False)
            k = 0.34 if low > 300 else 0.22
            drop, half = (top - 205) * k, width / 2 * k
            snow = [
                (mid - half, top - drop),
                (mid, top),
                (mid + half, top - drop),
                (mid + half * 0.3, top - drop * 0.7),
                (mid - half * 0.2, top - drop * 1.1),
            ]
            pen.poly(snow, _tint((244, 247, 252), scene, haze), False)
            u += width - rng.randint(50, 90)


def _fields(pen: Pen, scene: Scene, rng: random.Random, haze: RGB | None) -> None:
    _hills(pen, scene, rng, haze, (150, 170, 80), 26)
    for u in (rng.randint(0, 200), rng.randint(280, 500)):
        pen.poly(_box(u - 3, 205, u + 3, 240), _tint((104, 78, 50), scene, haze), False)
        pen.disc(u, 252, 22, _tint((82, 128, 62), scene, haze), False)


def _forest(pen: Pen, scene: Scene, rng: random.Random, haze: RGB | None) -> None:
    for low, base in ((60, (62, 100, 74)), (20, (36, 76, 52))):
        u = rng.randint(-30, -10)
        while u < SIDE + 20:
            height, width = rng.randint(110, 170) + low, rng.randint(44, 62)
            green = _tint(shade(base, rng.uniform(0.88, 1.12)), scene, haze)
            for step in range(3):
                v = 205 + height * step * 0.24
                half = width * (0.6 - step * 0.13)
                pen.poly([(u - half, v), (u + half, v), (u, v + height * 0.5)], green, False)
            u += rng.randint(26, 42)


def _hills(  # noqa: PLR0917 -- the places' arguments and two more
    pen: Pen, scene: Scene, rng: random.Random, haze: RGB | None, base: RGB, rise: int
) -> None:
    for _ in range(3):
        u, width = rng.randint(-100, 400), rng.randint(260, 420)
        green = _tint(shade(base, rng.uniform(0.9, 1.1)), scene, haze)
        pen.oval(u, 200 - rise, u + width, 212 + rise, green, False)


def _box(u0: float, v0: float, u1: float, v1: float) -> list[tuple[float, float]]:
    return [(u0, v0), (u1, v0), (u1, v1), (u0, v1)]


def _ground(pen: Pen, scene: Scene, rng: random.Random) -> None:
    water = scene.topic in WATERS
    ground = ground_colour(scene)
    pen.poly(_box(0, 0, SIDE, SIDE - HORIZON), ground, False)
    if water:
        for _ in range(46):
            u, v = rng.randint(-20, SIDE), rng.randint(4, 204)
            pen.line([(u, v), (u + rng.randint(20, 54), v)], blend(ground, (255, 255, 255), 0.3), 3)
    elif scene.topic == "football":
        for v in range(0, 212, 42):
            pen.poly(_box(0, v, SIDE, v + 20), shade(ground, 0.9), False)
        pen.line([(0, 196), (SIDE, 196)], _tint((240, 244, 240), scene, None), 4)
        pen.line([(0, 12), (SIDE, 12)], _tint((240, 244, 240), scene, None), 4)
    elif scene.place == "fields":
        for u in range(-600, 1112, 64):
            pen.line([(256 + (u - 256) * 0.3, 212), (u, 0)], shade(ground, 0.88), 4)
    else:
        for _ in range(22):
            u, v = rng.randint(0, SIDE), rng.randint(6, 196)
            pen.line([(u, v), (u + rng.randint(8, 26), v)], shade(ground, 0.9), 3)
    if scene.topic in ("accident", "police"):
        road = _tint((78, 80, 86), scene, None)
        pen.poly(_box(0, 20, SIDE, 120), road, False)
        for u in range(-20, SIDE, 70):
            pen.poly(_box(u, 66, u + 38, 72), (236, 236, 226), False)


def _space(scene: Scene, rng: random.Random) -> Image.Image:
    image = _gradient((8, 8, 26), (30, 26, 66), SIDE, SIDE)
    pen = Pen(ImageDraw.Draw(image), 0, SIDE, 1)
    for _ in range(130):
        pen.disc(
            rng.randint(0, SIDE),
            rng.randint(0, SIDE),
            rng.choice((1, 1, 1, 2, 3)),
            (236, 238, 250),
            False,
        )
    if scene.motif == "rocket":
        lit = blend(
            (30, 26, 66),
            {"day": (96, 150, 214), "dusk": (240, 140, 90), "night": (30, 26, 66)}[scene.time],
            0.7,
        )
        image.paste(
            _gradient((8, 8, 26), lit, SIDE, SIDE),
            mask=_column(SIDE).resize((SIDE, SIDE), Image.Resampling.NEAREST),
        )
        pen = Pen(ImageDraw.Draw(image), 0, SIDE - 110, 1)
        _PLACES[scene.place](pen.at(0, -98), scene, rng, None)
        ground = _tint(_GROUND[scene.place], scene, None)
        pen.poly(_box(0, -120, SIDE, 10), ground, False)
    return image


_PLACES = {
    "city": _city,
    "village": _village,
    "coast": _coast,
    "mountains": _mountains,
    "fields": _fields,
    "forest": _forest,
}
