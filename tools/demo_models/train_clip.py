"""Trains the demo's CLIP model: scenes of the generator -> ``src/newsimages/demo_models/clip``.

    PYTHONPATH=src python tools/demo_models/train_clip.py

In: nothing but seeds; the pictures and texts of the training are drawn and worded here, from a
stream of random numbers that no corpus uses. Out: an openCLIP folder (config, fp16 weights,
tokenizer, model card). Killed and started again, it goes on from its last checkpoint.
"""

import argparse
import hashlib
import json
import logging
import math
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cards
import checkpoints
import clip_texts
import draws
import numpy as np
import open_clip
import torch
from clip_model import LENGTH, HeldOut, encode_images, encode_texts, measure, model_config
from numpy.typing import NDArray
from open_clip.model import CLIP
from pictures import draw_pictures, shifted
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from newsimages import demo_models
from newsimages.atomic import replacing, write_bytes
from newsimages.corpora.demo.scenes import Scene, pretraining_scenes

log = logging.getLogger("train_clip")

STATE = "clip-state.safetensors"
N_HELD_OUT = 1200


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings on which the trained weights depend."""

    seed: int = 71
    """Seed of the training scenes, their texts, the weights and the order."""
    held_out_seed: int = 72
    """Seed of the scenes that measure the model and never train it."""
    without_demo: bool = True
    """Whether titles and scenes of the demo corpus's articles are left out of the training."""
    n_scenes: int = 16_000
    texts_per_scene: int = 8
    n_tokens: int = 3000
    """Entries of the tokenizer."""
    steps: int = 120
    batch_size: int = 256
    learning_rate: float = 2e-3
    """Learning rate at its peak, after `warm_up` steps; a cosine leads it to zero."""
    warm_up: int = 40
    weight_decay: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pictures and the tokens of the texts that belong to them."""

    pictures: NDArray[np.uint8]
    """(N, S, S, 3)."""
    tokens: NDArray[np.int16]
    """(N, K, L): K texts per picture."""


def batch_at(pairs: Pairs, step: int, settings: Settings) -> tuple[Any, Any, Tensor]:
    """Pictures, token rows and jitter of one step; the same whenever it is asked for."""
    n, size = len(pairs.pictures), settings.batch_size
    epoch, place = divmod(step * size, n - n % size)
    order = np.random.default_rng([settings.seed, epoch]).permutation(n)
    rows = np.sort(order[place : place + size])
    rng = np.random.default_rng([settings.seed, epoch, place])
    texts = rng.integers(0, pairs.tokens.shape[1], size=size)
    jitter = torch.from_numpy(rng.uniform(-0.1, 0.1, size=(size, 2)).astype(np.float32))
    return shifted(pairs.pictures[rows], rng), pairs.tokens[rows, texts], jitter


def learning_rate_at(step: int, settings: Settings) -> float:
    """Linear warm-up, then a cosine down to zero."""
    if step < settings.warm_up:
        return settings.learning_rate * (step + 1) / settings.warm_up
    done = (step - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def loss_of(model: CLIP, pairs: Pairs, settings: Settings, step: int) -> Tensor:
    """The loss of one step."""
    pictures, tokens, jitter = batch_at(pairs, step, settings)
    with torch.autocast("cpu", torch.bfloat16):
        images, texts = encode_images(model, pictures, jitter), encode_texts(model, tokens)
    return contrastive(model, texts, images)


def contrastive(model: CLIP, texts: Tensor, images: Tensor) -> Tensor:
    """The contrastive loss of (B, E) texts and their images, mean of both directions."""
    logits = model.logit_scale.exp() * (texts @ images.T)
    target = torch.arange(len(logits))
    both = functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)
    return both / 2


def train(
    model: CLIP,
    loss_at: Callable[[int], Tensor],
    held_out: HeldOut,
    *,
    state: Path,
    settings: Settings,
) -> None:
    """Runs all steps that are not done yet; every 40 a checkpoint and a measure.

    Weights that require no gradient stay as they are.
    """
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    matrices = [weight for weight in trained if weight.ndim >= 2]
    others = [weight for weight in trained if weight.ndim < 2]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    key = json.dumps(asdict(settings))
    first = checkpoints.resume(state, settings=key, model=model, optimizer=optimizer)
    started = time.monotonic()
    for step in range(first, settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, settings)
        model.train()
        loss = loss_at(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        pace = (time.monotonic() - started) / (step + 1 - first)
        if (step + 1) % 20 == 0:
            log.info("step %d loss %.3f, %.2f s per step", step + 1, loss.item(), pace)
        if (step + 1) % 40 == 0 or step + 1 == settings.steps:
            checkpoints.save(state, step=step + 1, settings=key, model=model, optimizer=optimizer)
            measure(model, held_out)


def export(
    model: CLIP, tokenizer: PreTrainedTokenizerFast, folder: Path, settings: Settings
) -> None:
    """Writes a folder with half-precision weights that openCLIP loads into float32."""
    weights = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in model.state_dict().items()
    }
    with replacing(folder / "open_clip_model.safetensors") as temporary:
        save_file(weights, temporary, metadata={"format": "pt"})
    mean, std = cards.PIXELS
    config = {
        "model_cfg": model_config(len(tokenizer)),
        "preprocess_cfg": {"mean": mean, "std": std, "interpolation": "bicubic"},
    }
    write_bytes(folder / "open_clip_config.json", cards.as_json(config))
    tokenizer.save_pretrained(folder)
    write_bytes(folder / cards.MARKER, cards.as_json(cards.marker(settings)))


def drawn(name: str, scenes: Sequence[Scene], workdir: Path) -> NDArray[np.uint8]:
    """The pictures of ``scenes``, drawn into ``workdir`` unless they lie there."""
    size = model_config(0)["vision_cfg"]["image_size"]
    digest = hashlib.sha256(repr(scenes).encode()).hexdigest()[:12]
    file = workdir / f"{name}-{len(scenes)}x{size}-{digest}.u8"
    return draw_pictures(file, scenes, size=size, workers=os.cpu_count() or 1)


def make_training(settings: Settings, workdir: Path) -> tuple[Pairs, PreTrainedTokenizerFast]:
    """Draws and words the training scenes; the tokenizer is made of their texts."""
    scenes, texts = draws.of_clip(asdict(settings))
    tokenizer = clip_texts.train_tokenizer(texts, n_tokens=settings.n_tokens, length=LENGTH)
    tokens = clip_texts.token_rows(tokenizer, texts, LENGTH)
    log.info("%d texts, %d tokens", len(texts), len(tokenizer))
    pictures = drawn(f"train-{settings.seed}", scenes, workdir)
    tokens = tokens.reshape(len(scenes), settings.texts_per_scene, LENGTH)
    return Pairs(pictures=pictures, tokens=tokens), tokenizer


def make_held_out(tokenizer: PreTrainedTokenizerFast, seed: int, workdir: Path) -> HeldOut:
    """Draws and words the scenes that measure the model."""
    scenes = list(pretraining_scenes(N_HELD_OUT, seed))
    kinds = clip_texts.held_out_texts(scenes, random.Random(f"texts-{seed}"))
    tokens = {k: clip_texts.token_rows(tokenizer, texts, LENGTH) for k, texts in kinds.items()}
    return HeldOut(pictures=drawn(f"test-{seed}", scenes, workdir), tokens=tokens)


def main() -> None:
    """Draws, words, trains, exports, measures what was exported."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--scenes", type=int, default=Settings.n_scenes)
    parser.add_argument("--workdir", type=Path, default=Path("work/demo_models"))
    parser.add_argument("--out", type=Path, default=demo_models.path("clip"))
    given = parser.parse_args()
    settings = Settings(steps=given.steps, n_scenes=given.scenes)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    pairs, tokenizer = make_training(settings, given.workdir)
    held_out = make_held_out(tokenizer, settings.held_out_seed, given.workdir)
    torch.manual_seed(settings.seed)
    model = CLIP(**model_config(len(tokenizer))).to(memory_format=torch.channels_last)
    loss_at = partial(loss_of, model, pairs, settings)
    train(model, loss_at, held_out, state=given.workdir / STATE, settings=settings)

    export(model, tokenizer, given.out, settings)
    loaded, _, _ = open_clip.create_model_and_transforms(f"local-dir:{given.out}")
    card = cards.clip_card(
        measure(loaded, held_out), dimension=model.visual.output_dim, settings=settings
    )
    write_bytes(given.out / "MODEL_CARD.md", card.encode())


if __name__ == "__main__":
    main()
