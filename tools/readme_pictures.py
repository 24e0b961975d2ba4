"""Takes the README's pictures of the MLflow UI: a contact sheet and the comparison of the runs.

`PYTHONPATH=src python tools/readme_pictures.py http://127.0.0.1:5000`, where `mlflow ui` shows a
store in which the demo has run; its newest run of `main` or `evaluate` is taken.
"""

import io
import json
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import mlflow
from mlflow.entities import Run
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from newsimages.runs.table import choose_runs

DOCS = Path(__file__).parents[1] / "docs"
PAPER = {run.variant for run in choose_runs("paper")}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DATA_SET = "RT"
SHEET_WIDTH, N_ARTICLES = 1400, 2
COMPARE_WIDTH, COMPARE_HEIGHT, N_METRICS = 1280, 1290, 5
"""As wide as five columns; down to the metrics of the first data set."""
PATIENCE_MS = 40_000
WITHOUT_ASSISTANT = """
try {
  localStorage['mlflow.assistant.fab.autoOpenedOnFirstLoad_v1'] = 'true';
  localStorage['mlflow.assistant.panelOpen_v1'] = 'false';
  localStorage['mlflow.workflowType_v1'] = '"machine_learning"';
} catch (error) {}  // a sandboxed frame has no storage
"""
PLAIN = "[data-assistant-ui], button[aria-label*='ssistant'] { display: none !important; }"


def main(address: str) -> None:
    """Takes both pictures from the MLflow server at an address."""
    mlflow.set_tracking_uri(address)
    expect.set_options(timeout=PATIENCE_MS)
    parent, compared = newest_evaluation()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, BROWSERS)), None),
            args=["--no-sandbox"],
        )
        save(contact_sheet(browser, parent), DOCS / "contact-sheet.png")
        save(comparison(browser, address, compared), DOCS / "compare.png")
        browser.close()


def newest_evaluation() -> tuple[Run, list[Run]]:
    """The newest run with a contact sheet, and the paper's runs under the official protocol."""
    runs: list[Run] = mlflow.search_runs(search_all_experiments=True, output_format="list")
    for parent in runs:  # the newest comes first
        tags = {"mlflow.parentRunId": parent.info.run_id, "protocol": "official"}
        below = [run for run in runs if tags.items() <= run.data.tags.items()]
        compared = [run for run in below if run.data.tags["variant"] in PAPER]
        if len(compared) == len(PAPER):
            return parent, sorted(compared, key=lambda run: run.data.params["run_number"])
    sys.exit("No run has the paper's five runs below it: run the demo on this store first.")


def contact_sheet(browser: Browser, parent: Run) -> bytes:
    """The upper part of a contact sheet, opened as a file."""
    page = browser.new_page(viewport={"width": SHEET_WIDTH, "height": 1600}, color_scheme="light")
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(
            run_id=parent.info.run_id,
            artifact_path=f"contact_sheets/{DATA_SET}.html",
            dst_path=folder,
        )
        page.goto(Path(path).as_uri())
        last = page.locator("article").nth(N_ARTICLES - 1)
        expect(last.locator(".strip")).to_have_count(3)
        box = last.bounding_box()
        height = box["y"] + box["height"] if box else 1000
        return page.screenshot(clip={"x": 0, "y": 0, "width": SHEET_WIDTH, "height": height})


def comparison(browser: Browser, address: str, compared: list[Run]) -> bytes:
    """The compare view of the runs, without what would keep their metrics out of sight."""
    context = browser.new_context(
        viewport={"width": COMPARE_WIDTH, "height": COMPARE_HEIGHT}, color_scheme="light"
    )
    context.add_init_script(WITHOUT_ASSISTANT)
    page = context.new_page()
    runs = quote(json.dumps([run.info.run_id for run in compared]))
    experiments = quote(json.dumps([compared[0].info.experiment_id]))
    page.goto(
        f"{address}/#/compare-runs?runs={runs}&experiments={experiments}"
        "&workflowType=machine_learning"
    )
    metric = page.get_by_title("Plot chart").filter(has_text="mrr").first
    expect(metric).to_be_visible(timeout=PATIENCE_MS)
    page.add_style_tag(content=PLAIN)
    for section in ("Visualizations", "Parameters"):
        page.get_by_role("button", name=section, exact=True).click()
    page.get_by_role("button", name="Toggle sidebar").click()
    box = page.get_by_title("Plot chart").nth(N_METRICS - 1).bounding_box()
    height = box["y"] + box["height"] + 14 if box else COMPARE_HEIGHT
    return page.screenshot(
        animations="disabled", clip={"x": 0, "y": 0, "width": COMPARE_WIDTH, "height": height}
    )


def save(picture: bytes, path: Path) -> None:
    """Writes a picture in 256 colours."""
    with Image.open(io.BytesIO(picture)) as image:
        palette = image.convert("RGB").quantize(256, kmeans=3, dither=Image.Dither.NONE)
        palette.save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1])
