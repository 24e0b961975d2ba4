"""A tiny Marian model that transformers loads; its translations are fixed nonsense."""

import json
from pathlib import Path

import sentencepiece
import torch

POSITIONS = 100


def save_tiny_marian(folder: Path) -> Path:
    """Writes it as `Translator` reads one."""
    from transformers import MarianConfig, MarianMTModel  # noqa: PLC0415 - slow to import

    folder.mkdir(parents=True, exist_ok=True)
    texts = [f"Der Zug {n} hält in Köln nicht, weil es regnet." for n in range(50)]
    for side in ("source", "target"):
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_prefix=str(folder / side),
            vocab_size=60,
            hard_vocab_limit=False,
            minloglevel=2,
        )
        (folder / f"{side}.model").rename(folder / f"{side}.spm")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    known = [pieces.id_to_piece(index) for index in range(3, pieces.vocab_size())]
    tokens = ["</s>", "<unk>", *known, "<pad>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "MarianTokenizer"}')
    torch.manual_seed(0)
    config = MarianConfig(
        vocab_size=len(tokens),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=POSITIONS,
        init_std=1.0,
        eos_token_id=0,
        forced_eos_token_id=0,
        pad_token_id=len(tokens) - 1,
        decoder_start_token_id=len(tokens) - 1,
    )
    MarianMTModel(config).save_pretrained(folder)
    return folder
