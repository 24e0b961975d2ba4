"""Names separated by commas."""

import pytest

from newsimages.lists import names_in


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("RSS", ("RSS",)),
        ("RSS, TW", ("RSS", "TW")),
        (" TW ,RSS,,TW", ("TW", "RSS")),
        ("a name,b", ("a name", "b")),
        ("", ()),
        (" , ", ()),
    ],
)
def test_names_are_what_stands_between_the_commas(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names
