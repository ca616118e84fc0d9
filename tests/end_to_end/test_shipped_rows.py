"""What the shipped models say of three short sounds, and the files that compute it, against golden lists.

``.venv/bin/python -m tests.end_to_end.test_shipped_rows`` writes all golden files anew: do so after a refit.
"""

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.same_rows import write_call, write_phone_line
from tests.command import callmood, read_journal
from tests.spoken import DEMO

MODELS = Path(__file__).resolve().parents[2] / "models"
NAMES = ("speech", "speech-light", "speech-open", "speech-classic", "synthetic")
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
DIGESTS = GOLDEN / "models.sha256"

SOUNDS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "demo.flac": (lambda path: shutil.copy(DEMO, path), ("--duration", "14.5")),
    "call.wav": (write_call, ("--duration", "15", "--step", "1")),
    "phone.wav": (write_phone_line, ("--step", "1")),
}
"""How each is made, and what is heard of it: 25 to 28 rows."""

TOLERANCE = 1e-4
"""Processors sum in other orders: with SSE kernels instead of AVX2, in numpy, OpenBLAS and onnxruntime, these
probabilities move by 3e-6 at most. The weights of the encoders have 8 bits, but they compute in float32."""

Row = list[Any]
"""Leg, window, state, emotion, probabilities and smoothed, these two in the order of the labels, or none."""


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sounds."""
    return made_sounds(tmp_path_factory.mktemp("sounds"))


def made_sounds(folder: Path) -> Path:
    for name, (make, _) in SOUNDS.items():
        make(folder / name)
    return folder


def rows_of(sound: Path, model: str | Path, folder: Path) -> list[Row]:
    """Replay a sound; give what a row says that does not depend on the machine."""
    _, options = SOUNDS[sound.name]
    said = ("--journal", "rows.jsonl", "--force")
    done = callmood("replay", sound, "--fast", "--model", model, *options, *said, cwd=folder)
    assert done.returncode == 0, done.stderr
    return [
        [
            *(row[name] for name in ("leg", "window", "state", "emotion")),
            *(
                row[name] and [round(value, 6) for value in row[name].values()]
                for name in ("probabilities", "smoothed")
            ),
        ]
        for row in read_journal(folder / "rows.jsonl").rows
    ]


def assert_same(found: list[Row], expected: list[Row]) -> None:
    assert [row[:4] for row in found] == [row[:4] for row in expected]
    for row, old in zip(found, expected, strict=True):
        for numbers, before in zip(row[4:], old[4:], strict=True):
            assert (numbers is None) == (before is None), row[:4]
            assert numbers is None or numbers == pytest.approx(before, abs=TOLERANCE), row[:4]


def golden_rows(model: str, sound: str) -> list[Row]:
    rows: list[Row] = json.loads((GOLDEN / f"rows-{model}.json").read_text())[sound]
    assert 25 <= len(rows) <= 28
    return rows


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("model", NAMES)
def test_a_shipped_model_says_what_it_said(sounds: Path, tmp_path: Path, model: str, sound: str) -> None:
    assert_same(rows_of(sounds / sound, model, tmp_path), golden_rows(model, sound))


@pytest.mark.parametrize("model", ["speech-light", "speech-classic"])
def test_a_card_whose_gate_is_null_is_heard_as_ever(sounds: Path, tmp_path: Path, model: str) -> None:
    """Cards from before there was a choice of gates; one of these hears voices, the other levels."""
    copy = Path(shutil.copytree(MODELS / model, tmp_path / model))
    card = json.loads((copy / "card.json").read_text())
    (copy / "card.json").write_text(json.dumps(card | {"gate": None}))
    assert_same(rows_of(sounds / "phone.wav", copy, tmp_path), golden_rows(model, "phone.wav"))


def digests() -> str:
    """Give the list that sha256sum would write of all that computes, in its own folder."""
    paths = sorted(path for path in MODELS.rglob("*") if path.suffix in {".npz", ".onnx"})
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(MODELS).as_posix()}\n"
        for path in paths
    )


def test_the_shipped_arrays_and_networks_are_those_of_the_list() -> None:
    assert digests() == DIGESTS.read_text()


def write_golden_rows(model: str, folder: Path) -> None:
    """Write the rows of all sounds, one a line."""
    parts = []
    for sound in SOUNDS:
        rows = rows_of(folder / sound, model, folder)
        parts.append(f'"{sound}": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]")
    (GOLDEN / f"rows-{model}.json").write_text("{" + ",\n".join(parts) + "}\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for name in sys.argv[1:] or NAMES:
            write_golden_rows(name, made_sounds(Path(place)))
    DIGESTS.write_text(digests())
