"""Pictures are handed in: a ZIP that the validator passes, or a word before the work."""

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from PIL import Image

from mlproject import cli, handing_in
from mlproject.options import SubmissionOptions
from newsimages.reports.handing_in.picture import Made
from newsimages.reports.handing_in.validator import check_archive
from tests.mlproject.squares import runs, steps

N_ARTICLES, N_IMAGES, N_REAL = 5, 8, 210
HEADER = "article_id,article_url,article_title,image_id,image_url"
GROUP = ("--group", "ITI", "--approach", "A1", "--sheet-articles", "0")


@pytest.fixture
def asked(arguments: list[str], tmp_path: Path) -> list[str]:
    """`evaluate` on articles of 2026, whose images are not known, with a gallery of its own."""
    corpus, gallery = tmp_path / "corpus", tmp_path / "gallery"
    corpus.mkdir()
    titles = ("Snow falls", "Votes are counted", "Trains stand", "Bears wake", "Rams win")
    rows = [f"{i + 10},N/A,{title} in the north,N/A,N/A" for i, title in enumerate(titles)]
    (corpus / "news_articles_test.csv").write_text("\n".join([HEADER, *rows]))
    (corpus / "subset.csv").write_text("\n".join(rows[1:3]))
    draw(gallery)
    own = ["--corpus", str(corpus), "--gallery", str(gallery), "--variants", "clip"]
    return ["evaluate", *arguments[2:], *own]


def draw(folder: Path) -> None:
    """Pictures of blots, and one of them twice under another name."""
    folder.mkdir()
    generator = np.random.default_rng(1)
    for i in range(N_IMAGES):
        blots = generator.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        blown_up = Image.fromarray(blots).resize((90 + 5 * i, 80), Image.Resampling.NEAREST)
        blown_up.save(folder / f"p{i}.png")
    shutil.copy(folder / "p1.png", folder / "again.png")


def parent() -> Run:
    [run] = [run for run in runs() if run.data.tags.get("entry_point") == "evaluate"]
    return run


def handed_in() -> Path:
    """The folder of what the evaluation handed in."""
    found = mlflow.artifacts.download_artifacts(
        run_id=parent().info.run_id, artifact_path="submissions/news_articles"
    )
    return Path(found)


@pytest.mark.usefixtures("store")
def test_2026_hands_in_a_picture_of_its_own_for_each_article(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*asked, *GROUP, "--submission-form", "2026"]) == 0
    shown = capsys.readouterr().out
    assert "no right images are known, so nothing is measured" in shown
    assert "nothing is wrong" in shown
    folder = handed_in()
    pictures = pd.read_csv(folder / "pictures.csv", dtype=str, sep=None, engine="python")
    assert pictures["article_id"].tolist() == ["10", "11", "12", "13", "14"]
    assert pictures["image_id"].is_unique
    assert len({"again.png", "p1.png"} & set(pictures["image_id"])) < 2
    report = check_archive(folder / "ITI_Submission.zip", articles=pictures["article_id"].tolist())
    assert report.faults.lines == []
    assert report.pictures == {"ITI_A1": N_ARTICLES}
    metrics = parent().data.metrics
    given = ["--file", str(folder / "ITI_Submission.zip"), "--pictures", asked[-3]]
    table = str(Path(asked[-5]) / "news_articles_test.csv")
    assert cli.run(["validate", *given, "--articles", table]) == 0
    assert (
        cli.run(["validate", *given, "--articles", table.replace("news_articles_test", "subset")])
        == 1
    )
    said = capsys.readouterr()
    assert "3 × unknown articles in ITI_A1: 10, 13, 14" in said.out
    assert "ITI_Submission.zip would be refused: 3 faults" in said.err
    [checked, _] = [run for run in runs() if run.data.tags.get("entry_point") == "validate"]
    assert checked.data.metrics["submission_pictures"] == N_ARTICLES
    assert metrics["news_articles/submission_pictures"] == N_ARTICLES
    assert metrics["news_articles/submission_faults"] == 0
    assert not any("mrr" in name for name in metrics)


