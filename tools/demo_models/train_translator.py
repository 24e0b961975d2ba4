"""Trains the demo's translator: sentence pairs -> ``src/newsimages/demo_models/translator``.

    PYTHONPATH=src python tools/demo_models/train_translator.py

In: nothing but seeds; the German and English sentences are worded here, from a stream of random
numbers that no corpus uses. Out: a Marian folder that transformers loads (config, fp16 weights,
SentencePiece model, model card). Killed and started again, it goes on from its last checkpoint.
"""

import argparse
import io
import json
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cards
import checkpoints
import draws
import numpy as np
import sentencepiece
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
)

from newsimages import demo_models
from newsimages.atomic import write_bytes

log = logging.getLogger("train_translator")

PAD = "<pad>"
N_HELD_OUT = 1000
POOL = 50
"""Batches whose pairs are put together by length."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings on which the trained weights depend."""

    seed: int = 81
    """Seed of the training sentences, the weights and the order."""
    held_out_seed: int = 82
    """Seed of the scenes whose news measure the model."""
    without_demo: bool = True
    """Whether titles and scenes of the demo corpus's articles are left out of the training."""
    n_scenes: int = 40_000
    at_most: int = 20
    """Times that a sentence may occur among the training pairs, at most."""
    n_pieces: int = 3000
    """Entries of the SentencePiece model that both languages share."""
    steps: int = 2500
    batch_size: int = 64
    learning_rate: float = 1e-3
    """Learning rate at its peak, after `warm_up` steps; it then falls linearly to zero."""
    warm_up: int = 100


def train_pieces(folder: Path, pairs: Sequence[draws.Pair], n_pieces: int) -> MarianTokenizer:
    """One SentencePiece model for both languages, digits one by one, and its Marian tokenizer."""
    sentences = [sentence for pair in pairs for sentence in pair]
    random.Random(0).shuffle(sentences)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences[:60_000]),
        model_writer=model,
        vocab_size=n_pieces,
        hard_vocab_limit=False,
        character_coverage=1.0,
        split_digits=True,
        bos_id=-1,
        pad_id=-1,
        eos_id=0,
        unk_id=1,
        num_threads=1,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = [processor.id_to_piece(index) for index in range(processor.get_piece_size())]
    vocabulary = {piece: index for index, piece in enumerate([*pieces, PAD])}
    for name in ("source.spm", "target.spm"):
        write_bytes(folder / name, model.getvalue())
    write_bytes(folder / "vocab.json", cards.as_json(vocabulary))
    return MarianTokenizer(
        str(folder / "source.spm"),
        str(folder / "target.spm"),
        str(folder / "vocab.json"),
        source_lang="de",
        target_lang="en",
        model_max_length=256,
    )


