"""What it costs to say why: heat maps beside one pass of a tower, ViT-B-32 at random weights."""

import tempfile
from pathlib import Path

import open_clip
import torch

from benchmarks.images import draw
from benchmarks.timing import Row, best_of, cost
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.explanations.gradients import GradientTower
from newsimages.explanations.occlusion import occlusion
from newsimages.explanations.target import Asked

BACKBONE = "ViT-B-32"
REPEATS = 3


def run() -> list[Row]:
    """Measures a map by gradients and one by occlusion, in turn with a pass forward."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = draw(Path(folder), 1, [(800, 600)])
        checkpoint = Path(folder) / "random.pt"
        torch.manual_seed(0)
        torch.save(open_clip.create_model(BACKBONE, pretrained=None).state_dict(), checkpoint)
        encoder = OpenClipEncoder(
            OpenClipConfig(
                backbone=BACKBONE, pretrained=str(checkpoint), device="cpu", precision="fp32"
            )
        )
        pixels = encoder.place_image(path).pixels
    asked = torch.nn.functional.normalize(torch.randn(encoder.text_tower.dimension), dim=0)
    target = (Asked(tower="clip", network=None, query=asked),)
    tower = GradientTower(encoder)
    visual = encoder.model.visual

    @torch.inference_mode()
    def forward() -> None:
        visual(pixels)

    forward()
    tower.cells(pixels, target)
    gradient_s, forward_s = best_of(REPEATS * 3, lambda: tower.cells(pixels, target), forward)
    occlusion_s, once_s = best_of(REPEATS, lambda: occlusion(encoder, pixels, target), forward)
    return [
        cost(f"a heat map by gradients, {BACKBONE}", (gradient_s, forward_s), 4, "", True),
        cost(f"a heat map by occlusion, 7 × 7, {BACKBONE}", (occlusion_s, once_s), 60, "", True),
    ]
