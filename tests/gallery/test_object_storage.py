"""A gallery in an object storage, and one that goes away."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from newsimages.errors import NewsImagesError
from newsimages.gallery import storage
from newsimages.gallery.snapshot import open_snapshot
from newsimages.gallery.table import Gallery
from tests.gallery.rows import TOWERS, numbered, rows


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedMotoServer]:
    """One with a bucket, which Lance finds by the variables."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ENDPOINT": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "some-key",
        "AWS_SECRET_ACCESS_KEY": "some-secret",
        "AWS_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=settings["AWS_ENDPOINT"]).create_bucket(Bucket="pictures")
    yield server
    server.stop()


def test_a_gallery_in_a_bucket(
    server: ThreadedMotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = "s3://pictures/gallery"
    gallery = Gallery.create(uri, TOWERS)
    gallery.add(rows(numbered(0, 20)), TOWERS)
    assert Gallery.create(uri, TOWERS).add(rows(numbered(10, 30)), TOWERS).added == 10
    gallery.remove(["i0003"])
    snapshot = open_snapshot(uri, cache=tmp_path)
    assert len(snapshot) == 29
    server.stop()
    patience = {"client_max_retries": "1", "client_retry_timeout": "1", "timeout": "2s"}
    monkeypatch.setattr(storage, "REMOTE_OPTIONS", storage.REMOTE_OPTIONS | patience)
    with pytest.raises(NewsImagesError, match="storage does not answer"):
        Gallery.open(uri)
    with pytest.raises(NewsImagesError, match="does not answer"):
        gallery.add(rows(["x"]), TOWERS)
    again = open_snapshot(uri, snapshot.version, uid=snapshot.uid, cache=tmp_path)
    assert len(again) == 29
