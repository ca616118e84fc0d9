"""A user's fault ends in one line: what, with which values, what to do; nothing is half-written."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callmood.model_choice import DEFAULT_MODEL
from emotion.model import find_model
from tests.command import assert_one_line_of_complaint, callmood
from tests.pulse import PulseServer
from tests.spoken import DEMO, SAMPLE_RATE

AUDIO, DEVICE, MODEL, OUTPUT, USAGE = 3, 4, 5, 7, 2
"""Exit codes, as emotion/errors.py gives them."""


def _refused(
    folder: Path, *arguments: str | Path, code: int, words: tuple[str, ...], env: dict[str, str] | None = None
) -> None:
    """Run a command that must fail, and check its words, its code, and that the folder is as it was."""
    before = sorted(folder.rglob("*"))
    done = callmood(*arguments, cwd=folder, env=env, timeout_seconds=60)
    assert_one_line_of_complaint(done, *words)
    assert done.returncode == code, done.stderr
    assert sorted(folder.rglob("*")) == before


def _replay_refused(
    folder: Path, file: str | Path, *more: str | Path, code: int, words: tuple[str, ...]
) -> None:
    saving = ("--journal", "j.jsonl", "--record", "all", "--record-session")
    _refused(folder, "replay", file, "--fast", *saving, *more, code=code, words=words)


# Recordings.


def _text(path: Path) -> None:
    path.write_text("Dear caller, this is no sound at all.\n" * 20)


def _cut_header(path: Path) -> None:
    soundfile.write(path, np.zeros(100), SAMPLE_RATE)
    path.write_bytes(path.read_bytes()[:30])


def _no_samples(path: Path) -> None:
    soundfile.write(path, np.zeros(0), SAMPLE_RATE)


def _only_non_finite(path: Path) -> None:
    soundfile.write(path, np.full(48_000, np.nan, np.float32), SAMPLE_RATE, subtype="FLOAT")


def _shorter_than_win(path: Path) -> None:
    soundfile.write(path, np.zeros(31_999), SAMPLE_RATE)


def _nothing(path: Path) -> None:
    """Leave the file missing."""


def _empty(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_nothing, ()),
        (_empty, ()),
        (_text, ()),
        (_cut_header, ()),
        (_no_samples, ("no samples",)),
        (_only_non_finite, ("48000", "finite")),
        (_shorter_than_win, ("1.99994 s", "2 s", "--win")),
    ],
)
def test_a_recording_that_cannot_be_heard(
    tmp_path: Path, make: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    make(tmp_path / "call.wav")
    _replay_refused(tmp_path, "call.wav", code=AUDIO, words=("call.wav", *words))


# Options.


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--win", "0"), ("win", "0")),
        (("--win", "-2"), ("win", "-2")),
        (("--win", "nan"), ("win", "nan")),
        (("--win", "inf"), ("win", "inf")),
        (("--win", "900"), ("win", "900")),
        (("--win", "two"), ("win", "two")),
        (("--step", "0"), ("step", "0")),
        (("--step", "3"), ("step", "3", "2")),
        (("--step", "0.001"), ("step", "0.001")),
        (("--duration", "-1"), ("duration", "-1")),
        (("--record", "cheerful"), ("record", "cheerful", "angry")),
    ],
)
def test_an_option_out_of_range(tmp_path: Path, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    _replay_refused(tmp_path, DEMO, *options, code=USAGE, words=words)


# Devices.


def test_an_unknown_device(pulse: PulseServer, tmp_path: Path) -> None:
    arguments = (
        "listen",
        "--device",
        "kettle",
        "--journal",
        "j.jsonl",
        "--record-session",
        "--duration",
        "1",
    )
    _refused(tmp_path, *arguments, code=DEVICE, words=("kettle", "0: pulse"), env=pulse.environment)


def test_a_device_number_that_is_not_there(pulse: PulseServer, tmp_path: Path) -> None:
    arguments = ("listen", "--device", "99", "--journal", "j.jsonl", "--record-session", "--duration", "1")
    _refused(tmp_path, *arguments, code=DEVICE, words=("99", "0: pulse"), env=pulse.environment)


@pytest.mark.parametrize("command", ["listen", "devices"])
def test_no_portaudio(tmp_path: Path, command: str) -> None:
    # The library is on this machine, so the search for it is made to find nothing, in the real process.
    (tmp_path / "sitecustomize.py").write_text(
        "import ctypes.util\nctypes.util.find_library = lambda name: None\n"
    )
    work = tmp_path / "work"
    work.mkdir()
    env = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    _refused(work, command, code=DEVICE, words=("PortAudio", "libportaudio2"), env=env)


# Models.


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the default model, to be spoiled."""
    copy = tmp_path / "spoiled"
    shutil.copytree(find_model(DEFAULT_MODEL).folder, copy)
    return copy


