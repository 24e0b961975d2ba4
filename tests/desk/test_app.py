"""The desk's requests: what is answered, what is refused, and what is sent of a file."""

import io
import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from newsimages.corpora.choices import COLUMNS
from newsimages.desk.app import application
from newsimages.desk.taken import article_id_of
from newsimages.retriever.parameters import MAX_CHARACTERS
from tests.desk.desks import HOSTILE, N_IMAGES, desk, serving

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
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
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


def test_others_are_liked_and_what_is_not_wanted_is_subtracted(client: TestClient) -> None:
    def ids(**more: object) -> list[str]:
        told = client.post("/api/ask", json={"title": "A storm", "top_k": 200, **more})
        assert told.status_code == 200, told.json()
        return [image["id"] for image in told.json()["images"]]

    alike = ids(like="p09.jpg")
    assert len(alike) == N_IMAGES - 1
    assert "p09.jpg" not in alike
    assert ids(minus="a crowd", minus_weight=1) != ids()
    assert ids(minus=" ") == ids()
    answer = client.post("/api/ask", json={"title": "A storm", "like": "nowhere.jpg"})
    assert answer.status_code == 400
    assert "nowhere.jpg" in answer.json()["error"]


STORIES = [{"title": f"Story number {number}"} for number in range(12)]


def test_stories_have_a_picture_each_and_none_twice(client: TestClient) -> None:
    told = client.post("/api/stories", json={"stories": STORIES}).json()["stories"]
    images = [story["image"]["id"] for story in told]
    assert len({*images}) == len(STORIES)
    assert all(story["language"] == "en" for story in told)
    many = [{"title": f"Story number {number}"} for number in range(N_IMAGES + 2)]
    told = client.post("/api/stories", json={"stories": many}).json()["stories"]
    given = [story["image"]["id"] for story in told if story["image"]]
    assert len(given) == len({*given}) == N_IMAGES
    others = images[1:]
    swapped = client.post("/api/swap", json={**STORIES[0], "without": images}).json()["image"]
    assert swapped["id"] not in images
    again = client.post("/api/swap", json={**STORIES[0], "without": others}).json()["image"]
    assert again["id"] not in others
    assert again["rank"] <= swapped["rank"]
    everything = [f"p{number:02d}.jpg" for number in range(N_IMAGES)]
    told = client.post("/api/swap", json={**STORIES[0], "without": everything}).json()
    assert told["image"] is None
    for stories, said in (
        ([], "0 stories, expected 1 to 200"),
        ([{"title": "x"}] * 201, "201 stories, expected 1 to 200"),
        ([{"title": "x"}, {"title": " "}], "The headline is blank"),
    ):
        answer = client.post("/api/stories", json={"stories": stories})
        assert answer.status_code == 400
        assert said in answer.json()["error"]


def test_a_table_has_stories(client: TestClient) -> None:
    content = 'article_id,title,text\r\na,"Storm, again",It rained.\r\nb,,\r\nc,Überflutung,\r\n'
    told = client.post("/api/table?name=my%20stories.csv", content=content.encode()).json()
    assert told["stories"] == [
        {"article_id": "a", "title": "Storm, again", "text": "It rained."},
        {"article_id": "c", "title": "Überflutung", "text": ""},
    ]
    [refused] = told["refused"]
    assert refused.startswith("row 2 (")
    for name, body, said in (
        ("x.csv", b"headline\r\nStorm\r\n", "x.csv has the columns headline; expected title"),
        ("../x.exe", b"MZ", "x.exe is no table"),
        ("x.xlsx", b"PK", "x.xlsx cannot be read"),
    ):
        answer = client.post("/api/table", params={"name": name}, content=body)
        assert answer.status_code == 400
        assert said in answer.json()["error"], answer.json()
        assert "/tmp" not in answer.json()["error"]


