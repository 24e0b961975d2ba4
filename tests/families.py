"""A very small random model of every family that openCLIP builds, in its real layout.

A model has the configuration of the family's backbone in openCLIP but for its sizes: layers,
widths, heads, image size and vocabulary. Of timm's models the sizes are given to timm's own
builder, under a name of ours, as openCLIP's configuration cannot name them.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import open_clip
import timm
import torch
from safetensors.torch import save_model
from timm.models import register_model
from timm.models.vitamin import VitCfg, VitConvCfg
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    M2M100Config,
    MT5Config,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    XLMRobertaConfig,
)

WIDTH = 32  # of all towers, and of the vectors
TOWER = "tower"  # the folder of the configuration of a text tower of transformers
MODEL, WEIGHTS = "open_clip_config.json", "open_clip_model.safetensors"
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family by one of its backbones."""

    name: str
    backbone: str
    """openCLIP's."""
    tag: str = ""
    """Of the weights whose preparation of images and activation are taken; "": it has none."""
    image_size: int = 32
    timm: dict[str, Any] = field(default_factory=dict)
    """The sizes of an image tower of timm."""
    tokens: tuple[str, ...] = ()
    """The special tokens in the tokenizer's order, where it is one of transformers."""
    frame: str = ""
    """What the tokenizer puts around a text."""

    @property
    def known(self) -> dict[str, Any]:
        """What openCLIP knows of the tag."""
        return dict(open_clip.get_pretrained_cfg(self.backbone, self.tag))


_VIT: dict[str, Any] = {"depth": 1, "embed_dim": WIDTH, "num_heads": 2, "img_size": 32}
_T5: dict[str, Any] = {"tokens": ("<pad>", "</s>", "<unk>"), "frame": "$A </s>"}
_XLM: dict[str, Any] = {"tokens": ("<s>", "<pad>", "</s>", "<unk>"), "frame": "<s> $A </s>"}
_BERT: dict[str, Any] = {"tokens": ("[PAD]", "[UNK]", "[CLS]", "[SEP]"), "frame": "[CLS] $A [SEP]"}

FAMILIES = (
    Family(name="CLIP", backbone="ViT-B-32", tag="laion2b_s34b_b79k"),
    Family(name="CLIP with QuickGELU", backbone="ViT-H-14-quickgelu", tag="dfn5b"),
    Family(name="MetaCLIP 2 worldwide", backbone="ViT-H-14-worldwide-quickgelu",
           tag="metaclip2_worldwide", **_XLM),
    Family(name="CLIPA", backbone="ViT-L-14-CLIPA", tag="datacomp1b", **_BERT),
    Family(name="CoCa", backbone="coca_ViT-B-32", tag="laion2b_s13b_b90k"),
    Family(name="ResNet", backbone="RN50-quickgelu", tag="openai", image_size=64),
    Family(name="ConvNeXt", backbone="convnext_base", tag="laion400m_s13b_b51k",
           timm={"depths": (1, 1, 1, 1), "dims": (8, 8, 16, WIDTH)}),
    Family(name="SigLIP", backbone="ViT-B-16-SigLIP", tag="webli", timm=_VIT, **_T5),
    Family(name="SigLIP 2", backbone="ViT-B-16-SigLIP2", tag="webli", timm=_VIT, **_T5),
    Family(name="PE-Core", backbone="PE-Core-T-16-384", tag="meta", timm=_VIT),
    Family(name="MobileCLIP2", backbone="MobileCLIP2-S0", tag="dfndr2b", image_size=64,
           timm={"layers": (1, 1, 1, 1), "embed_dims": (8, 8, 16, WIDTH)}),
    Family(name="MobileCLIP2, custom text", backbone="MobileCLIP2-B", tag="dfndr2b",
           image_size=64, timm={"depth": 1, "num_heads": 2, "img_size": 64}),
    Family(name="MobileCLIP2, plain ViT", backbone="MobileCLIP2-L-14", tag="dfndr2b", timm=_VIT),
    Family(name="EVA01", backbone="EVA01-g-14", tag="laion400m_s11b_b41k", image_size=28,
           timm=_VIT | {"img_size": 28, "mlp_ratio": 2.0}),
    Family(name="EVA02", backbone="EVA02-B-16", tag="merged2b_s8b_b131k", timm=_VIT),
    Family(name="ViTamin", backbone="ViTamin-S", tag="datacomp1b", timm=_VIT | {
        "embed_cfg": VitCfg(
            embed_dim=(8, 16, WIDTH), depths=(1, 1, 1), stem_width=8, head_type="1d",
            conv_cfg=VitConvCfg(norm_layer="layernorm2d", norm_eps=1e-6))}),
    Family(name="Swin", backbone="swin_base_patch4_window7_224", timm={
        "img_size": 32, "window_size": 2, "embed_dim": 8, "depths": (1, 1, 1, 1),
        "num_heads": (2, 2, 2, 2)}),
    Family(name="ViT with relative positions", backbone="vit_relpos_medium_patch16_cls_224",
           timm=_VIT | {"rel_pos_dim": 16}),
    Family(name="RoBERTa", backbone="roberta-ViT-B-32", tag="laion2b_s12b_b32k", **_XLM),
    Family(name="XLM-R", backbone="xlm-roberta-base-ViT-B-32", tag="laion5b_s13b_b90k", **_XLM),
    Family(name="mT5", backbone="mt5-base-ViT-B-32", **_T5),
    Family(name="NLLB", backbone="nllb-clip-base", tag="v1", **_XLM),
)  # fmt: skip


