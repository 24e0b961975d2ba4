"""Shapes in an object's own coordinates: the origin at its foot, one unit its width, up is up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import ImageDraw

from newsimages.corpora.demo.scenes import Colour

RGB = tuple[int, int, int]
Point = tuple[float, float]

PAINT: dict[Colour, RGB] = {
    "red": (208, 36, 40),
    "blue": (34, 92, 196),
    "green": (40, 146, 66),
    "yellow": (248, 208, 36),
    "orange": (244, 128, 24),
    "white": (246, 246, 243),
    "black": (36, 36, 40),
    "purple": (130, 56, 164),
    "brown": (124, 76, 42),
}
DARK: RGB = (44, 46, 54)
STEEL: RGB = (138, 146, 156)
PALE: RGB = (226, 229, 232)
GLASS: RGB = (170, 206, 228)
SKIN: RGB = (226, 176, 140)
LIGHT: RGB = (255, 232, 150)
WOOD: RGB = (150, 104, 62)


def shade(colour: RGB, factor: float) -> RGB:
    """``colour`` made darker (factor below 1) or lighter (above 1)."""
    red, green, blue = (max(0, min(255, round(value * factor))) for value in colour)
    return red, green, blue


def blend(first: RGB, second: RGB, share: float) -> RGB:
    """``share`` of the second colour in the first."""
    red, green, blue = (
        round(a + (b - a) * share) for a, b in zip(first, second, strict=True)
    )  # fmt: skip
    return red, green, blue


def edge(colour: RGB) -> RGB:
    """The outline that goes with a fill: darker, or lighter for black."""
    return (96, 98, 106) if sum(colour) < 160 else shade(colour, 0.62)


@dataclass(frozen=True)
class Pen:
    """Draws at a place and size of the canvas."""

    canvas: ImageDraw.ImageDraw
    x: float = 0.0
    y: float = 0.0
    size: float = 1.0
    mirrored: bool = False
    ground: RGB = (140, 118, 86)
    """Colour of the water or ground that hides the object's foot."""

    def at(self, u: float, v: float, scale: float = 1.0) -> "Pen":
        """A pen whose origin is this pen's (u, v) and whose unit is ``scale`` of this pen's."""
        x, y = self.to_canvas((u, v))
        return replace(self, x=x, y=y, size=self.size * scale)

    def to_canvas(self, point: Point) -> Point:
        """Where a point of this pen lies on the canvas."""
        u, v = point
        return self.x + (-u if self.mirrored else u) * self.size, self.y - v * self.size

    def poly(self, points: Sequence[Point], fill: RGB, outline: bool = True) -> None:
        """A filled polygon."""
        corners = [self.to_canvas(point) for point in points]
        self.canvas.polygon(corners, fill=fill)
        if outline:
            self.canvas.line([*corners, corners[0]], fill=edge(fill), width=2, joint="curve")

    def rect(  # noqa: PLR0917 -- a box and its fill
        self, u0: float, v0: float, u1: float, v1: float, fill: RGB, round_: float = 0
    ) -> None:
        """A filled rectangle, its corners rounded by ``round_``."""
        self.canvas.rounded_rectangle(
            self._box(u0, v0, u1, v1),
            radius=round_ * self.size,
            fill=fill,
            outline=edge(fill),
            width=2,
        )

    def oval(  # noqa: PLR0917 -- a box and its fill
        self, u0: float, v0: float, u1: float, v1: float, fill: RGB, outline: bool = True
    ) -> None:
        """A filled ellipse."""
        self.canvas.ellipse(
            self._box(u0, v0, u1, v1), fill=fill, outline=edge(fill) if outline else None, width=2
        )

    def disc(self, u: float, v: float, radius: float, fill: RGB, outline: bool = True) -> None:
        """A filled circle."""
        self.oval(u - radius, v - radius, u + radius, v + radius, fill, outline)

    def slice(  # noqa: PLR0917 -- a box and its fill
        self, u0: float, v0: float, u1: float, v1: float, start: float, end: float, fill: RGB
    ) -> None:
        """A pie slice of an ellipse, in degrees clockwise from the right."""
        self.canvas.pieslice(
            self._box(u0, v0, u1, v1), start, end, fill=fill, outline=edge(fill), width=2
        )

    def line(self, points: Sequence[Point], fill: RGB, width: float = 0.02) -> None:
        """A line through points."""
        self.canvas.line(
            [self.to_canvas(point) for point in points],
            fill=fill,
            width=max(2, round(width * self.size)),
            joint="curve",
        )

    def _box(self, u0: float, v0: float, u1: float, v1: float) -> tuple[float, float, float, float]:
        (xa, ya), (xb, yb) = self.to_canvas((u0, v0)), self.to_canvas((u1, v1))
        return min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)