def test_what_is_taken_is_written_down(folder: Path) -> None:
    kept: list[dict[str, Any]] = []
    own = TestClient(application(desk(folder.parent / "taken", kept)), base_url=OWN)
    choice = {"title": "A storm", "text": "", "image_id": "p03.jpg", "rank": 2, "score": 0.5}
    named = {**choice, "title": "Rain", "article_id": "a7", "rank": 1}
    answer = own.post("/api/take", json={"choices": [choice, named]})
    assert answer.status_code == 200
    assert answer.json() == {"taken": kept}
    first, second = kept
    assert tuple(first) == COLUMNS
    assert first["article_id"] == article_id_of(" A\u00adstorm".replace("\u00ad", " "), "")
    assert first["image"] == str(folder.parent / "taken" / "p03.jpg")
    assert (second["article_id"], second["rank"], second["model"]) == ("a7", 1, "newsimages-test")
    for wrong in ({**choice, "rank": 0}, {**choice, "title": ""}, {**choice, "score": "x"}):
        assert own.post("/api/take", json={"choices": [wrong]}).status_code == 400
    assert len(kept) == 2


def test_what_is_taken_of_a_relative_folder_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept: list[dict[str, Any]] = []
    own = TestClient(application(desk(Path("pictures"), kept)), base_url=OWN)
    choice = {"title": "A storm", "image_id": "p03.jpg", "rank": 1, "score": 0.5}
    assert own.post("/api/take", json={"choices": [choice]}).status_code == 200
    assert kept[0]["image"] == str(tmp_path / "pictures" / "p03.jpg")


def test_eight_people_at_once_get_the_answers_that_each_gets_alone(folder: Path) -> None:
    own = desk(folder.parent / "eight")
    titles = [f"Headline number {number}" for number in range(40)]

    def ask(title: str) -> list[str]:
        body = json.dumps({"title": title, "top_k": 5}).encode()
        request = urllib.request.Request(
            f"{address}/api/ask", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return [image["id"] for image in json.load(answer)["images"]]

    with serving(own) as address, ThreadPoolExecutor(8) as people:
        together = list(people.map(ask, titles))
        assert together == [ask(title) for title in titles]


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"{", "The request is no JSON."), (b"[" * 100_000, "The desk cannot answer this: ")],
)
def test_what_is_no_request_is_told(client: TestClient, body: bytes, said: str) -> None:
    answer = client.post("/api/ask", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(said)
    assert client.get("/nowhere").json() == {"error": "The desk cannot answer this: Not Found."}


@pytest.mark.parametrize("wrong", [{"score": "NaN"}, {"score": "1e999"}, {"rank": "1" * 30}])
def test_numbers_that_are_none_are_not_taken(client: TestClient, wrong: dict[str, str]) -> None:
    choice = {"title": '"A storm"', "image_id": '"p03.jpg"', "rank": "1", "score": "1", **wrong}
    body = ", ".join(f'"{name}": {value}' for name, value in choice.items())
    answer = client.post(
        "/api/take",
        content=f'{{"choices": [{{{body}}}]}}',
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 400
    assert f"choices.0.{next(iter(wrong))}" in answer.json()["error"]


def test_links_that_lead_to_each_other_are_no_pictures(client: TestClient, folder: Path) -> None:
    (folder / "p08.jpg").unlink()
    (folder / "p08.jpg").symlink_to("p08.jpg")
    told = client.post("/api/ask", json={"title": "A storm", "top_k": 200}).json()
    assert {image["id"]: image["why_not"] for image in told["images"]}["p08.jpg"] == (
        "its file is a link that leads nowhere"
    )
    assert client.get("/picture", params={"id": "p08.jpg"}).status_code == 204


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("a.csv", b"title\n" + b"x\n" * 100_001, "has 100,002 lines, expected up to 200 stories"),
        ("a.csv.gz", b"\x1f\x8b", "is no table"),
        ("a.parquet", b"PAR1", "is no table"),
        ("a.csv", b"title,text\n ,b\n", r"No story .* row 1 (its title is blank)."),
    ],
)
def test_tables_of_too_much_or_nothing(
    client: TestClient, name: str, body: bytes, said: str
) -> None:
    answer = client.post("/api/table", params={"name": name}, content=body)
    assert answer.status_code == 400
    assert all(part in answer.json()["error"] for part in said.split(" .* "))
