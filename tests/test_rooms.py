"""The library's rooms: who may import whom, read from the source itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import newsimages

SRC = Path(newsimages.__file__).parent
ROOMS = (
    "demo_models",
    "corpora",
    "preprocessing",
    "encoding",
    "ranking",
    "metrics",
    "txv",
    "protocols",
    "gallery",
    "retriever",
    "explanations",
    "reports",
    "runs",
    "desk",
)
"""In the order in which things are made of each other; below them all is the ground, the modules
that stand in no room."""
FILES = sorted(SRC.rglob("*.py"))


def imports_of(source: str) -> Iterator[str]:
    """The full names of the modules that are imported, wherever in the file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def height_of(module: str) -> int:
    """The number of the room, from 1; 0 is the ground."""
    first = module.split(".", maxsplit=1)[0]
    is_ground = (SRC / f"{first}.py").is_file()
    return 0 if is_ground else ROOMS.index(first) + 1


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(SRC).with_suffix("").parts)


def test_every_folder_is_a_room() -> None:
    assert {path.parent.name for path in SRC.glob("*/__init__.py")} == set(ROOMS)


def test_rooms_import_downwards_only() -> None:
    upwards, n_between = [], 0
    for path in FILES:
        own = module_of(path)
        for name in imports_of(path.read_text()):
            if name.startswith("newsimages."):
                other = name.removeprefix("newsimages.")
                n_between += height_of(other) < height_of(own)
                if height_of(other) > height_of(own):
                    upwards.append(f"{own} imports {other}")
    assert upwards == []
    assert n_between > 100


def test_nothing_knows_of_mlflow_or_the_entry_points() -> None:
    found = [
        f"{path.relative_to(SRC)} imports {name}"
        for path in FILES
        for name in imports_of(path.read_text())
        if name.split(".")[0] in {"mlflow", "mlproject", "registry", "tests", "benchmarks"}
    ]
    assert found == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_and_names_only_what_is_in_it(room: str) -> None:
    said = ast.get_docstring(ast.parse((SRC / room / "__init__.py").read_text())) or ""
    first, *rest = said.splitlines()
    assert first.endswith((".", "::"))
    assert len(rest) >= 2
    named = re.findall(r"(?<!`)`(\w+)/?`", said)
    there = {path.stem for path in (SRC / room).iterdir()}
    assert [name for name in named if name not in there] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_imports_are_found_in_all_their_forms() -> None:
    source = "import a.b\nfrom newsimages import runs\ndef f():\n    from c.d import e as g\n"
    assert list(imports_of(source)) == ["a.b", "newsimages.runs", "c.d.e"]
