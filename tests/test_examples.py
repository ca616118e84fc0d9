"""The scripts in examples/ run, from another folder, and print what they promise."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.command import environment
from tests.pulse import PulseServer

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
DEMO = ROOT / "callmood" / "demo" / "speech.flac"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of speech, as one channel and as the two sides of a call."""
    folder = tmp_path_factory.mktemp("examples")
    speech, rate = soundfile.read(DEMO, frames=6 * 16_000, dtype="int16")
    soundfile.write(folder / "call.wav", speech, rate)
    soundfile.write(folder / "sides.wav", np.stack([speech, np.roll(speech, 40_000)], axis=1), rate)
    return folder


def run(name: str, *arguments: str, folder: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        cwd=folder,
        env=environment({"PYTHONPATH": str(ROOT), **(env or {})}),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_a_recording(folder: Path) -> None:
    lines = run("recording.py", "call.wav", folder=folder).splitlines()
    assert len(lines) > 5
    assert all(re.fullmatch(r"mono +\d+\.\d s  \w+  \w+ [01]\.\d\d", line) for line in lines), lines


def test_an_asyncio_queue(folder: Path) -> None:
    lines = run("asyncio_queue.py", "sides.wav", folder=folder).splitlines()
    assert {line.split()[0] for line in lines} == {"left", "right"}
    assert len(lines) == 2 * 9


def test_two_legs(folder: Path) -> None:
    customer = run("two_legs.py", "sides.wav", folder=folder)
    assert re.fullmatch(r"customer: (\w+ \d+(, )?)+\n", customer), customer
    assert run("two_legs.py", "sides.wav", "customer", folder=folder) == customer


def test_a_microphone(folder: Path, pulse: PulseServer) -> None:
    lines = run("microphone.py", "4", folder=folder, env=pulse.environment).splitlines()
    assert all(re.fullmatch(r" +\d\.\d s  silence", line) for line in lines), lines
    assert len(lines) >= 3


def test_every_example_is_run_here() -> None:
    run_here = set(re.findall(r'run\("(\w+\.py)"', Path(__file__).read_text(encoding="utf-8")))
    assert {path.name for path in EXAMPLES.glob("*.py")} == run_here
