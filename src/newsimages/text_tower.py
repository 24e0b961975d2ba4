"""The text half of an openCLIP model, at the speed that headlines allow.

A headline has a dozen tokens, the context has 77. A causal tower reads out the end token, on
which later positions have no influence: cutting a batch at its longest text changes nothing.
So texts are sorted by length, batched, and cut; equal texts are encoded once; and the last layer
is worked out for the end tokens only.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor, nn
from torch.nn import functional

from newsimages.progress import progress

Tokenizer = Callable[[list[str]], Tensor]
MAX_CHARACTERS = 10_000
MAX_PADDING = 128  # tokens of padding that cost no more than a further step
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
        # No context reaches this far, and a word without an end would hold up the tokenizer.
        tokens = self._tokenizer(
            [text[:MAX_CHARACTERS] for text in distinct]
        )  # (distinct, context)
        lengths = self._lengths(tokens)  # (distinct,)
        order = torch.argsort(lengths, stable=True)
        batches = []
        with progress(
            total=len(distinct),
            unit="texts",
            doing="encode",
            hide=len(distinct) < SHOW_PROGRESS_FROM,
        ) as bar:
            for rows in order.split(_batch_sizes(lengths[order].tolist(), batch_size)):
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
        ends = self._lengths(tokens.cpu()).to(tokens.device) - 1
        x = _at_ends(tower.transformer, x, tower.attn_mask[:length, :length], ends)
        x = tower.ln_final(x)  # (B, width): the norm acts on each token alone
        projection = tower.text_projection
        if isinstance(projection, nn.Linear):
            x = projection(x)
        elif projection is not None:
            x = x @ projection
        projected: Tensor = x
        return projected


def _batch_sizes(lengths: Sequence[int], batch_size: int) -> list[int]:
    """Cuts texts that are sorted by length into batches with little padding.

    Args:
        lengths: Tokens of each text, rising.
        batch_size: Texts in a batch, at most.

    Returns:
        The batches' sizes, in order.
    """
    sizes = [0]
    longest = 0
    for length in lengths:
        added_padding = sizes[-1] * (length - longest)
        if sizes[-1] == batch_size or added_padding > MAX_PADDING:
            sizes.append(0)
        sizes[-1] += 1
        longest = length
    return sizes


def _at_ends(transformer: Any, x: Tensor, mask: Tensor, ends: Tensor) -> Tensor:
    """What the transformer makes of the tokens at ``ends``.

    Args:
        transformer: openCLIP's layers.
        x: (B, L, width).
        mask: (L, L) the causal mask.
        ends: (B,) the end token's position in each text.

    Returns:
        (B, width).
    """
    rows = torch.arange(len(x), device=x.device)
    *first, last = transformer.resblocks
    if type(last) is not ResidualAttentionBlock or not transformer.batch_first:
        every: Tensor = transformer(x, attn_mask=mask)
        return every[rows, ends]
    for block in first:
        x = block(x, attn_mask=mask)
    after = torch.arange(x.shape[1], device=x.device) > ends[:, None]  # (B, L)
    normed = last.ln_1(x)
    query = normed[rows, ends].unsqueeze(1)  # (B, 1, width)
    attended, _ = last.attn(query, normed, normed, need_weights=False, key_padding_mask=after)
    end = x[rows, ends] + last.ls_1(attended.squeeze(1))
    read: Tensor = end + last.ls_2(last.mlp(last.ln_2(end)))
    return read


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
