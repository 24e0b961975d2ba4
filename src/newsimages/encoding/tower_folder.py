"""The text tower of an openCLIP model on disk, which is all that a served retriever needs of it.

In comes an encoder, out comes a folder with the weights of its text tower (safetensors), openCLIP's
configuration and the tokenizer's files; and back. Nothing is fetched and nothing is unpickled.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import open_clip
import safetensors.torch
import torch
from open_clip.model import CLIPTextCfg, _build_text_tower
from open_clip.transformer import QuickGELU, TextTransformer
from torch import Tensor, nn

from newsimages.encoding.encoders import CONFIG, LOCAL, OpenClipEncoder
from newsimages.encoding.text_tower import TextTower
from newsimages.errors import NewsImagesError

WEIGHTS, TOWER = "text_tower.safetensors", "tower.json"
TOWER_FILES = (CONFIG, WEIGHTS, TOWER)
LEAST_COSINE = 0.9999  # of the written tower's vectors to the encoder's own
_LOOKED_UP = ("token_embedding", "positional_embedding")
_TEXT_PARTS = (*_LOOKED_UP, "transformer", "ln_final", "text_projection", "cls_emb")


def save_tower(folder: Path, encoder: OpenClipEncoder, sample: Sequence[str]) -> float:
    """Writes the text tower of an encoder.

    The weights of a half-precision encoder are stored as they are, those of a single-precision one
    in half precision if the vectors of ``sample`` keep a cosine of `LEAST_COSINE`.

    Returns:
        The least cosine between the encoder's vectors of the sample and the written tower's.

    Raises:
        NewsImagesError: The text tower is of another library (XLM-R and its like), or there is no
            text to compare by.
    """
    if not sample:
        raise NewsImagesError("No text to check the written text tower by: give at least one.")
    text = _text_module(encoder)
    quick_gelu = any(isinstance(module, QuickGELU) for module in text.modules())
    config = {**encoder.model_config, "quick_gelu": quick_gelu}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps({"model_cfg": config}, indent=2))
    tokenizer = getattr(encoder.tokenizer, "tokenizer", None)
    if tokenizer is not None:  # openCLIP's own has no files
        tokenizer.save_pretrained(folder)
    expected = encoder.text_tower.encode(sample)
    for kept in (torch.float16, torch.float32) if encoder.precision == "fp32" else (None,):
        weights = _weights(text, open_clip.get_cast_dtype(encoder.precision), kept)
        safetensors.torch.save_file(weights, folder / WEIGHTS)
        (folder / TOWER).write_text(json.dumps({"precision": encoder.precision}))
        actual = load_tower(folder).encode(sample)
        cosine = float(np.einsum("ij,ij->i", expected, actual).min())
        if cosine >= LEAST_COSINE:
            return cosine
    raise NewsImagesError(
        f"The written text tower gives other vectors than {encoder.name} (cosine {cosine:.5f}): "
        "it cannot be served. Use another backbone."
    )


def load_tower(folder: Path) -> TextTower:
    """Reads what `save_tower` has written; only the text tower is ever made.

    Raises: NewsImagesError where a file is absent, cut short or does not fit.
    """
    try:
        config = json.loads((folder / CONFIG).read_text())["model_cfg"]
        precision = json.loads((folder / TOWER).read_text())["precision"]
        weights = safetensors.torch.load_file(folder / WEIGHTS)
        with torch.device("meta"):
            tower = _build_text_tower(
                config["embed_dim"],
                replace(
                    CLIPTextCfg(**config["text_cfg"]),
                    hf_model_name=None,
                    output_tokens=False,  # of CoCa, whose decoder is not here to use them
                ),
                quick_gelu=config["quick_gelu"],
                cast_dtype=open_clip.get_cast_dtype(precision),
            )
        if precision == "fp32":
            weights = {name: weight.float() for name, weight in weights.items()}
        tower.load_state_dict(weights, assign=True)
        tokenizer = open_clip.get_tokenizer(f"{LOCAL}{folder}")
    except Exception as e:  # openCLIP, safetensors and the tokenizers have their own each
        raise NewsImagesError(
            f"{folder} holds no text tower that can be read: {type(e).__name__}: {e}. Register the "
            "model again."
        ) from e
    if tower.attn_mask is not None:  # not among the weights, so it is still without content
        tower.attn_mask = tower.build_causal_mask()
    return TextTower(tower.eval(), tokenizer)


def _text_module(encoder: OpenClipEncoder) -> nn.Module:
    """The module that holds the text layers; for a plain CLIP, the whole model."""
    text: nn.Module = getattr(encoder.model, "text", encoder.model)
    is_own = isinstance(text, TextTransformer) or text is encoder.model
    if not is_own:
        raise NewsImagesError(
            f"The text tower of backbone={encoder.config.backbone} is a {type(text).__name__}: "
            "only openCLIP's own towers can be served. Use a backbone such as ViT-H-14."
        )
    return text


def _weights(
    text: nn.Module, computed: torch.dtype | None, kept: torch.dtype | None
) -> dict[str, Tensor]:
    """The text layers' weights by the names that TextTransformer has for them.

    All are stored as ``kept``, or else as they are; but embeddings then in the half precision, if
    any, of the computation (``computed``), to which they are rounded on look-up.
    """
    weights = {}
    for name, weight in text.state_dict().items():
        part = name.split(".")[0]
        if part in _TEXT_PARTS:
            dtype = kept or (computed if part in _LOOKED_UP else None) or weight.dtype
            weights[name] = weight.to("cpu", dtype).contiguous()
    return weights
