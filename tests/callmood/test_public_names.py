"""`import callmood`: quick, without numpy, and the same names for people, type checkers and editors."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import callmood
from emotion import errors

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "callmood" / "__init__.py"
HEAVY = (
    "numpy",
    "soundfile",
    "soxr",
    "rich",
    "onnxruntime",
    "sounddevice",
    "threadpoolctl",
    "emotion",
    "streamer",
)


def run(program: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


def test_importing_it_loads_nothing_else() -> None:
    program = f"import callmood, sys; dir(callmood); print(*sorted(set(sys.modules) & set({HEAVY})))"
    assert run(program).split() == []


def test_importing_it_takes_at_most_30_ms() -> None:
    program = "import time; begin = time.perf_counter(); import callmood; print(time.perf_counter() - begin)"
    seconds = [float(run(program)) for _ in range(5)]
    assert min(seconds) < 0.03, seconds


def test_every_name_is_there_listed_once_and_in_order() -> None:
    assert callmood.__all__ == sorted(set(callmood.__all__))
    for name in callmood.__all__:
        assert getattr(callmood, name) is getattr(callmood, name)
    assert set(callmood.__all__) <= set(dir(callmood))
    assert "__version__" in dir(callmood)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = callmood.nothing  # type: ignore[attr-defined]


def test_type_checkers_see_the_names_that_are_there() -> None:
    blocks = (
        statement
        for statement in ast.parse(SOURCE.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.If)
    )
    block, seen = next(blocks), dict[str, tuple[str | None, str]]()
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        seen |= {name.asname or name.name: (statement.module, name.name) for name in statement.names}
    assert sorted(seen) == callmood.__all__
    for name, (module, original) in seen.items():
        assert getattr(callmood, name) is getattr(sys.modules[str(module)], original)


def test_every_error_of_the_tree_is_public() -> None:
    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.CallmoodError)
    }
    assert len(tree) > 8
    assert tree <= set(callmood.__all__)


def test_a_package_that_is_hidden_by_another_is_refused(tmp_path: Path) -> None:
    (tmp_path / "emotion").mkdir()
    (tmp_path / "emotion" / "__init__.py").write_text("")
    program = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; import callmood\n"
        "try: callmood.load_model\n"
        "except ImportError as error: print(error)"
    )
    assert "hides callmood's own package" in run(program)
