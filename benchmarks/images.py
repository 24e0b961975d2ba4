"""JPEG files to vectors: `OpenClipEncoder` in bf16 beside the plain loop in fp32.

The tower is ViT-B-32's with random weights; the files are drawn here, with the sizes of press
photographs.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional

from benchmarks.timing import Row, best_of, gain
from newsimages.encoding.as_seen import as_seen
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder

BACKBONE = "ViT-B-32"
BATCH_SIZE = 64
N_IMAGES = 256
SIZES = ((640, 480), (800, 600), (1024, 683), (1280, 853), (1600, 1200))
REPEATS = 3


def run() -> list[Row]:
    """Measures the plain loop and ours, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        paths = draw(Path(folder), N_IMAGES, SIZES)
        checkpoint = Path(folder) / "random.pt"
        torch.manual_seed(0)
        model, _, transform = open_clip.create_model_and_transforms(BACKBONE, pretrained=None)
        torch.save(model.eval().state_dict(), checkpoint)
        encoder = OpenClipEncoder(
            OpenClipConfig(
                backbone=BACKBONE,
                pretrained=str(checkpoint),
                device="cpu",
                precision="bf16",
                batch_size=BATCH_SIZE,
            )
        )
        _plain_loop(model, transform, paths[:BATCH_SIZE])
        _ours(encoder, paths[:BATCH_SIZE])
        answers: dict[str, NDArray[np.float32]] = {}
        plain_s, ours_s = best_of(
            REPEATS,
            lambda: answers.update(plain=_plain_loop(model, transform, paths)),
            lambda: answers.update(ours=_ours(encoder, paths)),
        )
    cosine = float((answers["ours"] * answers["plain"]).sum(axis=1).min())
    name = f"{N_IMAGES} JPEG files, {BACKBONE}, bf16"
    return [gain(name, (ours_s, plain_s), 3, f"cosine {cosine:.4f} (≥ .999)", cosine >= 0.999)]


def _ours(encoder: OpenClipEncoder, paths: list[Path]) -> NDArray[np.float32]:
    batches = [paths[start : start + BATCH_SIZE] for start in range(0, len(paths), BATCH_SIZE)]
    return np.concatenate([batch.vectors for batch in encoder.encode_images(batches)])


@torch.inference_mode()
def _plain_loop(model: open_clip.CLIP, transform: object, paths: list[Path]) -> NDArray[np.float32]:
    batches = []
    for start in range(0, len(paths), BATCH_SIZE):
        pictures = [as_seen(Image.open(path)) for path in paths[start : start + BATCH_SIZE]]
        pixels = torch.stack([transform(picture) for picture in pictures])  # type: ignore[operator]
        batches.append(functional.normalize(model.encode_image(pixels), dim=-1))
    vectors: NDArray[np.float32] = torch.cat(batches).numpy()
    return vectors


def draw(folder: Path, n: int, sizes: Sequence[tuple[int, int]]) -> list[Path]:
    """Writes JPEG files of soft colours at several scales, with the grain of a camera."""
    rng = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    paths = []
    for index in range(n):
        size = sizes[index % len(sizes)]
        picture = Image.new("RGB", size)
        for cells in (3, 12, 48):
            colours = rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
            layer = Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC)
            picture = layer if cells == 3 else Image.blend(picture, layer, 0.35)
        grain = rng.integers(-6, 7, (size[1], size[0], 1), dtype=np.int16)
        pixels = np.clip(np.asarray(picture, np.int16) + grain, 0, 255).astype(np.uint8)
        paths.append(folder / f"{index:04d}.jpg")
        Image.fromarray(pixels).save(paths[-1], quality=88)
    return paths
