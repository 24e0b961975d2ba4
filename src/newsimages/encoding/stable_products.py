"""Matrix products on a CPU that give a row the same bits among any number of other rows.

In fp32 PyTorch multiplies with MKL, which picks the kernel and the order of its sums by the number
of rows: on an Intel Xeon with two threads, a row of 2048 numbers has four results between 4 and 332
rows. oneDNN sums every row in the same order and takes about as long.

Measured for 2 to 1600 rows and widths of 16 to 4096, on 1, 2 and 16 threads, with the kernels for
AVX2 and AVX-512; a single row takes another kernel. In bf16 PyTorch uses oneDNN anyway, and with
its kernels for AVX512-BF16 the bits hold as well (AMD from Zen 4). With those for AMX (Intel Xeons
from 2023) they do not (`is_stable`): the order of sums depends on the number of rows, and on that
of threads (64 rows of 4096 numbers, 1 and 2 threads).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

ROW_STEP = 4  # rows: kernels are bit-stable only for counts divisible by it
HAS_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def stable_products(model: nn.Module) -> AbstractContextManager[object]:
    """Within it, a model in fp32 on a CPU multiplies by its weights with oneDNN.

    Args:
        model: In eval mode; other models and other threads compute as ever.
    """
    weight = _weight(model)
    if HAS_ONEDNN and weight.device.type == "cpu" and weight.dtype == torch.float32:
        return _OneDnnProducts()
    return nullcontext()


def filled_up(rows: Tensor) -> Tensor:
    """Pads (B, …) to a multiple of `ROW_STEP` rows with copies of the last one."""
    missing = -len(rows) % ROW_STEP
    return torch.cat([rows, rows[-1:].expand(missing, *rows.shape[1:])])


def is_stable(model: nn.Module) -> bool:
    """Whether a row's bits are the same among any multiple of four rows; said of CPUs only."""
    weight = _weight(model)
    has_amx = torch.cpu.get_capabilities().get("amx_bf16", False)
    return weight.device.type != "cpu" or weight.dtype == torch.float32 or not has_amx


def keep_threads(precision: str, n_threads: int) -> None:
    """Makes this process compute with another's number of threads, where bits depend on it.

    Args:
        precision: In which a model computes.
        n_threads: Of the process whose bits are wanted.
    """
    if precision != "fp32" and torch.cpu.get_capabilities().get("amx_bf16", False):
        torch.set_num_threads(n_threads)


def _weight(model: nn.Module) -> Tensor:
    """A weight of its products: of a model in half precision, embeddings and norms are not."""
    linear = (each.weight for each in model.modules() if isinstance(each, nn.Linear))
    weight: Tensor = next(linear, next(model.parameters()))
    return weight


class _OneDnnProducts(TorchFunctionMode):
    """Calls functions of this file in the place of PyTorch's, and all others as they are."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return _REPLACED.get(function, function)(*args, **(kwargs or {}))


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`functional.linear`: (…, K), (N, K) and (N,) to (…, N), with oneDNN."""
    # What PyTorch's compiler makes of a linear layer. Nothing public leads to it in fp32.
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return product


def _matmul(x: Tensor, weight: Tensor) -> Tensor:
    """`x @ weight`; only (K, N) can be weights."""
    return _linear(x, weight.T) if weight.ndim == 2 else x.matmul(weight)


def _attention(*args: Any, **options: Any) -> tuple[Tensor, Tensor | None]:
    """`functional.multi_head_attention_forward`; with oneDNN where tokens attend to each other."""
    query, key, value, width, n_heads, weight, bias, *extras, out_weight, out_bias = args
    plain = query is key is value and extras[:3] == [None, None, False]  # no biases, no zeros added
    plain = plain and not options.get("use_separate_proj_weight")
    if not plain or options["key_padding_mask"] is not None or options["need_weights"]:
        attended: tuple[Tensor, Tensor | None] = functional.multi_head_attention_forward(
            *args, **options
        )
        return attended
    length, n_texts, _ = query.shape
    mask = options["attn_mask"]  # None, (L, L) or (B * heads, L, L)
    if mask is not None and mask.ndim == 3:
        mask = mask.view(n_texts, n_heads, length, length)
    heads = _linear(query, weight, bias).view(length, n_texts, 3, n_heads, width // n_heads)
    q, k, v = heads.permute(2, 1, 3, 0, 4)  # (B, heads, L, width / heads)
    mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return _linear(mixed.permute(2, 0, 1, 3).flatten(2), out_weight, out_bias), None


_REPLACED: Mapping[Callable[..., Any], Callable[..., Any]] = {
    functional.linear: _linear,
    functional.multi_head_attention_forward: _attention,
    Tensor.matmul: _matmul,
}
