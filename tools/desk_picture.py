"""Takes the README's picture of the picture desk.

`PYTHONPATH=src:. python tools/desk_picture.py http://127.0.0.1:5002`, where a desk is open on the
demo.
"""

import shutil
import sys

from playwright.sync_api import expect, sync_playwright

from tools.readme_pictures import BROWSERS, DOCS, PATIENCE_MS, save

WIDTH, HEIGHT = 1280, 576
HEADLINE = "Milchpreis fällt: Hof verkauft zwei Traktoren"
STORY = (
    "Ein Bauer im Dorf Littleford hat am Donnerstag zwei gelbe Traktoren gezeigt. Das Futter kommt "
    "aus einem weißen Speicher. Die Bauern waren in der Dämmerung bei strömendem Regen draußen."
)


def main(address: str) -> None:
    """Asks the desk at an address, and takes a picture of what it answers."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, BROWSERS)), None),
            args=["--no-sandbox"],
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(address)
        page.click("#story summary")
        page.fill("#text", STORY)
        page.click("#story summary")
        page.fill("#title", HEADLINE)
        expect(page.locator("#read")).to_contain_text("German")
        for picture in page.locator(".tile img").all():
            expect(picture).not_to_have_js_property("naturalWidth", 0)
        page.locator("#title").blur()
        page.mouse.move(0, 0)
        save(page.screenshot(animations="disabled"), DOCS / "desk.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
