"""Translation: `translation` beside a loop that translates article by article.

The model has the size of opus-mt-de-en and random weights, so that nothing is downloaded. As random
weights never end a sentence, each translation is made as long as its source, for both sides alike.
"""

import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from transformers import GenerationConfig, LogitsProcessor, MarianConfig, MarianMTModel

from newsimages.preprocessing.translation import Translator, translate_texts
from newsimages.preprocessing.translation_cache import TranslationCache

N_ARTICLES = 8
VOCABULARY = 58101
N_BEAMS = 6
_SUBJECTS = ("Die Stadt", "Der Verein", "Die Polizei", "Ein Sprecher", "Das Gericht")
_VERBS = ("meldet", "prüft", "fordert", "plant", "verschiebt", "bestätigt", "verhindert")
_OBJECTS = ("höhere Preise", "neue Züge", "den Umbau", "mehr Personal", "ein Konzert")
_ENDS = ("am Montag in Köln", "nach langem Streit", "wegen des Wetters", "im Frühjahr")


def run() -> list[tuple[str, str, float, float]]:
    """Measures both ways, one after the other.

    Returns:
        Rows of what is measured, the unit, the loop's figure and ours (here: seconds).
    """
    articles = _articles(random.Random(0))
    with tempfile.TemporaryDirectory() as folder:
        _write_model(Path(folder) / "model", [text for pair in articles for text in pair])
        translator = Translator(str(Path(folder) / "model"), device="cpu")
        translator.model.generate = _OwnLength(translator.model)
        _loop(translator, articles[:1])  # warm-up, for both
        start = time.perf_counter()
        _loop(translator, articles)
        middle = time.perf_counter()
        with TranslationCache(Path(folder) / "cache.sqlite") as cache:
            translate_texts([text for pair in articles for text in pair], translator, cache)
        end = time.perf_counter()
    name = f"translation, {len(articles)} articles, {N_BEAMS} beams"
    return [(name, "s", middle - start, end - middle)]


def _loop(translator: Translator, articles: list[tuple[str, str]]) -> list[list[str]]:
    english = []
    for title, text in articles:
        inputs = translator.tokenizer(
            [title, text], return_tensors="pt", padding=True, truncation=True
        )
        with torch.inference_mode():
            outputs = translator.model.generate(**inputs)
        english.append(translator.tokenizer.batch_decode(outputs, skip_special_tokens=True))
    return english


class _OwnLength:
    """A model's `generate` whose outputs have as many tokens as their inputs."""

    def __init__(self, model: Any) -> None:
        self._generate = model.generate
        self._end = model.config.eos_token_id

    def __call__(self, **inputs: Any) -> Any:
        lengths = inputs["attention_mask"].sum(dim=1).repeat_interleave(N_BEAMS)
        processor = _EndAt(lengths, self._end)
        return self._generate(**inputs, logits_processor=[processor])


class _EndAt(LogitsProcessor):
    def __init__(self, lengths: torch.Tensor, end: int) -> None:
        self._lengths = lengths  # (articles × beams,)
        self._end = end

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.clone()  # (articles × beams, vocabulary)
        done = input_ids.shape[1] >= self._lengths
        scores[~done, self._end] = -torch.inf
        scores[done] = -torch.inf
        scores[done, self._end] = 0
        return scores


def _articles(chance: random.Random) -> list[tuple[str, str]]:
    """Made-up German titles with texts of three to six sentences."""

    def clause() -> str:
        return " ".join(chance.choice(part) for part in (_SUBJECTS, _VERBS, _OBJECTS, _ENDS))

    def sentence() -> str:
        return f"{clause()}, doch {clause().lower()}, sagte Nr. {chance.randrange(10**6)}."

    return [
        (clause(), " ".join(sentence() for _ in range(chance.randint(3, 6))))
        for _ in range(N_ARTICLES)
    ]


def _write_model(folder: Path, texts: list[str]) -> None:
    folder.mkdir()
    for side in ("source", "target"):
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_prefix=str(folder / side),
            model_type="word",
            vocab_size=400,
            hard_vocab_limit=False,
            minloglevel=2,
        )
        (folder / f"{side}.model").rename(folder / f"{side}.spm")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    known = [pieces.id_to_piece(index) for index in range(3, pieces.vocab_size())]
    filler = [f"filler{index}" for index in range(VOCABULARY - 3 - len(known))]
    tokens = ["</s>", "<unk>", *known, *filler, "<pad>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "MarianTokenizer", "model_max_length": 512})
    )
    _random_model().save_pretrained(folder)


def _random_model() -> Any:
    torch.manual_seed(0)
    pad = VOCABULARY - 1
    model = MarianMTModel(
        MarianConfig(
            vocab_size=VOCABULARY,
            d_model=512,
            encoder_layers=6,
            decoder_layers=6,
            encoder_attention_heads=8,
            decoder_attention_heads=8,
            encoder_ffn_dim=2048,
            decoder_ffn_dim=2048,
            max_position_embeddings=512,
            activation_function="swish",
            scale_embedding=True,
            eos_token_id=0,
            pad_token_id=pad,
            decoder_start_token_id=pad,
        )
    )
    model.generation_config = GenerationConfig(
        num_beams=N_BEAMS,
        early_stopping=N_BEAMS > 1,
        max_length=512,
        bad_words_ids=[[pad]],
        eos_token_id=0,
        pad_token_id=pad,
        decoder_start_token_id=pad,
    )
    return model


def main() -> None:
    """Prints the table."""
    for name, unit, loop, ours in run():
        print(f"{name}: loop {loop:.1f} {unit}, ours {ours:.1f} {unit}, ratio {loop / ours:.1f}")


if __name__ == "__main__":
    main()
