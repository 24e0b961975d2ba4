"""Step 2, translation: texts in, their English versions out.

A Marian model of the Hugging Face hub translates sentence by sentence: equal sentences once,
sentences of like length together, and those in the cache on disk not at all. Other families have to
be told the languages, or the task, each in its own way, and are refused.
"""

import hashlib
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from newsimages import hub
from newsimages.devices import Device, resolve_device
from newsimages.engine import LOCAL, Engine
from newsimages.errors import NewsImagesError, first_ten, reason_of, shortened
from newsimages.foreign_code import refuse_code, without_code
from newsimages.paths import is_folder
from newsimages.preprocessing.sentences import cut, split
from newsimages.preprocessing.translation_cache import Translations
from newsimages.progress import progress
from newsimages.weight_file import SUFFIXES, add_weights, why_not_loaded

DEFAULT_TRANSLATOR = "Helsinki-NLP/opus-mt-de-en"
FAMILY = "marian"  # transformers' name of the models that know from what into what they translate

MAX_SENTENCES = 300  # that are translated of a title or text
MAX_CHARACTERS = 100_000  # of which these are sought

_BATCH_TOKENS = {"cpu": 1024, "cuda": 16384}  # padded source tokens in a batch
_TRIAL = ("Sturm", "Drei Fähren laufen auf Grund.")
_LETTER = re.compile(r"[^\W\d_]")
_WEIGHTS = (
    "model.safetensors", "model.safetensors.index.json",
    "pytorch_model.bin", "pytorch_model.bin.index.json",
)  # fmt: skip
_VERSION = "2"  # of what a translation is; raise it when kept ones are to be made anew


@dataclass(frozen=True, kw_only=True)
class TranslationCounts:
    """How many distinct sentences the model translated, and how many the cache had."""

    n_translated: int = 0
    n_cached: int = 0
    untranslated: tuple[str, ...] = ()
    """Those that stay as they are, as the model made nothing of them, or found no end."""
    n_cut: int = 0
    """Texts of which only the beginning was translated."""


