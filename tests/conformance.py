"""What the encoder makes of a family of backbones, against plain calls of openCLIP."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from PIL import Image

from newsimages.devices import Precision
from newsimages.encoding.encoders import LOCAL, OpenClipConfig, OpenClipEncoder
from newsimages.encoding.tower_folder import load_tower, save_tower
from newsimages.errors import NewsImagesError
from tests.families import WEIGHTS, Family, save_small
from tests.hub_cache import into_cache, only_the_cache

Vectors = NDArray[np.float32]
TEXTS = (
    "Storm over the coast",
    "a",
    "Köln: Zug fährt nicht – 3 Verletzte",
    "Markets fall as rates rise",
    "Storm warning for the whole coast, and no end of it in sight " * 3,  # beyond the context
    "",
)
SIZES = ((64, 48), (40, 90), (33, 33), (120, 60), (50, 50))  # pictures' widths and heights
N_PICTURES = 33  # a batch of many takes other kernels than one of few


@dataclass(frozen=True, kw_only=True)
class Conformance:
    """What was found of one family."""

    family: str
    backbone: str
    text_cosine: float
    """The least of our vectors to openCLIP's: as a folder, by tag and by file."""
    image_cosine: float
    same_text_bits: bool
    """Whether a text has the same vector alone and in a batch."""
    same_image_bits: bool
    is_cut: bool
    """Whether texts are cut at their end, not computed to the end of the context."""
    is_served: bool
    """Whether its text tower is written and read without another vector."""
    tells_apart: float
    """The greatest cosine of two different texts or pictures: below 1, or nothing was compared."""


def check(family: Family, folder: Path) -> Conformance:
    """Writes a small model of the family into ``folder`` and compares."""
    model, pictures = save_small(folder / "model", family), save_pictures(folder)
    source = f"{LOCAL}{model}"
    texts, images = plainly(source, pictures)
    with named(family, model, folder / "cache") as (name, tag):
        ways = {
            source: "",
            **({name: tag} if tag else {}),
            f"{name}-file": str(model / WEIGHTS),
        }
        encoders = [encoder(each, weights) for each, weights in ways.items()]
    ours = [(each.encode_texts(TEXTS), next(each.encode_images([pictures])).vectors)
            for each in encoders]  # fmt: skip
    own = encoders[0]
    one_by_one = np.concatenate([own.encode_texts([text]) for text in TEXTS])
    alone = [each.vectors for each in own.encode_images([[picture] for picture in pictures])]
    return Conformance(
        family=family.name,
        backbone=family.backbone,
        text_cosine=min(least_cosine(texts, both[0]) for both in ours),
        image_cosine=min(least_cosine(images, both[1]) for both in ours),
        same_text_bits=np.array_equal(one_by_one, ours[0][0]),
        same_image_bits=np.array_equal(np.concatenate(alone), ours[0][1]),
        is_cut=own.text_tower.cuts,
        is_served=is_served(own, folder / "tower"),
        tells_apart=max(greatest_cosine(texts), greatest_cosine(images)),
    )


def encoder(backbone: str, pretrained: str, precision: Precision = "fp32") -> OpenClipEncoder:
    """Ours, on the CPU."""
    return OpenClipEncoder(
        OpenClipConfig(
            backbone=backbone, pretrained=pretrained, device="cpu", precision=precision, workers=0
        )
    )


@torch.inference_mode()
def plainly(source: str, pictures: Sequence[Path]) -> tuple[Vectors, Vectors]:
    """The vectors that openCLIP makes of the texts and of the pictures."""
    model, _, transform = open_clip.create_model_and_transforms(source)
    tokens = open_clip.get_tokenizer(source)(list(TEXTS))
    pixels = torch.stack([transform(Image.open(picture).convert("RGB")) for picture in pictures])
    made = (model.eval().encode_text(tokens), model.encode_image(pixels))
    texts, images = (torch.nn.functional.normalize(each).numpy() for each in made)
    return texts, images


@contextmanager
def named(family: Family, model: Path, cache: Path) -> Iterator[tuple[str, str]]:
    """Makes a small model known to openCLIP by a name and, if the family has one, a tag.

    The same stands under NAME-file, whose weights are given as a file. Neither says the activation
    where the tag does, as openCLIP's own names without ``-quickgelu``.
    """
    config: dict[str, Any] = open_clip.get_model_config(f"{LOCAL}{model}")
    name, repository = f"small-{family.backbone}", "small/model"
    known = family.known
    if known.get("quick_gelu"):
        del config["quick_gelu"]
    into_cache(cache, repository, model / WEIGHTS, WEIGHTS)
    tags = {family.tag: {**known, "hf_hub": f"{repository}/", "url": ""}} if family.tag else {}
    names = (name, f"{name}-file")
    with (
        patch.dict(open_clip.factory._MODEL_CONFIGS, dict.fromkeys(names, config)),
        patch.dict(open_clip.pretrained._PRETRAINED, dict.fromkeys(names, tags)),
        only_the_cache(cache),
    ):
        yield name, family.tag


def is_served(own: OpenClipEncoder, folder: Path) -> bool:
    """Whether the text tower is written, and gives its own bits when it is read."""
    try:
        save_tower(folder, own, TEXTS)
    except NewsImagesError:
        return False
    return np.array_equal(load_tower(folder).encode(TEXTS), own.encode_texts(TEXTS))


def save_pictures(folder: Path) -> list[Path]:
    """Writes pictures of several sizes, smooth as photographs are."""
    generator = np.random.default_rng(0)
    paths = [folder / f"{i}.png" for i in range(N_PICTURES)]
    for path, size in zip(paths, cycle(SIZES)):
        pixels = generator.integers(0, 255, (5, 5, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(path)
    return paths


def least_cosine(expected: Vectors, actual: Vectors) -> float:
    """Of each vector to the other of its row."""
    return float(np.einsum("ij,ij->i", expected, actual, dtype=np.float64).min())


def greatest_cosine(vectors: Vectors) -> float:
    """Of two different rows."""
    cosines = vectors @ vectors.T
    return float(cosines[~np.eye(len(vectors), dtype=bool)].max())
