"""docs/faults.md and SECURITY.md: each row names tests, and each of them is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FAULTS = (Path("docs/faults.md"), ["fault", "what the user sees", "lost at most", "shown by"])
SECURITY = (Path("SECURITY.md"), ["asset", "attacker", "what holds", "shown by"])


def rows(page: Path) -> list[list[str]]:
    """Give the cells of all tables, heads and rules included."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


CLAIMS = [
    (f"{page.name}: {' / '.join(row[:2])[:50]}", row)
    for page, columns in (FAULTS, SECURITY)
    for row in rows(page)
    if row != columns and set("".join(row)) != {"-"}
]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_every_group_has_a_table() -> None:
    assert [rows(page).count(columns) for page, columns in (FAULTS, SECURITY)] == [6, 1]
    assert len(CLAIMS) > 50
    assert all(len(row) == 4 for _, row in CLAIMS)


@pytest.mark.parametrize("row", [row for _, row in CLAIMS], ids=[name for name, _ in CLAIMS])
def test_each_claim_is_shown_by_tests_that_exist(row: list[str]) -> None:
    assert all(row), "no cell is empty"
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row[-1])
    assert named
    assert re.sub(r"`tests/[\w/]+\.py::test_\w+`|, ", "", row[-1]) == "", "nothing but tests stands there"
    for file, name in named:
        assert name in names_in(file), f"{file} has no {name}"
