"""The text half of an openCLIP model, at the speed that headlines allow.

A headline has a dozen tokens, the context has 77. A causal tower reads out the end token, on
which later positions have no influence, and XLM-R masks what is filled up: cutting a batch at its
longest text changes nothing.
So texts are sorted by length, batched, and cut; equal texts are encoded once; and the last layer
is worked out for the end tokens only.

On a CPU a text gets the same bits alone and in any batch. Products are bit-stable for row counts
divisible by 4 (`stable_products`), attention for any number of texts of one length. So a text is
padded to a length that depends on it alone, and batches to four texts. In half precision with AMX
(Intel Xeons from 2023) only equal row counts give equal bits: there batches are always of four.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.hf_model import HFTextEncoder
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor, nn
from torch.nn import functional

from newsimages.encoding.stable_products import ROW_STEP, filled_up, is_stable, stable_products
from newsimages.errors import NewsImagesError
from newsimages.plain_text import encodable
from newsimages.progress import progress

Tokenizer = Callable[[list[str]], Tensor]
MAX_CHARACTERS = 10_000
LENGTH_STEP = ROW_STEP  # tokens: texts are padded to a multiple of it
SHOW_PROGRESS_FROM = 4096  # texts
_TRIAL = ("Storm", "„Drei Fähren“ laufen auf Grund: 3:2 für Köln, a longer text!")


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
        self._padding = _masked_padding(self._text)
        self.cuts = _is_cuttable(self._text) or self._padding is not None
        self._in_fours = not is_stable(model)

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
        tokens = self._tokenizer([_shortened(text) for text in distinct])  # (distinct, context)
        if int(tokens.max()) >= (n_known := _n_tokens(self._text)):
            raise NewsImagesError(
                f"The tokenizer gives the token {int(tokens.max())}, but the text tower knows "
                f"{n_known}: one of them was altered. Fetch or register the model again."
            )
        lengths = self._cut_lengths(tokens)  # (distinct,)
        order = torch.argsort(lengths, stable=True)
        batch_size = ROW_STEP if self._in_fours else batch_size
        batches = []
        with progress(
            total=len(distinct),
            unit="texts",
            doing="encode",
            hide=len(distinct) < SHOW_PROGRESS_FROM,
        ) as bar:
            for rows in order.split(_batch_sizes(lengths[order].tolist(), batch_size)):
                cut = tokens[rows, : int(lengths[rows[0]])].to(self.device)
                cut = filled_up(cut) if self._in_fours else cut
                with stable_products(self._model):
                    features = self._forward(cut)[: len(rows)].float()
                batches.append(functional.normalize(features, dim=-1).cpu())
                bar.update(len(rows))
        row_of = {distinct[i]: row for row, i in enumerate(order.tolist())}
        encoded: NDArray[np.float32] = torch.cat(batches).numpy()[[row_of[t] for t in texts]]
        return encoded

    def try_out(self) -> None:
        """Encodes two texts.

        Raises:
            Exception: Whatever a tokenizer and a tower raise that do not fit each other.
        """
        if not np.isfinite(self.encode(_TRIAL)).all():
            raise ValueError("its vectors are not finite")

    def fills_context(self, text: str) -> bool:
        """Whether nothing that follows such a text would be read."""
        tokens = self._tokenizer([_shortened(text)])
        return self.cuts and int(self._lengths(tokens)[0]) == tokens.shape[1]

    def _lengths(self, tokens: Tensor) -> Tensor:
        """(N,) the number of leading tokens that a text's vector depends on."""
        if not self.cuts:
            return torch.full((len(tokens),), tokens.shape[1])
        if self._padding is not None:
            places = torch.arange(1, tokens.shape[1] + 1)
            return ((tokens != self._padding) * places).amax(dim=1)
        if _pool_type(self._text) == "eos":
            return (tokens == _eos_id(self._text)).int().argmax(dim=1) + 1
        return tokens.argmax(dim=1) + 1

    def _cut_lengths(self, tokens: Tensor) -> Tensor:
        """(N,) the number of tokens to compute: those of the text and its padding."""
        lengths = self._lengths(tokens)
        if self._padding is not None:
            return lengths.clamp(min=1)  # padding would need a mask, and masks take other kernels
        return (-(-lengths // LENGTH_STEP) * LENGTH_STEP).clamp(max=tokens.shape[1])

    def _forward(self, tokens: Tensor) -> Tensor:
        """(B, L) token ids to (B, E) features, followed by those of the padding."""
        if not self.cuts or self._padding is not None:
            whole = hasattr(self._model, "encode_text")  # of which CoCa's would give unit vectors
            rows = filled_up(tokens)
            features: Tensor = (
                self._model.encode_text(rows, normalize=False) if whole else self._model(rows)
            )
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


def _shortened(text: str) -> str:
    """No context reaches this far, and a word without an end would hold up the tokenizer."""
    text = encodable(text)
    if len(text) <= MAX_CHARACTERS:
        return text
    return " ".join(text.split())[:MAX_CHARACTERS]  # blanks count for nothing, as for tokenizers


def _batch_sizes(lengths: Sequence[int], batch_size: int) -> list[int]:
    """Cuts texts that are sorted by length into batches of one length.

    Args:
        lengths: Tokens of each text, rising.
        batch_size: Texts in a batch, at most.

    Returns:
        The batches' sizes, in order.
    """
    return [
        min(batch_size, n - start)
        for n in Counter(lengths).values()
        for start in range(0, n, batch_size)
    ]


def _at_ends(transformer: Any, x: Tensor, mask: Tensor, ends: Tensor) -> Tensor:
    """What the transformer makes of the tokens at ``ends``.

    Args:
        transformer: openCLIP's layers.
        x: (B, L, width).
        mask: (L, L) the causal mask.
        ends: (B,) the end token's position in each text.

    Returns:
        (B, width), padded.
    """
    rows = torch.arange(len(x), device=x.device)
    blocks = transformer.resblocks
    if any(type(block) is not ResidualAttentionBlock for block in blocks):
        every: Tensor = transformer(filled_up(x), attn_mask=mask)
        return filled_up(every[rows, ends])
    for block in blocks[:-1]:
        x = x + block.ls_1(_attention(block.attn, block.ln_1(x)))
        x = x + block.ls_2(block.mlp(block.ln_2(x)))
    last = blocks[-1]
    attended = _attention(last.attn, last.ln_1(x))[rows, ends]
    end = filled_up(x[rows, ends] + last.ls_1(attended))
    read: Tensor = end + last.ls_2(last.mlp(last.ln_2(end)))
    return read


def _attention(attention: nn.MultiheadAttention, x: Tensor) -> Tensor:
    """(B, L, width) to the same: causal self-attention.

    `nn.MultiheadAttention` adds the bias of its products before rounding for one text, and after
    it for several.
    """
    n_texts, length, width = x.shape
    projected = functional.linear(x, attention.in_proj_weight, attention.in_proj_bias)
    heads = (n_texts, length, 3, attention.num_heads, width // attention.num_heads)
    query, key, value = projected.view(heads).permute(2, 0, 3, 1, 4)  # (B, heads, L, width / heads)
    attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    out: Tensor = attention.out_proj(attended.transpose(1, 2).reshape(x.shape))
    return out


def _n_tokens(tower: Any) -> int:
    """The tokens that the tower has an embedding for."""
    own = getattr(tower, "token_embedding", None)
    embedding = tower.transformer.get_input_embeddings() if own is None else own
    return int(embedding.num_embeddings)


def _pool_type(tower: Any) -> str:
    return str(getattr(tower, "text_pool_type", getattr(tower, "pool_type", "")))


def _eos_id(tower: Any) -> int:
    return int(getattr(tower, "text_eos_id", getattr(tower, "eos_id", -1)))


def _masked_padding(tower: Any) -> int | None:
    """The padding's id of a tower that attends to no padding and pools over none (XLM-R)."""
    if not isinstance(tower, HFTextEncoder):
        return None
    padding: int | None = tower.config.pad_token_id
    return padding


def _is_cuttable(tower: Any) -> bool:
    """Whether the tower is causal and reads out the end token (CLIP is; SigLIP is not)."""
    return (
        getattr(tower, "attn_mask", None) is not None
        and getattr(tower, "cls_emb", None) is None
        and _pool_type(tower) in ("argmax", "eos")
    )