@pytest.mark.usefixtures("store")
def test_2025_hands_in_first_images_of_every_run_that_is_named(asked: list[str]) -> None:
    asked[asked.index("clip")] = "clip,clip_ds"
    listed = str(Path(asked[asked.index("--gallery") + 1]).parent / "corpus" / "subset.csv")
    assert (
        cli.run(
            [
                *asked,
                *GROUP,
                "--submission-form",
                "2025",
                "--article-list",
                listed,
                "--crop",
                "heat_map",
            ]
        )
        == 0
    )
    with zipfile.ZipFile(handed_in() / "ITI.zip") as archive:
        names = archive.namelist()
    assert len(names) == 2 * (N_ARTICLES + 2)
    assert names[0] == "ITI/RET_A1-clip_LARGE/10_ITI_A1-clip.png"
    assert names[-1] == "ITI/RET_A1-clip_ds_SMALL/12_ITI_A1-clip_ds.png"
    pictures = pd.read_csv(handed_in() / "pictures.csv", dtype=str, sep=None, engine="python")
    for variant, own in pictures.groupby("approach"):
        [child] = [run for run in runs() if f"A1-{run.data.tags.get('variant')}" == variant]
        ranking = pd.read_parquet(
            mlflow.artifacts.download_artifacts(
                run_id=child.info.run_id, artifact_path="rankings/news_articles.parquet"
            )
        )
        first = ranking[ranking["rank"] == 1].set_index("article_id")["image_id"]
        assert own["image_id"].tolist() == first[own["article_id"]].tolist()


@pytest.mark.usefixtures("store")
def test_real_articles_of_2025_get_drawn_pictures(asked: list[str], shared_data: Path) -> None:
    folder = Path(asked[asked.index("--gallery") + 1]).parent / "real"
    folder.mkdir()
    lines = (shared_data / "newsimages2025" / "newsarticles.csv").read_bytes().splitlines(True)
    (folder / "newsarticles.csv").write_bytes(b"".join(lines[: 1 + N_REAL]))
    given = [*asked, *GROUP, "--corpus", str(folder), "--submission-form", "2025"]
    assert cli.run(given) == 0
    metrics = parent().data.metrics
    assert metrics["real/submission_pictures"] == N_REAL
    assert metrics["real/submission_faults"] == 0


@pytest.mark.usefixtures("store")
def test_files_that_are_gone_are_said(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(sources: Iterable[object], **_: object) -> list[Made]:
        return [Made(None, "no such file") for _ in sources]

    monkeypatch.setattr(handing_in, "make_pictures", gone)
    assert cli.run([*asked, *GROUP, "--submission-form", "2026"]) == 0
    shown = capsys.readouterr().out
    assert "5 pictures are missing or odd: " in shown
    assert "not one of the 5 pictures can be made" in shown
    assert "not_made/submissions/news_articles" in parent().data.tags


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--submission-form", "2026", "--variants", "clip,clip_ds"), "1 are missing"),
        (("--submission-form", "2026", "--protocol", "internal"), "Set protocol=official"),
        (("--submission-form", "2026", "--article-list", "nowhere.csv"), "no list of articles"),
        (("--submission-form", "2026", "--article-list", "other.csv"), "in no test set: 99"),
        (("--submission-form", "2026", "--gallery", "nowhere"), "gallery=nowhere is no folder"),
    ],
)
def test_what_cannot_be_handed_in_is_said_before_the_work(
    more: tuple[str, ...], message: str, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("other.csv").write_text("10,a\n99,b\n")
    assert cli.run([*asked, *GROUP, *more]) == 1
    assert message in capsys.readouterr().err
    assert steps() <= {"corpus"}


@pytest.mark.usefixtures("store")
def test_an_id_that_is_no_files_name_is_said_before_the_work(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    table = Path(asked[asked.index("--corpus", 5) + 1]) / "news_articles_test.csv"
    table.write_text(table.read_text().replace("12,N/A,", "a/b,N/A,"))
    assert cli.run([*asked, *GROUP, "--submission-form", "2025"]) == 1
    assert "'a/b' cannot" in capsys.readouterr().err


def test_articles_own_images_are_said_where_the_rules_do_not_take_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    test: Any = SimpleNamespace(name="RSS", truth=lambda: {"1": "a", "2": "b"})
    for form in ("2025", "2026"):
        options = SubmissionOptions(submission_form=form, group="ITI", approach="A1")  # type: ignore[arg-type]
        handing_in._say_if_original(options, test, {"A1": {"1": "a", "2": "c", "3": "d"}})
    assert capsys.readouterr().out.startswith("  RSS: 1 of 3 pictures are the articles' own")
