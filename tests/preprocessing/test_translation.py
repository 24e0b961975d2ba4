"""Translation: a tiny random Marian model through the real loading code, and the cache on disk."""

import itertools
import json
import pickle
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from newsimages.engine import LOCAL
from newsimages.errors import NewsImagesError
from newsimages.preprocessing.translation import (
    MAX_SENTENCES,
    TranslationCounts,
    Translator,
    translate_texts,
)
from newsimages.preprocessing.translation_cache import TranslationCache, TranslationMemory
from newsimages.spark import Spark
from tests.tiny_marian import POSITIONS, save_tiny_marian


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_marian(tmp_path_factory.mktemp("marian"))


@pytest.fixture(scope="module")
def translator(model_folder: Path) -> Translator:
    return Translator(str(model_folder), device="cpu")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[TranslationCache]:
    with TranslationCache(tmp_path / "work" / "cache.sqlite") as cache:
        yield cache


class Shouting(Translator):
    """Translates into capitals, and fails after some batches if it is told to."""

    def __init__(self, *, max_tokens: int = 50, fails_after: int = 10**9) -> None:
        self.fingerprint = "capitals"
        self.max_tokens = max_tokens
        self.asked: list[str] = []
        self._left = fails_after

    def count_tokens(self, sentence: str) -> int:
        return len(sentence.split())

    def translate(self, sentences: Sequence[str]) -> Iterator[dict[str, str]]:
        for sentence in sentences:
            if self._left == 0:
                raise KeyboardInterrupt
            self._left -= 1
            self.asked.append(sentence)
            yield {sentence: sentence.upper()}


def test_texts_come_back_joined_and_in_order(cache: TranslationCache) -> None:
    texts = ["Es regnet.Der Zug\n hält.", "", "  \x00 ", "Der Zug hält. Wo?"]
    english, counts = translate_texts(texts, Shouting(), cache)
    assert english == ["ES REGNET. DER ZUG HÄLT.", "", "", "DER ZUG HÄLT. WO?"]
    assert counts == TranslationCounts(n_translated=3)


def test_equal_sentences_are_translated_once(cache: TranslationCache) -> None:
    translator = Shouting()
    translate_texts(["Es regnet. Es regnet.", "Es regnet."], translator, cache)
    assert translator.asked == ["Es regnet."]


def test_known_sentences_come_from_the_cache_of_the_same_model(cache: TranslationCache) -> None:
    translate_texts(["Es regnet."], Shouting(), cache)
    english, counts = translate_texts(["Es regnet. Wo?"], Shouting(), cache)
    assert (english, counts) == (["ES REGNET. WO?"], TranslationCounts(n_translated=1, n_cached=1))
    other = Shouting()
    other.fingerprint = "another model"
    assert translate_texts(["Es regnet."], other, cache)[1].n_cached == 0


def test_interrupted_work_goes_on_where_it_stopped(cache: TranslationCache) -> None:
    texts = ["Eins. Zwei. Drei."]
    with pytest.raises(KeyboardInterrupt):
        translate_texts(texts, Shouting(fails_after=2), cache)
    resumed = Shouting()
    english, counts = translate_texts(texts, resumed, cache)
    assert (english, resumed.asked) == (["EINS. ZWEI. DREI."], ["Drei."])
    assert counts == TranslationCounts(n_translated=1, n_cached=2)


class Failing(Shouting):
    """Makes nothing of a sentence with a 7 in it."""

    def translate(self, sentences: Sequence[str]) -> Iterator[dict[str, str]]:
        for batch in super().translate(sentences):
            yield {each: "" if "7" in each else made for each, made in batch.items()}


def test_what_is_not_translated_stays_as_it_is_and_is_told(cache: TranslationCache) -> None:
    text = "Der Zug hält. Es waren 7 Leute da. Er fuhr ab."
    for memory in (cache, TranslationMemory()):
        for n_cached in (0, 3):  # and also when it comes from the cache
            english, counts = translate_texts([text], Failing(), memory)
            assert english == ["DER ZUG HÄLT. Es waren 7 Leute da. ER FUHR AB."]
            assert counts.untranslated == ("Es waren 7 Leute da.",)
            assert counts.n_cached == n_cached


