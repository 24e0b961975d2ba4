"""The demo's CLIP model: its architecture, its two towers on plain arrays, and its recalls.

In: pictures and token rows. Out: unit vectors, and recalls on held-out pictures.
"""

import logging
from dataclasses import dataclass
from typing import Any

import cards
import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.model import CLIP
from torch import Tensor
from torch.nn import functional

log = logging.getLogger("train_clip")

LENGTH = 64
"""Tokens that the text tower sees."""
GALLERY = 300


def model_config(n_tokens: int) -> dict[str, Any]:
    """The architecture, as openCLIP's ``model_cfg``: a small ResNet and a causal text tower."""
    return {
        "embed_dim": 192,
        "vision_cfg": {
            "image_size": 64,
            "layers": [1, 1, 1, 1],
            "width": 24,
            "head_width": 32,
            "patch_size": None,
        },
        "text_cfg": {
            "context_length": LENGTH,
            "vocab_size": n_tokens,
            "hf_tokenizer_name": "tokenizer",  # in a local folder: that folder's own
            "width": 128,
            "heads": 4,
            "layers": 3,
            "pool_type": "argmax",
        },
    }


def encode_images(model: CLIP, pictures: NDArray[np.uint8], jitter: Tensor | None = None) -> Tensor:
    """Pictures to unit vectors (B, E); ``jitter`` (B, 2) changes contrast and brightness."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in cards.PIXELS)
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    if jitter is not None:
        contrast, brightness = jitter.view(-1, 2, 1, 1).split(1, dim=1)
        pixels = (pixels - 0.5) * (1 + contrast) + 0.5 + brightness
    pixels = ((pixels - mean) / std).to(memory_format=torch.channels_last)
    return functional.normalize(model.encode_image(pixels).float(), dim=-1)


def encode_texts(model: CLIP, tokens: NDArray[np.int16]) -> Tensor:
    """Token rows to unit vectors (B, E), cut at the longest: exact, since the tower is causal."""
    longest = int((tokens != 0).sum(axis=1).max())
    ids = torch.from_numpy(tokens[:, :longest].astype(np.int64))
    hidden = model.token_embedding(ids) + model.positional_embedding[:longest]
    hidden = model.transformer(hidden, attn_mask=model.attn_mask[:longest, :longest])
    ends = model.ln_final(hidden[torch.arange(len(ids)), ids.argmax(dim=1)])
    return functional.normalize((ends @ model.text_projection).float(), dim=-1)


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Pictures that never train the model, and texts of several kinds about them."""

    pictures: NDArray[np.uint8]
    """(N, S, S, 3)."""
    tokens: dict[str, NDArray[np.int16]]
    """Kind of text -> (N, L)."""


@torch.inference_mode()
def measure(model: CLIP, held_out: HeldOut) -> dict[str, float]:
    """Mean recall@10 in galleries of 300 held-out pictures, by kind of text."""
    model.eval()
    n_parts = len(held_out.pictures) // 100
    parts = np.array_split(held_out.pictures, n_parts)
    images = torch.cat([encode_images(model, part) for part in parts]).split(GALLERY)
    recalls = {}
    for kind, tokens in held_out.tokens.items():
        rows = [encode_texts(model, part) for part in np.array_split(tokens, n_parts)]
        texts = torch.cat(rows).split(GALLERY)
        found = [recall_at_10(t @ i.T) for t, i in zip(texts, images, strict=True)]
        recalls[kind] = float(np.mean(found))
    log.info("held-out recall@10 of %d: %s", GALLERY, recalls)
    return recalls


def recall_at_10(similarities: Tensor) -> float:
    """The share of rows whose own column is among the ten highest."""
    better = (similarities > similarities.diagonal()[:, None]).sum(dim=1)
    return float((better < 10).float().mean())
