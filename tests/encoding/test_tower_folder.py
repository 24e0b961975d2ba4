"""The text tower on disk: what is loaded gives the encoder's own vectors."""

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import safetensors.torch

from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.tower_folder import CONFIG, LEAST_COSINE, WEIGHTS, load_tower, save_tower
from newsimages.errors import NewsImagesError
from tests.tiny_clip import CONTEXT, KINDS, TEXT, VISION

TEXTS = ["Storm over the coast", "Köln: Zug fährt nicht", "word " * 99, "Markets fall"]


def encoder(folder: Path, precision: str = "fp32") -> OpenClipEncoder:
    return OpenClipEncoder(
        OpenClipConfig(
            backbone=f"local-dir:{folder}", pretrained="", precision=precision, device="cpu"
        )
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_written_tower_gives_the_same_bits(
    tiny_clips: dict[str, Path], kind: str, precision: str, tmp_path: Path
) -> None:
    if precision == "bf16" and kind == "end_token_by_id":
        pytest.skip("openCLIP itself has no bf16 of a projection with a bias")
    own = encoder(tiny_clips[kind], precision)
    assert save_tower(tmp_path, own, TEXTS) == pytest.approx(1, abs=1e-6)
    loaded = load_tower(tmp_path)
    np.testing.assert_array_equal(loaded.encode(TEXTS), own.encode_texts(TEXTS))
    np.testing.assert_array_equal(loaded.encode(TEXTS[:1]), own.encode_texts(TEXTS)[:1])


@pytest.mark.parametrize("kind", ["clip", "xlm_roberta"])
def test_single_precision_is_stored_in_half_where_no_bit_is_lost(
    tiny_clips: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    own = encoder(tiny_clips[kind])
    save_tower(tmp_path / "single", own, TEXTS)
    for weight in own.model.parameters():
        weight.data = weight.data.half().float()
    save_tower(tmp_path / "half", own, TEXTS)
    np.testing.assert_array_equal(
        load_tower(tmp_path / "half").encode(TEXTS), own.encode_texts(TEXTS)
    )
    sizes = [(tmp_path / name / WEIGHTS).stat().st_size for name in ("half", "single")]
    assert sizes[0] < 0.6 * sizes[1]


@pytest.mark.parametrize("change", ["missing", "strange", "reshaped"])
def test_weights_that_are_not_the_towers_are_told(
    tiny_clips: dict[str, Path], change: str, tmp_path: Path
) -> None:
    save_tower(tmp_path, encoder(tiny_clips["xlm_roberta"]), TEXTS)
    weights = safetensors.torch.load_file(tmp_path / WEIGHTS)
    name = next(name for name in weights if "position_ids" in name)
    if change == "missing":
        del weights[name]
    elif change == "strange":
        weights["more"] = weights[name].clone()
    else:
        weights[name] = weights[name][:, 1:].contiguous()
    safetensors.torch.save_file(weights, tmp_path / WEIGHTS)
    with pytest.raises(NewsImagesError, match="no text tower that can be read"):
        load_tower(tmp_path)


def test_the_demo_models_tokenizer_comes_along(tmp_path: Path) -> None:
    own = OpenClipEncoder(OpenClipConfig(backbone="demo", pretrained="demo", precision="bf16"))
    save_tower(tmp_path, own, TEXTS)
    assert (tmp_path / "tokenizer.json").is_file()
    np.testing.assert_array_equal(load_tower(tmp_path).encode(TEXTS), own.encode_texts(TEXTS))


def test_coca_is_kept_without_its_decoder(tmp_path: Path) -> None:
    vision = {**VISION, "attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True}
    text = {**TEXT, "embed_cls": True, "output_tokens": True}
    decoder = {"context_length": CONTEXT, "width": 32, "heads": 2, "layers": 1}
    config = {
        "embed_dim": 32, "vision_cfg": vision, "text_cfg": text, "multimodal_cfg": decoder,
    }  # fmt: skip
    model = open_clip.CoCa(**config)
    written = {"model_cfg": {**config, "custom_text": True}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(written))
    safetensors.torch.save_model(model, str(tmp_path / "open_clip_model.safetensors"))
    own = encoder(tmp_path)
    assert save_tower(tmp_path / "tower", own, TEXTS) >= LEAST_COSINE
    cosines = load_tower(tmp_path / "tower").encode(TEXTS) * own.encode_texts(TEXTS)
    assert cosines.sum(axis=1).min() >= LEAST_COSINE


def test_without_a_text_to_check_by_nothing_is_saved(
    tiny_clips: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(NewsImagesError, match="No text to check"):
        save_tower(tmp_path, encoder(tiny_clips["clip"]), [])


@pytest.mark.parametrize("content", ["[]", "{}", '{"model_cfg": {"embed_dim": 16}}'])
def test_a_configuration_that_is_none_is_told(
    tiny_clips: dict[str, Path], tmp_path: Path, content: str
) -> None:
    save_tower(tmp_path, encoder(tiny_clips["clip"]), TEXTS)
    (tmp_path / CONFIG).write_text(content)
    with pytest.raises(NewsImagesError, match="no text tower that can be read"):
        load_tower(tmp_path)


def test_a_readout_that_openclip_does_not_know_is_told(
    tiny_clips: dict[str, Path], tmp_path: Path
) -> None:
    save_tower(tmp_path, encoder(tiny_clips["clip"]), TEXTS)
    config = json.loads((tmp_path / CONFIG).read_text())
    config["model_cfg"]["text_cfg"]["pool_type"] = "strange"
    (tmp_path / CONFIG).write_text(json.dumps(config))
    with pytest.raises(NewsImagesError, match="no text tower that can be read"):
        load_tower(tmp_path)


def test_damage_is_told(tiny_clips: dict[str, Path], tmp_path: Path) -> None:
    save_tower(tmp_path, encoder(tiny_clips["clip"]), TEXTS)
    whole = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(whole[:1000])
    with pytest.raises(NewsImagesError, match="no text tower that can be read"):
        load_tower(tmp_path)
    with pytest.raises(NewsImagesError, match="no text tower that can be read"):
        load_tower(tmp_path / "nowhere")


@pytest.mark.parametrize("key", ["auto_map", "trust_remote_code", "auto\\u005fmap"])
@pytest.mark.parametrize("name", [CONFIG, "tokenizer_config.json", "config.json"])
def test_code_in_the_folder_is_refused_and_never_run(
    tiny_clips: dict[str, Path], tmp_path: Path, name: str, key: str
) -> None:
    save_tower(tmp_path, encoder(tiny_clips["xlm_roberta"]), TEXTS)
    whole = (tmp_path / name).read_text()
    (tmp_path / name).write_text(
        whole.replace("{", f'{{"{key}": {{"AutoTokenizer": "own.T"}}, ', 1)
    )
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass T: ...\n")
    with pytest.raises(NewsImagesError, match="has no code of its own, and none is run"):
        load_tower(tmp_path)
    assert not (tmp_path / "ran").exists()
