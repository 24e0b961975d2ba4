"""Where the pixels that an image tower takes lie in the upright picture that they were made of.

openCLIP scales a picture to its shorter side and crops the middle, scales it to its longer side and
fills up, or squashes it: what the tower sees is always a rectangle along the picture's sides, which
may leave parts of it out or reach beyond it.
"""

from typing import Any, NamedTuple

from open_clip.transform import CenterCropOrPad
from torchvision.transforms import CenterCrop


class Window(NamedTuple):
    """A rectangle, in shares of the picture's width and height from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE = Window(0.0, 0.0, 1.0, 1.0)


def after_step(
    window: Window, step: Any, before: tuple[int, int], after: tuple[int, int]
) -> Window:
    """The window after a step of a tower's preparation.

    Args:
        window: What the picture was of the file before the step.
        step: One that crops or fills up evenly on both sides, or one that scales or does nothing.
        before: Width and height before it, in pixels.
        after: And after it.
    """
    if not isinstance(step, CenterCrop | CenterCropOrPad):
        return window
    x, y = (_start(*sizes) for sizes in zip(before, after, strict=True))
    across = (window.right - window.left) / before[0]
    down = (window.bottom - window.top) / before[1]
    left, top = window.left + x * across, window.top + y * down
    return Window(left, top, left + after[0] * across, top + after[1] * down)


def _start(before: int, after: int) -> int:
    """The place of the new first pixel among the old ones, as both classes reckon it."""
    return -((after - before) // 2) if after > before else round((before - after) / 2)
