"""The text half of an openCLIP model, at the speed that headlines allow.

A headline has a dozen tokens, the context has 77. A causal tower reads out the end token, on
which later positions have no influence: cutting a batch at its longest text changes nothing.
So texts are sorted by length, batched, and cut; equal texts are encoded once.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from newsimages.progress import progress

Tokenizer = Callable[[list[str]], Tensor]
SHOW_PROGRESS_FROM = 4096  # texts


class TextTower:
    """Texts to unit vectors, through the text layers of an openCLIP model."""

    def __init__(self, model: Any, tokenizer: Tokenizer) -> None:
        """Takes the text layers of ``model``, which stays as it is.

        Args:
            model: An openCLIP model in eval mode.
            tokenizer: Its tokenizer: N texts to (N, context) token ids.
        """
        self._model = model
        self._tokenizer = tokenizer
        self._text = getattr(model, "text", model)  # CustomTextCLIP keeps its tower apart
        self.cuts = _is_cuttable(self._text)

    @property
    def device(self) -> torch.device:
        """Where the layers are."""
        device: torch.device = next(self._model.parameters()).device
        return device

    @property
    def dimension(self) -> int:
        """E, the length of a text's vector."""
        return int(self.encode(["dimension"]).shape[1])

    @torch.inference_mode()
    def encode(self, texts: Sequence[str], *, batch_size: int = 64) -> NDArray[np.float32]:
        """Encodes texts of any length; what exceeds the context is cut as openCLIP cuts it.

        Args:
            texts: (N,) strings.
            batch_size: Texts per step.

        Returns:
            (N, E) float32 of length 1, in the order of ``texts``.
        """
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return np.empty((0, self.dimension), np.float32)
        tokens = self._tokenizer(distinct)  # (distinct, context)
        lengths = self._lengths(tokens)  # (distinct,)
        order = torch.argsort(lengths, stable=True)
        batches = []
        with progress(
            total=len(distinct),
            unit="texts",
            doing="encode",
            hide=len(distinct) < SHOW_PROGRESS_FROM,
        ) as bar:
            for rows in order.split(batch_size):
                cut = tokens[rows, : int(lengths[rows].max())]
                features = self._forward(cut.to(self.device)).float()
                batches.append(functional.normalize(features, dim=-1).cpu())
                bar.update(len(rows))
        row_of = {distinct[i]: row for row, i in enumerate(order.tolist())}
        encoded: NDArray[np.float32] = torch.cat(batches).numpy()[[row_of[t] for t in texts]]
        return encoded

    def _lengths(self, tokens: Tensor) -> Tensor:
        """(N,) the number of leading tokens that a text's vector depends on."""
        if not self.cuts:
            return torch.full((len(tokens),), tokens.shape[1])
        if _pool_type(self._text) == "eos":
            return (tokens == _eos_id(self._text)).int().argmax(dim=1) + 1
        return tokens.argmax(dim=1) + 1

    def _forward(self, tokens: Tensor) -> Tensor:
        """(B, L) token ids, cut at the longest, to (B, E) features."""
        if not self.cuts:
            features: Tensor = self._model.encode_text(tokens)
            return features
        tower, length = self._text, tokens.shape[1]
        dtype = tower.transformer.get_cast_dtype()
        x = tower.token_embedding(tokens).to(dtype) + tower.positional_embedding[:length].to(dtype)
        x = tower.transformer(x, attn_mask=tower.attn_mask[:length, :length])  # (B, L, width)
        rows = torch.arange(len(tokens), device=tokens.device)
        ends = self._lengths(tokens.cpu()).to(tokens.device) - 1
        x = tower.ln_final(x[rows, ends])  # (B, width): the norm acts on each token alone
        projection = tower.text_projection
        if isinstance(projection, nn.Linear):
            x = projection(x)
        elif projection is not None:
            x = x @ projection
        projected: Tensor = x
        return projected


def _pool_type(tower: Any) -> str:
    return str(getattr(tower, "text_pool_type", getattr(tower, "pool_type", "")))


def _eos_id(tower: Any) -> int:
    return int(getattr(tower, "text_eos_id", getattr(tower, "eos_id", -1)))


def _is_cuttable(tower: Any) -> bool:
    """Whether the tower is causal and reads out the end token (CLIP is; SigLIP, XLM-R are not)."""
    return (
        getattr(tower, "attn_mask", None) is not None
        and getattr(tower, "cls_emb", None) is None
        and _pool_type(tower) in ("argmax", "eos")
    )
