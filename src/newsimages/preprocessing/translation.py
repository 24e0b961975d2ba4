"""Step 2, translation: texts in, their English versions out.

A Hugging Face sequence-to-sequence model translates sentence by sentence: equal sentences once,
sentences of like length together, and those in the cache on disk not at all.
"""

import hashlib
import json
import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from newsimages.devices import Device, Precision, resolve_device
from newsimages.errors import NewsImagesError, first_ten
from newsimages.preprocessing.sentences import cut, split
from newsimages.preprocessing.translation_cache import TranslationCache
from newsimages.progress import progress

DEFAULT_TRANSLATOR = "Helsinki-NLP/opus-mt-de-en"
DEMO_TRANSLATOR = "demo"

_PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_BATCH_TOKENS = {"cpu": 1024, "cuda": 16384}  # padded source tokens in a batch
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, kw_only=True)
class TranslationCounts:
    """How many distinct sentences were translated and found."""

    n_translated: int = 0
    """Sentences that the model translated."""
    n_cached: int = 0
    """Sentences whose translation the cache had."""
    n_damaged: int = 0
    """Cached translations that were altered on disk and made anew."""


class Translator:
    """A sequence-to-sequence model that translates single sentences into English.

    Args:
        name: A model of the Hugging Face hub, a local folder, or ``demo`` for the bundled one.
        device: ``auto``, ``cpu`` or ``cuda``.
        precision: ``auto`` (fp16 on CUDA, else fp32), ``fp32``, ``bf16`` or ``fp16``.

    Attributes:
        fingerprint: Hash of all that a translation depends on: weights, vocabulary, generation
            settings and precision.
        max_tokens: Tokens that a sentence may have: half of the model's positions, so that the
            translation has room to be twice as long.

    Raises:
        NewsImagesError: The model cannot be loaded, or the device or precision is not available.
    """

    def __init__(
        self,
        name: str = DEFAULT_TRANSLATOR,
        *,
        device: Device = "auto",
        precision: Precision = "auto",
    ) -> None:
        self.name = name
        self.device = resolve_device(device)
        self.precision = _resolve_precision(precision, self.device)
        self.tokenizer, self.model = _load(name, _PRECISIONS[self.precision])
        self.model.to(self.device).eval()
        self.fingerprint = _fingerprint(self.tokenizer, self.model, self.precision)
        self._positions = min(
            getattr(self.model.config, "max_position_embeddings", None) or 512,
            self.tokenizer.model_max_length,
        )
        self.max_tokens = max(self._positions // 2, 2)

    def count_tokens(self, sentence: str) -> int:
        """Source tokens of ``sentence``, the end mark included."""
        return len(self.tokenizer(sentence, verbose=False)["input_ids"])

    def translate(self, sentences: Sequence[str]) -> Iterator[dict[str, str]]:
        """Translates ``sentences`` in batches, the longest first.

        Yields:
            The sentences of a batch with their translations. A sentence without any letter is
            its own translation.
        """
        wordless = {sentence: sentence for sentence in sentences if not _LETTER.search(sentence)}
        if wordless:
            yield wordless
        lengths = {
            sentence: self.count_tokens(sentence)
            for sentence in sentences
            if sentence not in wordless
        }
        for batch in _batches(lengths, _BATCH_TOKENS[self.device.type]):
            yield dict(zip(batch, self._generate(batch), strict=True))

    @torch.inference_mode()
    def _generate(self, batch: Sequence[str]) -> list[str]:
        inputs = self.tokenizer(list(batch), return_tensors="pt", padding=True)
        limits = 2 * inputs["attention_mask"].sum(dim=1) + 32
        outputs = self.model.generate(
            **inputs.to(self.device),
            max_length=self._positions,
            stopping_criteria=[_stop_at(limits.to(self.device))],
        )
        decoded: list[str] = self.tokenizer.batch_decode(outputs, skip_special_tokens=True)
        return [" ".join(translation.split()) for translation in decoded]


def translate_texts(
    texts: Sequence[str], translator: Translator, cache: TranslationCache
) -> tuple[list[str], TranslationCounts]:
    """Translates ``texts`` sentence by sentence; an interrupted call resumes from the cache.

    Args:
        texts: Of any length; blank ones become "".
        translator: Its fingerprint keys the cache.
        cache: Gets each batch as it is done.

    Returns:
        The English versions in the order of ``texts``, each with its sentences joined by single
        spaces, and the counts of distinct sentences.
    """
    sentences = [_pieces(text, translator) for text in texts]
    unique = list(dict.fromkeys(piece for pieces in sentences for piece in pieces))
    english = cache.find(translator.fingerprint, unique)
    missing = [sentence for sentence in unique if sentence not in english]
    counts = TranslationCounts(
        n_translated=len(missing), n_cached=len(english), n_damaged=cache.n_damaged
    )
    with progress(total=len(missing), unit="sentences", doing="translate", hide=not missing) as bar:
        for batch in translator.translate(missing):
            cache.add(translator.fingerprint, batch)
            english.update(batch)
            bar.update(len(batch))
    return [" ".join(english[piece] for piece in pieces).strip() for pieces in sentences], counts


def _stop_at(limits: torch.Tensor) -> Callable[..., torch.Tensor]:
    """Stops each sentence at its own limit, so that one that repeats itself holds up no batch.

    Args:
        limits: Target tokens that each sentence of the batch may have, shape (sentences,).
    """

    def stop(tokens: torch.Tensor, _scores: torch.Tensor, **_: Any) -> torch.Tensor:
        beams = tokens.shape[0] // limits.shape[0]
        return tokens.shape[1] >= limits.repeat_interleave(beams)

    return stop


def _pieces(text: str, translator: Translator) -> list[str]:
    return [
        piece
        for sentence in split(text)
        for piece in cut(sentence, translator.max_tokens, translator.count_tokens)
    ]


def _batches(lengths: dict[str, int], budget: int) -> Iterator[list[str]]:
    """Yields batches of like length, longest first, of at most ``budget`` padded tokens."""
    batch: list[str] = []
    for sentence in sorted(lengths, key=lambda sentence: (-lengths[sentence], sentence)):
        if batch and (len(batch) + 1) * lengths[batch[0]] > budget:
            yield batch
            batch = []
        batch.append(sentence)
    if batch:
        yield batch


def _resolve_precision(precision: Precision, device: torch.device) -> str:
    # Beams are compared by sums of log-probabilities: bf16 has fewer digits for them than fp16.
    if precision != "auto":
        return precision
    return "fp16" if device.type == "cuda" else "fp32"


def _load(name: str, dtype: torch.dtype) -> tuple[Any, Any]:
    """Tokenizer and model; weights are read as tensors, and no code of the model ever runs."""
    # Transformers is slow to import and only needed here.
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()  # of loading the weights, which takes a moment

    source = _source(name)
    # Else weights without a safetensors file start a thread that asks the hub to convert them.
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*sacremoses.*")
            tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        model, report = AutoModelForSeq2SeqLM.from_pretrained(
            source,
            dtype=dtype,
            weights_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (
        OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, AssertionError,
        SafetensorError,
    ) as error:  # fmt: skip
        raise NewsImagesError(_advice(name, error)) from error
    if report["missing_keys"]:
        missing = first_ten(sorted(report["missing_keys"]))
        raise NewsImagesError(_advice(name, f"its weights lack {missing}"))
    return tokenizer, model


def _source(name: str) -> str:
    if name != DEMO_TRANSLATOR:
        return name
    from newsimages import demo_models  # noqa: PLC0415 - only the demo needs it

    return str(demo_models.path("translator"))


def _advice(name: str, problem: object) -> str:
    reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    if Path(name).is_dir():
        return (
            f"Cannot load the translator from the folder {name}: {reason} Expected the files of a "
            "sequence-to-sequence model that transformers loads (config.json, "
            "model.safetensors, the tokenizer's files)."
        )
    return (
        f"Cannot load the translator {name!r}: {reason} Expected a sequence-to-sequence model of "
        "the Hugging Face hub, or a local folder. Without a connection: download it elsewhere "
        f"(hf download {name} --local-dir FOLDER) and set translator=FOLDER; or copy the "
        "hub's cache here, set HF_HOME to it and HF_HUB_OFFLINE=1."
    )


def _fingerprint(tokenizer: Any, model: Any, precision: str) -> str:
    digest = hashlib.sha256(precision.encode())
    settings = model.generation_config.to_dict() | {"transformers_version": None}
    digest.update(json.dumps([settings, tokenizer.get_vocab()], sort_keys=True).encode())
    for name, weights in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(weights.shape)}".encode())
        digest.update(weights.contiguous().cpu().view(torch.uint8).numpy().data)
    return digest.hexdigest()[:32]