@pytest.mark.parametrize(
    ("generated", "is_translation"),
    [
        ([9, 8, 0], True),
        ([0], False),  # nothing but the end
        ([9] * 200, False),  # no end before its own limit
        ([9] * 30 + [0], True),
        ([9] * 98 + [0], False),  # an end that is forced where the positions end
    ],
)
def test_only_what_the_model_has_ended_is_a_translation(
    translator: Translator,
    monkeypatch: pytest.MonkeyPatch,
    generated: list[int],
    is_translation: bool,
) -> None:
    start = translator.model.generation_config.decoder_start_token_id

    def generate(**options: Any) -> torch.Tensor:
        tokens = torch.tensor([[start, *generated]])[:, : options["max_length"]]
        for length in range(1, tokens.shape[1] + 1):
            if bool(options["stopping_criteria"][0](tokens[:, :length], None)):
                return tokens[:, :length]
        return tokens

    monkeypatch.setattr(translator.model, "generate", generate)
    sentence = "Der Zug hält in Köln nicht, weil es regnet."
    [batch] = translator.translate([sentence])
    assert (batch[sentence] != "") == is_translation


def test_nothing_of_a_long_sentence_is_dropped(cache: TranslationCache) -> None:
    text = " ".join(f"wort{n}" for n in range(1000))
    english, _ = translate_texts([text], Shouting(max_tokens=7), cache)
    assert english == [text.upper()]


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "Wort " * 200_000, "1. " * 300_000, "Der Zug hält. " * 301]
)
def test_of_a_text_without_end_the_beginning_is_translated(
    cache: TranslationCache, text: str
) -> None:
    translator = Shouting(max_tokens=7)
    [english], counts = translate_texts([text], translator, cache)
    assert counts.n_cut == 1
    assert counts.n_translated <= MAX_SENTENCES
    assert text.upper().startswith(english[:50])
    assert translate_texts(["Der Zug hält. " * MAX_SENTENCES], translator, cache)[1].n_cut == 0


def test_a_model_translates_the_same_alone_and_in_a_batch(translator: Translator) -> None:
    sentences = ["Der Zug hält.", "Es regnet in Köln, weil der Zug nicht hält.", "Zug", "12 😀"]
    together: dict[str, str] = {}
    for batch in translator.translate(sentences):
        together |= batch
    assert sorted(together) == sorted(sentences)
    assert together["12 😀"] == "12 😀"
    for sentence in sentences[:2]:
        assert next(translator.translate([sentence])) == {sentence: together[sentence]}
    assert together["Der Zug hält."] != "Der Zug hält."


