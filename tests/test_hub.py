"""Fetching from a stand-in hub: what is fetched, resumed, kept, and said where it fails."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from newsimages.errors import NewsImagesError
from newsimages.hub import Repository, fetch_tokenizer, offline
from tests.stand_in_hub import StandInHub, ask, stand_in_hub

NAME, WEIGHTS = "someone/model", os.urandom(300_000)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def hub(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "model.bin").write_bytes(b"older")
    with stand_in_hub(cache, monkeypatch) as server:
        server.repositories[NAME] = folder
        yield server


def fetch(*names: str) -> Path:
    with Repository(NAME) as repository:
        return repository.fetch(*names)


def test_a_file_is_fetched_once_and_told(
    hub: StandInHub, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = fetch("model.safetensors", "model.bin")
    assert path.read_bytes() == WEIGHTS
    told = capfd.readouterr().err
    assert told.startswith(f"fetching {NAME} from {hub.url} to {cache}\n")
    assert "fetch model.safetensors:   0%" in told
    assert "0.00/300k" in told
    assert fetch("model.safetensors") == path
    assert capfd.readouterr() == ("", "")
    assert hub.fetched() == ["model.safetensors"]


def test_what_is_kept_is_used_where_the_hub_is_out_of_reach(
    hub: StandInHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fetch("model.safetensors")
    hub.status = 503
    assert fetch("model.safetensors") == path
    with Repository(NAME) as repository:
        assert repository.find("config.json") is None
        assert repository.find("model.safetensors") == path
    ask("http://127.0.0.1:9", cache, monkeypatch)
    assert fetch("model.safetensors") == path
    with offline():
        assert fetch("model.safetensors") == path
    assert hub.fetched() == ["model.safetensors"]


def test_other_content_behind_the_same_name_is_fetched(hub: StandInHub) -> None:
    before = fetch("model.safetensors")
    (hub.repositories[NAME] / "model.safetensors").write_bytes(b"new")
    after = fetch("model.safetensors")
    assert (before.read_bytes(), after.read_bytes()) == (WEIGHTS, b"new")
    with offline():
        assert fetch("model.safetensors") == after


def test_a_commit_is_the_caches_own_only_when_it_is_whole(hub: StandInHub) -> None:
    with Repository(NAME) as repository:
        old = [repository.fetch(name) for name in ("config.json", "model.safetensors")]
    (hub.repositories[NAME] / "config.json").write_text('{"new": 1}')
    hub.repositories[NAME].joinpath("model.safetensors").write_bytes(b"new")
    repository = Repository(NAME)
    repository.fetch("config.json")
    hub.status = 500
    with pytest.raises(NewsImagesError, match="out of order"), repository:
        repository.fetch("model.safetensors")
    with offline(), Repository(NAME) as repository:
        assert [repository.fetch(name) for name in ("config.json", "model.safetensors")] == old


def test_another_file_is_taken_only_where_the_first_is_not_there(hub: StandInHub) -> None:
    with Repository(NAME) as repository:
        assert repository.fetch("none.safetensors", "model.bin").read_bytes() == b"older"
        hub.asked.clear()
    with Repository(NAME) as repository:  # that there is none is kept with the commit
        repository.fetch("config.json")
        repository.fetch("none.safetensors", "model.bin")
    assert [file for _, file, _ in hub.asked] == ["config.json", "config.json"]
    hub.asked.clear()
    hub.breaks = [("reset", 0)] * 9
    with pytest.raises(NewsImagesError, match=r"model\.safetensors of someone/model: the connecti"):
        fetch("model.safetensors", "model.bin")
    assert set(hub.fetched()) == {"model.safetensors"}


@pytest.mark.parametrize("how", ["reset", "stall"])
def test_a_download_goes_on_where_it_broke(hub: StandInHub, how: str) -> None:
    hub.breaks = [(how, 100_000), (how, 0), (how, 50_000)]
    assert fetch("model.safetensors").read_bytes() == WEIGHTS
    ranges = [begin for method, _, begin in hub.asked if method == "GET"]
    assert ranges[0] is None
    assert [begin != ranges[i] for i, begin in enumerate(ranges[1:])] == [True, False, True]


@pytest.mark.parametrize("how", ["reset", "stall"])
def test_the_next_run_goes_on_where_the_last_one_gave_up(hub: StandInHub, how: str) -> None:
    hub.breaks = [(how, 100_000), *[(how, 0)] * 3]
    with pytest.raises(NewsImagesError, match=r"bytes are kept: the next run goes on there"):
        fetch("model.safetensors")
    hub.breaks.clear()
    hub.asked.clear()
    assert fetch("model.safetensors").read_bytes() == WEIGHTS
    [begin] = [begin for method, _, begin in hub.asked if method == "GET"]
    assert begin is not None
    assert begin != "bytes=0-"


def test_two_processes_fetch_a_file_once(
    hub: StandInHub, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hub.breaks = [("stall", 100_000)]
    with ThreadPoolExecutor() as pool:  # a lock of a file holds against threads as well
        paths = list(pool.map(lambda _: fetch("model.safetensors"), range(2)))
    assert paths[0] == paths[1]
    assert paths[0].read_bytes() == WEIGHTS
    assert len(hub.fetched()) == 2  # one, and one that went on
    told = capfd.readouterr().err
    assert told.count("waiting for another process") == 1
    assert "fetch: the connection broke at 100,000 bytes (ReadTimeout), going on" in told


def test_what_came_damaged_is_refused(hub: StandInHub, cache: Path) -> None:
    hub.breaks = [("reset", 100_000), *[("reset", 0)] * 3]
    with pytest.raises(NewsImagesError):
        fetch("model.safetensors")
    [part] = cache.rglob("*.incomplete")
    part.write_bytes(b"\0" + part.read_bytes()[1:])
    hub.breaks.clear()
    with pytest.raises(NewsImagesError, match=r"came damaged: its SHA-256 is .* hub says"):
        fetch("model.safetensors")
    assert fetch("model.safetensors").read_bytes() == WEIGHTS


def test_a_deleted_content_is_fetched_anew(hub: StandInHub) -> None:
    path = fetch("model.safetensors")
    path.resolve().unlink()
    assert fetch("model.safetensors").read_bytes() == WEIGHTS
    assert hub.fetched() == ["model.safetensors"] * 2


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, r"wants to know who asks \(401\): someone/model is private or gated.*HF_TOKEN"),
        (403, r"forbids it \(403\).*Ask for it at http://127\S+/someone/model"),
        (404, r"has no model\.safetensors of someone/model \(404\).*Correct the name"),
        (429, r"too many requests from here \(429\)\. Wait some minutes"),
        (500, r"is out of order \(500\)\. Try again later"),
        (503, r"is out of order \(503\)\. Try again later"),
        (418, r"answers 418\. See that HF_ENDPOINT"),
    ],
)
def test_each_refusal_has_its_sentence(hub: StandInHub, status: int, sentence: str) -> None:
    hub.status = status
    with pytest.raises(NewsImagesError, match=rf"{sentence}[^\n]*$"):
        fetch("model.safetensors")


def test_no_such_repository(hub: StandInHub) -> None:
    with pytest.raises(NewsImagesError, match=r"has no repository no/such \(404\)\. Correct"):
        Repository("no/such").fetch("config.json")
    with pytest.raises(NewsImagesError, match="neither a folder here nor the name of a repository"):
        Repository("/no/such/folder")
    assert len(hub.asked) == 1


def test_a_hub_that_hangs(hub: StandInHub) -> None:
    hub.hangs, begin = True, time.monotonic()
    with pytest.raises(NewsImagesError, match=r"sent nothing for 0\.5 s.*HF_HUB_DOWNLOAD_TIMEOUT"):
        fetch("model.safetensors")
    assert len(hub.asked) == 3
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:9", r"refuses the connection: nothing listens there.*HF_ENDPOINT"),
        ("http://no.such.hub.invalid", r"cannot be resolved \(DNS\).*is connected"),
    ],
)
def test_no_hub_at_all(
    cache: Path, monkeypatch: pytest.MonkeyPatch, url: str, sentence: str
) -> None:
    ask(url, cache, monkeypatch)
    with pytest.raises(NewsImagesError, match=sentence):
        fetch("model.safetensors")


def test_another_server_is_no_hub(hub: StandInHub) -> None:
    hub.status = 200
    with pytest.raises(NewsImagesError, match=r"but not as a hub does.*no proxy answers"):
        fetch("model.safetensors")


def test_offline_with_an_empty_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("http://127.0.0.1:9", cache, monkeypatch)
    sentence = rf"HF_HUB_OFFLINE=1 forbids to ask the hub, and the cache {cache} lacks it\. Unset"
    with offline(), pytest.raises(NewsImagesError, match=sentence):
        fetch("model.safetensors")


def test_a_full_disk_is_told_before(hub: StandInHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(NewsImagesError, match=r"300,000 bytes .* and 1,000 are free there"):
        fetch("model.safetensors")
    assert hub.fetched() == []


def test_a_repository_without_a_tokenizer(hub: StandInHub) -> None:
    with pytest.raises(NewsImagesError, match=r"someone/model has no tokenizer: none of tokenizer"):
        fetch_tokenizer(Repository(NAME))
    assert hub.fetched() == ["config.json"]


def test_the_environment_says_which_hub_and_which_cache(hub: StandInHub, tmp_path: Path) -> None:
    code = (
        f"from newsimages.hub import Repository; print(Repository({NAME!r}).fetch('config.json'))"
    )
    environment = {**os.environ, "PYTHONPATH": "src", "HF_ENDPOINT": hub.url}
    environment["HF_HOME"] = str(tmp_path / "home")

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code]
        settings: Any = {"env": environment | more, "capture_output": True, "text": True}
        return subprocess.run(command, **settings, check=False)

    assert "HF_HUB_OFFLINE=1 forbids to ask the hub" in run(HF_HUB_OFFLINE="1").stderr
    done = run()
    assert done.stdout.startswith(str(tmp_path / "home" / "hub"))
    assert f"fetching {NAME} from {hub.url} to {tmp_path / 'home' / 'hub'}" in done.stderr
