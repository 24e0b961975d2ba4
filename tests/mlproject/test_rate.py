"""Entry point rate: sheets of two runs' pictures, and what people have rated."""

import re
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run

from mlproject import cli, tracking
from tests.mlproject.squares import N_TEST, runs, write_corpus

VARIANTS = ("clip", "txv")


def ranked(variant: str, *, shift: int, protocol: str = "official", corpus: str = "squares") -> str:
    """A run whose first images are those ``shift`` places on, but of the first three articles."""
    split = "test" if protocol == "official" else "train"
    with mlflow.start_run(run_name=f"run · {variant}", nested=True) as run:
        mlflow.set_tags({"variant": variant, "protocol": protocol})
        mlflow.log_param("corpus", corpus)
        for name in ("RSS", "TW"):
            rows = [
                (f"{name}{split}{i}", 1, f"{split}{(i + (shift if i > 2 else 0)) % N_TEST}.png")
                for i in range(N_TEST)
            ]
            table = pd.DataFrame(rows, columns=["article_id", "rank", "image_id"])
            tracking.log_table(table, f"rankings/{name}.parquet")
        return str(run.info.run_id)


@pytest.fixture
def corpus(store: Path) -> list[str]:
    """What `rate` is called with."""
    folder = write_corpus(store / "squares")
    return ["--corpus", str(folder), "--workdir", str(store / "work")]


def rate_run() -> Run:
    """The newest run of the entry point."""
    return next(run for run in runs() if run.data.tags.get("entry_point") == "rate")


def key_of(run: Run, name: str) -> pd.DataFrame:
    path = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path=f"rating_keys/{name}.parquet"
    )
    return pd.read_parquet(path)


def rated_by(rater: str, made: Run, folder: Path, better: str, share: float) -> None:
    """Exports of a rater who finds the pictures of the run ``better`` in this share of pairs."""
    folder.mkdir(exist_ok=True)
    generator = np.random.default_rng(len(rater))
    for tag, name in made.data.tags.items():
        if not tag.startswith("rating_sheet/"):
            continue
        key = key_of(made, name).query("pair > 0")
        agrees = generator.random(len(key)) < share
        is_left = (key["left"] == better) == agrees
        table = pd.DataFrame(
            {
                "sheet": tag.removeprefix("rating_sheet/"),
                "pair": key["pair"],
                "rater": rater,
                "preference": np.where(is_left, "left", "right"),
                "left_score": np.where(is_left, 4, 2),
                "right_score": np.where(is_left, 2, 4),
                "rated_at": "2026-11-26T17:00:00Z",
            }
        )
        table.to_csv(folder / f"{name}-{rater}.csv", index=False)


