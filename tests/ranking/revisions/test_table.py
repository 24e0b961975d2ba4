"""What holds for every revision of the table, so that a new one is a file and a line."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import newsimages
from newsimages.devices import Compute
from newsimages.ranking.bank import bank_offsets
from newsimages.ranking.ranking import rank
from newsimages.ranking.revisions import PLAIN, REVISIONS, Revision
from newsimages.ranking.similarity import SimilarityTiles
from newsimages.ranking.spaces import Space
from tests.fakes import assert_same_bits, random_embeddings, random_space

SRC = Path(newsimages.__file__).parent
WHAT_HOLDS_NAMES = {"name", "revision", "chosen", "method"}
CANDIDATES = [each for revision in REVISIONS.values() for each in revision.candidates()]
every_candidate = pytest.mark.parametrize("candidate", CANDIDATES, ids=str)


@pytest.mark.parametrize("name", REVISIONS)
def test_a_name_stands_for_one_revision_and_its_candidates(name: str) -> None:
    candidates = REVISIONS[name].candidates()
    assert len(set(candidates)) == len(candidates) > 0
    assert all(type(each) is REVISIONS[name] and each.name == name for each in candidates)


def test_plain_comes_first_as_the_simplest() -> None:
    assert next(iter(REVISIONS)) == PLAIN.name
    assert len(set(REVISIONS.values())) == len(REVISIONS) > 1


@every_candidate
def test_settings_go_to_json_and_back(candidate: Revision) -> None:
    settings = json.loads(json.dumps(candidate.settings))
    assert REVISIONS[candidate.name](**settings) == candidate


@every_candidate
def test_it_gives_a_finite_offset_per_image_whatever_the_tiles(candidate: Revision) -> None:
    space = random_space(700, 400, 16)  # Z has 1.1 MB
    offsets = [
        candidate.offsets(
            SimilarityTiles.of(
                space, Compute(memory_mb=memory_mb), rows_beside=candidate.rows_beside
            )
        )
        for memory_mb in (1, 64)
    ]
    assert offsets[0].shape == (400,)
    assert offsets[0].dtype == torch.float32
    assert torch.isfinite(offsets[0]).all()
    torch.testing.assert_close(offsets[0], offsets[1], rtol=0, atol=1e-5 * candidate.slope)
    assert candidate.slope > 0


@every_candidate
def test_with_a_bank_it_answers_one_article_as_among_others(candidate: Revision) -> None:
    queries, gallery = random_embeddings("a", 30, 16, 0), random_embeddings("i", 40, 16, 1)
    bank = Space.of(random_embeddings("b", 50, 16, 2), gallery)
    offsets = bank_offsets(bank, candidate)
    assert offsets.revision == candidate
    together = rank(Space.of(queries, gallery), candidate, offsets=offsets, top_k=10)
    for row in (0, 17):
        alone = Space.of(queries.select([queries.ids[row]]), gallery)
        answer = rank(alone, candidate, offsets=offsets, top_k=10)
        assert_same_bits(answer, together, np.array([row]))


def test_no_code_asks_for_a_revision_by_its_name() -> None:
    """A name is a string in its own class alone; elsewhere it is a revision's ``name``."""
    named = [
        f"{path.relative_to(SRC)}:{line} {name}"
        for path in sorted(SRC.rglob("*.py"))
        for line, name in names_in(path.read_text())
    ]
    assert named == []


def test_a_name_in_code_is_found() -> None:
    assert [name for _, name in names_in("x = 'sinkhorn'\ny = {'neighbours': 1}")] == [
        "sinkhorn",
        "neighbours",
    ]
    assert list(names_in("if x.name == 'none': pass")) == [(1, "none")]
    assert not list(names_in("class A:\n    name: ClassVar[str] = 'sinkhorn'\nx = y or 'none'"))


def names_in(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every revision's name; of ``none``, a word, where it is compared to one."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    of_class = {
        id(statement.value)
        for node in nodes
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
    }
    compared = {
        id(part)
        for node in nodes
        if isinstance(node, ast.Compare) and WHAT_HOLDS_NAMES & words_of(node)
        for part in ast.walk(node)
    }
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            counts = node.value in REVISIONS and id(node) not in of_class
            if counts and (node.value != PLAIN.name or id(node) in compared):
                yield node.lineno, node.value


def words_of(tree: ast.AST) -> set[str]:
    nodes = list(ast.walk(tree))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in nodes if isinstance(node, ast.Name)}
