"""The bundled models as their users load them: with no network, from their folders."""

import json
import random
import re
import socket
from pathlib import Path
from typing import Any, NoReturn

import open_clip
import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from newsimages import demo_models
from newsimages.corpora.demo import wording
from newsimages.corpora.demo.drawing import draw
from newsimages.corpora.demo.plan import SEED, Sizes, plan_corpus
from newsimages.corpora.demo.scenes import pretraining_scenes
from newsimages.errors import NewsImagesError
from tools.demo_models import checkpoints, draws

KINDS: tuple[demo_models.Kind, ...] = ("clip", "multilingual", "translator")
FOLDERS = [demo_models.path(kind) for kind in KINDS]
OTHER_SEED = 9_001  # neither a training's nor a corpus's


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError("a bundled model needs no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def clip() -> tuple[Any, Any, Any]:
    name = f"local-dir:{demo_models.path('clip')}"
    model, _, transform = open_clip.create_model_and_transforms(name)
    return model.eval(), transform, open_clip.get_tokenizer(name)


@pytest.fixture(scope="module")
def translator() -> tuple[Any, Any]:
    folder = demo_models.path("translator")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return tokenizer, AutoModelForSeq2SeqLM.from_pretrained(folder).eval()


def training_of(folder: Path) -> dict[str, int]:
    marker = json.loads((folder / "made_for.json").read_text(encoding="utf-8"))
    assert marker["newsimages_corpus"] == "demo"
    training: dict[str, int] = marker["training"]
    return training


def test_together_at_most_20_mb() -> None:
    files = [file for folder in FOLDERS for file in folder.iterdir()]
    assert sum(file.stat().st_size for file in files) <= 20_000_000


@pytest.mark.parametrize("folder", FOLDERS, ids=KINDS)
def test_holds_data_only_and_a_card(folder: Path) -> None:
    suffixes = {file.suffix for file in folder.iterdir()}
    assert suffixes <= {".safetensors", ".json", ".spm", ".md"}
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "python tools/demo_models/train_" in card
    assert "Apache-2.0" in card
    assert re.search(
        r"<!-- seen: .*\| titles seen.* of 300 .*<!-- end of seen -->", card, re.DOTALL
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=KINDS)
def test_weights_are_stored_in_half_precision(folder: Path) -> None:
    (file,) = folder.glob("*.safetensors")
    with safe_open(file, framework="pt") as weights:
        kinds = {weights.get_slice(name).get_dtype() for name in weights.keys()}  # noqa: SIM118
    assert "F32" not in kinds


@pytest.mark.parametrize("folder", FOLDERS, ids=KINDS)
def test_trained_on_nothing_of_the_corpus(folder: Path) -> None:
    training = training_of(folder)
    assert SEED not in (training["seed"], training["held_out_seed"])
    assert training["seed"] != training["held_out_seed"]
    without = draws.left_out(training.get("without_demo", False))
    seen = set(draws.training_scenes(training["n_scenes"], training["seed"], without))
    assert seen.isdisjoint(plan_corpus(SEED, Sizes()).pictures.values())


def test_clip_retrieves_new_pictures_by_their_caption(clip: tuple[Any, Any, Any]) -> None:
    model, transform, tokenize = clip
    scenes = list(pretraining_scenes(60, OTHER_SEED))
    rng = random.Random(1)
    with torch.inference_mode():
        texts = model.encode_text(
            tokenize([wording.caption(scene, rng) for scene in scenes]), normalize=True
        )
        pictures = torch.stack([transform(draw(scene)) for scene in scenes])
        similarities = texts @ model.encode_image(pictures, normalize=True).T
    found = (similarities > similarities.diagonal()[:, None]).sum(dim=1) < 5
    assert found.float().mean() >= 0.6  # by chance 5 / 60


def test_the_multilingual_model_reads_german_and_sees_as_clip_does(
    clip: tuple[Any, Any, Any],
) -> None:
    name = f"local-dir:{demo_models.path('multilingual')}"
    model, _, transform = open_clip.create_model_and_transforms(name)
    model.eval()
    tokenize = open_clip.get_tokenizer(name)
    scenes = list(pretraining_scenes(60, OTHER_SEED))
    rng = random.Random(1)
    german = [wording.article(scene, rng, "de", loose=False)[0] for scene in scenes]
    with torch.inference_mode():
        pictures = torch.stack([transform(draw(scene)) for scene in scenes])
        images = model.encode_image(pictures, normalize=True)
        torch.testing.assert_close(images, clip[0].encode_image(pictures, normalize=True))
        similarities = model.encode_text(tokenize(german), normalize=True) @ images.T
    found = (similarities > similarities.diagonal()[:, None]).sum(dim=1) < 10
    assert found.float().mean() >= 0.7  # by chance 10 / 60


def test_clip_runs_in_single_precision(clip: tuple[Any, Any, Any]) -> None:
    assert {parameter.dtype for parameter in clip[0].parameters()} == {torch.float32}


def test_what_follows_the_end_token_changes_nothing(clip: tuple[Any, Any, Any]) -> None:
    model, _, tokenize = clip
    tokens = tokenize(["Storm hits Kiel", "Three red lorries crash in thick fog near Davos"])
    ends = tokens.argmax(dim=1)
    other = tokens.clone()
    for row, end in zip(other, ends.tolist(), strict=True):
        row[end + 1 :] = 7
    with torch.inference_mode():
        torch.testing.assert_close(model.encode_text(other), model.encode_text(tokens))


def test_a_long_text_keeps_its_end_token(clip: tuple[Any, Any, Any]) -> None:
    model, _, tokenize = clip
    (tokens,) = tokenize(["The flood reached the city. " * 50])
    assert len(tokens) == model.context_length
    assert tokens[-1] == model.vocab_size - 1
    assert (tokens == tokens[-1]).sum() == 1


def test_words_of_elsewhere_still_have_tokens(clip: tuple[Any, Any, Any]) -> None:
    known, unknown = clip[2](["flood", "Überschwemmung ☂"])
    assert unknown.argmax() > known.argmax() >= 2


def test_translates_new_sentences(translator: tuple[Any, Any]) -> None:
    tokenizer, model = translator
    rng = random.Random(2)
    scenes = pretraining_scenes(10, OTHER_SEED)
    pairs = [pair for scene in scenes for pair in wording.sentence_pairs(scene, rng)]
    ids = model.generate(**tokenizer([g for g, _ in pairs], return_tensors="pt", padding=True))
    english = tokenizer.batch_decode(ids, skip_special_tokens=True)
    right = [got == wanted for got, (_, wanted) in zip(english, pairs, strict=True)]
    assert sum(right) >= 0.8 * len(pairs)


def test_translator_runs_in_single_precision_and_greedily(translator: tuple[Any, Any]) -> None:
    _, model = translator
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert (model.generation_config.num_beams, model.generation_config.do_sample) == (1, False)


def a_step(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(torch.ones(2, 3)).pow(2).sum().backward()
    optimizer.step()


def new_training() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)
    return model, torch.optim.AdamW(model.parameters(), lr=0.1)


def test_a_resumed_training_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    unbroken, optimizer = new_training()
    a_step(unbroken, optimizer)
    checkpoints.save(state, step=1, settings="{}", model=unbroken, optimizer=optimizer)
    a_step(unbroken, optimizer)

    resumed, optimizer = new_training()
    assert checkpoints.resume(state, settings="{}", model=resumed, optimizer=optimizer) == 1
    a_step(resumed, optimizer)
    assert torch.equal(resumed.get_parameter("weight"), unbroken.get_parameter("weight"))


def test_a_training_with_other_settings_is_not_resumed(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    model, optimizer = new_training()
    assert checkpoints.resume(state, settings="{}", model=model, optimizer=optimizer) == 0
    checkpoints.save(state, step=1, settings='{"seed": 1}', model=model, optimizer=optimizer)
    with pytest.raises(NewsImagesError, match="Delete it to start anew"):
        checkpoints.resume(state, settings='{"seed": 2}', model=model, optimizer=optimizer)
