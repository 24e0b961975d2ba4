"""Captions from a corpus to measured runs and a served model, and what leaves them out."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from mlproject import cli, register
from mlproject.evaluate import NO_CAPTIONS, Evaluate, plan_of, why_impossible
from mlproject.options import ArticleOptions, CorpusOptions
from mlproject.preprocess import open_corpus
from newsimages.corpora.parts import Split
from newsimages.embeddings import Embeddings
from newsimages.protocols.embedded import with_captions
from newsimages.protocols.parts import divide
from newsimages.ranking.captions import neutral_vector
from newsimages.ranking.spaces import View
from newsimages.runs.choice import chooser_of
from newsimages.runs.table import choose_runs
from tests.fakes import embedded_set
from tests.mlproject.squares import children, step

VARIANTS = "mix_bank,captions_bank"
SETTINGS = ("--sheet-articles", "0", "--protocol", "official")


def write_captions(folder: Path) -> None:
    """Captions of the training images, and of half of RSS's test images: the titles, a leak."""
    for name in ("RSS", "TW"):
        articles = pd.read_csv(folder / name / "train.csv")
        if name == "RSS":
            articles = pd.concat([articles, pd.read_csv(folder / name / "test.csv").iloc[::2]])
        table = articles[["image", "title"]].rename(columns={"title": "caption"})
        table.to_csv(folder / name / "captions.csv", index=False)


@pytest.mark.usefixtures("store")
def test_captions_are_measured_and_served(
    arguments: list[str],
    training: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_captions(Path("squares"))
    monkeypatch.setattr(register, "SERVED", {"newsimages-fused": choose_runs("captions_bank")})
    options = [*arguments, *training, *SETTINGS, "--variants", VARIANTS, "--gallery", "RSS"]
    assert cli.run(["main", *options]) == 0
    shown = capsys.readouterr().out
    assert "RSS test: 12 articles, 12 images, 6 of them with captions" in shown
    assert "left out" not in shown
    embedded = step("embed").data.metrics
    made = {key: n for key, n in embedded.items() if key.endswith("captions_embedded")}
    assert list(made.values()) == [15, 6, 15, 0]
    [child] = children("captions_bank")
    weights = {key: float(w) for key, w in child.data.params.items() if "captions" in key}
    assert list(weights) == ["weight_captions_title", "weight_captions_text"]
    assert 0.1 < sum(weights.values()) <= 1
    assert not [key for key in child.data.params if "multilingual" in key]
    version = mlflow.MlflowClient().get_model_version_by_alias("newsimages-fused", "champion")
    assert version.tags["variant"] == "captions_bank"
    assert "captions on titles" in version.description
    articles = pd.read_csv("squares/RSS/test.csv")[["article_id", "title", "text"]]
    model = mlflow.pyfunc.load_model("models:/newsimages-fused@champion")
    answer = model.predict(articles, params={"explain": True})
    path = mlflow.artifacts.download_artifacts(
        run_id=child.info.run_id, artifact_path="rankings/RSS.parquet"
    )
    measured = pd.read_parquet(path).groupby("article_id", sort=False)["image_id"].agg(list)
    assert answer.set_index("article_id")["image_ids"].to_dict() == measured.to_dict()
    assert any("captions" in key for key in answer["contributions"][0])


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("captions", ["auto", "none"])
def test_runs_without_captions_are_left_out_or_refused_by_name(
    arguments: list[str], training: list[str], captions: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if captions == "none":  # which is not read at all
        Path("squares/RSS/captions.csv").write_text("nonsense")
    options = [*arguments, *training, *SETTINGS, "--captions", captions]
    assert cli.run(["evaluate", *options, "--variants", VARIANTS]) == 1
    refused = capsys.readouterr()
    assert "variants=mix_bank,captions_bank needs captions of the images" in refused.err
    assert "▶ preprocess" not in refused.out
    source = CorpusOptions(corpus="squares")
    config = Evaluate(articles=ArticleOptions(source=source))
    plan_of(config, open_corpus(source, captions=captions == "auto"))
    shown = capsys.readouterr().out
    assert "left out: captions_batch, captions_bank, as no image has one" in shown


@pytest.mark.parametrize(
    ("captioned", "reason"),
    [((), NO_CAPTIONS), (("test",), "no image that runs are chosen by has a caption")],
)
def test_weights_of_captions_are_chosen_only_where_there_are_some(
    captioned: tuple[Split, ...], reason: str
) -> None:
    sets = []
    splits: tuple[Split, ...] = ("train", "test")
    for seed, split in enumerate(splits):
        part = embedded_set("RSS", split, seed)
        vectors = Embeddings(part.images.ids, part.queries.of(View("clip", "title")).vectors)
        own = vectors if split in captioned else None
        sets.append(with_captions(part, own, neutral_vector(vectors.vectors)))
    if not captioned:
        sets = [embedded_set("RSS", split, seed) for seed, split in enumerate(splits)]
    parts = divide(sets, "official")
    run = choose_runs("captions_bank")[0].on(parts.towers)
    assert why_impossible(run, parts, chooser_of(parts, {})) == reason


@pytest.mark.usefixtures("store")
def test_a_folder_of_images_is_served_with_its_captions(
    arguments: list[str], training: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_captions(Path("squares"))
    monkeypatch.setattr(register, "SERVED", {"newsimages-fused": choose_runs("captions_bank")})
    options = [*arguments, *training, "--gallery", "squares/RSS"]  # with its captions.csv
    assert cli.run(["register", *options]) == 0
    uri = "models:/newsimages-fused@challenger"  # so small a folder is a trial
    path = mlflow.artifacts.download_artifacts(uri)
    vectors = np.load(Path(path) / "artifacts" / "retriever" / "gallery" / "captions.npy")
    assert (len(vectors), np.count_nonzero(vectors[:, -1] == 0)) == (27, 21)
    asked = pd.DataFrame({"title": ["The council talks about square number 3"]})
    assert len(mlflow.pyfunc.load_model(uri).predict(asked)["image_ids"][0]) == 27


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("command", ["train", "pretrain"])
def test_training_takes_no_captions(
    arguments: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.run([command, *arguments, "--captions", "none"])
    assert "captions" in capsys.readouterr().err
