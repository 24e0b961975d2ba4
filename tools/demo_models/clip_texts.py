"""Training texts -> a small tokenizer and token rows for the demo's two CLIP models.

The tokenizer is laid out as CLIP's: padding is id 0 and the end token has the highest id, so
that a tower which reads out the highest id finds it, however much padding follows.
"""

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from newsimages.corpora.demo import wording
from newsimages.corpora.demo.scenes import Scene
from newsimages.corpora.demo.words import Language

PAD, UNKNOWN, START, END = "<pad>", "<unk>", "<start>", "<end>"


def held_out_texts(scenes: Sequence[Scene], rng: random.Random) -> dict[str, list[str]]:
    """Texts to measure by: of each scene a caption, and an article's headline and text."""
    articles = [wording.article(scene, rng, "en") for scene in scenes]
    return {
        "caption": [wording.caption(scene, rng) for scene in scenes],
        "headline": [title for title, _ in articles],
        "full_text": [text for _, text in articles],
    }


def bilingual_held_out_texts(scenes: Sequence[Scene], seed: str) -> dict[str, list[str]]:
    """The same articles in both languages: of each scene a headline and a full text."""
    texts: dict[str, list[str]] = {}
    languages: tuple[Language, ...] = ("en", "de")
    for language in languages:
        rng = random.Random(seed)
        articles = [wording.article(scene, rng, language) for scene in scenes]
        texts[f"headline_{language}"] = [title for title, _ in articles]
        texts[f"full_text_{language}"] = [text for _, text in articles]
    return texts


def train_tokenizer(texts: Sequence[str], *, n_tokens: int, length: int) -> PreTrainedTokenizerFast:
    """A lower-casing byte-pair tokenizer with at most ``n_tokens`` entries, the end one last."""
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\d|[^\w\s]"), "isolated"),
            pre_tokenizers.Metaspace(),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=n_tokens - 1, special_tokens=[PAD, UNKNOWN, START], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([END])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in (START, END)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=length,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=START,
        eos_token=END,
    )


def token_rows(
    tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], length: int
) -> NDArray[np.int16]:
    """(N, length): each text's ids, cut or padded to ``length``, its end token kept."""
    rows = tokenizer(
        list(texts), max_length=length, padding="max_length", truncation=True, return_tensors="np"
    )
    return np.asarray(rows.input_ids, dtype=np.int16)
