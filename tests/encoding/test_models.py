"""What `auto` stands for on a corpus, and which models are refused before any work is done."""

from pathlib import Path

import pandas as pd
import pytest

from newsimages.corpora import Corpus
from newsimages.encoding.models import (
    MULTILINGUAL,
    choose_backbone,
    choose_multilingual,
    choose_translator,
)
from newsimages.errors import NewsImagesError
from tests.tiny_clip import save_tiny_clip


def corpus(folder: Path, name: str = "mine", **models: str) -> Corpus:
    return Corpus(folder=folder, name=name, models=models, data_sets=(), skipped=pd.DataFrame())


def test_auto_is_the_papers_models_where_a_corpus_recommends_none(tmp_path: Path) -> None:
    mine = corpus(tmp_path)
    assert choose_backbone(mine, "auto", "auto") == ("ViT-H-14", "laion2b_s32b_b79k")
    assert choose_translator(mine, "auto") == "Helsinki-NLP/opus-mt-de-en"
    assert choose_multilingual(mine, "auto", "auto") is None


def test_auto_is_what_the_demo_recommends(tmp_path: Path) -> None:
    demo = corpus(
        tmp_path,
        "demo",
        backbone="demo",
        translator="demo",
        multilingual_backbone="demo-multilingual",
    )
    assert choose_backbone(demo, "auto", "auto") == ("demo", "demo")
    assert choose_multilingual(demo, "auto", "auto") == ("demo-multilingual", "demo-multilingual")
    assert choose_multilingual(demo, "none", "auto") is None
    assert (
        choose_multilingual(corpus(tmp_path, multilingual_backbone="auto"), "auto", "auto") is None
    )


def test_the_multilingual_model_of_the_paper_s_family_needs_no_tag(tmp_path: Path) -> None:
    assert choose_multilingual(corpus(tmp_path), MULTILINGUAL[0], "auto") == MULTILINGUAL
    recommending = corpus(tmp_path, multilingual_backbone=MULTILINGUAL[0])
    assert choose_multilingual(recommending, "auto", "auto") == MULTILINGUAL


def test_a_folder_holds_its_own_weights(tmp_path: Path) -> None:
    folder = f"local-dir:{save_tiny_clip(tmp_path / 'tiny', 'xlm_roberta')}"
    mine = corpus(tmp_path)
    assert choose_backbone(mine, folder, "auto") == (folder, folder)
    assert choose_multilingual(mine, folder, "auto") == (folder, folder)


def test_what_a_corpus_may_choose_are_names(tmp_path: Path) -> None:
    named = corpus(
        tmp_path,
        backbone="ViT-B-32",
        pretrained="laion2b_s34b_b79k",
        translator="someone/opus-mt_de.en-2",
        multilingual_backbone="xlm-roberta-base-ViT-B-32",
        multilingual_pretrained="laion5b_s13b_b90k",
    )
    assert choose_backbone(named, "auto", "auto") == ("ViT-B-32", "laion2b_s34b_b79k")
    assert choose_backbone(named, "ViT-B-32", "auto") == ("ViT-B-32", "laion2b_s34b_b79k")
    assert choose_translator(named, "auto") == "someone/opus-mt_de.en-2"
    multilingual = ("xlm-roberta-base-ViT-B-32", "laion5b_s13b_b90k")
    assert choose_multilingual(named, "auto", "auto") == multilingual


def chosen(corpus: Corpus, key: str, value: str = "auto") -> object:
    """What is chosen with only this one parameter set."""
    given = [value if key.endswith(part) else "auto" for part in ("backbone", "pretrained")]
    if key.startswith("multilingual"):
        return choose_multilingual(corpus, *given)
    return (
        choose_translator(corpus, value) if key == "translator" else choose_backbone(corpus, *given)
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("backbone", "local-dir:{folder}"),
        ("backbone", "hf-hub:someone/model"),
        ("pretrained", "{folder}/open_clip_model.safetensors"),
        ("multilingual_backbone", "local-dir:{folder}"),
        ("translator", "{folder}"),
        ("translator", "./here/there"),
        ("translator", "../there"),
        ("translator", "here/there/model"),
        ("translator", "here/there"),  # a folder that is there
        ("translator", "here\\there"),
        ("translator", "~/there"),
    ],
)
def test_what_a_corpus_names_beyond_that_counts_only_as_a_parameter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    folder = save_tiny_clip(tmp_path / "tiny")
    (tmp_path / "here" / "there").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    value = value.format(folder=folder)
    recommending = corpus(tmp_path, **{key: value})
    with pytest.raises(NewsImagesError, match=f"set the parameter {key} to the same") as refused:
        chosen(recommending, key)
    assert value in str(refused.value)
    assert value in str(chosen(recommending, key, value))


def test_weights_of_a_recommended_model_are_no_file_of_the_corpus(tmp_path: Path) -> None:
    weights = save_tiny_clip(tmp_path / "tiny") / "open_clip_model.safetensors"
    recommending = corpus(
        tmp_path,
        multilingual_backbone="xlm-roberta-base-ViT-B-32",
        multilingual_pretrained=str(weights),
        backbone="ViT-B-32",
        pretrained=str(weights),
    )
    for backbone in ("auto", "ViT-B-32"):
        with pytest.raises(NewsImagesError, match="set the parameter pretrained to the same"):
            choose_backbone(recommending, backbone, "auto")
    with pytest.raises(NewsImagesError, match="set the parameter multilingual_pretrained to"):
        choose_multilingual(recommending, "auto", "auto")


def test_a_misspelt_recommendation_gets_near_names(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match=r"backbone=ViT-H-41, .* Did you mean .*ViT-H-14"):
        choose_backbone(corpus(tmp_path, backbone="ViT-H-41"), "auto", "auto")


@pytest.mark.parametrize(
    ("backbone", "pretrained", "message"),
    [
        ("xlm-roberta-large-ViT-H-41", "auto", "Did you mean xlm-roberta-large-ViT-H-14"),
        (MULTILINGUAL[0], "frozen", "nor a tag of xlm-roberta-large-ViT-H-14"),
        ("xlm-roberta-base-ViT-B-32", "auto", "one of laion5b_s13b_b90k"),
        ("demo-multilingual", "auto", "knows only the corpus 'demo'.*multilingual_backbone=xlm"),
        ("local-dir:nowhere", "auto", "it has no open_clip_config.json"),
        (MULTILINGUAL[0], "a" * 300, "nor a tag of xlm-roberta-large-ViT-H-14"),
        ("demo-multilingual", "frozen", "holds its own weights"),
    ],
)
def test_a_multilingual_model_that_cannot_be_is_refused_by_its_name(
    tmp_path: Path, backbone: str, pretrained: str, message: str
) -> None:
    with pytest.raises(NewsImagesError, match=message) as refused:
        choose_multilingual(corpus(tmp_path), backbone, pretrained)
    assert str(refused.value).startswith("multilingual_backbone and multilingual_pretrained: ")
