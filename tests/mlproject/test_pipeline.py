"""From a folder of files to tracked runs, through the same calls as `mlflow run`."""

import json
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from mlproject import cli
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.encoding.store import EmbeddingStore
from tests.mlproject.squares import N_TEST, N_TRAIN, children, runs, step
from tests.tiny_clip import save_tiny_clip

PAPER = ("clip", "clip_ds", "txv", "txv_ds", "txv_text_ds")
CLIP = ("--variants", "clip,clip_ds", "--sheet-articles", "0")
"""The runs that need no training."""


@pytest.mark.usefixtures("store")
def test_main_tracks_each_run_of_the_paper(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["main", *arguments, *training]) == 0
    shown = capsys.readouterr().out
    assert "| RSS" in shown

    [parent] = [run for run in runs() if run.data.tags.get("entry_point") == "main"]
    assert parent.data.params["corpus"] == arguments[1]
    assert (
        f"mlflow ui     # this run: http://127.0.0.1:5000/#/experiments/1/runs/{parent.info.run_id}?"
        in shown
    )
    assert parent.info.run_name == "main · squares · tiny"
    described = parent.data.tags["mlflow.note.content"]
    assert "| RSS" in described
    for role, known in (("paper", PAPER), ("champion", ("mix_bank",))):
        leader = parent.data.tags[f"leading/{role}"]
        assert leader in known
        assert f" · {leader} (" in described
        own = children(leader)[0].data.metrics
        for name in ("RSS/mrr", "TW/mrr", "RSS/recall_at_10", "TW/recall_at_10"):
            assert parent.data.metrics[f"{name}_{role}"] == own[name]
    assert {name.partition("/")[0] for name in parent.data.metrics} == {"RSS", "TW"}
    for variant, number, official_name, revision in (
        ("clip", "1", "iti_certh_clip_run_1", "none"),
        ("clip_ds", "2", "iti_certh_clip_ds_run_2", "dual_softmax"),
        ("txv", "3", "iti_certh_TxV_run_3", "none"),
        ("txv_ds", "4", "iti_certh_TxV_ds_run_4", "dual_softmax"),
        ("txv_text_ds", "5", "iti_certh_TxV_text_ds_run_5", "dual_softmax"),
    ):
        [child] = children(variant)
        assert child.info.status == "FINISHED"
        assert child.info.run_name == f"run {number} · {variant}"
        assert child.data.tags["official_name"] == official_name
        expected = {
            "run_number": number,
            "retriever": variant.split("_")[0],
            "text_field": "text" if "text" in variant else "title",
            "revision": revision,
            "scale": "none" if revision == "none" else "1.0",
            "backbone": arguments[5],
            "precision": "fp32",
        }
        assert expected.items() <= child.data.params.items()
        metrics = {f"recall_at_{k}" for k in (5, 10, 50, 100)} | {"mrr"}
        assert set(child.data.metrics) == {f"{s}/{m}" for s in ("RSS", "TW") for m in metrics}
        assert child.data.metrics["RSS/recall_at_100"] == 1.0  # all images fit the list
        assert {d.dataset.name for d in child.inputs.dataset_inputs} == {"RSS-test", "TW-test"}
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        [inside] = children(variant, "internal")
        assert inside.data.tags["mlflow.parentRunId"] == step("internal").info.run_id
        assert set(inside.data.metrics) == set(child.data.metrics)
    for protocol in ("official", "internal"):
        table = pd.read_csv(
            mlflow.artifacts.download_artifacts(
                run_id=parent.info.run_id, artifact_path=f"results_{protocol}.csv"
            )
        )
        assert table["run"].tolist() == [*range(1, 12)] * 2  # no multilingual model is named
        assert "figures" not in table.columns  # the corpus is not the paper's


