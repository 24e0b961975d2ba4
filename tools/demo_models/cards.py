"""The model cards of the demo models, and the marker of their corpus.

In: settings and measured figures. Out: Markdown and JSON.
"""

import json
from dataclasses import asdict
from typing import Any

MARKER = "made_for.json"
"""The file that marks a model as made for the demo corpus alone."""

PIXELS = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
"""Mean and standard deviation by which pixels are normalised; openCLIP's defaults."""

SEEN = """
Of the demo's test sets it saw in training, word for word or alike:

<!-- seen: written by `make seen`, not by hand -->
<!-- end of seen -->
"""

CLIP_CARD = """\
# A small CLIP for the demo corpus

Embeds the drawn pictures and the English headlines of the demo corpus into one space, so that the
whole system can be run and looked at with no download. It knows these drawings and nothing else:
for photographs, choose a published openCLIP model (`backbone=ViT-H-14`,
`pretrained=laion2b_s32b_b79k`).

| | |
|---|---|
| Architecture | openCLIP `CLIP`: ResNet (64 × 64 pixels), causal text transformer, {dimension}-d |
| Load it | `open_clip.create_model_and_transforms("local-dir:<this folder>")` |
| Weights | float16 in safetensors; openCLIP loads them into float32 |
| Made by | `PYTHONPATH=src python tools/demo_models/train_clip.py` |
| Trained on | {n_scenes:,} scenes of the demo's generator, {steps:,} steps of {batch_size} |
| Seeds | training {seed}, held out {held_out_seed} |
| Licence | Apache-2.0 |

Measured on 1,200 held-out scenes, in galleries of 300 pictures: recall@10 {caption:.3f} by caption,
{full_text:.3f} by full text, {headline:.3f} by headline (a tenth of which only hint at theirs).
"""

MULTILINGUAL_CARD = """\
# A small multilingual CLIP for the demo corpus

Embeds the drawn pictures and the English and German headlines of the demo corpus into one space, so
that articles are asked with as they were written. It knows these drawings and nothing else: for
photographs, choose a published openCLIP model
(`multilingual_backbone=xlm-roberta-large-ViT-H-14`,
`multilingual_pretrained=frozen_laion5b_s13b_b90k`).

| | |
|---|---|
| Architecture | openCLIP `CLIP`: the image tower of `../clip`, frozen; an own text tower |
| Load it | `open_clip.create_model_and_transforms("local-dir:<this folder>")` |
| Weights | float16 in safetensors; openCLIP loads them into float32 |
| Made by | `PYTHONPATH=src python tools/demo_models/train_multilingual.py` |
| Trained on | {n_scenes:,} scenes of the demo's generator, {steps:,} steps of {batch_size} |
| Seeds | training {seed}, held out {held_out_seed} |
| Licence | Apache-2.0 |

Measured on 1,200 held-out scenes, in galleries of 300 pictures: recall@10 {headline_en:.3f} by
English headline, {headline_de:.3f} by the same in German (a tenth of which only hint at theirs),
{full_text_en:.3f} and {full_text_de:.3f} by full text.
"""

TRANSLATOR_CARD = """\
# A small German–English translator for the demo corpus

Translates the German news of the demo corpus, so that the whole system can be run with no
download. It knows the generator's words and sentences and nothing else: for real news, choose a
published model (`translator=Helsinki-NLP/opus-mt-de-en`).

| | |
|---|---|
| Architecture | Marian, 3 + 2 layers, 128 wide, one SentencePiece model for both languages |
| Load it | `AutoTokenizer` and `AutoModelForSeq2SeqLM` of transformers; decodes greedily |
| Weights | float16 in safetensors; loaded into float32 |
| Made by | `PYTHONPATH=src python tools/demo_models/train_translator.py` |
| Trained on | news about {n_scenes:,} scenes of the generator, {steps:,} steps of {batch_size} |
| Seeds | training {seed}, held out {held_out_seed} |
| Licence | Apache-2.0 |

Measured on the news about 1,000 held-out scenes: {exact:.1%} of the sentences are translated word
for word as the generator has them ({unseen:.1%} of those that do not occur in training), and
{words:.1%} of its words are there.
"""


def as_json(value: Any) -> bytes:
    """Indented JSON that keeps the order of its keys."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def marker(settings: Any) -> dict[str, Any]:
    """The content of `MARKER`: the corpus, and the seeds and sizes of the training."""
    return {"newsimages_corpus": "demo", "training": asdict(settings)}


def clip_card(recalls: dict[str, float], *, dimension: int, settings: Any) -> str:
    """The CLIP model's card."""
    return CLIP_CARD.format(dimension=dimension, **recalls, **asdict(settings)) + SEEN


def multilingual_card(recalls: dict[str, float], *, settings: Any) -> str:
    """The multilingual CLIP model's card."""
    return MULTILINGUAL_CARD.format(**recalls, **asdict(settings)) + SEEN


def translator_card(figures: dict[str, float], *, settings: Any) -> str:
    """The translator's card."""
    return TRANSLATOR_CARD.format(**figures, **asdict(settings)) + SEEN
