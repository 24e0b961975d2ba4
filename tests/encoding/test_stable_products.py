"""A row's bits among few and many rows, and that no product changes but in the last digits."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from newsimages.encoding.stable_products import HAS_ONEDNN, keep_threads, stable_products

needs_onednn = pytest.mark.skipif(not HAS_ONEDNN, reason="this PyTorch was built without oneDNN")
ROW_COUNTS = (2, 3, 4, 8, 12, 16, 36, 60, 132, 192, 260, 400)  # MKL changes between most of them


@pytest.fixture(scope="module")
def attention() -> nn.MultiheadAttention:
    torch.manual_seed(0)
    return nn.MultiheadAttention(64, 4, batch_first=True).eval()


@needs_onednn
@pytest.mark.parametrize(("k", "n"), [(128, 32), (512, 1536), (2048, 512), (1024, 1024)])
def test_a_row_gets_the_same_bits_among_any_others(k: int, n: int) -> None:
    layer, x = nn.Linear(k, n), torch.randn(ROW_COUNTS[-1], k)
    projection = layer.weight.T.contiguous()
    with torch.inference_mode(), stable_products(layer):
        together, projected = layer(x), x @ projection
        for rows in ROW_COUNTS:
            assert torch.equal(layer(x[:rows]), together[:rows]), rows
            assert torch.equal(layer(x[-rows:]), together[-rows:]), rows
            assert torch.equal(x[:rows] @ projection, projected[:rows]), rows


@needs_onednn
def test_products_are_those_of_pytorch() -> None:
    layer, x = nn.Linear(512, 64), torch.randn(3, 7, 512)
    with torch.inference_mode(), stable_products(layer):
        stable, projected, batched = layer(x), x @ layer.weight.T, x @ x.transpose(1, 2)
    torch.testing.assert_close(stable, x @ layer.weight.T + layer.bias, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(projected, stable - layer.bias, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(batched, torch.bmm(x, x.transpose(1, 2)))


@needs_onednn
@pytest.mark.parametrize("mask", [None, torch.full((9, 9), -torch.inf).triu(1)])
def test_self_attention_is_that_of_pytorch_with_stable_bits(
    attention: nn.MultiheadAttention, mask: Tensor | None
) -> None:
    def attend(x: Tensor) -> Tensor:
        attended: Tensor = attention(x, x, x, need_weights=False, attn_mask=mask)[0]
        return attended

    x = torch.randn(40, 9, 64)
    with torch.inference_mode():
        expected = attend(x)
        with stable_products(attention):
            together = attend(x)
            for n_texts in (1, 2, 5, 40):
                assert torch.equal(attend(x[:n_texts]), together[:n_texts])
    torch.testing.assert_close(together, expected, atol=1e-5, rtol=1e-5)


@needs_onednn
def test_other_attention_stays_that_of_pytorch(attention: nn.MultiheadAttention) -> None:
    x, y = torch.randn(2, 3, 9, 64)
    padding = torch.arange(9).expand(3, 9) > 5
    with torch.inference_mode():
        for arguments, options in (
            ((x, y, y), {}),
            ((x, x, x), {"need_weights": True}),
            ((x, x, x), {"key_padding_mask": padding, "need_weights": False}),
        ):
            expected, weights = attention(*arguments, **options)
            with stable_products(attention):
                got, got_weights = attention(*arguments, **options)
            torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
            assert (weights is None) == (got_weights is None)


def test_other_precisions_are_left_to_pytorch() -> None:
    layer = copy.deepcopy(nn.Linear(512, 64)).bfloat16()
    x = torch.randn(4, 512).bfloat16()
    with torch.inference_mode(), stable_products(layer):
        got = layer(x)
    assert torch.equal(got, functional.linear(x, layer.weight, layer.bias))


@pytest.mark.parametrize(
    ("precision", "has_amx", "expected"), [("bf16", True, 3), ("bf16", False, 1), ("fp32", True, 1)]
)
def test_threads_are_kept_where_bits_depend_on_them(
    monkeypatch: pytest.MonkeyPatch, precision: str, has_amx: bool, expected: int
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": has_amx})
    try:
        torch.set_num_threads(1)
        keep_threads(precision, 3)
        assert torch.get_num_threads() == expected
    finally:
        torch.set_num_threads(before)