def new_model(tokenizer: MarianTokenizer) -> MarianMTModel:
    """The untrained network: three layers that read, two that write, 128 wide."""
    pad = tokenizer.pad_token_id
    width = 128
    config = MarianConfig(
        vocab_size=tokenizer.vocab_size,
        d_model=width,
        encoder_layers=3,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=512,
        decoder_ffn_dim=512,
        max_position_embeddings=256,
        scale_embedding=True,
        init_std=width**-0.5,  # less, and positions drown the words: the encoder learns nothing
        activation_function="relu",
        dropout=0.0,
        pad_token_id=pad,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=pad,
        forced_eos_token_id=None,
    )
    model = MarianMTModel(config)
    model.generation_config.update(
        num_beams=1,
        do_sample=False,
        max_length=256,
        bad_words_ids=[[pad]],
        pad_token_id=pad,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=pad,
        forced_eos_token_id=None,
    )
    return model


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The token ids of all training pairs, ends included."""

    german: list[NDArray[np.int64]]
    english: list[NDArray[np.int64]]


def token_rows(tokenizer: MarianTokenizer, pairs: Sequence[draws.Pair]) -> Rows:
    """Tokenizes ``pairs``, each language with its own side of the tokenizer."""
    german = tokenizer([german for german, _ in pairs]).input_ids
    english = tokenizer(text_target=[english for _, english in pairs]).input_ids
    return Rows(german=[np.array(row) for row in german], english=[np.array(r) for r in english])


def batch_at(rows: Rows, step: int, settings: Settings) -> list[int]:
    """The pairs of one step; always the same.

    Pairs are shuffled into pools, and only within a pool put together by length: sorted as a
    whole, the few sentences that many articles share would meet in a batch or two.
    """
    size, n = settings.batch_size, len(rows.german)
    n_batches = min(POOL, n // size)
    n_pools = n // (n_batches * size)
    epoch, place = divmod(step, n_pools * n_batches)
    number, part = divmod(place, n_batches)
    order = np.random.default_rng([settings.seed, epoch]).permutation(n)
    pool = order[number * n_batches * size : (number + 1) * n_batches * size].tolist()
    pool.sort(key=lambda index: len(rows.german[index]))
    batch = np.random.default_rng([settings.seed, epoch, number]).permutation(n_batches)[part]
    chosen: list[int] = pool[batch * size : (batch + 1) * size]
    return chosen


def loss_at(
    model: MarianMTModel, rows: Rows, step: int, settings: Settings, pad: int
) -> torch.Tensor:
    """The teacher-forced loss of one step."""
    batch = batch_at(rows, step, settings)
    german = [torch.from_numpy(rows.german[index]) for index in batch]
    english = [torch.from_numpy(rows.english[index]) for index in batch]
    source = pad_sequence(german, batch_first=True, padding_value=pad)
    target = pad_sequence(english, batch_first=True, padding_value=-100)
    loss: torch.Tensor = model(
        input_ids=source, attention_mask=(source != pad).long(), labels=target
    ).loss
    return loss


def learning_rate_at(step: int, settings: Settings) -> float:
    """Linear warm-up, then a line down to zero."""
    up = (step + 1) / settings.warm_up
    down = (settings.steps - step) / max(1, settings.steps - settings.warm_up)
    return settings.learning_rate * min(up, down, 1.0)


def train(
    model: MarianMTModel, tokenizer: MarianTokenizer, rows: Rows, state: Path, settings: Settings
) -> None:
    """Runs all steps that are not done yet, with a checkpoint every 200."""
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.01)
    key = json.dumps(asdict(settings))
    first = checkpoints.resume(state, settings=key, model=model, optimizer=optimizer)
    started = time.monotonic()
    model.train()
    for step in range(first, settings.steps):
        optimizer.param_groups[0]["lr"] = learning_rate_at(step, settings)
        loss = loss_at(model, rows, step, settings, int(tokenizer.pad_token_id))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 50 == 0:
            pace = (time.monotonic() - started) / (step + 1 - first)
            log.info("step %d loss %.3f, %.2f s per step", step + 1, loss.item(), pace)
        if (step + 1) % 200 == 0 or step + 1 == settings.steps:
            checkpoints.save(state, step=step + 1, settings=key, model=model, optimizer=optimizer)


def export(model: MarianMTModel, tokenizer: MarianTokenizer, folder: Path) -> None:
    """Half-precision weights under a config that has transformers load them into float32."""
    tokenizer.save_pretrained(folder)
    model.half().save_pretrained(folder)
    model.float()
    config = json.loads((folder / "config.json").read_text())
    write_bytes(folder / "config.json", cards.as_json(config | {"dtype": "float32"}))


@torch.inference_mode()
def measure(folder: Path, pairs: Sequence[draws.Pair]) -> dict[str, float]:
    """Loads the exported model as any user does; how many translations are right, how fast."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    ordered = sorted(pairs, key=lambda pair: len(pair[0]))
    english: list[str] = []
    started = time.monotonic()
    for start in range(0, len(ordered), 128):
        batch = [german for german, _ in ordered[start : start + 128]]
        ids = model.generate(**tokenizer(batch, return_tensors="pt", padding=True))
        english += tokenizer.batch_decode(ids, skip_special_tokens=True)
    seconds = time.monotonic() - started
    wrong = [
        (german, wanted, got)
        for (german, wanted), got in zip(ordered, english, strict=True)
        if wanted != got
    ]
    for german, wanted, got in wrong[:20]:
        log.info("%s\n  expected %s\n  got      %s", german, wanted, got)
    words = [
        word in got.split()
        for (_, wanted), got in zip(ordered, english, strict=True)
        for word in wanted.split()
    ]
    return {
        "exact": 1 - len(wrong) / len(ordered),
        "words": float(np.mean(words)),
        "sentences_per_s": len(ordered) / seconds,
    }


def main() -> None:
    """Words, trains, exports, measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--scenes", type=int, default=Settings.n_scenes)
    parser.add_argument("--workdir", type=Path, default=Path("work/demo_models"))
    parser.add_argument("--out", type=Path, default=demo_models.path("translator"))
    given = parser.parse_args()
    settings = Settings(steps=given.steps, n_scenes=given.scenes)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    pairs = draws.of_translator(asdict(settings))
    news = draws.sentence_pairs(N_HELD_OUT, settings.held_out_seed, draws.NONE, at_most=N_HELD_OUT)
    tokenizer = train_pieces(given.out, pairs, settings.n_pieces)
    log.info("%d pairs, %d pieces, %d held out", len(pairs), tokenizer.vocab_size, len(news))
    torch.manual_seed(settings.seed)
    model = new_model(tokenizer)
    rows = token_rows(tokenizer, pairs)
    train(model, tokenizer, rows, given.workdir / "translator-state.safetensors", settings)

    export(model, tokenizer, given.out)
    known = set(pairs)
    unseen = [pair for pair in news if pair not in known]
    figures = measure(given.out, news) | {"unseen": measure(given.out, unseen)["exact"]}
    log.info("held out: %s", figures)
    write_bytes(given.out / cards.MARKER, cards.as_json(cards.marker(settings)))
    card = cards.translator_card(figures, settings=settings)
    write_bytes(given.out / "MODEL_CARD.md", card.encode())


if __name__ == "__main__":
    main()
