"""Trains the demo's multilingual CLIP -> ``src/newsimages/demo_models/multilingual``.

    PYTHONPATH=src python tools/demo_models/train_multilingual.py

As openCLIP's ``frozen`` XLM-R models were made: the image tower is that of the demo's CLIP model
and stays as it is, and a new text tower learns to put English and German texts where their
pictures lie. In: nothing but seeds and that model. Out: an openCLIP folder, as `train_clip`
writes it. Killed and started again, it goes on from its last checkpoint.
"""

import argparse
import logging
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cards
import clip_texts
import draws
import numpy as np
import open_clip
import torch
import train_clip
from clip_model import LENGTH, HeldOut, encode_images, encode_texts, measure, model_config
from numpy.typing import NDArray
from open_clip.model import CLIP
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from newsimages import demo_models
from newsimages.atomic import write_bytes
from newsimages.corpora.demo.scenes import pretraining_scenes

log = logging.getLogger("train_clip")

STATE = "multilingual-state.safetensors"


@dataclass(frozen=True, kw_only=True)
class Settings(train_clip.Settings):
    """As the demo's CLIP, but for seeds, and with as many steps for each of the two languages."""

    seed: int = 73
    held_out_seed: int = 74
    steps: int = 240


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pictures as the frozen image tower sees them, and the tokens of their texts."""

    images: Tensor
    """(N, E) of length 1."""
    tokens: NDArray[np.int16]
    """(N, K, L): K texts per picture."""


def loss_of(model: CLIP, pairs: Pairs, settings: Settings, step: int) -> Tensor:
    """The loss of one step."""
    n, size = len(pairs.images), settings.batch_size
    epoch, place = divmod(step * size, n - n % size)
    rows = np.random.default_rng([settings.seed, epoch]).permutation(n)[place : place + size]
    rng = np.random.default_rng([settings.seed, epoch, place])
    tokens = pairs.tokens[rows, rng.integers(0, pairs.tokens.shape[1], size=size)]
    with torch.autocast("cpu", torch.bfloat16):
        texts = encode_texts(model, tokens)
    return train_clip.contrastive(model, texts, pairs.images[rows])


def make_model(n_tokens: int, seed: int) -> CLIP:
    """The demo CLIP's image tower, frozen, with a new text tower."""
    torch.manual_seed(seed)
    model = CLIP(**model_config(n_tokens))
    source, _, _ = open_clip.create_model_and_transforms(f"local-dir:{demo_models.path('clip')}")
    model.visual.load_state_dict(source.visual.state_dict())
    model.visual.requires_grad_(False)
    return model.eval()


def make_training(
    settings: Settings, workdir: Path
) -> tuple[NDArray[np.uint8], NDArray[np.int16], PreTrainedTokenizerFast]:
    """Draws and words the training scenes; the tokenizer is made of their texts.

    Returns:
        (N, S, S, 3) pictures, (N, K, L) tokens, the tokenizer.
    """
    scenes, texts = draws.of_multilingual(asdict(settings))
    tokenizer = clip_texts.train_tokenizer(texts, n_tokens=settings.n_tokens, length=LENGTH)
    tokens = clip_texts.token_rows(tokenizer, texts, LENGTH)
    log.info("%d texts, %d tokens", len(texts), len(tokenizer))
    pictures = train_clip.drawn(f"train-{settings.seed}", scenes, workdir)
    return pictures, tokens.reshape(len(scenes), settings.texts_per_scene, LENGTH), tokenizer


def make_held_out(tokenizer: PreTrainedTokenizerFast, seed: int, workdir: Path) -> HeldOut:
    """Draws and words the scenes that measure the model."""
    scenes = list(pretraining_scenes(train_clip.N_HELD_OUT, seed))
    kinds = clip_texts.bilingual_held_out_texts(scenes, f"texts-{seed}")
    tokens = {k: clip_texts.token_rows(tokenizer, texts, LENGTH) for k, texts in kinds.items()}
    return HeldOut(pictures=train_clip.drawn(f"test-{seed}", scenes, workdir), tokens=tokens)


def main() -> None:
    """Draws, words, trains, exports, measures what was exported."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--scenes", type=int, default=Settings.n_scenes)
    parser.add_argument("--workdir", type=Path, default=Path("work/demo_models"))
    parser.add_argument("--out", type=Path, default=demo_models.path("multilingual"))
    given = parser.parse_args()
    settings = Settings(steps=given.steps, n_scenes=given.scenes)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    pictures, tokens, tokenizer = make_training(settings, given.workdir)
    held_out = make_held_out(tokenizer, settings.held_out_seed, given.workdir)
    model = make_model(len(tokenizer), settings.seed)
    with torch.inference_mode():
        images = torch.cat([encode_images(model, part) for part in np.array_split(pictures, 100)])
    pairs = Pairs(images=images.clone(), tokens=tokens)
    loss_at = partial(loss_of, model, pairs, settings)
    train_clip.train(model, loss_at, held_out, state=given.workdir / STATE, settings=settings)

    train_clip.export(model, tokenizer, given.out, settings)
    loaded, _, _ = open_clip.create_model_and_transforms(f"local-dir:{given.out}")
    card = cards.multilingual_card(measure(loaded, held_out), settings=settings)
    write_bytes(given.out / "MODEL_CARD.md", card.encode())


if __name__ == "__main__":
    main()
