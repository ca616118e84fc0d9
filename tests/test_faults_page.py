"""docs/faults.md: each row names tests, and each of them is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COLUMNS = ["fault", "what the user sees", "lost at most", "shown by"]


def rows() -> list[list[str]]:
    """Give the cells of all tables, heads and rules included."""
    lines = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


FAULTS = [row for row in rows() if row != COLUMNS and set("".join(row)) != {"-"}]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_every_group_has_a_table() -> None:
    assert rows().count(COLUMNS) == 6
    assert len(FAULTS) > 30
    assert all(len(row) == len(COLUMNS) for row in FAULTS)


@pytest.mark.parametrize("row", FAULTS, ids=[row[0][:40] for row in FAULTS])
def test_each_fault_is_shown_by_tests_that_exist(row: list[str]) -> None:
    assert all(row), "no cell is empty"
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row[-1])
    assert named
    assert re.sub(r"`tests/[\w/]+\.py::test_\w+`|, ", "", row[-1]) == "", "nothing but tests stands there"
    for file, name in named:
        assert name in names_in(file), f"{file} has no {name}"
