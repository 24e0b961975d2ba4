"""The text tower on disk: what is loaded gives the encoder's own vectors."""

from pathlib import Path

import numpy as np
import pytest

from newsimages.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.tower_folder import LEAST_COSINE, WEIGHTS, load_tower, save_tower
from tests.tiny_clip import KINDS

TEXTS = ["Storm over the coast", "Köln: Zug fährt nicht", "word " * 99, "Markets fall"]


def encoder(folder: Path, precision: str = "fp32") -> OpenClipEncoder:
    return OpenClipEncoder(
        OpenClipConfig(
            backbone=f"local-dir:{folder}", pretrained="", precision=precision, device="cpu"
        )
    )


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_is_kept_in_half_where_the_vectors_stay(
    tiny_clips: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    own = encoder(tiny_clips[kind])
    cosine = save_tower(tmp_path, own, TEXTS)
    assert cosine >= LEAST_COSINE
    loaded = load_tower(tmp_path).encode(TEXTS)
    cosines = np.einsum("ij,ij->i", loaded, own.encode_texts(TEXTS))
    assert cosines.min() == pytest.approx(cosine, abs=1e-6)
    full = sum(p.numel() for p in getattr(own.model, "text", own.model).parameters()) * 4
    assert (tmp_path / WEIGHTS).stat().st_size < 0.6 * full


@pytest.mark.parametrize("kind", ["clip", "custom_text"])
def test_half_precision_gives_the_same_bits(
    tiny_clips: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    own = encoder(tiny_clips[kind], "bf16")
    assert save_tower(tmp_path, own, TEXTS) == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(load_tower(tmp_path).encode(TEXTS), own.encode_texts(TEXTS))


def test_the_demo_models_tokenizer_comes_along(tmp_path: Path) -> None:
    own = OpenClipEncoder(OpenClipConfig(backbone="demo", pretrained="demo", precision="bf16"))
    save_tower(tmp_path, own, TEXTS)
    assert (tmp_path / "tokenizer.json").is_file()
    np.testing.assert_array_equal(load_tower(tmp_path).encode(TEXTS), own.encode_texts(TEXTS))


def test_damage_is_told(tiny_clips: dict[str, Path], tmp_path: Path) -> None:
    save_tower(tmp_path, encoder(tiny_clips["clip"]), TEXTS)
    whole = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(whole[:1000])
    with pytest.raises(NewsImagesError, match="no text tower that can be read"):
        load_tower(tmp_path)
    with pytest.raises(NewsImagesError, match="no text tower that can be read"):
        load_tower(tmp_path / "nowhere")
