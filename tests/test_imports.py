"""Importing stays light: what a command does not need, it does not load."""

import ast
import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = ("joblib", "librosa", "matplotlib", "numba", "onnxruntime", "scipy", "sklearn", "sounddevice")

IMPORT_ALL = """
import importlib, pkgutil, sys
for room in ("emotion", "streamer"):
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, room + "."):
        importlib.import_module(module.name)
print(*sorted(set(sys.modules) & set(sys.argv[1:])))
"""


def test_listening_and_the_ground_floor_import_no_toolkit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *HEAVY], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


def test_help_loads_neither_wing_nor_numpy() -> None:
    program = (
        "import sys; from callmood.cli import build_parsers; build_parsers(); "
        "print(*sorted(set(sys.modules) & {'numpy', 'rich', 'streamer', 'trainer', 'soundfile', 'soxr'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


def test_help_answers_in_under_a_third_of_a_second() -> None:
    command = str(Path(sysconfig.get_path("scripts")) / "callmood")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        done = subprocess.run(
            [command, "--help"], env=environment, capture_output=True, text=True, check=True, timeout=30
        )
        seconds.append(time.perf_counter() - begin)
        assert "listen" in done.stdout
    assert min(seconds) < 0.3, seconds


ON_REQUEST = {
    "streamer/sinks/spectrogram_png.py": {"matplotlib"},
    "emotion/features/classic_33.py": {"librosa"},
}
"""What listening may load late, where it is asked for: the spectrogram's PNG, and features of whole clips."""


def test_what_listening_requires_late_is_named_here() -> None:
    """import-linter sees no `require("module", ...)`."""
    found: dict[str, set[str]] = {}
    for path in sorted(
        file for package in ("emotion", "streamer") for file in (ROOT / package).rglob("*.py")
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in {"require", "import_module", "__import__"} and path.name != "errors.py":
                (module,) = (each.value for each in node.args[:1] if isinstance(each, ast.Constant))
                found.setdefault(path.relative_to(ROOT).as_posix(), set()).add(str(module).partition(".")[0])
    assert found == ON_REQUEST
