"""Headlines to vectors: `newsimages.text_tower` beside openCLIP's tokenizer and `encode_text`.

The towers are ViT-B-32's with random weights: the speed is that of trained ones.
"""

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from torch.nn import functional

from benchmarks.headlines import headlines
from benchmarks.timing import Row, best_of, gain
from newsimages.text_tower import TextTower

BACKBONE = "ViT-B-32"
BATCH_SIZE = 64
N_HEADLINES = 300  # a test set
REPEATS = 3


def run() -> list[Row]:
    """Measures the plain loop, ours in fp32 and ours in bf16, in turn."""
    torch.manual_seed(0)
    model = open_clip.create_model(BACKBONE, pretrained=None).eval()
    small = open_clip.create_model(BACKBONE, pretrained=None, precision="bf16").eval()
    small.load_state_dict(model.state_dict())
    tokenizer = open_clip.get_tokenizer(BACKBONE)
    exact, fast = TextTower(model, tokenizer), TextTower(small, tokenizer)
    texts = headlines(N_HEADLINES)

    reference = _plain_loop(model, tokenizer, texts)  # these three also warm up
    ours = exact.encode(texts, batch_size=BATCH_SIZE)
    ours_bf16 = fast.encode(texts, batch_size=BATCH_SIZE)
    plain_s, exact_s, fast_s = best_of(
        REPEATS,
        lambda: _plain_loop(model, tokenizer, texts),
        lambda: exact.encode(texts, batch_size=BATCH_SIZE),
        lambda: fast.encode(texts, batch_size=BATCH_SIZE),
    )
    difference = float(np.abs(ours - reference).max())
    cosine = float((ours_bf16 * reference).sum(axis=1).min())
    n_tokens = float((tokenizer(texts).argmax(dim=1) + 1).float().mean())
    name = f"{N_HEADLINES} headlines of {n_tokens:.1f} tokens, {BACKBONE}"
    return [
        gain(f"{name}, fp32", (exact_s, plain_s), 6, f"difference {difference:.0e} (≤ 1e-5)",
             difference <= 1e-5),
        gain(f"{name}, bf16", (fast_s, plain_s), 12, f"cosine {cosine:.4f} (≥ .999)",
             cosine >= 0.999),
    ]  # fmt: skip


@torch.inference_mode()
def _plain_loop(
    model: open_clip.CLIP, tokenizer: open_clip.SimpleTokenizer, texts: list[str]
) -> NDArray[np.float32]:
    batches = []
    for start in range(0, len(texts), BATCH_SIZE):
        features = model.encode_text(tokenizer(texts[start : start + BATCH_SIZE]))
        batches.append(functional.normalize(features, dim=-1))
    vectors: NDArray[np.float32] = torch.cat(batches).numpy()
    return vectors
