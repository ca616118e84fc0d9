"""What `make mutation` mutates, and the page that it writes."""

import tomllib
from collections import Counter
from pathlib import Path

from scripts.mutation_page import GROUPS, Survivor, mutation_page

ROOT = Path(__file__).parents[1]


def test_every_module_that_is_mutated_exists_and_has_its_group() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = [path for pattern in settings["tool"]["mutmut"]["only_mutate"] for path in ROOT.glob(pattern)]
    mutated = sorted(str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py")
    assert mutated == sorted(module for group in GROUPS.values() for module in group)


def test_the_page_scores_groups_and_modules_and_lists_survivors_with_their_reasons() -> None:
    counts = {"a.py": Counter(killed=7, timeout=1, survived=2), "b.py": Counter(killed=10)}
    survivors = [Survivor("a.py", "x = 1", "x = 2", "Equal."), Survivor("a.py", "x = 1", "x = 3", "Equal.")]
    page = mutation_page({"both": counts}, [*survivors, Survivor("a.py", "y", "z", None)], "head")
    assert "| both | 20 | 18 | 1 | 2 | 90.0 % |" in page
    assert "| a.py | 10 | 8 | 1 | 2 | 80.0 % |" in page
    assert "- `x = 1`\n  - `x = 2`\n  - `x = 3`\n  - Equal.\n- `y`\n  - `z`\n  - NO REASON YET" in page