def _card(model: Path, **changes: object) -> None:
    card = json.loads((model / "card.json").read_text(encoding="utf-8"))
    (model / "card.json").write_text(json.dumps(card | changes), encoding="utf-8")


def _other_feature_version(model: Path) -> None:
    _card(model, feature_set_version=99)


def _unknown_feature_set(model: Path) -> None:
    _card(model, feature_set="telepathy")


def _cut_arrays(model: Path) -> None:
    content = (model / "model.npz").read_bytes()
    (model / "model.npz").write_bytes(content[: len(content) // 2])


def _one_flipped_bit(model: Path) -> None:
    content = bytearray((model / "model.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (model / "model.npz").write_bytes(content)


def _no_arrays(model: Path) -> None:
    (model / "model.npz").unlink()


def _no_card(model: Path) -> None:
    (model / "card.json").unlink()


def _card_is_no_json(model: Path) -> None:
    (model / "card.json").write_text("{ a card", encoding="utf-8")


def _fewer_labels_than_arrays(model: Path) -> None:
    _card(model, labels=["angry", "happy"])


def _other_number_of_features(model: Path) -> None:
    _card(model, num_features=7)


def _pickle_for_arrays(model: Path) -> None:
    (model / "model.npz").write_bytes(pickle.dumps({"emotion": "angry"}))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_other_feature_version, ("99", "3")),
        (_unknown_feature_set, ("telepathy",)),
        (_cut_arrays, ("model.npz",)),
        (_one_flipped_bit, ("model.npz",)),
        (_no_arrays, ("model.npz",)),
        (_no_card, ("card.json",)),
        (_card_is_no_json, ("card.json",)),
        (_fewer_labels_than_arrays, ()),
        (_other_number_of_features, ("7",)),
        (_pickle_for_arrays, ("model.npz",)),
    ],
)
def test_a_model_that_does_not_fit(
    tmp_path: Path, model: Path, spoil: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    spoil(model)
    _replay_refused(tmp_path, DEMO, "--model", model, code=MODEL, words=("spoiled", *words))


def test_a_model_that_is_missing(tmp_path: Path) -> None:
    _replay_refused(tmp_path, DEMO, "--model", "nobody", code=MODEL, words=("nobody", DEFAULT_MODEL))


class _Trap:
    """Leaves a file behind if anything unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.path}",)


def test_a_pickle_is_refused_and_not_opened(tmp_path: Path) -> None:
    (tmp_path / "emotion_model.pkl").write_bytes(pickle.dumps(_Trap(tmp_path / "sprung")))
    _replay_refused(
        tmp_path, DEMO, "--model", "./emotion_model.pkl", code=MODEL, words=("emotion_model.pkl",)
    )


def test_a_pickle_in_the_place_of_the_arrays_is_not_opened(tmp_path: Path, model: Path) -> None:
    (model / "model.npz").write_bytes(pickle.dumps(_Trap(tmp_path / "sprung")))
    _replay_refused(tmp_path, DEMO, "--model", model, code=MODEL, words=("model.npz",))


# Places to write to. The tests may run as root, whom no mode of a folder stops: a file in the way does.


@pytest.mark.parametrize("what", ["--record=all", "--record-session"])
def test_recordings_that_cannot_be_kept(tmp_path: Path, what: str) -> None:
    (tmp_path / "taken").write_text("a file, not a folder\n")
    arguments = ("replay", DEMO, "--fast", what, "--out", "taken", "--journal", "j.jsonl")
    _refused(tmp_path, *arguments, code=OUTPUT, words=("taken",))


@pytest.mark.parametrize("place", ["taken/j.jsonl", "."])
def test_a_journal_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    (tmp_path / "taken").write_text("a file, not a folder\n")
    arguments = ("replay", DEMO, "--fast", "--record", "all", "--journal", place)
    _refused(tmp_path, *arguments, code=OUTPUT, words=(place,))


def test_a_folder_where_nobody_may_write(tmp_path: Path) -> None:
    arguments = ("replay", DEMO, "--fast", "--record-session", "--out", "/proc/recordings")
    _refused(tmp_path, *arguments, code=OUTPUT, words=("/proc/recordings",))