@pytest.mark.parametrize("text", ["a" * 20_000, "Zug, " * 4000, "😀" * 5000, "\x00\ud800\n a"])
def test_a_model_takes_any_text(translator: Translator, cache: TranslationCache, text: str) -> None:
    pieces: list[str] = []
    generate = translator._generate
    translator._generate = lambda batch: pieces.extend(batch) or ["x"] * len(batch)  # type: ignore[method-assign, func-returns-value]
    try:
        english, _ = translate_texts([text], translator, cache)
    finally:
        translator._generate = generate  # type: ignore[method-assign]
    assert english != [""]
    assert all(translator.count_tokens(piece) <= POSITIONS // 2 for piece in pieces)


def test_the_fingerprint_follows_the_weights_not_the_place(
    model_folder: Path, translator: Translator, tmp_path: Path
) -> None:
    for file in model_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert Translator(str(tmp_path), device="cpu").fingerprint == translator.fingerprint
    weights = bytearray((tmp_path / "model.safetensors").read_bytes())
    weights[-5] ^= 1
    (tmp_path / "model.safetensors").write_bytes(weights)
    assert Translator(str(tmp_path), device="cpu").fingerprint != translator.fingerprint
    (tmp_path / "model.safetensors").write_bytes(weights[:-100])
    with pytest.raises(NewsImagesError, match=r"Cannot load the translator from the folder"):
        Translator(str(tmp_path), device="cpu")


def test_an_empty_folder_is_no_translator(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match=r"Expected the files of a Marian"):
        Translator(str(tmp_path), device="cpu")


def test_an_unreachable_hub_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(NewsImagesError, match=r"set translator=FOLDER; or .* HF_HUB_OFFLINE=1"):
        Translator("someone/opus-mt-xx-yy", device="cpu")


def test_altered_rows_are_made_anew(cache: TranslationCache) -> None:
    translate_texts(["Eins. Zwei."], Shouting(), cache)
    with sqlite3.connect(cache.path) as database:
        database.execute("UPDATE translations SET translation = 'x' WHERE sentence = 'Eins.'")
    english, counts = translate_texts(["Eins. Zwei."], Shouting(), cache)
    assert english == ["EINS. ZWEI."]
    assert counts == TranslationCounts(n_translated=1, n_cached=1)
    assert translate_texts(["Eins."], Shouting(), cache)[1].n_cached == 1


@pytest.mark.parametrize("kept_bytes", [0, 50, 4096, 20_000])
def test_a_cut_file_is_set_aside(tmp_path: Path, kept_bytes: int) -> None:
    path = tmp_path / "cache.sqlite"
    many = {f"Satz {n}.": f"Sentence {n}." for n in range(1000)}
    with TranslationCache(path) as cache:
        cache.add("model", many)
    path.write_bytes(path.read_bytes()[:kept_bytes])
    with TranslationCache(path) as cache:
        (set_aside,) = tmp_path.glob("cache.sqlite.damaged-????????-??????")
        assert set_aside.stat().st_size == kept_bytes
        assert cache.find("model", list(many)) == {}
        cache.add("model", many)
    with TranslationCache(path) as cache:
        assert cache.find("model", list(many)) == many


def test_bytes_altered_anywhere_never_give_a_wrong_translation(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    many = {f"Satz {n}.": f"Sentence {n}." for n in range(200)}
    with TranslationCache(path) as cache:
        cache.add("model", many)
    whole = path.read_bytes()
    for place in range(0, len(whole), 997):
        altered = bytearray(whole)
        altered[place] ^= 0xFF
        path.write_bytes(altered)
        with TranslationCache(path) as cache:
            found = cache.find("model", list(many))
        assert found.items() <= many.items()


@pytest.mark.parametrize("place", range(100))
def test_a_header_with_an_altered_byte_never_stops_a_run(tmp_path: Path, place: int) -> None:
    path = tmp_path / "cache.sqlite"
    with TranslationCache(path) as cache:
        cache.add("model", {"Eins.": "One."})
    for change in (0xFF, 1, 3):
        altered = bytearray(path.read_bytes())
        altered[place] ^= change
        path.write_bytes(altered)
        for _ in range(2):
            with TranslationCache(path) as cache:
                assert cache.find("model", ["Eins."]).items() <= {("Eins.", "One.")}
                cache.add("model", {"Eins.": "One."})
                assert cache.find("model", ["Eins."]) == {"Eins.": "One."}


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NewsImagesError, match="choose another folder with the parameter workdir"):
        TranslationCache(tmp_path / "file" / "cache.sqlite")


def test_devices_are_checked(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    available: Any = lambda: False  # noqa: E731
    monkeypatch.setattr(torch.cuda, "is_available", available)
    with pytest.raises(NewsImagesError, match="device=cuda"):
        Translator(str(model_folder), device="cuda")


def test_a_saved_translator_translates_as_before(translator: Translator, tmp_path: Path) -> None:
    translator.save(tmp_path)
    saved = Translator(str(tmp_path), device="cpu")
    assert saved.fingerprint == translator.fingerprint
    sentences = ["Der Zug 3 hält nicht.", "Köln", "Es regnet."]
    for ours, theirs in zip(
        saved.translate(sentences), translator.translate(sentences), strict=True
    ):
        assert ours == theirs
    endings = {path.suffix for path in tmp_path.iterdir()}
    assert endings == {".json", ".safetensors", ".spm"}


def test_memory_is_bounded_and_forgets_what_was_asked_for_the_longest_ago() -> None:
    memory = TranslationMemory(size=3, n_characters=20)
    memory.add("m", {"a": "1", "b": "2", "c": "3"})
    assert memory.find("m", ["a", "b", "c", "d"]) == {"a": "1", "b": "2", "c": "3"}
    assert memory.find("other", ["a"]) == {}
    memory.find("m", ["a"])
    memory.add("m", {"d": "4"})
    assert memory.find("m", ["a", "b", "c", "d"]) == {"a": "1", "c": "3", "d": "4"}
    memory.add("m", {"e": "x" * 17})
    assert memory.find("m", ["a", "c", "d", "e"]) == {"d": "4", "e": "x" * 17}
    memory.add("m", {"f": "x" * 30})
    assert memory.find("m", ["d", "e", "f"]) == {}
    assert not memory._held_characters


def save_tiny(folder: Path, family: str) -> Path:
    """A random model of a family that has to be told languages or a task."""
    import transformers  # noqa: PLC0415 - slow to import

    sizes: dict[str, Any] = {
        "vocab_size": 40, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1,
        "encoder_attention_heads": 2, "decoder_attention_heads": 2,
        "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
    }  # fmt: skip
    if "T5" in family:
        sizes = {"vocab_size": 40, "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1}
    config = getattr(transformers, f"{family}Config")(**sizes, decoder_start_token_id=0)
    transformers.AutoModelForSeq2SeqLM.from_config(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("family", "named"),
    [
        ("T5", "t5"),
        ("MT5", "mt5"),
        ("M2M100", "m2m_100"),  # NLLB has the same
        ("MBart", "mbart"),
        ("Bart", "bart"),
        ("Pegasus", "pegasus"),
        ("Blenderbot", "blenderbot"),
    ],
)
def test_a_family_that_has_to_be_told_languages_is_refused(
    tmp_path: Path, family: str, named: str
) -> None:
    folder = save_tiny(tmp_path / "model", family)
    with pytest.raises(NewsImagesError, match=rf"translator .* '{named}'.*of a Marian"):
        Translator(str(folder), device="cpu")


def save_of_languages(folder: Path, *, marks: Sequence[str] = (), target: str | None) -> Path:
    """The tiny Marian model with marks of languages, in the place of as many letters."""
    save_tiny_marian(folder)
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    for mark, token in zip(marks, list(vocabulary)[5:], strict=False):
        vocabulary[mark] = vocabulary.pop(token)
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    config = {"tokenizer_class": "MarianTokenizer", "source_lang": "de", "target_lang": target}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    ("marks", "target"),
    [([], "fr"), ([], "deu"), ([">>fra<<", ">>ita<<"], None), ([">>fra<<"], "roa")],
)
def test_a_marian_model_into_another_language_is_refused(
    tmp_path: Path, marks: list[str], target: str | None
) -> None:
    save_of_languages(tmp_path, marks=marks, target=target)
    with pytest.raises(NewsImagesError, match=r"translates into .*, not into English"):
        Translator(str(tmp_path), device="cpu")


@pytest.mark.parametrize("target", ["en", "eng", None])
def test_a_marian_model_into_english_alone_is_asked_plainly(
    tmp_path: Path, target: str | None, translator: Translator
) -> None:
    folder = save_of_languages(tmp_path, target=target)
    assert Translator(str(folder), device="cpu").fingerprint == translator.fingerprint


@pytest.mark.parametrize("mark", [">>eng<<", ">>en<<"])
def test_a_marian_model_into_several_languages_is_asked_for_english(
    tmp_path: Path, mark: str
) -> None:
    save_of_languages(tmp_path, marks=[">>fra<<", mark], target="roa")
    several = Translator(str(tmp_path), device="cpu")
    asked: list[Any] = []
    generate = several.model.generate
    several.model.generate = lambda **of: [asked.append(of["input_ids"]), generate(**of)][1]
    texts = ["Der Zug hält.", ">>fra<< Der Zug hält nicht."]
    list(several.translate(texts))
    token = several.tokenizer.get_vocab()[mark]
    assert all(ids[0] == token for batch in asked for ids in batch.tolist())
    lengths = {several.count_tokens(text) for text in texts}
    assert lengths == {int((ids != several.tokenizer.pad_token_id).sum()) for ids in asked[0]}
    several.save(tmp_path / "saved")  # and what is served asks in the same way


def test_workers_of_spark_translate_the_same_in_the_same_batches(
    translator: Translator, spark: Spark, tmp_path: Path
) -> None:
    texts = [
        f"Der Zug {i} hält in Köln. {i}. Es regnet {'sehr ' * (i % 7)}viel." for i in range(40)
    ]
    kept = []
    for name, engine in (("here", LOCAL), ("there", spark)):
        with TranslationCache(tmp_path / f"{name}.sqlite") as cache:
            made, found = (
                translate_texts(texts, translator, cache, engine=engine) for _ in range(2)
            )
            assert found[0] == made[0]
            assert (found[1].n_translated, found[1].n_cached) == (0, made[1].n_translated)
            kept.append(made)
    assert kept[0] == kept[1]


def test_a_batch_alone_is_a_batch_again(translator: Translator) -> None:
    sentences = [f"{'Der Zug hält. ' * (1 + i % 9)}{i}" for i in range(200)] + ["7", "..."]
    batches = translator.cut(sentences)
    assert len(batches) > 3
    assert batches[0] == ["7", "..."]
    assert sorted(itertools.chain(*batches)) == sorted(sentences)
    assert [translator.cut(batch) for batch in batches] == [[batch] for batch in batches]


def test_a_translator_travels_as_its_name(translator: Translator) -> None:
    received = pickle.loads(pickle.dumps(translator))
    assert received.fingerprint == translator.fingerprint
    assert pickle.loads(pickle.dumps(translator)) is received
    load, (name, device, _) = translator.__reduce__()
    with pytest.raises(NewsImagesError, match="is another model on this machine"):
        load(name, device, "0" * 32)
