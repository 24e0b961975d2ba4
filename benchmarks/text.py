"""Headlines to vectors: `text_tower` beside openCLIP's tokenizer and `encode_text`.

The towers are ViT-B-32's and XLM-R's with random weights: the speed is that of trained ones.
"""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from open_clip.hf_model import HFTextEncoder
from torch import Tensor, nn
from torch.nn import functional
from transformers import XLMRobertaConfig

from benchmarks.headlines import headlines
from benchmarks.timing import Row, best_of, gain
from newsimages.encoding.text_tower import TextTower

BACKBONE = "ViT-B-32"
BATCH_SIZE = 64
XLM_ROBERTA = XLMRobertaConfig(vocab_size=49_408, pad_token_id=0, max_position_embeddings=79)
"""The base model, over CLIP's tokens, as XLM-R's own are on the hub only."""
N_HEADLINES = 300  # a test set
REPEATS = 3


def run() -> list[Row]:
    """Measures the plain loop, ours in fp32 and ours in bf16, in turn, on both kinds of tower."""
    torch.manual_seed(0)
    model = open_clip.create_model(BACKBONE, pretrained=None).eval()
    small = open_clip.create_model(BACKBONE, pretrained=None, precision="bf16").eval()
    small.load_state_dict(model.state_dict())
    xlm_roberta = HFTextEncoder(
        "", output_dim=512, config=XLM_ROBERTA, pooler_type="mean_pooler", proj_type="mlp"
    ).eval()
    half = deepcopy(xlm_roberta).bfloat16()  # as `newsimages.encoding.encoders` casts it
    return [
        *_compared(BACKBONE, (model, small), model.encode_text, at_least=(6, 12)),
        *_compared("XLM-R base", (xlm_roberta, half), xlm_roberta, at_least=(3, 6)),
    ]


def _compared(
    tower: str,
    models: tuple[nn.Module, nn.Module],
    encode_text: Callable[[Tensor], Tensor],
    *,
    at_least: tuple[float, float],
) -> list[Row]:
    """Ours in fp32 and in bf16 beside the plain loop.

    Args:
        tower: The name of the tower.
        models: The model in fp32 and in bf16.
        encode_text: openCLIP's own function of the first.
        at_least: The least gains of the two.
    """
    tokenizer = open_clip.get_tokenizer(BACKBONE)
    exact, fast = (TextTower(model, tokenizer) for model in models)
    texts = headlines(N_HEADLINES)

    reference = _plain_loop(encode_text, tokenizer, texts)  # these three also warm up
    ours = exact.encode(texts, batch_size=BATCH_SIZE)
    ours_bf16 = fast.encode(texts, batch_size=BATCH_SIZE)
    plain_s, exact_s, fast_s = best_of(
        REPEATS,
        lambda: _plain_loop(encode_text, tokenizer, texts),
        lambda: exact.encode(texts, batch_size=BATCH_SIZE),
        lambda: fast.encode(texts, batch_size=BATCH_SIZE),
    )
    difference = float(np.abs(ours - reference).max())
    cosine = float((ours_bf16 * reference).sum(axis=1).min())
    n_tokens = float((tokenizer(texts).argmax(dim=1) + 1).float().mean())
    name = f"{N_HEADLINES} headlines of {n_tokens:.1f} tokens, {tower}"
    return [
        gain(f"{name}, fp32", (exact_s, plain_s), at_least[0],
             f"difference {difference:.0e} (≤ 1e-5)", difference <= 1e-5),
        gain(f"{name}, bf16", (fast_s, plain_s), at_least[1], f"cosine {cosine:.4f} (≥ .999)",
             cosine >= 0.999),
    ]  # fmt: skip


@torch.inference_mode()
def _plain_loop(
    encode_text: Callable[[Tensor], Tensor],
    tokenizer: open_clip.SimpleTokenizer,
    texts: list[str],
) -> NDArray[np.float32]:
    batches = []
    for start in range(0, len(texts), BATCH_SIZE):
        features = encode_text(tokenizer(texts[start : start + BATCH_SIZE]))
        batches.append(functional.normalize(features, dim=-1))
    vectors: NDArray[np.float32] = torch.cat(batches).numpy()
    return vectors
