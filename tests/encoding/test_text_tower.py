"""The fast text tower against openCLIP's own `encode_text`, for every kind of tower."""

from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from numpy.typing import NDArray

from newsimages.devices import Precision
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.text_tower import TextTower, _batch_sizes
from tests.tiny_clip import CONTEXT, KINDS

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
    if precision == "bf16" and kind in ("end_token_by_id", "own_class_token"):
        pytest.skip("openCLIP itself does not run this kind in bf16")
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
