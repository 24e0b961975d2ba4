"""The desk's requests: what is answered, what is refused, and what is sent of a file."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from newsimages.desk.app import MAX_CHARACTERS, application
from tests.desk.desks import HOSTILE, N_IMAGES, desk

OWN = "http://127.0.0.1:5002"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk") / "pictures"


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    with TestClient(application(desk(folder)), base_url=OWN, raise_server_exceptions=False) as own:
        yield own


def test_a_story_has_its_pictures_best_first(client: TestClient) -> None:
    told = client.post("/api/ask", json={"title": "A storm reached the coast", "top_k": 5}).json()
    assert (told["model"], told["version"], told["language"]) == ("newsimages-test", "3", "en")
    assert [image["rank"] for image in told["images"]] == [1, 2, 3, 4, 5]
    sure = [image["confidence"] for image in told["images"]]
    assert sure == sorted(sure, reverse=True)
    assert 0 < sum(sure) + told["none_fits"] <= 1.001
    assert all(image["tag"] and not image["why_not"] for image in told["images"])
    everything = client.post("/api/ask", json={"title": "A storm", "top_k": 200}).json()
    assert len(everything["images"]) == N_IMAGES
    captions = {image["id"]: image["caption"] for image in everything["images"]}
    assert captions["p00.jpg"] == HOSTILE[0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"title": " \u200b "}, "The headline is blank: type one."),
        ({"title": "a" * (MAX_CHARACTERS + 1)}, "has 100,001 characters; up to 100,000 are read"),
        ({"title": "a", "text": "b" * (MAX_CHARACTERS + 1)}, "The story has 100,001 characters"),
        ({"title": "a", "top_k": 0}, "The request's top_k: Input should be greater than"),
        ({"title": 5}, "The request's title: Input should be a valid string"),
        ({"title": "a", "more": 1}, "The request's more: Extra inputs are not permitted"),
        ({"title": "a", "filter": {"date_from": "2026-01-01"}}, "no dates, rights, credits"),
        ([], "The request's body"),
    ],
)
def test_what_cannot_be_asked(client: TestClient, asked: object, said: str) -> None:
    answer = client.post("/api/ask", json=asked)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_a_long_headline_is_answered(client: TestClient) -> None:
    title = "flood " * (MAX_CHARACTERS // 6)
    assert client.post("/api/ask", json={"title": title}).status_code == 200


def test_pictures_are_written_anew_and_no_path_is_sent(client: TestClient, folder: Path) -> None:
    answer = client.get("/picture", params={"id": "p03.jpg"})
    assert answer.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).format == "WEBP"
    (folder.parent / "secret.jpg").write_bytes((folder / "p04.jpg").read_bytes())
    outside = ("../secret.jpg", str(folder.parent / "secret.jpg"), "p03.jpg/../../secret.jpg")
    for image_id in outside:
        assert client.get("/picture", params={"id": image_id}).status_code == 204
    for path in ("/../secret.jpg", "/page/../../app.py", "/%2e%2e/%2e%2e/etc/passwd", "/docs"):
        assert client.get(path).status_code == 404
    (folder / "p05.jpg").unlink()
    (folder / "p05.jpg").symlink_to(folder.parent / "secret.jpg")
    assert client.get("/picture", params={"id": "p05.jpg"}).status_code == 204
    told = client.get("/api/picture", params={"id": "p05.jpg"}).json()
    assert told == {"why_not": "its file lies outside of the gallery's folder"}
    assert client.get("/picture", params={"id": "p03.jpg", "size": "huge"}).status_code == 400


def test_a_picture_that_is_gone_or_damaged_is_told(client: TestClient, folder: Path) -> None:
    (folder / "p06.jpg").unlink()
    (folder / "p07.jpg").write_bytes(b"none")
    told = client.post("/api/ask", json={"title": "A storm", "top_k": 200}).json()
    by_id = {image["id"]: image for image in told["images"]}
    assert by_id["p06.jpg"]["why_not"] == "the file is gone"
    assert client.get("/picture", params={"id": "p07.jpg"}).status_code == 204
    assert client.get("/api/picture", params={"id": "p07.jpg"}).json() == {
        "why_not": "not an image"
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:5002"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:5000"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"},
    ],
)
def test_other_hosts_and_origins_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    asked = client.post("/api/ask", json={"title": "A storm"}, headers=headers)
    assert asked.status_code == 403
    assert "desk" in asked.json()["error"]
    assert client.get("/picture", params={"id": "p03.jpg"}, headers=headers).status_code == 403


def test_its_own_page_is_answered_and_links_to_it_work(client: TestClient) -> None:
    own = {"origin": OWN, "sec-fetch-site": "same-origin"}
    assert client.post("/api/ask", json={"title": "A storm"}, headers=own).status_code == 200
    linked = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    page = client.get("/", headers=linked)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    for host in ("localhost:5002", "[::1]:5002", "LOCALHOST"):
        assert client.get("/", headers={"host": host}).status_code == 200


def test_a_host_that_it_was_told_is_let_in(folder: Path) -> None:
    app = application(desk(folder.parent / "told"), hosts=["desk.example.org"])
    told = TestClient(app, base_url="http://desk.example.org:5002")
    assert told.get("/").status_code == 200
    assert told.get("/", headers={"host": "other.example.org"}).status_code == 403


def test_bodies_that_are_too_much_are_refused(client: TestClient) -> None:
    answer = client.post("/api/ask", content=b"x" * 20_000_001)
    assert answer.status_code == 413
    assert "send less" in answer.json()["error"]
    chunks = (b"x" * 1_000_000 for _ in range(21))
    assert client.post("/api/ask", content=chunks).status_code == 413
