"""An institute's tracking server, by the lines of docs/serving.md: PostgreSQL, S3, `main`, serving.

Only the server knows the database and the bucket; `main` and the served model know its address.
"""

import logging
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
import mlflow
import psycopg
import pytest
import requests
from mlflow.entities import Run
from moto.server import ThreadedMotoServer
from packaging.requirements import Requirement
from PIL import Image

from tests.mlproject.servers import PATIENCE_S, free_port, serving

ROOT = Path(__file__).parents[2]
BUCKET, KEY, SECRET = "institute", "some-key", "some-secret"
CHEAP = (
    *("--dataset", "RSS", "--protocol", "official", "--pairs", "none", "--epochs", "1"),
    *("--sheet-articles", "0", "--workers", "0"),
)
"""A third of the demo, and hardly any training: its figures are of no interest here."""


def page() -> tuple[list[str], list[str]]:
    """The lines of the page's section: those for the server, and those for its users."""
    text = (ROOT / "docs" / "serving.md").read_text()
    section = text.split("## A tracking server\n")[1].split("\n## ")[0]
    server, users = re.findall(r"^```bash\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return server.splitlines(), users.splitlines()


def filled(lines: list[str], values: Mapping[str, str]) -> list[str]:
    """A command that runs lines of the page, with what a user puts in place of its examples."""
    script = "\n".join(lines)
    for example, value in values.items():
        assert example in script
        script = script.replace(example, value)
    return ["bash", "-ec", script]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """This interpreter's programs, and no settings of the machine's own."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MLFLOW_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture
def postgres() -> Iterator[str]:
    """The address of an empty database of a new PostgreSQL server."""
    folders = [*map(str, Path("/usr/lib/postgresql").glob("*/bin")), os.environ["PATH"]]
    initdb = shutil.which("initdb", path=os.pathsep.join(folders))
    if initdb is None:
        pytest.skip("PostgreSQL is not installed: there is no initdb")
    # Not in tmp_path, which is closed to others: PostgreSQL refuses to run as root.
    with tempfile.TemporaryDirectory() as temporary:
        folder, owner = Path(temporary), someone_unprivileged()
        (folder / "password").write_text("secret")
        if owner:
            for path in (folder, folder / "password"):
                os.chown(path, owner["user"], owner["group"])
        subprocess.run(
            [
                *(initdb, "--pgdata", "data", "--username", "newsimages", "--pwfile", "password"),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync"),
            ],
            cwd=folder,
            check=True,
            **owner,
        )
        with postgres_server(
            Path(initdb).resolve().with_name("postgres"), folder, owner
        ) as address:
            yield address


def someone_unprivileged() -> dict[str, Any]:
    """Whom root starts PostgreSQL as: the user of its package, or one that every system has."""
    if os.geteuid() != 0:
        return {}
    known = {user.pw_name: user for user in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def postgres_server(program: Path, folder: Path, owner: dict[str, Any]) -> Iterator[str]:
    """Serves the folder's data on 127.0.0.1 alone; the address of its database `mlflow`."""
    port = free_port()
    listening = ("-h", "127.0.0.1", "-p", str(port), "-k", "")
    server = subprocess.Popen([program, "-D", "data", "-F", *listening], cwd=folder, **owner)
    address = f"postgresql://newsimages:secret@127.0.0.1:{port}"
    try:
        with connected(f"{address}/postgres") as connection:
            connection.execute("CREATE DATABASE mlflow")
        yield f"{address}/mlflow"
    finally:
        server.send_signal(signal.SIGINT)  # it ends its connections, then itself
        server.wait(PATIENCE_S)


def connected(address: str) -> "psycopg.Connection[Any]":
    """A connection, as soon as the server takes one."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return psycopg.connect(address, autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Bucket:
    """A bucket on an S3 server."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._s3 = boto3.client(
            "s3",
            endpoint_url=address,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )
        self._s3.create_bucket(Bucket=BUCKET)

    def keys(self) -> set[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return {item["Key"] for found in pages for item in found.get("Contents", ())}

    def read(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


@pytest.fixture
def bucket(caplog: pytest.LogCaptureFixture) -> Iterator[Bucket]:
    """An empty bucket, on a server in a thread of this process."""
    caplog.set_level(logging.WARNING, "werkzeug")  # not a line per request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Bucket(f"http://{host}:{port}")
    finally:
        server.stop()


@pytest.fixture
def tracking_server(postgres: str, bucket: Bucket, tmp_path: Path) -> Iterator[str]:
    """The address of `mlflow server`, started by the page's lines."""
    port, [_, *lines] = free_port(), page()[0]
    given = {
        "postgresql+psycopg://USER:PASSWORD@HOST/mlflow": postgres.replace(":", "+psycopg:", 1),
        "s3://BUCKET/": f"s3://{BUCKET}/",
        "http://HOST:9000": bucket.address,
        "=KEY": f"={KEY}",
        "=SECRET": f"={SECRET}",
        "--port 5000": f"--port {port} --workers 1",
    }
    log, folder = tmp_path / "server.log", tmp_path / "server"
    folder.mkdir()
    with serving(filled(lines, given), port=port, log=log, env=os.environ, cwd=folder) as address:
        yield address


def test_the_page_names_the_versions_that_are_tested() -> None:
    pip, install, *requirements = shlex.split(page()[0][0])
    assert [pip, install] == ["pip", "install"]
    pins = {each.name: str(each.specifier) for each in map(Requirement, requirements)}
    assert pins == {name: f"=={version(name)}" for name in ("mlflow", "psycopg", "boto3")}


def test_main_and_serving_need_the_tracking_servers_address_alone(
    tracking_server: str, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *exports, main, serve = page()[1]
    for assignment in (word for line in exports for word in shlex.split(line)[1:]):
        name, value = assignment.split("=")
        monkeypatch.setenv(name, value.replace("http://127.0.0.1:5000", tracking_server))
    assert os.environ["MLFLOW_TRACKING_URI"] == tracking_server
    user, elsewhere = tmp_path / "user", tmp_path / "elsewhere"
    user.mkdir()
    elsewhere.mkdir()

    command = filled(
        [main], {"src/": f"{ROOT}/src/", "--variants": f"{shlex.join(CHEAP)} --variants"}
    )
    done = subprocess.run(command, cwd=user, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert [path.name for path in user.iterdir()] == ["work"]  # no store of its own
    client = mlflow.MlflowClient(tracking_server)
    parent = the_runs_are_tracked(client)
    the_artifacts_lie_in_the_bucket(client, parent, bucket)
    a_picture_is_read_back(client, parent, bucket)

    port, log = free_port(), tmp_path / "model.log"
    command = filled([serve], {"-p 5001": f"-p {port}"})
    with serving(command, port=port, log=log, env=os.environ, cwd=elsewhere) as address:
        the_model_answers(address, user / "work" / "demo-corpus" / "RSS" / "images")
    # It was not asked for addresses of the bucket, either, to go there past it.
    assert "presigned" not in (tmp_path / "server.log").read_text()


def the_runs_are_tracked(client: mlflow.MlflowClient) -> Run:
    """The run of `main`; below it are the paper's, with their metrics."""
    experiment = client.get_experiment_by_name("newsimages")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.status for run in runs} == {"FINISHED"}
    [parent] = [run for run in runs if run.data.tags.get("entry_point") == "main"]
    measured = [run for run in runs if "official_name" in run.data.tags]
    assert len(measured) == 5
    for run in measured:
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert 0.3 < run.data.metrics["RSS/mrr"] < 1
    return parent


def the_artifacts_lie_in_the_bucket(
    client: mlflow.MlflowClient, parent: Run, bucket: Bucket
) -> None:
    """The tables, and the champions' files; nothing lies outside the experiment's folder."""
    keys, folder = bucket.keys(), f"newsimages/{parent.info.experiment_id}"
    assert all(key.startswith(f"{folder}/") for key in keys)
    assert f"{folder}/{parent.info.run_id}/artifacts/results_official.csv" in keys
    names = {model.name for model in client.search_registered_models()}
    assert names >= {"newsimages-clip", "newsimages-txv"}
    for name in names:
        champion = client.get_model_version_by_alias(name, "champion")
        model = str(champion.source).removeprefix("models:/")
        assert f"{folder}/models/{model}/artifacts/MLmodel" in keys


def a_picture_is_read_back(client: mlflow.MlflowClient, parent: Run, bucket: Bucket) -> None:
    """A figure comes through the tracking server as it lies in the bucket."""
    path, run_id = "figures/mrr.png", parent.info.run_id
    read = Path(client.download_artifacts(run_id, path))
    key = f"newsimages/{parent.info.experiment_id}/{run_id}/artifacts/{path}"
    assert read.read_bytes() == bucket.read(key)
    with Image.open(read) as picture:
        assert picture.format == "PNG"
        darkest, lightest = picture.convert("L").getextrema()
        assert darkest < lightest


def the_model_answers(address: str, images: Path) -> None:
    """A headline is answered with images of the gallery."""
    headline = {"title": "Flood cuts off villages, thousands flee"}
    answer = requests.post(
        f"{address}/invocations",
        json={"dataframe_records": [headline], "params": {"top_k": 3}},
        timeout=PATIENCE_S,
    )
    assert answer.status_code == 200
    [prediction] = answer.json()["predictions"]
    assert len(prediction["image_ids"]) == 3
    assert all((images / image_id).is_file() for image_id in prediction["image_ids"])
