"""A description is shortened behind a whole line."""

from mlproject.tracking import CUT, shortened_markdown

TABLE = "| set | MRR  |\n| --- | ---- |\n| RSS | .459 |\n| RT  | .469 |"
TEXT = (
    f"The paper's runs.\n\nA. Official\n\n{TABLE}\n\nB. Internal\n\n{TABLE}\n\n"
    + "Not made.\n" * 20
)


def test_what_fits_stays_as_it_is() -> None:
    assert shortened_markdown(TEXT, len(TEXT)) == TEXT
    assert shortened_markdown("") == ""


def test_lines_stay_whole_and_no_table_is_without_rows() -> None:
    for n in range(len(CUT), len(TEXT)):
        shown = shortened_markdown(TEXT, n)
        assert len(shown) <= n
        assert shown.endswith(CUT)
        kept = shown.removesuffix(CUT)
        assert TEXT.startswith(f"{kept}\n" if kept else "")
        assert not kept.endswith(("| set | MRR  |", "| --- | ---- |", "\n"))


def test_as_many_rows_stay_as_fit() -> None:
    n = TEXT.index("| RT ")
    assert shortened_markdown(TEXT, n - 1 + len(CUT)) == TEXT[: n - 1] + CUT
    assert shortened_markdown(TEXT, n - 2 + len(CUT)) == "The paper's runs.\n\nA. Official" + CUT