def save_small(folder: Path, family: Family, *, seed: int = 0) -> Path:
    """Writes a random model as a repository of the hub holds one; returns its folder."""
    folder.mkdir(parents=True)
    config = _small(family, folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = {key: value for key, value in config.items() if key != "custom_text"}
        custom = config.get("custom_text") or "hf_model_name" in config["text_cfg"]
        build = open_clip.CustomTextCLIP if custom else open_clip.CLIP
        model = (open_clip.CoCa if "multimodal_cfg" in config else build)(**made)
        for name, parameter in model.named_parameters():  # also those that begin as zeros
            n_inputs = parameter[0].numel() if parameter.ndim > 1 else 100
            is_scale = parameter.ndim == 1 and not name.endswith("bias")
            torch.nn.init.normal_(parameter, float(is_scale), 1.5 / n_inputs**0.5)
    save_model(model, str(folder / WEIGHTS))
    preparation = {key: family.known[key] for key in _WAY if key in family.known}
    written = {"model_cfg": config, "preprocess_cfg": preparation}
    (folder / MODEL).write_text(json.dumps(written))
    return folder


_WAY = ("mean", "std", "interpolation", "resize_mode")


def _small(family: Family, folder: Path) -> dict[str, Any]:
    """The family's configuration, small; its tokenizer is written to the folder."""
    config: dict[str, Any] = open_clip.get_model_config(family.backbone)
    config["embed_dim"] = WIDTH
    vision, text = config["vision_cfg"], config["text_cfg"]
    vision["image_size"] = family.image_size
    if family.timm:
        vision["timm_model_name"] = _small_timm(vision["timm_model_name"], family.timm)
    elif isinstance(vision["layers"], list):
        vision |= {"layers": [1, 1, 1, 1], "width": 8}
    else:
        vision |= {"layers": 1, "width": WIDTH, "head_width": 16, "patch_size": 16}
    n_tokens = 49_408  # of openCLIP's own tokenizer
    if family.tokens:
        n_tokens = _save_tokenizer(folder, family)
        text["hf_tokenizer_name"] = str(folder)
    text["context_length"] = 24
    if "hf_model_name" in text:
        _tower_of_transformers(text["hf_model_name"], n_tokens).save_pretrained(folder / TOWER)
        text |= {"hf_model_name": str(folder / TOWER), "hf_model_pretrained": False}
    else:
        text |= {"vocab_size": n_tokens, "width": WIDTH, "heads": 2, "layers": 2}
    if "multimodal_cfg" in config:
        small = {"width": WIDTH, "heads": 2, "layers": 1, "context_length": 24}
        config["multimodal_cfg"] |= small
    return config


def _small_timm(name: str, sizes: dict[str, Any]) -> str:
    """Makes a model of timm known at another size; returns its name."""
    built = timm.models.model_entrypoint(name)

    def small(pretrained: bool = False, **options: Any) -> Any:
        return built(pretrained, **options, **sizes)

    small.__name__ = f"small_{name}"
    if not timm.is_model(small.__name__):
        register_model(small)
    return small.__name__


def _save_tokenizer(folder: Path, family: Family) -> int:
    """Writes a tokenizer of bytes with the family's special tokens; returns its size."""
    tokens = [*family.tokens, *ALPHABET]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    framing = [token for token in family.frame.split() if token != "$A"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=family.frame, special_tokens=[(each, tokens.index(each)) for each in framing]
    )
    padding = next(token for token in tokens if "pad" in token.lower())
    named = {"pad_token": padding, "eos_token": framing[-1], "sep_token": framing[-1]}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named).save_pretrained(folder)
    return len(tokens)


def _tower_of_transformers(name: str, n_tokens: int) -> PretrainedConfig:
    sizes: dict[str, Any] = {
        "vocab_size": n_tokens,
        "hidden_size": WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 26,
    }
    if "mt5" in name:
        return MT5Config(
            vocab_size=n_tokens, d_model=WIDTH, d_kv=16, d_ff=64, num_layers=2, num_heads=2,
            decoder_start_token_id=0,
        )  # fmt: skip
    if "nllb" in name:
        return M2M100Config(
            vocab_size=n_tokens, d_model=WIDTH, encoder_layers=2, decoder_layers=1,
            encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64,
            decoder_ffn_dim=64, max_position_embeddings=26,
        )  # fmt: skip
    return (XLMRobertaConfig if name.startswith("xlm") else RobertaConfig)(**sizes)
