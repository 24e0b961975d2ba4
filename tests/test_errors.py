"""Long lists of bad items are cut at ten, and long names at some letters."""

import numpy as np

from newsimages.errors import NewsImagesError, first_ten, reason_of, shortened


def test_ten_are_shown_and_more_are_counted() -> None:
    assert first_ten(list("abcdefghij")) == "a, b, c, d, e, f, g, h, i, j"
    assert first_ten(list("abcdefghijk")) == "a, b, c, d, e, f, g, h, i, j, … (11 in all)"
    assert first_ten(np.array(["x", "y"])) == "x, y"
    assert first_ten({1: "one"}) == "1"


def test_it_is_a_value_error() -> None:
    assert issubclass(NewsImagesError, ValueError)


def test_a_long_name_is_shown_by_its_beginning() -> None:
    assert shortened("x" * 200) == "x" * 200
    assert shortened("x" * 201, 3) == "xxx… (201 letters)"


def test_a_reason_is_one_line_and_never_advises_to_run_code() -> None:
    assert reason_of(ValueError("No such file.\nTraceback")) == "No such file"
    assert reason_of(KeyError()) == "KeyError"
    torch_says = "Weights only load failed. Re-running with `weights_only` set to `False` will …"
    assert "never loaded" in reason_of(ValueError(torch_says))