class Translator:
    """A Marian model that translates single sentences into English.

    Args:
        name: A model of the Hugging Face hub, a local folder, or ``demo`` for the bundled one.
        device: ``auto``, ``cpu`` or ``cuda``, which computes in fp16.

    Attributes:
        fingerprint: Hash of weights, vocabulary, generation settings and precision.
        max_tokens: Of a sentence: half of the model's positions, since a translation may be longer.

    Raises:
        NewsImagesError: The model cannot be loaded, is of another family or translates into
            another language, or there is no such device.
    """

    def __init__(self, name: str = DEFAULT_TRANSLATOR, *, device: Device = "auto") -> None:
        self.name, self.device = name, resolve_device(device)
        # Beams are compared by sums of log-probabilities: bf16 has too few digits for them.
        is_half = self.device.type == "cuda"
        self.tokenizer, self.model = _load(name, torch.float16 if is_half else torch.float32)
        self.model.to(self.device).eval()
        self._mark = _english_mark(self.tokenizer, name)
        precision = "fp16" if is_half else "fp32"
        self.fingerprint = _fingerprint(self.tokenizer, self.model, precision, self._mark)
        self._positions = min(
            getattr(self.model.config, "max_position_embeddings", None) or 512,
            self.tokenizer.model_max_length,
        )
        self.max_tokens = max(self._positions // 2, 2)
        try:
            if any(type(token) is not int for token in self.tokenizer.get_vocab().values()):
                raise TypeError("its vocabulary holds tokens that are no whole numbers")
            self._generate(_TRIAL)
        except Exception as error:
            raise NewsImagesError(_advice(name, f"it does not translate: {error}")) from error

    def __reduce__(self) -> tuple[Any, ...]:
        """Travels as its name: a worker loads the model itself, for all that it does."""
        return _received, (self.name, self.device.type, self.fingerprint)

    def save(self, folder: Path) -> None:
        """Writes the files that it can be loaded from, by transformers or `Translator`.

        Raises:
            NewsImagesError: What was written does not translate as this one does.
        """
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        if Translator(str(folder), device="cpu").fingerprint != self.fingerprint:
            raise NewsImagesError(
                f"The translator written to {folder} is not the one in use (on {self.device}): "
                "load it on the CPU, or use another one."
            )

    @property
    def _n_tokens(self) -> int:
        return int(self.model.get_input_embeddings().num_embeddings)

    def count_tokens(self, sentence: str) -> int:
        """Source tokens of ``sentence``, the end mark included."""
        return len(self.tokenizer(self._mark + sentence, verbose=False)["input_ids"])

    def translate(self, sentences: Sequence[str]) -> Iterator[dict[str, str]]:
        """Yields each batch's sentences with their translations; one without letters is its own.

        A translation is "" where the model made nothing of a sentence, or found no end.
        """
        wordless = {each: each for each in sentences if not _LETTER.search(each)}
        if wordless:
            yield wordless
        for batch in self._batches([each for each in sentences if each not in wordless]):
            yield dict(zip(batch, self._generate(batch), strict=True))

    def cut(self, sentences: Sequence[str]) -> list[list[str]]:
        """The batches in which `translate` takes sentences: those of one, alone, are one again."""
        wordless = [each for each in sentences if not _LETTER.search(each)]
        rest = [each for each in sentences if _LETTER.search(each)]
        return [*([wordless] if wordless else []), *self._batches(rest)]

    def _batches(self, sentences: Sequence[str]) -> Iterator[list[str]]:
        lengths = {each: self.count_tokens(each) for each in sentences}
        return _batches(lengths, _BATCH_TOKENS[self.device.type])

    @torch.inference_mode()
    def _generate(self, batch: Sequence[str]) -> list[str]:
        marked = [self._mark + sentence for sentence in batch]
        inputs = self.tokenizer(marked, return_tensors="pt", padding=True)
        greatest, n_known = int(inputs["input_ids"].max()), self._n_tokens
        if greatest >= n_known:
            raise NewsImagesError(
                f"The translator's tokenizer gives the token {greatest}, but its model knows "
                f"{n_known}: one of them was altered. Fetch it again."
            )
        # Each sentence has its own limit, so that one that repeats itself holds up no batch.
        limits = (2 * inputs["attention_mask"].sum(dim=1) + 32).to(self.device)

        def stop(tokens: torch.Tensor, _scores: torch.Tensor, **_: Any) -> Any:
            n_beams = len(tokens) // len(limits)
            return tokens.shape[1] >= limits.repeat_interleave(n_beams)

        outputs = self.model.generate(
            **inputs.to(self.device),
            max_length=self._positions,
            stopping_criteria=[stop],
            do_sample=False,
        )
        decoded: list[str] = self.tokenizer.batch_decode(outputs, skip_special_tokens=True)
        ended = self._lengths(outputs) < limits.clamp(max=self._positions)
        made = [" ".join(translation.split()) for translation in decoded]
        return [
            translation if is_whole and _LETTER.search(translation) else ""
            for translation, is_whole in zip(made, ended.tolist(), strict=True)
        ]

    def _lengths(self, outputs: torch.Tensor) -> torch.Tensor:
        """(B,) tokens of each translation, the start and the end mark included."""
        end = self.model.generation_config.eos_token_id
        marks = torch.as_tensor(self.tokenizer.eos_token_id if end is None else end)
        is_end = torch.isin(outputs[:, 1:], marks.to(outputs.device))  # some models begin with it
        n_before = torch.where(is_end.any(dim=1), is_end.int().argmax(dim=1), is_end.shape[1] - 1)
        return n_before + 2


@lru_cache(maxsize=1)
def _received(name: str, device: Device, fingerprint: str) -> Translator:
    """The translator of another process, whose fingerprint is given.

    Raises: NewsImagesError where the same name leads to another model here.
    """
    translator = Translator(name, device=device)
    if translator.fingerprint != fingerprint:
        raise NewsImagesError(
            f"translator={name} is another model on this machine than where the work was begun. "
            "Give all machines the same files and the same versions of the libraries."
        )
    return translator


def translate_texts(
    texts: Sequence[str],
    translator: Translator,
    cache: Translations,
    *,
    engine: Engine = LOCAL,
) -> tuple[list[str], TranslationCounts]:
    """Translates ``texts`` sentence by sentence; an interrupted call resumes from the cache.

    Of a text without end, the first `MAX_SENTENCES` are translated and the others left out.

    Returns:
        The English versions in the order of ``texts``, and the counts of distinct sentences.
    """
    whole = [sentences_of(text[:MAX_CHARACTERS], translator) for text in texts]
    sentences = [own[:MAX_SENTENCES] for own in whole]
    n_cut = sum(
        len(text) > MAX_CHARACTERS or len(own) > MAX_SENTENCES
        for text, own in zip(texts, whole, strict=True)
    )
    unique = list(dict.fromkeys(sentence for own in sentences for sentence in own))
    english, counts = translate_sentences(unique, translator, cache, engine=engine)
    return [in_one(own, english) for own in sentences], replace(counts, n_cut=n_cut)


def sentences_of(text: str, translator: Translator) -> list[str]:
    """A text in sentences, or parts of such, that the translator takes."""
    return [
        piece
        for sentence in split(text)
        for piece in cut(sentence, translator.max_tokens, translator.count_tokens)
    ]


def in_one(sentences: Sequence[str], english: Mapping[str, str]) -> str:
    """The English version of a text, from those of its sentences."""
    return " ".join(english[sentence] for sentence in sentences).strip()


def translate_sentences(
    sentences: Sequence[str],
    translator: Translator,
    cache: Translations,
    *,
    quiet: bool = False,
    engine: Engine = LOCAL,
) -> tuple[dict[str, str], TranslationCounts]:
    """The English version of each of these different sentences, and the counts of them.

    ``quiet`` shows no progress.
    """
    english = cache.find(translator.fingerprint, sentences)
    missing = [sentence for sentence in sentences if sentence not in english]
    n_cached = len(english)
    hide = quiet or not missing
    with progress(total=len(missing), unit="sentences", doing="translate", hide=hide) as bar:
        for batch in engine.run(translator.translate, missing, cut=translator.cut):
            cache.add(translator.fingerprint, batch)
            english.update(batch)
            bar.update(len(batch))
    failed = tuple(sentence for sentence in sentences if not english[sentence])
    english |= {sentence: sentence for sentence in failed}
    return english, TranslationCounts(
        n_translated=len(missing),
        n_cached=n_cached,
        untranslated=failed,
    )


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


def _load(name: str, dtype: torch.dtype) -> tuple[Any, Any]:
    """Tokenizer and model; weights are read as tensors, and no code of the model ever runs."""
    # Transformers is slow to import and only needed here.
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer  # noqa: PLC0415

    try:
        folder = _folder_of(name)
    except (ValueError, KeyError) as error:  # the hub's sentence, or a JSON file that is none
        raise NewsImagesError(_advice(name, error)) from error
    refuse_code(folder)
    try:
        with hub.offline(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*sacremoses.*")
            tokenizer = AutoTokenizer.from_pretrained(folder, **without_code())
    except Exception as error:  # transformers and its tokenizers have their own each
        raise NewsImagesError(_advice(name, f"its tokenizer cannot be read: {error}")) from error
    try:
        with hub.offline(), _quietly():
            model, report = AutoModelForSeq2SeqLM.from_pretrained(
                folder,
                dtype=dtype,
                weights_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # else they are told in a table of many lines
                **without_code(),
            )
    except Exception as error:  # transformers, safetensors and pickle have their own each
        kept = sorted(file for file in folder.glob("*model*") if file.suffix in SUFFIXES)
        reason = why_not_loaded(kept[-1], error) if kept else error
        raise NewsImagesError(_advice(name, reason)) from error
    if report["mismatched_keys"]:
        shapes = [
            f"{key} is {tuple(got)}, expected {tuple(expected)}"
            for key, got, expected in sorted(report["mismatched_keys"])
        ]
        raise NewsImagesError(_advice(name, f"its weights are another model's: {shapes[0]}"))
    if report["missing_keys"]:
        missing = first_ten(sorted(report["missing_keys"]))
        strange = first_ten(sorted(report["unexpected_keys"])) or "nothing else"
        raise NewsImagesError(_advice(name, f"its weights lack {missing}, and have {strange}"))
    if any(not weight.isfinite().all() for weight in model.parameters()):
        raise NewsImagesError(_advice(name, "its weights are not finite"))
    return tokenizer, model


def _refuse_other_families(folder: Path) -> None:
    """Raises: NewsImagesError where the folder's configuration is of no Marian model."""
    from transformers import AutoConfig  # noqa: PLC0415 - slow to import

    try:
        family = AutoConfig.from_pretrained(folder, **without_code()).model_type
    except Exception as error:  # transformers has its own for each
        raise NewsImagesError(reason_of(error)) from error
    if family != FAMILY:
        raise NewsImagesError(
            f"it is of the family {family!r}, which would have to be told languages or a task. "
            f"{DEFAULT_TRANSLATOR} and, for many languages, Helsinki-NLP/opus-mt-mul-en need not"
        )


@contextmanager
def _quietly() -> Iterator[None]:
    """No bar and no table of transformers', which would take away the hub's bars for good, too."""
    from transformers.utils import logging  # noqa: PLC0415 - slow to import

    had_bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if had_bars:
            logging.enable_progress_bar()


def _folder_of(name: str) -> Path:
    """The folder of a translator's files, fetched from the hub if they are not on this machine.

    Raises: NewsImagesError where the hub does not give one of them, or it is no Marian model.
    """
    if name == "demo":
        from newsimages import demo_models  # noqa: PLC0415 - only the demo needs it

        return demo_models.path("translator")
    if is_folder(name):
        refuse_code(Path(name))
        _refuse_other_families(Path(name))
        return Path(name)
    with hub.Repository(name) as repository:
        config = repository.fetch("config.json")
        _refuse_other_families(config.parent)
        repository.find("generation_config.json")
        hub.fetch_tokenizer(repository)
        weights = repository.fetch(*_WEIGHTS)
        if weights.suffix == ".json":  # of large models: which file holds which weights
            for file in sorted(set(json.loads(weights.read_text())["weight_map"].values())):
                repository.fetch(file)
    return config.parent


def _english_mark(tokenizer: Any, name: str) -> str:
    """What a sentence begins with for its translation to be English: "" for a single language.

    Raises: NewsImagesError where the model translates into other languages only.
    """
    marks = [token for token in tokenizer.get_vocab() if re.fullmatch(">>.+<<", token)]
    for mark in (">>eng<<", ">>en<<"):
        if mark in marks:
            return f"{mark} "
    target = getattr(tokenizer, "target_lang", None)
    if target in ("en", "eng") or not (target or marks):
        return ""
    raise NewsImagesError(
        f"translator={name} translates into {target or first_ten(marks)}, not into English. "
        f"Expected a Marian model that does, such as {DEFAULT_TRANSLATOR}."
    )


def _advice(name: str, problem: object) -> str:
    reason = reason_of(problem)
    if is_folder(name):
        return (
            f"Cannot load the translator from the folder {name}: {reason}. Expected the files of a "
            "Marian model that transformers loads (config.json, model.safetensors, the "
            "tokenizer's files)."
        )
    shown = shortened(name)
    return (
        f"Cannot load the translator {shown!r}: {reason}. Expected a Marian model of "
        "the Hugging Face hub, or a local folder. Without a connection: download it elsewhere "
        f"(hf download {shown} --local-dir FOLDER) and set translator=FOLDER; or copy the "
        "hub's cache here, set HF_HOME to it and HF_HUB_OFFLINE=1."
    )


def _fingerprint(tokenizer: Any, model: Any, precision: str, mark: str) -> str:
    digest = hashlib.sha256(f"{precision} {_VERSION}{mark}".encode())
    settings = model.generation_config.to_dict() | {"transformers_version": None}
    digest.update(json.dumps([settings, tokenizer.get_vocab()], sort_keys=True).encode())
    add_weights(digest, model.state_dict())
    return digest.hexdigest()[:32]
