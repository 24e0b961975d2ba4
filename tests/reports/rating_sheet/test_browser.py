"""The sheet in a browser: rated without a mouse, kept, exported, resumed, and read again."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from newsimages.metrics.rating_tables import SheetKey, read_ratings
from newsimages.reports.rating_sheet.sheet import RatingSheet, rating_sheet
from tests.reports.contact_sheet.test_browser import HOSTILE, SHOWN
from tests.reports.pages import CONTRAST, Open
from tests.reports.rating_sheet.rated import ARTICLES, N, image_files, rankings

N_PAIRS = N - 1
COLOUR = """side => {
  const image = document.querySelector(`#${side} img`);
  const canvas = document.createElement('canvas');
  const paint = canvas.getContext('2d');
  paint.drawImage(image, 0, 0, 1, 1);
  const [red, green] = paint.getImageData(0, 0, 1, 1).data;
  return green > red ? 'green' : 'red';
}"""
"""The colour of a picture as the rater sees it."""


def make(folder: Path, articles: pd.DataFrame = ARTICLES) -> tuple[Path, RatingSheet]:
    path = folder / "sheet.html"
    sheet = rating_sheet(
        path, name="RSS", articles=articles, rankings=rankings(), image_paths=image_files(folder)
    )
    return path, sheet


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RatingSheet]:
    return make(tmp_path_factory.mktemp("rating"))


def begin(page: Page, name: str = "Ann") -> None:
    page.keyboard.type(name)  # the field for it has the focus
    page.keyboard.press("Enter")


def rows(page: Page) -> list[dict[str, str]]:
    """What the page would export."""
    return list(csv.DictReader(io.StringIO(page.input_value("#text"))))


def reopened(page: Page) -> Page:
    """The same sheet in another window of the same browser."""
    again = page.context.new_page()
    again.goto(page.url)
    return again


def saved(page: Page, path: Path) -> Path:
    """The CSV that the key d downloads."""
    with page.expect_download() as download:
        page.keyboard.press("d")
    download.value.save_as(path)
    return path


def test_rated_without_a_mouse_and_read_again(
    made: tuple[Path, RatingSheet], open_page: Open, tmp_path: Path
) -> None:
    path, sheet = made
    page = open_page(path)
    begin(page, "Ann O'Neil, jr.")
    for number in range(1, N_PAIRS + 1):
        assert page.inner_text("#number") == f"Pair {number} of {N_PAIRS}"
        page.wait_for_function("[...document.images].every((one) => one.complete)")
        left = page.evaluate(COLOUR, "left")
        for score in ("5", "2") if left == "green" else ("2", "5"):
            page.keyboard.press(score)
        if number == 2:
            page.keyboard.press("Enter")  # the scores alone
        elif number == 3:
            page.keyboard.press("ArrowDown")
        elif number == 4:
            page.keyboard.press("ArrowUp")
        else:
            page.keyboard.press("ArrowLeft" if left == "green" else "ArrowRight")
    assert page.inner_text("#end-title") == "All pairs are rated."
    assert page.inner_text("#count") == f"{N_PAIRS} of {N_PAIRS} rated"
    saved(page, tmp_path / "ratings" / "ann.csv")
    assert f"{N_PAIRS} of {N_PAIRS} pairs are in rating-{sheet.sheet}" in page.inner_text("#said")
    shown = sheet.key[sheet.key["pair"] > 0]
    key = SheetKey(sheet=sheet.sheet, data_set="RSS", pairs=shown)
    ratings = read_ratings(tmp_path / "ratings", {sheet.sheet: key}.get)
    scores = ratings.scores.groupby("run")["rating"].agg(["mean", "size"])
    assert scores.loc["green"].tolist() == [5, N_PAIRS]
    assert scores.loc["red"].tolist() == [2, N_PAIRS]
    own = ratings.preferences
    assert set(own["rater"]) == {"Ann O'Neil, jr."}
    won = own["share"].where(own["run"] == "green", 1 - own["share"])
    assert sorted(won) == [0.5] * 2 + [1.0] * (N_PAIRS - 2)
    assert own["neither"].sum() == 1


def test_back_undo_and_forward(made: tuple[Path, RatingSheet], open_page: Open) -> None:
    page = open_page(made[0])
    begin(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert [row["preference"] for row in rows(page)] == ["left", "equal"]
    page.keyboard.press("k")
    pressed = page.locator("#verdict [aria-pressed=true]")
    expect(pressed).to_have_attribute("data-preference", "equal")
    page.keyboard.press("ArrowRight")  # says it anew, and goes on to what is open
    assert page.inner_text("#number").startswith("Pair 3")
    page.keyboard.press("u")
    assert page.inner_text("#number").startswith("Pair 2")
    assert [row["preference"] for row in rows(page)] == ["left", "equal"]
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    assert rows(page) == []
    assert page.inner_text("#number").startswith("Pair 1 ")
    expect(page.locator("#undo")).to_be_disabled()
    page.keyboard.press("k")  # there is nothing before the first
    for _ in range(N_PAIRS + 3):
        page.keyboard.press("j")
    assert page.inner_text("#end-title") == f"0 of {N_PAIRS} pairs are rated."
    page.keyboard.press("ArrowLeft")  # rates nothing here
    assert rows(page) == []
    page.keyboard.press("Enter")
    assert page.inner_text("#number").startswith("Pair 1 ")


def test_digits_score_the_marked_picture(made: tuple[Path, RatingSheet], open_page: Open) -> None:
    page = open_page(made[0])
    begin(page)
    marked = page.locator(".marked")
    expect(marked).to_have_id("left")
    page.keyboard.press("4")
    expect(marked).to_have_id("right")
    page.keyboard.press("3")
    page.keyboard.press("2")  # the left one again
    assert [(row["left_score"], row["right_score"]) for row in rows(page)] == [("2", "3")]
    assert page.inner_text("#count") == f"1 of {N_PAIRS} rated"
    page.keyboard.press("6")
    page.keyboard.press("Control+1")
    assert rows(page)[0]["left_score"] == "2"
    for _ in range(3):
        page.keyboard.down("ArrowLeft")  # held, it repeats
    assert len(rows(page)) == 1


def test_buttons_do_what_keys_do(made: tuple[Path, RatingSheet], open_page: Open) -> None:
    page = open_page(made[0], width=375, has_touch=True)
    page.tap("#right .scores button >> nth=4")
    page.tap("#verdict [data-preference=neither]")
    page.tap("#undo")
    page.tap("#verdict [data-preference=left]")
    [row] = rows(page)
    assert (row["preference"], row["right_score"], row["rater"]) == ("left", "5", "")
    page.tap("#download")
    assert "Enter your name first" in page.inner_text("#said")
    assert page.evaluate("document.activeElement.id") == "rater"


def test_tab_and_enter_reach_everything(made: tuple[Path, RatingSheet], open_page: Open) -> None:
    page = open_page(made[0])
    begin(page)
    page.focus("#verdict button")
    page.keyboard.press("Enter")
    assert page.inner_text("#number").startswith("Pair 2 ")  # once, not twice
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"back", "undo", "download", "load", "whole", "SUMMARY", "BUTTON"} <= reached


def test_it_is_kept_and_resumed_from_a_csv(
    made: tuple[Path, RatingSheet], open_page: Open, tmp_path: Path
) -> None:
    page = open_page(made[0])
    begin(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("3")
    path = saved(page, tmp_path / "ann.csv")
    before = rows(page)
    again = reopened(page)
    assert (again.input_value("#rater"), rows(again)) == ("Ann", before)
    assert again.inner_text("#number").startswith("Pair 2 ")
    other = open_page(made[0])  # a browser of its own
    assert rows(other) == []
    other.set_input_files("#load", path)
    expect(other.locator("#said")).to_contain_text("2 pairs are taken from the file")
    assert (other.input_value("#rater"), rows(other)) == ("Ann", before)
    other.keyboard.press("ArrowRight")
    other.set_input_files("#load", path)  # what was said since is newer, and stays
    expect(other.locator("#said")).to_contain_text("1 pairs are taken")
    assert [row["preference"] for row in rows(other)] == ["left", "right"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("left_score", "score"), "no column left_score"),
        (lambda text: text.replace(",1,Ann", ",99,Ann"), "row 2: there is no pair 99"),
        (lambda text: text.replace(",left,", ",both,"), "row 2: preference is both"),
        (lambda text: text.replace(",3,", ",9,"), "row 3: a score is 9, expected 1 to 5"),
        (lambda text: text.replace("Ann", '"Ann', 1), "a quote is not closed"),
        (lambda text: text.replace(",2,Ann", ",2,Bob"), "row 3: another rater, Bob"),
        (lambda text: text.replace(",2,Ann", ",1,Ann"), "row 3: pair 1 is there twice"),
        (lambda text: text.replace(",left,", ",left,,"), "row 2: 8 cells, expected 7"),
        (lambda text: text[:16] + text[60:], "no column"),
        (lambda text: text.splitlines()[0], "no row"),
        (lambda text: text.replace(text.splitlines()[1][:16], "r" * 16), "of another sheet"),
        (lambda _: "\x00<script>", "no column sheet"),
    ],
)
def test_a_damaged_csv_changes_nothing(
    made: tuple[Path, RatingSheet], resuming: Page, tmp_path: Path, change: object, why: str
) -> None:
    sheet = made[1].sheet
    whole = (
        "sheet,pair,rater,preference,left_score,right_score,rated_at\r\n"
        f"{sheet},1,Ann,left,,,2026-11-26T17:00:00.000Z\r\n"
        f"{sheet},2,Ann,,3,,2026-11-26T17:00:09.000Z\r\n"
    )
    (tmp_path / "ann.csv").write_text(change(whole))  # type: ignore[operator]
    before = rows(resuming)
    resuming.evaluate("document.getElementById('said').textContent = ''")
    resuming.set_input_files("#load", tmp_path / "ann.csv")
    expect(resuming.locator("#said")).to_contain_text("The file is not loaded")
    assert why in resuming.inner_text("#said")
    assert rows(resuming) == before


@pytest.fixture(scope="module")
def resuming(made: tuple[Path, RatingSheet], browser: Browser) -> Page:
    """A page with something rated."""
    page = browser.new_page()
    page.goto(made[0].as_uri())
    begin(page)
    page.keyboard.press("ArrowUp")
    return page


def test_a_csv_that_a_spreadsheet_has_saved(
    made: tuple[Path, RatingSheet], open_page: Open, tmp_path: Path
) -> None:
    page = open_page(made[0])
    columns = "sheet;pair;rater;preference;left_score;right_score;rated_at"
    row = f'{made[1].sheet};2;"Ann; ""A."" ";right;5.0;;'
    (tmp_path / "ann.csv").write_text(f"\ufeff{columns}\n{row}\n", "utf-8")
    page.set_input_files("#load", tmp_path / "ann.csv")
    expect(page.locator("#said")).to_contain_text('you go on as Ann; "A."')
    assert rows(page)[0]["left_score"] == "5"


def test_a_state_that_is_none_is_as_good_as_none(
    made: tuple[Path, RatingSheet], open_page: Open
) -> None:
    page = open_page(made[0])
    kept = f"newsimages-rating-{made[1].sheet}"
    for state in (
        "{",
        "[null]",
        '{"records": {"99": {"preference": "left"}, "1": null}, "pair": 1e9, "rater": 5}',
        '{"records": {"1": {"preference": "<b>", "left": 77}}, "pair": "x"}',
    ):
        page.evaluate("([name, value]) => localStorage.setItem(name, value)", [kept, state])
        again = reopened(page)
        assert rows(again) == []
        assert again.inner_text("#kept") == "What you rate is kept in this browser."
        again.close()


def test_where_storage_and_downloads_are_blocked(
    made: tuple[Path, RatingSheet], browser: Browser
) -> None:
    """In the frame that MLflow shuts it in."""
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    page.set_content('<iframe sandbox="allow-scripts" width="960" height="660"></iframe>')
    page.evaluate(
        "html => { document.querySelector('iframe').src ="
        " URL.createObjectURL(new Blob([html], { type: 'text/html' })) }",
        made[0].read_text("utf-8"),
    )
    frame = page.wait_for_selector("iframe").content_frame()
    assert frame is not None
    frame.wait_for_selector("#verdict")
    assert "keeps nothing of this page: download" in frame.inner_text("#kept")
    frame.fill("#rater", "Ann")
    frame.press("#rater", "Enter")
    frame.press("body", "ArrowLeft")
    assert f"1 of {N_PAIRS} rated" in frame.inner_text("#count")
    frame.click("#as-text summary")
    assert ",Ann,left,," in frame.input_value("#text")
    page.close()


def test_another_rater_starts_anew(made: tuple[Path, RatingSheet], open_page: Open) -> None:
    page = open_page(made[0])
    begin(page)
    page.keyboard.press("ArrowLeft")
    page.focus("#anew")
    page.keyboard.press("Enter")
    assert "Press again to remove all that is rated here (1 of 7 pairs)" in page.inner_text("#said")
    page.keyboard.press("ArrowLeft")  # is not sure
    page.keyboard.press("Enter")
    assert len(rows(page)) == 2
    page.keyboard.press("Enter")
    assert rows(page) == []
    assert page.evaluate("document.activeElement.id") == "rater"
    assert rows(reopened(page)) == []


def test_titles_are_text_and_names_are_no_formulas(open_page: Open, tmp_path: Path) -> None:
    articles = ARTICLES.assign(title=(HOSTILE * 2)[:N], title_en=None, language="</script>")
    page = open_page(make(tmp_path, articles)[0])
    begin(page, "=cmd|' /C calc'!A0")
    titles = set()
    for _ in range(N_PAIRS):
        titles.add(page.inner_text("#title"))
        page.keyboard.press("ArrowUp")
    assert titles == set(SHOWN)
    assert page.evaluate("window.hacked") is None
    assert {row["rater"] for row in rows(page)} == {"cmd|' /C calc'!A0"}


@pytest.mark.parametrize("width", [375, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read(
    made: tuple[Path, RatingSheet], open_page: Open, width: int, scheme: str
) -> None:
    page = open_page(made[0], width=width, color_scheme=scheme)
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for selector in ("#title", "#count", "#verdict button", ".scores button", "#kept", "#undo"):
        least = 3 if selector == "#undo" else 4.5  # nothing can be taken back yet
        assert page.evaluate(CONTRAST, selector) >= least, selector
    verdict = page.locator("#verdict").bounding_box()
    assert verdict is not None
    assert verdict["y"] + verdict["height"] <= 900  # at hand without scrolling
    frame = page.locator("#left .frame").bounding_box()
    assert frame is not None
    assert frame["width"] / frame["height"] == pytest.approx(460 / 260, rel=0.01)
