"""What all figures share."""

import io
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from newsimages.reports.figures.canvas import canvas, plain
from newsimages.reports.figures.intervals import mrr_intervals
from newsimages.reports.figures.ranks import rank_histogram
from newsimages.reports.figures.recall import recall_curves
from tests.reports.figures.ranks_by_variant import ranks

SOURCE = Path(__file__).parents[3] / "src"


@pytest.mark.parametrize(("n_panels", "rows"), [(1, 1), (3, 1), (4, 2), (7, 3)])
def test_panels_fill_rows_and_no_empty_ones_are_left(n_panels: int, rows: int) -> None:
    figure, panels = canvas(n_panels, columns=3, panel_height=2)
    assert len(panels) == len(figure.axes) == n_panels
    assert tuple(figure.get_size_inches()) == (8, 2 * rows)


def test_names_are_drawn_as_they_are() -> None:
    hostile = {"$x^$": ranks()["clip"], r"a\b_{": ranks()["txv"], "<b>": ranks()["txv"]}
    for drawing in (
        recall_curves(hostile, name="$1$ & $"),
        rank_histogram(hostile, name="$1$ & $"),
        mrr_intervals({"$1$ & $": hostile}),
    ):
        drawing.figure.savefig(io.BytesIO(), dpi=30)
    assert plain("$a$") == r"\$a\$"


def test_eight_hundred_pixels_wide_at_a_hundred_dots_per_inch() -> None:
    file = io.BytesIO()
    recall_curves(ranks(), name="RSS").figure.savefig(file, format="png", dpi=100)
    assert Image.open(file).width == 800


def test_threads_may_draw_and_pyplot_is_not_loaded() -> None:
    drawn: list[bytes] = []

    def draw() -> None:
        file = io.BytesIO()
        recall_curves(ranks(), name="RSS").figure.savefig(file, format="rgba", dpi=40)
        drawn.append(file.getvalue())

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 4
    assert len(set(drawn)) == 1
    code = (
        "import sys, newsimages.reports.figures.recall, newsimages.reports.figures.hubness, "
        "newsimages.reports.figures.training; sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SOURCE, check=False)
    assert done.returncode == 0


def test_the_sheet_needs_no_matplotlib() -> None:
    code = (
        "import sys, newsimages.reports.contact_sheet.sheet; sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=SOURCE, check=False).returncode == 0
