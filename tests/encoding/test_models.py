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
    recommending = corpus(tmp_path, backbone=folder, multilingual_backbone=folder)
    assert choose_backbone(recommending, "auto", "auto") == (folder, folder)
    assert choose_multilingual(recommending, "auto", "auto") == (folder, folder)
    assert choose_multilingual(corpus(tmp_path), folder, "auto") == (folder, folder)


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
