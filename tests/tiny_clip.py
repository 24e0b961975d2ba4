"""Very small openCLIP models with random weights, as folders that openCLIP loads like any other."""

import json
from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig

IMAGE_SIZE = 32
CONTEXT = 24
END_TOKEN = 49407

VISION = {"image_size": IMAGE_SIZE, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
TEXT = {"context_length": CONTEXT, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}

# What is different in each kind of text tower.
KINDS: dict[str, dict[str, Any]] = {
    "clip": {},
    "custom_text": {"custom_text": True},
    "end_token_by_id": {
        "custom_text": True,
        "text_cfg": {"pool_type": "eos", "eos_id": END_TOKEN, "proj_bias": True},
    },
    "not_causal": {"custom_text": True, "text_cfg": {"no_causal_mask": True}},
    "last_token": {"custom_text": True, "text_cfg": {"pool_type": "last"}},
    "own_class_token": {"custom_text": True, "text_cfg": {"embed_cls": True}},
    # A tower of transformers that masks padding, as xlm-roberta-large-ViT-H-14 has.
    "xlm_roberta": {
        "custom_text": True,
        "text_cfg": {"hf_tokenizer_name": "own", "hf_pooler_type": "mean_pooler"},
    },
}


def save_tiny_clip(folder: Path, kind: str = "clip", *, seed: int = 0) -> Path:
    """Writes a random model with openCLIP's own classes; returns its folder."""
    special = KINDS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "embed_dim": 16,
        "vision_cfg": VISION,
        "text_cfg": TEXT | special.get("text_cfg", {}),
        "custom_text": special.get("custom_text", False),
    }
    if kind == "xlm_roberta":
        config["text_cfg"] |= save_xlm_roberta(folder)
    arguments = {key: value for key, value in config.items() if key != "custom_text"}
    made = open_clip.CustomTextCLIP if config["custom_text"] else open_clip.CLIP
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = made(**arguments)
        for parameter in model.parameters():  # also those that begin as zeros
            torch.nn.init.normal_(parameter, std=0.2)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder


def save_xlm_roberta(folder: Path) -> dict[str, Any]:
    """Writes a tokenizer of bytes and the configuration of a small XLM-R.

    Returns:
        Where openCLIP finds the configuration, as part of ``text_cfg``.
    """
    special = ["<s>", "<pad>", "</s>", "<unk>"]  # in XLM-R's order
    tokens = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", pad_token="<pad>", eos_token="</s>"
    ).save_pretrained(folder)
    XLMRobertaConfig(
        vocab_size=len(tokens),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=CONTEXT + 2,
    ).save_pretrained(folder / "xlm-roberta")
    return {"hf_model_name": str(folder / "xlm-roberta"), "hf_model_pretrained": False}
