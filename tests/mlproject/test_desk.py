"""The entry point ``desk``: a page on a registered model, opened, asked and closed."""

import json
import os
import shutil
import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pandas as pd
import pytest
from PIL import Image

from mlproject import cli, desk, register
from mlproject.desk import Desk
from mlproject.stopping import heeding_signals
from mlproject.watching import Watch
from newsimages.corpora import read_corpus
from newsimages.corpora.choices import NAME as CHOICES
from newsimages.corpora.choices import with_choices
from newsimages.desk.models import InProcess
from newsimages.errors import NewsImagesError
from newsimages.runs.table import choose_runs
from tests.mlproject.servers import PATIENCE_S, free_port
from tests.mlproject.squares import N_TEST, runs

FUSED = "models:/newsimages-fused@champion"


@pytest.fixture
def heeded() -> Iterator[None]:
    """Signals as the command line takes them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with heeding_signals():
        yield
    signal.signal(signal.SIGINT, before)


def asked(port: int, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        content = answer.read()
    return json.loads(content) if "json" in answer.headers["content-type"] else content


def while_open(arguments: list[str], port: int, doing: Callable[[], None]) -> int:
    """The exit status of a desk that is closed by Ctrl-C, and in which something was done."""
    failed: list[BaseException] = []

    def work() -> None:
        deadline = time.monotonic() + PATIENCE_S
        try:
            while True:
                try:
                    asked(port, "/api/about")
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
            doing()
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            failed.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=work)
    thread.start()
    status = cli.run(["desk", *arguments, "--port", str(port)])
    thread.join()
    assert failed == []
    return status


@pytest.mark.usefixtures("store", "heeded")
def test_a_desk_finds_its_pictures_and_writes_down_what_is_taken(
    arguments: list[str], training: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["register", *arguments, *training]) == 0
    port, story = free_port(), {"title": "A red square", "text": "It is red."}
    seen: list[dict[str, Any]] = []

    def doing() -> None:
        told = asked(port, "/api/ask", {**story, "top_k": 3})
        assert (told["model"], told["version"]) == ("newsimages-fused", "1")
        assert told["n_images"] == 2 * N_TEST
        image = told["images"][0]
        assert image["id"].split("/")[0] in ("RSS", "TW")
        assert Path(image["path"]).is_file()
        assert asked(port, f"/picture?id={image['id']}").startswith(b"\xff\xd8")
        why = asked(port, "/api/why", {**story, "top_k": 3, "image_id": image["id"]})
        assert sum(why["contributions"].values()) == pytest.approx(why["score"], abs=1e-4)
        assert [part["text"] for part in why["words"]["parts"]][:3] == ["A", "red", "square"]
        heat = asked(port, "/api/heat", {**story, "image_id": image["id"]})
        assert heat["width"] * heat["height"] > 100, heat
        for rank, own in enumerate(told["images"][:2], start=1):
            choice = {**story, "image_id": own["id"], "rank": rank, "score": own["score"]}
            asked(port, "/api/take", {"choices": [choice]})
            seen.append(own)

    assert while_open(["--workdir", "work"], port, doing) == 0
    assert f"http://127.0.0.1:{port} (Ctrl-C closes it)" in capsys.readouterr().out
    run = runs()[0]
    assert run.info.status == "FINISHED"
    assert run.data.metrics["pictures_taken"] == 2
    table = mlflow.load_table("taken.json", run_ids=[run.info.run_id])
    assert table["image_id"].tolist() == [image["id"] for image in seen]
    assert table["image"].tolist() == [image["path"] for image in seen]
    assert table["article_id"].nunique() == 1
    assert table["rank"].tolist() == [1, 2]
    path = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="taken.json")
    corpus = with_choices(read_corpus(Path("squares")), Path(path))
    [chosen] = [each for each in corpus.data_sets if each.name == CHOICES]
    assert len(chosen.articles) == 2


@pytest.mark.extra
@pytest.mark.usefixtures("store")
def test_pictures_that_come_in_are_found_while_the_desk_is_open(
    arguments: list[str],
    training: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("lancedb", reason="galleries need lancedb")
    monkeypatch.setenv("NEWSIMAGES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(register, "SERVED", {"newsimages-fused": choose_runs("clip_bank")})
    pictures, incoming = tmp_path / "pictures", tmp_path / "incoming"
    incoming.mkdir()
    shutil.copytree(tmp_path / "squares" / "RSS" / "images", pictures)
    names = sorted(path.name for path in pictures.iterdir())
    said = pd.DataFrame(
        {"file": names, "credit": "dpa", "rights": ["free", *["sold"] * 99][: len(names)]}
    )
    said.to_csv("said.csv", index=False)
    given = ["--gallery", "grown", "--images", str(pictures), "--table", "said.csv"]
    assert cli.run(["gallery", *arguments, *given]) == 0
    assert cli.run(["register", *arguments, *training, "--gallery", "grown"]) == 0
    alias = "models:/newsimages-fused/1"
    model, watch = desk.opened(Desk(model=alias, watch=str(incoming)))
    assert isinstance(model, InProcess)
    assert watch is not None
    assert model.n_images == len(names)
    assert model.pictures.fields.names == ("rights", "credit")
    assert model.pictures.fields.rights == ("sold", "free")
    assert model.pictures.path(names[0]) == pictures / names[0]

    Image.new("RGB", (40, 40), "green").save(incoming / "new.png")
    (incoming / "broken.jpg").write_bytes(b"none")
    shutil.copy(incoming / "new.png", incoming / names[0])  # another picture under a known name
    watch.look()
    assert model.n_images == len(names)  # somebody may still be writing it
    watch.look()
    assert model.n_images == len(names) + 1
    assert "1 new pictures" in capsys.readouterr().out
    [row] = model.answer([{"title": "green"}], {"top_k": 1000})
    assert "new.png" in row["image_ids"]
    assert model.pictures.path("new.png") == incoming / "new.png"
    assert model.pictures.path(names[0]) == pictures / names[0]
    assert "broken.jpg (not an image)" in model.notice
    assert f"{names[0]} (" in model.notice
    served, _ = desk.opened(Desk(model="http://127.0.0.1:9", pictures="grown"))
    assert served.pictures.fields.names == ("rights", "credit")
    assert served.pictures.path(names[0]) == pictures / names[0]
    (incoming / "broken.jpg").unlink()
    (incoming / names[0]).unlink()
    assert cli.run(["gallery", "--gallery", "grown", "--action", "remove", "--ids", names[1]]) == 0
    watch.look()
    assert model.n_images == len(names)
    assert model.notice == ""


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--model", "models:/nothing@champion"], "model=models:/nothing@champion cannot be used"),
        (["--model", "http://127.0.0.1:9", "--watch", "."], "is served elsewhere: nothing can be"),
        (["--watch", "nowhere"], "watch=nowhere is no folder"),
        (["--pictures", "nowhere"], "pictures=nowhere is no folder"),
        (["--host", "203.0.113.7"], "The desk cannot be opened on 203.0.113.7"),
    ],
)
def test_what_cannot_be_opened(
    extra: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["desk", *extra, "--port", "0"]) == 1
    assert said in capsys.readouterr().err


def test_a_desk_for_other_machines_has_names() -> None:
    with pytest.raises(NewsImagesError, match="set names to the host names"):
        Desk(host="0.0.0.0")
    assert Desk(host="0.0.0.0", names="desk.example, desk").hosts == ("desk.example", "desk")
    assert Desk(host="192.0.2.1").hosts == ("192.0.2.1",)
    with pytest.raises(NewsImagesError, match="port is 70000"):
        Desk(port=70_000)


@pytest.mark.parametrize("host", ["", "0", "0.0", "0:0::0"])
def test_all_ways_to_be_open_to_other_machines_need_names(host: str) -> None:
    with pytest.raises(NewsImagesError, match=f"host={host} is open to other machines"):
        desk.listen(Desk(host=host, port=0))


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("content", ["", "[]", '{"columns": ["title"], "da'])
def test_a_damaged_table_of_what_is_taken_is_told(content: str) -> None:
    with mlflow.start_run():
        keep = desk.keeping()
        mlflow.log_text(content, desk.TAKEN)
        with pytest.raises(
            NewsImagesError, match=r"not written down: taken\.json of the run .* is"
        ):
            keep([{"title": "A red square", "image_id": "a.png"}])


def test_a_watch_that_fails_says_so_on_the_page(tmp_path: Path) -> None:
    model = SimpleNamespace(notice="")

    def fails() -> Any:
        raise ZeroDivisionError

    watch = Watch(model, fails, tmp_path, None, fails)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        watch.look()
    assert model.notice.startswith("New pictures are not looked for any more (AttributeError)")
