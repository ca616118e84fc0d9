"""`python -m benchmarks` from end to end, in a few steps, and without its peers."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measurement import require_peers
from benchmarks.pages import ROOT
from benchmarks.single_thread import THREAD_VARIABLES, is_single_threaded, single_thread_environment
from emotion.errors import MissingExtraError
from tests.model_maker import make_model

PEERS_ARE_INSTALLED = all(
    importlib.util.find_spec(name) for name in ("librosa", "onnx", "opensmile", "scipy")
)
WITHOUT_OPENSMILE = """
import sys
sys.modules["opensmile"] = None
sys.argv = ["benchmarks", "--steps", "1", "--report", sys.argv[1]]
from benchmarks.__main__ import main
sys.exit(main())
"""


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command as people do, from the root of the repository."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def is_ratio(value: Any) -> bool:
    """A number that a comparison can give."""
    return isinstance(value, float) and 0 < value < 10_000


def test_a_tiny_run_gives_all_figures_or_says_what_to_install(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "models" / "small", "classic-speech")
    page, figures_path = tmp_path / "page.md", tmp_path / "figures.json"
    done = bench(
        *("--steps", "2", "--model", str(folder), "--json", str(figures_path), "--report", str(page))
    )
    if not PEERS_ARE_INSTALLED:
        assert done.returncode == MissingExtraError.exit_code
        assert "pip install 'callmood[bench]'" in done.stderr
        return
    assert (done.returncode, done.stderr) == (0, "")
    figures = json.loads(figures_path.read_text())
    peers = {"classic": "librosa", "acoustic": "egemaps"}
    for name in peers:
        assert figures[f"{name}_vs_{peers[name]}"] > 1, "a step dearer than the peer's whole window"
        for way in ("fft", "fft_among_all", "fft_alone"):
            assert figures[f"{name}_vs_{way}"] > 1, "a step cheaper than a part of it"
    assert is_ratio(figures["win5_vs_win1"])
    assert is_ratio(figures["step_ms"]["small"])
    assert figures["step_vs_wav2vec2"]["small"] > 1, "a step dearer than the encoder alone"
    assert figures["wav2vec2_ms"]["small"] > figures["step_ms"]["small"]
    assert isinstance(figures["streams_per_core"]["small"], int)
    assert figures["streams_per_core"]["small"] <= 500 / figures["step_ms"]["small"] + 1
    assert 100_000 < figures["bytes_per_stream"] < 1_000_000
    assert [each["name"] for each in figures["sets"]] == list(peers)
    text = page.read_text()
    assert "Medians of 2 steps only" in text
    for told in (
        figures["machine"]["cpu"],
        "numpy ",
        "librosa ",
        "CPython",
        "One thread",
        "`small`",
        "wav2vec2-base, ms",
    ):
        assert told in text
    assert "whole step, block to row, model small" in done.stdout
    cells = [line.count("|") for line in re.findall(r"^\|.*", text, flags=re.MULTILINE)]
    assert min(cells) >= 3


def test_missing_peers_are_named_with_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_OPENSMILE, str(tmp_path / "page.md")],
        cwd=ROOT,
        env=single_thread_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == MissingExtraError.exit_code
    assert re.fullmatch(r"benchmarks: this needs \w+, .*pip install 'callmood\[bench\]'\n", done.stderr)


def test_peers_that_are_there_are_not_missed() -> None:
    if PEERS_ARE_INSTALLED:
        require_peers()
    else:
        with pytest.raises(MissingExtraError, match=r"callmood\[bench\]"):
            require_peers()


def test_a_page_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    done = bench("--report", str(tmp_path / "none" / "page.md"))
    assert done.returncode == 7
    assert re.fullmatch(r"benchmarks: cannot write .*page\.md: .*\n", done.stderr)


@pytest.mark.parametrize("steps", ["0", "-3"])
def test_a_number_of_steps_that_makes_no_sense_is_refused(steps: str) -> None:
    done = bench(f"--steps={steps}")
    assert done.returncode == 2
    assert f"benchmarks: --steps is {steps}; " in done.stderr


def test_one_thread_is_one_thread_for_every_library(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = single_thread_environment()
    assert {environment[name] for name in THREAD_VARIABLES} == {"1"}
    for name in THREAD_VARIABLES:
        monkeypatch.setenv(name, "1")
    assert is_single_threaded()
    monkeypatch.setenv(THREAD_VARIABLES[0], "2")
    assert not is_single_threaded()
