"""What the runs look like in the MLflow UI, in a browser: the list, the comparison, a sheet."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from mlflow.entities import Run
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from mlproject import cli
from tests.mlproject.servers import PATIENCE_S, free_port, serving
from tests.mlproject.squares import N_TEST, children, runs

VARIANTS = ("clip", "clip_ds", "txv", "txv_ds", "txv_text_ds")
RUN_NAMES = [f"run {number} · {variant}" for number, variant in enumerate(VARIANTS, start=1)]
MLFLOWS_OWN = (
    "/ajax-api/2.0/mlflow/users/current",  # asked for on every page, a 404 where nobody logs in
    "ResizeObserver loop completed with undelivered notifications",  # its panes, while they settle
)
"""Errors in the console that every MLflow store brings about."""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a window wide enough for all columns; at the end nothing may have gone wrong."""
    page = browser.new_page(viewport={"width": 2000, "height": 1400})
    page.set_default_timeout(1000 * PATIENCE_S)
    expect.set_options(timeout=1000 * PATIENCE_S)
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{message.text} ({message.location['url']})")

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    ours = [text for text in complaints if not any(own in text for own in MLFLOWS_OWN)]
    assert ours == []


@pytest.fixture
def serve(store: Path) -> Iterator[Callable[[], str]]:
    """Starts `mlflow server` on the test's store; its address."""
    with ExitStack() as servers:

        def served() -> str:
            port = free_port()
            command = [
                *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{store}/mlflow.db"),
                *("--host", "127.0.0.1", "--port", str(port)),
            ]
            env = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
            return servers.enter_context(
                serving(command, port=port, log=store / "server.log", env=env)
            )

        yield served


def test_runs_comparison_and_contact_sheet_in_the_ui(
    arguments: list[str], training: list[str], serve: Callable[[], str], page: Page
) -> None:
    assert cli.run(["evaluate", *arguments, *training]) == 0
    [parent] = [run for run in runs() if run.data.tags.get("entry_point") == "evaluate"]
    compared = [children(variant)[0] for variant in VARIANTS]
    address = serve()
    experiment = f"{address}/#/experiments/{parent.info.experiment_id}"
    page.goto(f"{experiment}/runs?workflowType=machine_learning")
    the_list_shows(page, parent, compared)
    select_and_compare(page, compared)
    page.goto(f"{experiment}/runs/{parent.info.run_id}?workflowType=machine_learning")
    the_sheet_opens(page)


def the_list_shows(page: Page, parent: Run, compared: list[Run]) -> None:
    """The runs stand below their parent, each with the metric that is chosen as a column."""
    page.get_by_role("button", name="Close", exact=True).click()  # the assistant's pane
    page.locator(f"[row-id='{parent.info.run_id}'] [data-component-id*='runnamecell']").click()
    for name in RUN_NAMES:
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    page.get_by_role("button", name="Show more columns").click()
    page.get_by_placeholder("Search columns").fill("TW/mrr")
    page.get_by_text("TW/mrr", exact=True).first.click()  # then those of the leading runs
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("sort-header-TW/mrr")).to_be_visible()
    for run in compared:
        cell = page.locator(f"[row-id='{run.info.run_id}'] [col-id='metrics.`TW/mrr`']")
        expect(cell).to_contain_text(str(run.data.metrics["TW/mrr"])[:6])


def select_and_compare(page: Page, compared: list[Run]) -> None:
    """The selected runs stand side by side, with their metrics."""
    for run in compared:
        page.locator(f"[row-id='{run.info.run_id}']").get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("Comparing 5 Runs from 1 Experiment")).to_be_visible()
    for name in RUN_NAMES:
        expect(page.get_by_role("cell", name=name, exact=True).first).to_be_visible()
    expect(page.get_by_title("Plot chart").filter(has_text="TW/mrr")).to_be_visible()
    figures = page.locator(".ReactVirtualized__Grid")  # of the metrics; other tables are plain
    for run in compared:
        figure = f"{round(run.data.metrics['TW/mrr'], 3):g}"
        expect(figures.get_by_text(figure, exact=True).first).to_be_visible()


def the_sheet_opens(page: Page) -> None:
    """The contact sheet works in the frame that MLflow shut it in."""
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("contact_sheets", exact=True).click()
    page.get_by_text("RSS.html", exact=True).click()
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    sheet = page.frame_locator("iframe")
    expect(sheet.locator("#count")).to_have_text(f"{N_TEST} articles")
    expect(sheet.locator("article .strip").first.locator(".shot")).to_have_count(10)
    expect(sheet.locator("article").first.locator(".list")).to_have_count(3)
    expect(sheet.locator("#n-variants")).to_contain_text("3 of")
    sheet.locator("#search").fill("square NUMBER 7")
    expect(sheet.locator("#count")).to_have_text(f"1 of {N_TEST} articles")
    expect(sheet.locator("article:visible h2")).to_contain_text("square number 7")
    sheet.locator("#search").press("Escape")
    if not sheet.locator("#outcome").is_visible():
        sheet.locator("#more").click()
    sheet.locator("#outcome").select_option("first")
    expect(sheet.locator("#count")).to_contain_text(f"of {N_TEST} articles")
    expect(sheet.locator("article:visible").filter(has_text="rank 1")).not_to_have_count(0)