def test_from_two_runs_to_what_people_prefer(
    store: Path, corpus: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    ids = {variant: ranked(variant, shift=at) for at, variant in enumerate(VARIANTS)}
    ranked("clip", shift=2, corpus="another")  # newer, of another corpus
    assert cli.run(["rate", *corpus, "--variants", "clip,txv"]) == 0
    made = rate_run()
    assert made.data.metrics["RSS/pairs_to_rate"] == N_TEST - 3
    assert made.data.metrics["TW/same_picture"] == 3
    assert "same picture for 3 of 12 articles" in capsys.readouterr().out
    sheets = sorted((store / "work" / "rating_sheets").iterdir())
    assert [bool(re.fullmatch(r"(RSS|TW)-r[0-9a-f]{15}\.html", path.name)) for path in sheets] == [
        True,
        True,
    ]
    assert not any(secret in path.read_text() for path in sheets for secret in ids.values())
    assert set(key_of(made, "RSS").query("pair > 0")["left"]) == set(ids.values())

    rated_by("ann", made, store / "ratings", ids["txv"], 0.9)
    rated_by("bob ", made, store / "ratings", ids["txv"], 1)
    assert cli.run(["rate", *corpus, "--ratings", str(store / "ratings")]) == 0
    read = rate_run()
    assert read.data.metrics["RSS/raters"] == 2
    assert read.data.metrics["RSS/preferences"] == 2 * (N_TEST - 3)
    client = mlflow.MlflowClient()
    txv, clip = (client.get_run(ids[name]).data.metrics for name in ("txv", "clip"))
    for name in ("RSS", "TW"):
        assert txv[f"{name}/strength_low"] > 0 > clip[f"{name}/strength_high"]
        assert txv[f"{name}/rating"] > 3 > clip[f"{name}/rating"]
        assert clip[f"{name}/rating_low"] <= clip[f"{name}/rating"] <= clip[f"{name}/rating_high"]
        assert txv[f"{name}/p_against/clip"] == clip[f"{name}/p_against/txv"] < 0.05
    text = mlflow.artifacts.load_text(f"{read.info.artifact_uri}/ratings/ratings.md")
    assert "- txv is preferred to clip: with a probability of 0.9" in text
    files = [each.path for each in client.list_artifacts(read.info.run_id, "figures")]
    assert files == ["figures/strengths.csv", "figures/strengths.png"]
    tables = [each.path for each in client.list_artifacts(read.info.run_id, "ratings")]
    assert tables == [f"ratings/{name}" for name in ("means.csv", "pairs.csv", "ratings.md")] + [
        "ratings/strengths.csv"
    ]
    [own] = client.list_artifacts(ids["clip"], "ratings")[:1]
    assert own.path == "ratings/RSS.csv"


def test_the_leading_runs_and_runs_by_id_under_another_protocol(
    corpus: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with mlflow.start_run():
        mlflow.set_tags({"leading/paper": "clip", "leading/champion": "txv"})
        for at, variant in enumerate((*VARIANTS, "clip_ds")):
            ranked(variant, shift=at)
    assert cli.run(["rate", *corpus]) == 0
    assert "run · clip (" in capsys.readouterr().out
    ids = [ranked(variant, shift=at, protocol="time") for at, variant in enumerate(VARIANTS)]
    arguments = ["--variants", ",".join(ids), "--protocol", "time", "--dataset", "TW"]
    assert cli.run(["rate", *corpus, *arguments]) == 0
    assert rate_run().data.metrics == {"TW/pairs_to_rate": N_TEST - 3, "TW/same_picture": 3}


def test_a_rated_run_that_is_gone(
    store: Path, corpus: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    ids = {variant: ranked(variant, shift=at) for at, variant in enumerate(VARIANTS)}
    arguments = ["--variants", "clip,txv", "--dataset", "RSS"]
    assert cli.run(["rate", *corpus, *arguments]) == 0
    rated_by("ann", rate_run(), store / "ratings", ids["txv"], 1)
    mlflow.delete_run(ids["clip"])
    assert cli.run(["rate", *corpus, "--ratings", str(store / "ratings")]) == 0
    shown = capsys.readouterr().out
    assert f"the run {ids['clip']} is gone" in shown
    assert f"txv is preferred to run {ids['clip'][:6]}" in shown
    assert mlflow.get_run(ids["txv"]).data.metrics["RSS/strength_low"] > 0


def test_pictures_of_a_gallery_elsewhere(store: Path, corpus: list[str]) -> None:
    for at, variant in enumerate(VARIANTS):
        ranked(variant, shift=at)
    pictures = store / "squares" / "RSS" / "images"
    pictures.rename(store / "pictures")
    arguments = ["--variants", "clip,txv", "--dataset", "RSS", "--gallery"]
    assert cli.run(["rate", *corpus, *arguments, str(store / "pictures")]) == 0
    assert rate_run().data.metrics["RSS/pairs_to_rate"] == N_TEST - 3


def test_a_survey_alone(store: Path, corpus: list[str]) -> None:
    (store / "survey").mkdir()
    rows = [(n, run, 3 + (run == "b") - (n % 3 == 0)) for n in range(9) for run in "abc"]
    table = pd.DataFrame(rows, columns=["article_id", "run", "rating"])
    table.assign(data_set="LARGE (<1>)").to_csv(store / "survey" / "all.csv", index=False)
    assert cli.run(["rate", *corpus, "--ratings", str(store / "survey")]) == 0
    means = mlflow.artifacts.load_text(f"{rate_run().info.artifact_uri}/ratings/means.csv")
    assert means.splitlines()[1].startswith("b,9,9,3.66")
    assert rate_run().data.metrics["LARGE __1__/articles_rated"] == 9


def test_english_titles_that_a_run_has_made(store: Path, corpus: list[str]) -> None:
    for at, variant in enumerate(VARIANTS):
        ranked(variant, shift=at)
    table = pd.read_csv(store / "squares" / "RSS" / "test.csv")
    english = [f"IN ENGLISH {n}" for n in range(len(table))]
    known = table[["article_id", "title"]].assign(title_en=english, language="de")
    known.loc[5, "title"] = "of another corpus"
    (store / "work" / "articles").mkdir(parents=True)
    known.to_parquet(store / "work" / "articles" / "RSS-test.parquet")
    assert cli.run(["rate", *corpus, "--variants", "clip,txv"]) == 0
    [path] = (store / "work" / "rating_sheets").glob("RSS-*.html")
    text = path.read_text()
    assert "IN ENGLISH 4" in text
    assert "IN ENGLISH 5" not in text


def test_what_cannot_be_done_is_said(
    store: Path, corpus: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [ranked("clip", shift=0), ranked("same", shift=0)]
    late = ranked("late", shift=1, protocol="time")
    with mlflow.start_run():
        mlflow.set_tags({"variant": "bare", "protocol": "official"})
        mlflow.log_param("corpus", "squares")
    (store / "damaged").mkdir()
    header = "sheet,pair,rater,preference,left_score,right_score,rated_at"
    row = "r123456789abcdef,1,ann,left,,,"
    (store / "damaged" / "a.csv").write_text(f"{header}\n{row}\n")
    cases: list[tuple[list[str], str]] = [
        (["--variants", "clip,nowhere"], "has no finished run nowhere of the corpus squares"),
        (["--variants", f"clip,{'0' * 32}"], f"there is no run {'0' * 32}"),
        (["--variants", "clip,run · clip"], "both are the run run · clip"),
        (["--variants", "clip,bare"], "has no rankings that can be read"),
        (["--variants", ",".join(ids)], "RSS: there is nothing to rate"),
        (["--variants", f"clip,{late}"], "their protocols differ"),
        (["--variants", "clip,same", "--protocol", "internal"], "has no finished run clip"),
        ([], "has not both a leading run of the paper and a champion"),
        (["--ratings", "nowhere"], "ratings=nowhere is no folder"),
        (["--ratings", "damaged"], "a.csv row 2 (no run has made a sheet r123456789abcdef)"),
    ]
    for arguments, why in cases:
        assert cli.run(["rate", *corpus, *arguments]) == 1
        assert why in " ".join(capsys.readouterr().err.split()), arguments


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--variants", "clip"], "expected two different runs"),
        (["--variants", "clip,clip"], "expected two different runs"),
        (["--sheet-pairs", "0"], "sheet_pairs=0"),
        (["--sheet-mb", "0.01"], "sheet_mb=0.01: expected at least"),
    ],
)
def test_settings_that_cannot_be(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.run(["rate", *arguments])
    assert stopped.value.code == 2
    assert why in " ".join(capsys.readouterr().err.split())
