"""The rest of a model in half precision: what openCLIP leaves in fp32 and then cannot multiply."""

from typing import Any

import torch
from open_clip.hf_model import HFTextEncoder


def cast_rest(model: Any, dtype: torch.dtype | None) -> None:
    """Casts a tower of transformers, and the tokens that CoCa learns; None: all stays in fp32."""
    if dtype is None:
        return
    text = getattr(model, "text", model)
    if isinstance(text, HFTextEncoder):
        text.to(dtype)
    pooler = getattr(model.visual, "attn_pool", None)
    for token in (getattr(text, "cls_emb", None), getattr(pooler, "query", None)):
        if token is not None:
            token.data = token.data.to(dtype)
