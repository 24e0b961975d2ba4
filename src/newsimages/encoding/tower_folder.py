"""The text tower of an openCLIP model on disk, which is all that a served retriever needs of it.

In comes an encoder, out comes a folder with the weights of its text tower (safetensors), openCLIP's
configuration and the tokenizer's files; of a tower of transformers (XLM-R and its like), that
library's configuration as well; and back. Nothing is fetched and nothing is unpickled.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import open_clip
import safetensors.torch
import torch
from open_clip.hf_model import HFTextEncoder
from open_clip.model import CLIPTextCfg, _build_text_tower
from open_clip.transformer import QuickGELU
from torch import Tensor, nn

from newsimages.encoding.encoders import OpenClipEncoder, load_tokenizer
from newsimages.encoding.model_files import CONFIG, LOCAL
from newsimages.encoding.text_tower import TextTower
from newsimages.errors import NewsImagesError, first_ten
from newsimages.foreign_code import refuse_code

WEIGHTS, TOWER = "text_tower.safetensors", "tower.json"
TOWER_FILES = (CONFIG, WEIGHTS, TOWER)
LEAST_COSINE = 0.9999  # of the written tower's vectors to the encoder's own
_LOOKED_UP = ("token_embedding", "positional_embedding")
_TEXT_PARTS = (
    *_LOOKED_UP, "transformer", "ln_final", "text_projection", "cls_emb", "attn_mask"
)  # fmt: skip


def save_tower(folder: Path, encoder: OpenClipEncoder, sample: Sequence[str]) -> float:
    """Writes the text tower of an encoder.

    Its weights are stored such that the written tower gives the encoder's own vectors: as they are,
    or in half precision where that changes none of them.

    Returns:
        The least cosine between the encoder's vectors of the sample and the written tower's.

    Raises:
        NewsImagesError: There is no text to compare by; or a tower that cannot be written, or
            does not give its own vectors when it is read back.
    """
    if not sample:
        raise NewsImagesError("No text to check the written text tower by: give at least one.")
    try:
        _write(folder, encoder)
    except (NewsImagesError, OSError):
        raise
    except Exception as e:  # openCLIP, safetensors and the tokenizers have their own each
        raise NewsImagesError(
            f"The text tower of backbone={encoder.config.backbone} cannot be written: "
            f"{type(e).__name__}: {e}. It cannot be served: use another backbone."
        ) from e
    expected, actual = encoder.text_tower.encode(sample), load_tower(folder).encode(sample)
    cosine = float(np.einsum("ij,ij->i", expected, actual).min())
    if cosine >= LEAST_COSINE:
        return cosine
    raise NewsImagesError(
        f"The written text tower gives other vectors than {encoder.name} (cosine {cosine:.5f}): "
        "it cannot be served. Use another backbone."
    )


def _write(folder: Path, encoder: OpenClipEncoder) -> None:
    """Writes what `load_tower` reads."""
    text: nn.Module = getattr(encoder.model, "text", encoder.model)
    quick_gelu = any(isinstance(module, QuickGELU) for module in text.modules())
    config = {**encoder.model_config, "quick_gelu": quick_gelu}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps({"model_cfg": config}, indent=2))
    tokenizer = getattr(encoder.tokenizer, "tokenizer", None)
    if tokenizer is not None:  # openCLIP's own has no files
        tokenizer.save_pretrained(folder)
    if isinstance(text, HFTextEncoder):
        text.config.save_pretrained(folder)
    weights = _weights(text, open_clip.get_cast_dtype(encoder.precision))
    safetensors.torch.save_file(weights, folder / WEIGHTS)
    (folder / TOWER).write_text(json.dumps({"precision": encoder.precision}))


def load_tower(folder: Path) -> TextTower:
    """Reads what `save_tower` has written; only the text tower is ever made.

    Raises: NewsImagesError where a file is absent, cut short, asks for code or does not fit.
    """
    refuse_code(folder)
    try:
        config = json.loads((folder / CONFIG).read_text())["model_cfg"]
        precision = json.loads((folder / TOWER).read_text())["precision"]
        weights = safetensors.torch.load_file(folder / WEIGHTS)
        text_config = {**config["text_cfg"], "output_tokens": False}  # no CoCa's decoder uses them
        if text_config.get("hf_model_name"):
            text_config |= {"hf_model_name": str(folder), "hf_model_pretrained": False}
        with torch.device("meta"):
            tower = _build_text_tower(
                config["embed_dim"],
                CLIPTextCfg(**text_config),
                quick_gelu=config["quick_gelu"],
                cast_dtype=open_clip.get_cast_dtype(precision),
            )
        if precision == "fp32":
            weights = {
                name: each.float() if each.is_floating_point() else each
                for name, each in weights.items()
            }
        _fill(tower, weights)
        read = TextTower(tower.eval(), load_tokenizer(f"{LOCAL}{folder}"))
        read.try_out()
    except Exception as e:  # openCLIP, safetensors and the tokenizers have their own each
        raise NewsImagesError(
            f"{folder} holds no text tower that can be read: {type(e).__name__}: {e}. Register the "
            "model again."
        ) from e
    return read


def _fill(tower: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Gives a tower without content its weights and buffers.

    Raises: KeyError, RuntimeError where one is missing, too many or of another shape.
    """
    names = set(tower.state_dict())
    tower.load_state_dict({name: weights[name] for name in names}, assign=True)
    beside = {name: buffer for name, buffer in tower.named_buffers() if name not in names}
    if strangers := set(weights) - names - set(beside):
        raise KeyError(f"no such weights: {first_ten(sorted(strangers))}")
    for name, empty in beside.items():  # masks, positions: made with the tower and never trained
        if weights[name].shape != empty.shape:
            raise RuntimeError(f"{name}: {weights[name].shape}, expected {empty.shape}")
        parent, _, own = name.rpartition(".")
        tower.get_submodule(parent).register_buffer(own, weights[name], persistent=False)


def _weights(text: nn.Module, computed: torch.dtype | None) -> dict[str, Tensor]:
    """The text layers' weights and buffers, by the names that a tower alone has for them.

    In half precision where all can be, without another bit. Embeddings of a plain tower in the half
    precision, if any, of the computation (``computed``), to which they are rounded on look-up.
    """
    of_transformers = isinstance(text, HFTextEncoder)
    weights: dict[str, Tensor] = {}
    for name, weight in {**text.state_dict(), **dict(text.named_buffers())}.items():
        part = name.split(".")[0]
        if of_transformers or part in _TEXT_PARTS:
            rounded = computed if part in _LOOKED_UP else None
            weights[name] = weight.to("cpu", rounded or weight.dtype).contiguous()
    single = [each for each in weights.values() if each.dtype == torch.float32]
    if computed is None and all(torch.equal(each.half().float(), each) for each in single):
        weights = {
            n: each.half() if each.dtype == torch.float32 else each for n, each in weights.items()
        }
    return weights