@pytest.mark.usefixtures("store")
def test_the_run_that_mlflow_run_has_opened_is_the_parent(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("newsimages")
    assert experiment is not None
    opened = client.create_run(experiment.experiment_id, run_name="as mlflow run named it")
    client.log_param(opened.info.run_id, "corpus", arguments[1])  # before the project begins
    monkeypatch.setenv("MLFLOW_RUN_ID", opened.info.run_id)
    assert cli.run(["main", *arguments, *CLIP, "--protocol", "official"]) == 0

    parent = client.get_run(opened.info.run_id)
    assert parent.info.run_name == "as mlflow run named it"
    assert parent.info.status == "FINISHED"
    assert parent.data.params["batch_size"] == "64"
    others = [run for run in runs() if run.info.run_id != opened.info.run_id]
    assert {run.data.tags["mlflow.parentRunId"] for run in others} == {opened.info.run_id}
    steps = {run.data.tags["step"] for run in others if "step" in run.data.tags}
    assert steps == {"corpus", "preprocess", "embed"}
    assert len(others) == len(steps) + 2


@pytest.mark.usefixtures("store")
def test_evaluate_logs_rankings_and_submissions_under_one_parent(arguments: list[str]) -> None:
    assert (
        cli.run(
            ["evaluate", *arguments, *CLIP[:2], "--explained", "4", "--submission-form", "2021"]
        )
        == 0
    )
    [parent] = [run for run in runs() if run.data.tags.get("entry_point") == "evaluate"]
    [child] = children("clip_ds")
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id

    folder = Path(mlflow.artifacts.download_artifacts(run_id=child.info.run_id))
    ranking = pd.read_parquet(folder / "rankings" / "RSS.parquet")
    assert list(ranking) == ["article_id", "rank", "image_id", "score", "similarity"]
    assert len(ranking) == N_TEST * N_TEST
    lines = (folder / "submissions" / "RSS.tsv").read_text().splitlines()
    assert lines[0].split("\t")[:3] == ["articleID", "iid1", "iid2"]
    assert len(lines) == 1 + N_TEST

    results = pd.read_csv(mlflow.artifacts.download_artifacts(
        run_id=parent.info.run_id, artifact_path="results_official.csv"
    ))  # fmt: skip
    logged = child.data.metrics["TW/mrr"]
    row = results.query("`data set` == 'TW' and variant == 'clip_ds'")
    assert row["MRR"].item() == pytest.approx(logged)

    folder = Path(mlflow.artifacts.download_artifacts(run_id=parent.info.run_id))
    numbers = json.loads((folder / "explanations" / "RSS.json").read_text())
    [first] = {numbers["variant"]} & {"clip", "clip_ds"}
    assert len(numbers["articles"]) == 4
    listed = pd.read_parquet(mlflow.artifacts.download_artifacts(
        run_id=children(first)[0].info.run_id, artifact_path="rankings/RSS.parquet"
    )).query("rank == 1").set_index("article_id")["image_id"]  # fmt: skip
    for article in numbers["articles"]:
        shown = [image["image_id"] for image in article["images"]]
        right = f"test{article['article_id'].removeprefix('RSStest')}.png"
        assert shown == list(dict.fromkeys([right, listed[article["article_id"]]]))
        assert article["most"] == ("right" if len(shown) == 1 else "wrong")
        assert all(image["heat"] and not image["why_not"] for image in article["images"])
        assert len(article["images"][0]["added"]) == len(article["parts"]) > 5
    sheet = (folder / "contact_sheets" / "RSS.html").read_text()
    assert f"4 articles are explained, those that {first} was most wrong" in sheet


@pytest.mark.usefixtures("store")
def test_formulas_in_ids_reach_programs_as_they_are_and_spreadsheets_as_text(
    arguments: list[str],
) -> None:
    path = Path("squares", "RSS", "test.csv")
    table = pd.read_csv(path)
    table.loc[:1, "article_id"] = ["=1+1", "@SUM(A1)"]
    table.loc[1, "title"] = ""
    table.to_csv(path, index=False)
    assert cli.run(["evaluate", *arguments, *CLIP]) == 0
    [child] = children("clip")
    logged = Path(mlflow.artifacts.download_artifacts(run_id=child.info.run_id))
    ids = pd.read_parquet(logged / "rankings" / "RSS.parquet")["article_id"]
    assert "=1+1" in set(ids)
    assert (logged / "submissions" / "RSS.tsv").read_text().startswith("=1+1\t")
    skipped = pd.read_csv(mlflow.artifacts.download_artifacts(
        run_id=step("corpus").info.run_id, artifact_path="skipped.csv"
    ))  # fmt: skip
    assert skipped["id"][0] == "'@SUM(A1)"


@pytest.mark.usefixtures("store")
def test_lists_of_april_2021_carry_the_ids_that_the_organisers_unscramble(
    arguments: list[str],
) -> None:
    folder = Path("squares", "TW")
    own = pd.read_csv(folder / "test.csv")
    true = [f"5260{n:05}" for n in range(N_TEST)]
    april = own.assign(articleID=["1" + one[4:] + one[:4] for one in true], url="")
    truth = own.assign(article=true, iid=own["image"], imgFile=own["image"])
    april[["articleID", "url", "title", "text"]].to_csv(folder / "batch.tsv", sep="\t", index=False)
    truth[["iid", "imgFile"]].to_csv(folder / "batch-images.tsv", sep="\t", index=False)
    truth[["article", "iid", "title", "imgFile"]].to_csv(folder / "gt.tsv", sep="\t", index=False)
    (folder / "test.csv").unlink()
    (folder / "train.csv").unlink()
    assert cli.run(["evaluate", *arguments, *CLIP, "--submission-form", "2021"]) == 0
    [child] = children("clip")
    logged = Path(mlflow.artifacts.download_artifacts(run_id=child.info.run_id))
    lists = pd.read_csv(logged / "submissions" / "TW.tsv", sep="\t", dtype=str)
    assert lists["articleID"].to_list() == april["articleID"].to_list()
    images = dict(zip(april["articleID"], own["image"], strict=True))
    ranks = [list(row)[1:].index(images[row[0]]) + 1 for row in lists.itertuples(index=False)]
    assert child.data.metrics["TW/mrr"] == pytest.approx(np.mean([1 / rank for rank in ranks]))
    ranking = pd.read_parquet(logged / "rankings" / "TW.parquet")
    assert set(ranking["article_id"]) == set(true)


def test_second_run_computes_nothing_again(store: Path, arguments: list[str]) -> None:
    assert cli.run(["embed", *arguments]) == 0
    shards = sorted((store / "work" / "embeddings").rglob("*.safetensors"))
    before = {path: path.stat().st_mtime_ns for path in shards}
    assert len(before) == 16  # two data sets, two splits; titles, texts, images, miniatures
    assert cli.run(["embed", *arguments]) == 0
    assert {path: path.stat().st_mtime_ns for path in shards} == before


def test_unreadable_images_are_listed_and_strict_stops(
    store: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (store / "squares" / "RSS" / "images" / "test3.png").write_bytes(b"")
    assert cli.run(["evaluate", *arguments, *CLIP]) == 0
    assert "test3.png (empty file)" in capsys.readouterr().out
    [step] = [run for run in runs() if run.data.tags.get("step") == "embed"]
    table = mlflow.load_table("unreadable_images.json", run_ids=[step.info.run_id])
    assert table["image_id"].tolist() == ["test3.png"]
    [child] = children("clip")
    assert child.data.metrics["RSS/recall_at_100"] == pytest.approx(1 - 1 / N_TEST)

    assert cli.run(["evaluate", *arguments, *CLIP, "--strict", "true"]) == 1
    assert "strict=true" in capsys.readouterr().err
    failed = [run for run in runs() if run.info.status == "FAILED"]
    assert {run.data.tags.get("entry_point") for run in failed} >= {"evaluate"}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--dataset", "RT"], "its data sets are RSS, TW"),
        (["--backbone", "ViT-B-23"], "no openCLIP model. Did you mean"),
        (["--backbone", "ViT-B-32", "--pretrained", "laoin"], "nor a tag of ViT-B-32"),
        (["--backbone", "demo"], "-P backbone=ViT-H-14 -P pretrained=laion2b_s32b_b79k"),
        (["--translator", "demo"], "-P translator=Helsinki-NLP/opus-mt-de-en"),
        (["--dataset", ","], "its data sets are RSS, TW"),
        (["--pretrained", "laion2b_s32b_b79k"], "holds its own weights"),
        (["--workdir", "squares/RSS/test.csv"], "Cannot write"),
        (["--corpus", "nowhere"], "nowhere"),
        (["--languages", "xx"], "xx"),
    ],
)
def test_bad_parameters_stop_with_a_sentence(
    arguments: list[str], extra: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["evaluate", *arguments, *CLIP, *extra]) == 1
    error = capsys.readouterr().err
    assert error.splitlines()[-1].startswith("Error: ")
    assert message in error


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--scale", "0"], "scale is 0.0"),
        (["--scale", "nan"], "scale is nan"),
        (["--memory-mb", "0"], "memory_mb is 0"),
        (["--batch-size", "0"], "batch_size=0"),
        (["--strict", "yes"], "expected true or false"),
        (["--device", "tpu"], "cuda"),
    ],
)
def test_the_command_line_refuses_what_no_corpus_could_want(
    extra: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.run(["evaluate", *extra])
    assert stopped.value.code == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", "").split())


def test_the_originals_are_asked_with_a_multilingual_model(
    store: Path, arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (store / "squares").glob("*/t*.csv"):  # titles that need no translator, in German
        table = pd.read_csv(path)
        german = "Quadrat " + table["article_id"]
        table.assign(title=german, titleEN=table["title"], textEN=table["text"]).to_csv(
            path, index=False
        )
    variants = ("clip", "multilingual_batch", "languages_batch")
    wanted = [*arguments, *training, "--variants", ",".join(variants), "--sheet-articles", "0"]
    assert cli.run(["evaluate", *wanted]) == 1
    assert "needs a multilingual model, but none is named" in capsys.readouterr().err

    folder = save_tiny_clip(store / "xlm", "xlm_roberta", seed=3)
    model = f"local-dir:{folder}"
    assert cli.run(["evaluate", *wanted, "--multilingual-backbone", model]) == 0
    encoder = OpenClipEncoder(OpenClipConfig(backbone=model, precision="fp32", workers=0))
    images, _ = EmbeddingStore(folder=store / "again", encoder=encoder, batch_size=64).images(
        {f"test{i}.png": store / f"squares/RSS/images/test{i}.png" for i in range(N_TEST)},
        label="RSS",
    )
    texts = encoder.encode_texts([f"Quadrat RSStest{i}" for i in range(N_TEST)])
    for variant, backbone in (
        ("clip", arguments[5]),
        ("multilingual_batch", model),
        ("languages_batch", f"{arguments[5]}, {model}"),
    ):
        run = children(variant)[0]
        assert run.data.params["backbone"] == run.data.params["pretrained"] == backbone
    path = mlflow.artifacts.download_artifacts(
        run_id=children("multilingual_batch")[0].info.run_id, artifact_path="rankings/RSS.parquet"
    )
    ranking = pd.read_parquet(path)
    expected = (texts @ images.vectors.T)[
        ranking["article_id"].str.removeprefix("RSStest").astype(int),
        pd.Index(images.ids).get_indexer(ranking["image_id"]),
    ]
    np.testing.assert_allclose(ranking["similarity"], expected, atol=1e-5)
    [parent] = [run for run in runs() if run.data.tags.get("entry_point") == "evaluate"][:1]
    path = mlflow.artifacts.download_artifacts(
        run_id=parent.info.run_id, artifact_path="components"
    )
    brought = pd.read_csv(Path(path) / "RSS.csv")
    # All titles look alike to this model of random weights, so there is no query bank.
    assert brought["component"].tolist() == ["translation", "multilingual view", "revision"]
    assert brought["added"].sum() == pytest.approx(brought["all"][0] - brought["none"][0], abs=1e-9)
    combinations = pd.read_csv(Path(path) / "TW_combinations.csv")
    assert len(combinations) == 8
    assert combinations["MRR"][7] == pytest.approx(
        children("languages_batch")[0].data.metrics["TW/mrr"]
    )
    assert "What each component adds" in parent.data.tags["mlflow.note.content"]


@pytest.mark.usefixtures("store")
def test_runs_on_originals_alone_need_a_multilingual_model(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["evaluate", *arguments, "--variants", "multilingual_batch"]) == 1
    shown = capsys.readouterr()
    assert "multilingual_backbone=xlm-roberta-large-ViT-H-14" in shown.err
    assert "embed" not in shown.out
    absent = ["--multilingual-backbone", "local-dir:nowhere"]
    assert cli.run(["evaluate", *arguments, "--variants", "multilingual_batch", *absent]) == 1
    assert "multilingual_backbone and multilingual_pretrained: Cannot" in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_training_images_may_be_absent(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for path in (tmp_path / "squares").rglob("train*.png"):
        path.unlink()
    assert cli.run(["main", *arguments, "--protocol", "official"]) == 0
    assert "RSS-train: left out, as none of its 15 images has a file" in capsys.readouterr().out
    for path in (tmp_path / "squares").rglob("test*.png"):
        path.unlink()
    assert cli.run(["main", *arguments, "--protocol", "official"]) == 1
    assert "Put the files below that folder" in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_a_training_set_without_a_readable_image_is_left_out_and_a_test_set_is_an_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in Path("squares", "RSS", "images").glob("train*.png"):
        path.write_bytes(b"")
    assert cli.run(["embed", *arguments]) == 0
    assert "RSS-train: left out, as none of its 15 images can be read" in capsys.readouterr().out
    [run] = [run for run in runs() if run.data.tags.get("entry_point") == "embed"]
    table = mlflow.load_table("unreadable_images.json", run_ids=[run.info.run_id])
    assert table["image_id"].str.startswith("train").sum() == len(table) == N_TRAIN
    assert set(table["data_set"]) == {"RSS-train"}
    assert cli.run(["embed", *arguments, "--strict", "true"]) == 1
    assert "strict=true, and images cannot be read" in capsys.readouterr().err
    for path in Path("squares", "RSS", "images").glob("test*.png"):
        path.write_bytes(b"")
    assert cli.run(["embed", *arguments]) == 1
    assert "RSS-test-images: not one image could be read" in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_a_corpus_without_a_readable_image_stops_with_a_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("RSS", "TW"):
        Path("squares", name, "test.csv").unlink()
    for path in Path("squares").rglob("train*.png"):
        path.write_bytes(b"")
    assert cli.run(["train", *arguments]) == 1
    assert "No data set of" in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_submission_that_would_be_refused_costs_no_figures(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "squares" / "RSS" / "test.csv"
    pd.read_csv(path).assign(url="https://one.example/for-all").to_csv(path, index=False)
    assert cli.run(["evaluate", *arguments, *CLIP]) == 0
    assert "Set submission_form=2021" in capsys.readouterr().out
    [child] = children("clip")
    assert "RSS/mrr" in child.data.metrics
    names = {file.path for file in mlflow.artifacts.list_artifacts(
        run_id=child.info.run_id, artifact_path="submissions"
    )}  # fmt: skip
    assert names == {"submissions/TW.tsv"}


@pytest.mark.usefixtures("store")
def test_corpus_without_known_images_is_ranked_but_not_measured(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("RSS", "TW"):
        folder = tmp_path / "squares" / name
        table = pd.read_csv(folder / "test.csv")
        gallery = pd.DataFrame({"iid": table["image"], "imgFile": table["image"]})
        gallery.to_csv(folder / "test-img.tsv", sep="\t", index=False)
        table.assign(image="").to_csv(folder / "test.csv", index=False)
    assert cli.run(["evaluate", *arguments, *CLIP]) == 0
    assert "nothing is measured" in capsys.readouterr().out
    [child] = children("clip")
    assert not child.data.metrics


@pytest.mark.usefixtures("store")
def test_photographs_go_through_embed_and_evaluate(tmp_path: Path, shared_data: Path) -> None:
    """The 100 photographs of flickr8k100, each with its first caption, as an own-data corpus."""
    source = shared_data / "flickr8k100"
    captions = pd.read_csv(source / "captions.csv").drop_duplicates("image")
    folder = tmp_path / "photographs" / "flickr"
    folder.mkdir(parents=True)
    shutil.copytree(source / "images", folder / "images")
    captions.rename(columns={"caption": "title"}).assign(
        article_id=[f"a{i:03d}" for i in range(len(captions))]
    ).to_csv(folder / "test.csv", index=False)
    backbone = save_tiny_clip(tmp_path / "tiny")
    arguments = [
        *("--corpus", str(folder.parent), "--workdir", str(tmp_path / "work")),
        *("--backbone", f"local-dir:{backbone}", "--strict", "true"),
    ]
    assert cli.run(["embed", *arguments]) == 0
    assert cli.run(["evaluate", *arguments, *CLIP]) == 0
    [parent] = [run for run in runs() if run.data.tags.get("entry_point") == "embed"]
    assert parent.data.metrics["flickr-test/images_embedded"] == 100
    assert parent.data.params["used_backbone"] == f"local-dir:{backbone}"
    for variant in ("clip", "clip_ds"):
        [child] = children(variant)
        # 100 images fill the list exactly, so the right one is always in it.
        assert child.data.metrics["flickr/recall_at_100"] == 1.0
        assert 0 < child.data.metrics["flickr/mrr"] < 1
