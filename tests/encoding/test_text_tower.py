"""The fast text tower against openCLIP's own `encode_text`, for every kind of tower."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from numpy.typing import NDArray
from open_clip.hf_model import HFTextEncoder
from torch import nn
from transformers import XLMRobertaConfig

from newsimages.devices import Precision
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.stable_products import HAS_ONEDNN
from newsimages.encoding.text_tower import TextTower, _batch_sizes
from tests.tiny_clip import CONTEXT, KINDS, VISION

TEXTS = [
    "Storm over the coast",
    "",
    "Köln: Zug fährt nicht – 3 Verletzte",
    "a",
    "Storm over the coast",
    "word " * 3 * CONTEXT,
    " ".join(f"word{i}" for i in range(CONTEXT - 9)),
    "Markets fall as rates rise",
]


def load(folder: Path) -> tuple[Any, Any]:
    name = f"local-dir:{folder}"
    model = open_clip.create_model(name).eval()
    return model, open_clip.get_tokenizer(name)


@torch.inference_mode()
def plainly(model: Any, tokenizer: Any, texts: list[str]) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = (
        torch.nn.functional.normalize(model.encode_text(tokenizer(texts))).float().numpy()
    )
    return vectors


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_those_of_openclip(tiny_clips: dict[str, Path], kind: str) -> None:
    model, tokenizer = load(tiny_clips[kind])
    tower = TextTower(model, tokenizer)
    assert tower.cuts == (kind not in ("not_causal", "last_token", "own_class_token"))
    expected = plainly(model, tokenizer, TEXTS)
    for batch_size in (1, 3, 64):
        actual = tower.encode(TEXTS, batch_size=batch_size)
        np.testing.assert_allclose(actual, expected, atol=1e-5)
        assert actual.dtype == np.float32
    assert np.abs(expected[0] - expected[3]).max() > 0.01  # the model does tell texts apart


def test_equal_texts_are_encoded_once_and_get_the_same_bits(tiny_clips: dict[str, Path]) -> None:
    model, tokenizer = load(tiny_clips["clip"])
    seen: list[str] = []

    def recording(texts: list[str]) -> torch.Tensor:
        seen.extend(texts)
        return tokenizer(texts)  # type: ignore[no-any-return]

    vectors = TextTower(model, recording).encode(TEXTS, batch_size=2)
    assert sorted(seen) == sorted(set(TEXTS))
    np.testing.assert_array_equal(vectors[0], vectors[4])


def test_blanks_before_a_text_count_for_nothing(tiny_clips: dict[str, Path]) -> None:
    model, tokenizer = load(tiny_clips["clip"])
    texts = ["\n" * 12_000 + "Storm over the coast", "Storm over the coast"]
    padded, plain = TextTower(model, tokenizer).encode(texts)
    np.testing.assert_array_equal(padded, plain)
    np.testing.assert_allclose(padded, plainly(model, tokenizer, texts[:1])[0], atol=1e-5)


@pytest.mark.parametrize("kind", ["clip", "end_token_by_id"])
def test_short_texts_are_cut_short(tiny_clips: dict[str, Path], kind: str) -> None:
    model, tokenizer = load(tiny_clips[kind])
    widths: list[int] = []
    tower = TextTower(model, tokenizer)
    text = getattr(model, "text", model)
    text.token_embedding.register_forward_pre_hook(
        lambda _, given: widths.append(given[0].shape[1])
    )
    tower.encode(["one", "two words", "word " * 99], batch_size=2)
    assert widths == [4, CONTEXT]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_text_gets_the_same_bits_in_any_company(
    tiny_clips: dict[str, Path], kind: str, precision: Precision
) -> None:
    if precision == "bf16" and kind == "end_token_by_id":
        pytest.skip("openCLIP itself has no bf16 of a projection with a bias")
    encoder = OpenClipEncoder(
        OpenClipConfig(
            backbone=f"local-dir:{tiny_clips[kind]}", precision=precision, device="cpu", workers=0
        )
    )
    tower = encoder.text_tower
    texts = [" ".join(["word", "storm", "coast"] * (i % 9)) + f" {i}" for i in range(40)]
    together = tower.encode(texts)
    generator = np.random.default_rng(0)
    for size in (1, 2, 3, 7, 40):
        chosen = generator.permutation(len(texts))[:size]
        alone = tower.encode([texts[i] for i in chosen], batch_size=5)
        np.testing.assert_array_equal(alone, together[chosen])


@pytest.fixture(scope="module", params=["causal", "not_causal", "xlm_roberta"])
def wide_tower(request: pytest.FixtureRequest) -> nn.Module:
    """Two layers of the width of ViT-B-32's: in tiny ones, most kernels have a single order."""
    torch.manual_seed(0)
    if request.param == "xlm_roberta":
        config = XLMRobertaConfig(
            vocab_size=49_408, pad_token_id=0, max_position_embeddings=79, num_hidden_layers=2
        )
        pooled: nn.Module = HFTextEncoder(
            "", output_dim=512, config=config, pooler_type="mean_pooler", proj_type="mlp"
        )
        return pooled.eval()
    causal = request.param == "causal"
    text = {"width": 512, "heads": 8, "layers": 2, "no_causal_mask": not causal}
    model: nn.Module = open_clip.CustomTextCLIP(512, VISION, text)
    return model.eval()


def have_same_bits(tower: TextTower) -> tuple[bool, float]:
    """Whether texts have the same bits alone, in part and together, and their least cosine."""
    texts = [" ".join(["word", "storm", "coast"] * (i % 4)) + f" {i}" for i in range(60)]
    together = tower.encode(texts)
    others = [tower.encode(texts[:n]) for n in (1, 2, 3, 23)]
    same = [np.array_equal(other, together[: len(other)]) for other in others]
    cosines = [(other * together[: len(other)]).sum(axis=1).min() for other in others]
    return all(same), float(min(cosines))


@pytest.mark.skipif(not HAS_ONEDNN, reason="the bits are those of oneDNN's products")
def test_bits_are_the_same_at_the_width_of_real_towers(wide_tower: nn.Module) -> None:
    same, _ = have_same_bits(TextTower(wide_tower, open_clip.get_tokenizer("ViT-B-32")))
    assert same


def test_bits_are_the_same_in_bf16(wide_tower: nn.Module) -> None:
    half = deepcopy(wide_tower).bfloat16()
    same, cosine = have_same_bits(TextTower(half, open_clip.get_tokenizer("ViT-B-32")))
    assert cosine > 0.9999
    features = torch.cpu.get_capabilities()
    if features.get("avx512_bf16") or features.get("amx_bf16"):
        assert same


def test_no_text_gives_no_vectors(tiny_clips: dict[str, Path]) -> None:
    tower = TextTower(*load(tiny_clips["clip"]))
    assert tower.encode([]).shape == (0, 16)
    assert tower.dimension == 16


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [
        ([8], [1]),
        ([8] * 9, [4, 4, 1]),  # no batch exceeds its size
        ([8, 8, 12, 16, 16], [2, 1, 2]),  # each is of one length
    ],
)
def test_batches_are_of_one_length(lengths: list[int], sizes: list[int]) -> None:
    assert _batch_sizes(lengths, 4) == sizes
