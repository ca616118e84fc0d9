"""Importing stays light: what a command does not need, it does not load."""

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
