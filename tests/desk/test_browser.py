"""The desk in a browser: what picture editors see and do."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from newsimages.desk.answering import Desk
from newsimages.desk.models import InProcess
from newsimages.retriever.requests import Answers
from tests.desk.desks import HOSTILE, N_IMAGES, NAMES, desk, listed, model, retriever, serving
from tests.mlproject.servers import PATIENCE_S
from tests.reports.pages import CONTRAST

Opened = Callable[..., Page]
ENGLISH, GERMAN = "A storm reached the coast", "Der Sturm hat am Morgen die Küste erreicht"
TEXT_COLOURS = ("#model", ".sure span", ".caption", ".acts .take", "#read")


@pytest.fixture(scope="module")
def taken() -> list[dict[str, Any]]:
    return []


@pytest.fixture(scope="module")
def own_desk(tmp_path_factory: pytest.TempPathFactory, taken: list[dict[str, Any]]) -> Desk:
    return desk(tmp_path_factory.mktemp("browser") / "pictures", taken)


@pytest.fixture(scope="module")
def address(own_desk: Desk) -> Iterator[str]:
    with serving(own_desk) as address:
        yield address


@pytest.fixture
def open_desk(browser: Browser, address: str) -> Iterator[Opened]:
    """Opens the page; at the end nothing is in a console, and nothing was asked of others."""
    expect.set_options(timeout=1000 * PATIENCE_S)
    complaints: list[str] = []
    asked: list[str] = []
    contexts: list[BrowserContext] = []

    def opened(*, width: int = 1400, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(address)
        expect(page.locator("#model")).to_contain_text("newsimages-test version 3")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url for url in asked if not url.startswith(f"{address}/")} == set()


def type_headline(page: Page, title: str) -> None:
    page.fill("#title", title)
    expect(page.locator("#grid")).not_to_have_class(re.compile("waits"))
    expect(page.locator(".tile").first).to_be_visible()


def test_pictures_appear_as_a_headline_is_typed(open_desk: Opened) -> None:
    page = open_desk()
    expect(page.locator("#empty")).to_be_visible()
    page.locator("#title").press_sequentially(ENGLISH, delay=5)
    expect(page.locator("#read")).to_have_text("English")
    expect(page.locator(".tile")).to_have_count(24)
    expect(page.locator("#empty")).to_be_hidden()
    sure = page.locator(".tile .sure").first.inner_text()
    assert re.match(r"1\s+(Very likely|Likely|Possible|Doubtful|Unlikely)\s+[<>]? ?\d+ %", sure)
    for place in range(24):
        expect(page.locator(".tile img").nth(place)).to_have_js_property("naturalWidth", 320)
    page.click("#further")
    expect(page.locator(".tile")).to_have_count(N_IMAGES)
    type_headline(page, GERMAN)
    expect(page.locator("#read")).to_have_text(f"German · read as “{GERMAN.upper()}”")
    page.fill("#title", "   ")
    expect(page.locator(".tile")).to_have_count(0)
    page.fill("#title", "x" * 100_001)
    expect(page.locator("#trouble")).to_contain_text("has 100,001 characters; up to 100,000")


def test_nothing_here_fits_is_said_above_the_pictures(
    open_desk: Opened, own_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_desk()
    type_headline(page, ENGLISH)
    expect(page.locator("#read")).to_have_text("English")
    expect(page.locator("#verdict")).to_be_hidden()
    assert isinstance(own_desk.model, InProcess)
    doubtful = Answers(retriever(NAMES, nothing=999))
    loaded = own_desk.model.loaded._replace(answers=doubtful)
    monkeypatch.setattr(own_desk.model, "loaded", loaded)
    type_headline(page, f"{ENGLISH} again")
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("Nothing here fits")
    expect(verdict).to_contain_text(re.compile(r"not in the gallery \(> 99 %\)"))
    below = page.locator(".tile").first.bounding_box()
    above = verdict.bounding_box()
    assert below is not None
    assert above is not None
    assert above["y"] + above["height"] <= below["y"]


def test_captions_are_text(open_desk: Opened) -> None:
    page = open_desk()
    type_headline(page, ENGLISH)
    page.click("#further")
    expect(page.locator(".tile")).to_have_count(N_IMAGES)
    captions = page.locator(".caption bdi").all_text_contents()
    assert sorted(captions) == sorted(HOSTILE)
    assert page.evaluate("window.hacked") is None
    type_headline(page, HOSTILE[0])
    assert page.evaluate("window.hacked") is None


def test_more_like_this_and_without(open_desk: Opened) -> None:
    page = open_desk()
    type_headline(page, ENGLISH)
    before = page.locator(".tile").first.get_attribute("data-id")
    page.locator(".tile").nth(2).get_by_text("More like this").click()
    expect(page.locator("#like")).to_be_visible()
    expect(page.locator(".tile .sure").first).to_have_text("1")
    expect(page.locator("#verdict")).to_be_hidden()
    page.click("#unlike")
    expect(page.locator("#like")).to_be_hidden()
    expect(page.locator(".tile").first).to_have_attribute("data-id", str(before))
    page.fill("#minus", "a crowd")
    expect(page.locator("#by-weight")).to_be_visible()
    expect(page.locator("#weight-said")).to_have_text("0.50")
    page.locator("#weight").focus()
    page.keyboard.press("End")
    expect(page.locator("#weight-said")).to_have_text("2.00")
    expect(page.locator(".tile").first).not_to_have_attribute("data-id", str(before))
    page.click("#clear")
    expect(page.locator(".tile").first).to_have_attribute("data-id", str(before))


def test_why(open_desk: Opened) -> None:
    page = open_desk()
    type_headline(page, GERMAN)
    page.locator(".tile").first.get_by_text("Why").click()
    why = page.locator("#why")
    expect(why).to_contain_text("What each view adds")
    expect(why).to_contain_text("CLIP, headline")
    expect(why.locator(".shaded")).to_have_text(GERMAN.upper())
    expect(why).to_contain_text("No heat map: the model of images is not known.")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#details-sure")).to_contain_text("2")
    expect(why).to_contain_text("What each view adds")
    page.keyboard.press("Escape")
    expect(page.locator("#details")).to_be_hidden()
    expect(page.locator(".tile").nth(1).locator(".shot")).to_be_focused()


def test_several_stories_and_taking(open_desk: Opened, taken: list[dict[str, Any]]) -> None:
    page = open_desk()
    page.click("#to-several")
    page.fill("#headlines", f"{ENGLISH}\n\n{GERMAN}\n{ENGLISH} again")
    page.click("#find")
    expect(page.locator(".story")).to_have_count(3)
    shown = [str(each.get_attribute("src")) for each in page.locator(".story img").all()]
    assert len({*shown}) == 3
    page.locator(".swap").nth(1).click()
    expect(page.locator(".story img").nth(1)).not_to_have_attribute("src", shown[1])
    for place in (0, 2):
        expect(page.locator(".story img").nth(place)).to_have_attribute("src", shown[place])
    page.locator(".story").nth(1).get_by_text("All pictures").click()
    expect(page.locator("#title")).to_have_value(GERMAN)
    expect(page.locator(".tile")).to_have_count(24)
    page.click("#to-several")
    taken.clear()
    page.click("#take-all")
    expect(page.locator("#toast")).to_contain_text("3 pictures taken. Id, path and credit are")
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert [line.split("\t")[0] for line in copied] == [row["image_id"] for row in taken]
    assert all(Path(line.split("\t")[1]).is_file() for line in copied)
    assert [row["title"] for row in taken] == [ENGLISH, GERMAN, f"{ENGLISH} again"]
    page.click("#to-taken")
    expect(page.locator("#taken-lines li")).to_have_count(3)
    page.click("#taken-copy")
    expect(page.locator("#taken #toast")).to_contain_text("are copied")
    page.keyboard.press("Escape")
    expect(page.locator("#to-taken")).to_have_text("Taken: 3")
    page.set_input_files(
        "#table",
        {"name": "s.csv", "mimeType": "text/csv", "buffer": b"title,article_id\nStorm,a1\n,a2\n"},
    )
    expect(page.locator(".story")).to_have_count(1)
    expect(page.locator("#several-says")).to_contain_text("Left out: row 2")
    page.locator(".story .take").click()
    expect(page.locator("#to-taken")).to_have_text("Taken: 4")
    assert (taken[-1]["article_id"], taken[-1]["title"]) == ("a1", "Storm")


def test_by_keyboard_alone(open_desk: Opened, taken: list[dict[str, Any]]) -> None:
    page = open_desk()
    expect(page.locator("#title")).to_be_focused()
    page.keyboard.type(ENGLISH)
    expect(page.locator(".tile")).to_have_count(24)
    expect(page.locator("#read")).to_have_text("English")
    page.wait_for_timeout(300)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tile").nth(0).locator(".shot")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    focused = page.evaluate(
        "[...document.querySelectorAll('.shot')].indexOf(document.activeElement)"
    )
    columns = focused - 1
    assert columns > 2
    taken.clear()
    page.keyboard.press("t")
    expect(page.locator(".tile.taken")).to_have_count(1)
    assert taken[-1]["rank"] == focused + 1
    page.keyboard.press("Tab")
    expect(page.locator(".tile").nth(focused).locator(".take")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#title")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#details")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    expect(page.locator("#like")).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("#title")).to_be_focused()


@pytest.mark.parametrize("width", [375, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sizes_and_colours(open_desk: Opened, width: int, scheme: str) -> None:
    page = open_desk(width=width, color_scheme=scheme)
    type_headline(page, ENGLISH)
    expect(page.locator("#read")).to_have_text("English")

    def fits() -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    assert fits()
    for selector in TEXT_COLOURS:
        assert page.evaluate(CONTRAST, selector) > 4.5, selector
    page.locator(".tile .shot").first.click()
    expect(page.locator("#details img")).to_be_visible()
    box = page.locator("#details-take").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    page.click("#details-close")
    page.click("#to-several")
    page.fill("#headlines", f"{ENGLISH}\n{GERMAN}")
    page.click("#find")
    expect(page.locator(".story")).to_have_count(2)
    assert fits()


def test_a_picture_that_is_gone_is_a_grey_tile_that_says_so(
    open_desk: Opened, own_desk: Desk
) -> None:
    gone, damaged = (own_desk.model.pictures.path(name) for name in (NAMES[30], NAMES[31]))
    gone.unlink()
    damaged.write_bytes(b"none")
    page = open_desk()
    type_headline(page, ENGLISH)
    page.click("#further")
    expect(page.locator(".none")).to_have_count(2)
    said = page.locator(".none").all_inner_texts()
    assert sorted(said) == ["No picture\nnot an image", "No picture\nthe file is gone"]


def test_two_pages_of_different_models(open_desk: Opened, own_desk: Desk, tmp_path: Path) -> None:
    page = open_desk()
    other = Desk(model(listed(tmp_path), NAMES, name="newsimages-other", version="7"), print)
    with serving(other) as address:
        second = page.context.new_page()
        second.goto(address)
        type_headline(second, ENGLISH)
        type_headline(page, ENGLISH)
        expect(second.locator("#model")).to_contain_text("newsimages-other version 7")
        expect(page.locator("#model")).to_contain_text("newsimages-test version 3")
        second.close()


def test_a_desk_that_is_closed_and_opened_again(
    browser: Browser, tmp_path: Path, own_desk: Desk
) -> None:
    page = browser.new_page()
    with serving(own_desk) as address:
        page.goto(address)
        page.fill("#title", ENGLISH)
        expect(page.locator(".tile")).to_have_count(24)
    page.fill("#title", GERMAN)
    expect(page.locator("#trouble")).to_contain_text("The desk does not answer")
    with serving(own_desk, port=int(address.rsplit(":", 1)[1])):
        page.click("#again")
        expect(page.locator("#trouble")).to_be_hidden()
        expect(page.locator("#read")).to_contain_text("German")
    page.close()
