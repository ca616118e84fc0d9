"""The worst that can be handed in, to the real command: one line, soon, and in little memory.

Time is that of the processor, which does not depend on who else computes; both are held against a command
that does next to nothing.
"""

import hashlib
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.rbf_svc import ARRAYS, OPTIONAL
from emotion.untrusted import read_arrays, write_arrays
from tests.command import command, environment

MODELS = Path(__file__).parents[2] / "models"
SYNTHETIC = MODELS / "synthetic"
DEMO = MODELS.parent / "callmood" / "demo" / "speech.flac"
MOST_SECONDS = 1.0
MOST_BYTES = 200_000_000
SLACK = 3.0
"""A core that others share does less in a second of its own time than one that nobody shares."""

# A process begins with the peak of the one it was forked from: the measuring one must be small.
MEASURE = """
import json, os, subprocess, sys
pipe = subprocess.PIPE
nothing, both = subprocess.DEVNULL, subprocess.STDOUT
child = subprocess.Popen(json.loads(sys.argv[1]), stdin=nothing, stdout=pipe, stderr=both)
said = child.stdout.read().decode()
_, status, usage = os.wait4(child.pid, 0)
seconds = usage.ru_utime + usage.ru_stime
print(json.dumps([os.waitstatus_to_exitcode(status), said, seconds, usage.ru_maxrss * 1024]))
"""


@dataclass(frozen=True)
class Cost:
    """What a command said and took."""

    code: int
    said: str
    seconds: float
    peak_bytes: int


def _measured(folder: Path, *arguments: str | Path) -> Cost:
    done = subprocess.run(
        [sys.executable, "-S", "-c", MEASURE, json.dumps(command(*arguments))],
        cwd=folder,
        env=environment({"CALLMOOD_VOICES": str(folder / "voices")}),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return Cost(*json.loads(done.stdout))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Cost:
    """What it costs to be told that nothing is there."""
    return _measured(tmp_path_factory.mktemp("base"), "predict", "nothing.wav", "--model", SYNTHETIC)


def _model(folder: Path) -> Path:
    shutil.copytree(SYNTHETIC, folder / "model")
    return folder / "model"


def _change_card(model: Path, **changes: object) -> None:
    values = json.loads((model / "card.json").read_text())
    digests = {"model.npz": hashlib.sha256((model / "model.npz").read_bytes()).hexdigest()}
    (model / "card.json").write_text(json.dumps(values | {"digests": digests} | changes))


def _nested_card(folder: Path) -> tuple[str | Path, ...]:
    model = _model(folder)
    scores = "".join('{"a": ' for _ in range(900)) + "1" + "}" * 900
    text = (model / "card.json").read_text()
    (model / "card.json").write_text(text.replace('"scores": {', f'"scores": {{"x": {scores}, ', 1))
    return "models", "show", model, "--json"


def _endless_card(folder: Path) -> tuple[str | Path, ...]:
    model = _model(folder)
    os.truncate(model / "card.json", 2**40)
    return "models", "show", model


def _notes(folder: Path) -> tuple[str | Path, ...]:
    model = _model(folder)
    _change_card(model, notes=["a"] * 30_000)
    return "models", "show", model


def _hour_long_windows(folder: Path) -> tuple[str | Path, ...]:
    model = _model(folder)
    no_bounds = {"allowed_win_seconds": None, "allowed_step_seconds": None}
    _change_card(model, win_seconds=3_600, step_seconds=1e-4, **no_bounds)
    return "predict", "call.wav", "--model", model


def _huge_arrays(folder: Path) -> tuple[str | Path, ...]:
    """With true headers, and a true digest: 120 MB of vectors, of which one is too large."""
    model = _model(folder)
    with (model / "model.npz").open("rb") as file:
        arrays = read_arrays(file, frozenset(ARRAYS) - OPTIONAL)
    sides = len(arrays["class_counts"]), arrays["support_vectors"].shape[1]
    num_vectors = 120_000_000 // (4 * sides[1] + 8 * sides[0])
    vectors = np.zeros((num_vectors, sides[1]), np.float32)
    vectors[-1, -1] = 3e38
    counts = np.array([num_vectors] + [0] * (sides[0] - 1))
    many = {"support_vectors": vectors, "class_counts": counts}
    many["dual_coefficients"] = np.zeros((sides[0] - 1, num_vectors))
    write_arrays(model / "model.npz", arrays | many)
    _change_card(model)
    return "predict", "call.wav", "--model", model


def _lying_recording(folder: Path) -> tuple[str | Path, ...]:
    """A header of a thousand channels at the highest rate, and two gigabytes that take no room on disk."""
    form = struct.pack("<HHIIHH", 1, 1_024, 384_000, 384_000 * 2_048 % 2**32, 2_048, 16)
    head = b"RIFF\xf0\xff\xff\x7fWAVEfmt " + struct.pack("<I", 16) + form + b"data\x00\xff\xff\x7f"
    (folder / "call.wav").write_bytes(head)
    os.truncate(folder / "call.wav", 2**31 - 1)
    return "replay", "call.wav", "--plain", "--model", SYNTHETIC


def _sparse(path: Path, *parts: bytes | int) -> None:
    """Write bytes, and for numbers so many that take no room on disk."""
    with path.open("wb") as file:
        for part in parts:
            if isinstance(part, int):
                file.seek(part, os.SEEK_CUR)
            else:
                file.write(part)


def _flac_of_metadata(folder: Path) -> tuple[str | Path, ...]:
    """480 MB of metadata, in blocks as large as they can be."""
    raw = DEMO.read_bytes()
    info, sound = raw[8:42], raw[raw.index(b"\xff\xf8", 42) :]
    size = (1 << 24) - 1
    blocks = [part for _ in range(30) for part in (b"\x02" + size.to_bytes(3, "big"), size)]
    _sparse(folder / "call.flac", b"fLaC\0\0\0\x22" + info, *blocks, b"\x81\0\0\x04" + bytes(4), sound)
    return "replay", "call.flac", "--plain", "--model", SYNTHETIC


def _caf_of_text(folder: Path) -> tuple[str | Path, ...]:
    soundfile.write(folder / "call.caf", np.zeros(16_000), 16_000)
    raw = (folder / "call.caf").read_bytes()
    at, size = raw.index(b"data"), 300_000_000
    _sparse(folder / "call.caf", raw[:at] + b"info" + size.to_bytes(8, "big"), size, raw[at:])
    return "replay", "call.caf", "--plain", "--model", SYNTHETIC


def _ogg_of_comments(folder: Path) -> tuple[str | Path, ...]:
    """40 MB of empty comments: each takes a dozen times as much memory as it has bytes."""
    soundfile.write(folder / "call.ogg", np.zeros(16_000), 16_000)
    raw = (folder / "call.ogg").read_bytes()
    first, serial = raw[: 28 + raw[27]], raw[14:18]
    number = 10_000_000
    packet = b"\x03vorbis" + struct.pack("<II", 0, number) + bytes(4 * number) + b"\1"
    pages = [
        _ogg_page(packet[at : at + 255 * 255], serial, 1 + at // (255 * 255))
        for at in range(0, len(packet), 255 * 255)
    ]
    (folder / "call.ogg").write_bytes(first + b"".join(pages))
    return "replay", "call.ogg", "--plain", "--model", SYNTHETIC


def _ogg_page(content: bytes, serial: bytes, number: int) -> bytes:
    lengths = [255] * (len(content) // 255) + ([len(content) % 255] if len(content) < 255 * 255 else [])
    head = b"OggS\0" + (b"\1" if number > 1 else b"\0") + b"\xff" * 8 + serial + struct.pack("<I", number)
    tail = bytes([len(lengths), *lengths]) + content
    # Its checksum is zlib's with the bits the other way round, begun and ended otherwise.
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
    checksum = zlib.crc32((head + bytes(4) + tail).translate(mirrored), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return head + int(f"{checksum:032b}"[::-1], 2).to_bytes(4, "little") + tail


def _configuration(content: bytes) -> Callable[[Path], tuple[str | Path, ...]]:
    def make(folder: Path) -> tuple[str | Path, ...]:
        (folder / "callmood.toml").write_bytes(content)
        return "replay", "call.wav", "--plain", "--model", SYNTHETIC

    return make


def _long_name(folder: Path) -> tuple[str | Path, ...]:
    shutil.copy(MODELS.parent / "callmood" / "demo" / "speech.flac", folder / "call.wav")
    (folder / "callmood.toml").write_text(f"[replay]\njournal = '{'x' * 300}'\n")
    return "replay", "call.wav", "--plain", "--model", SYNTHETIC, "--config", "callmood.toml"


def _ages(folder: Path) -> tuple[str | Path, ...]:
    shutil.copy(MODELS.parent / "callmood" / "demo" / "speech.flac", folder / "call.wav")
    (folder / "callmood.toml").write_text("[replay]\nduration = 1e308\n")
    return "replay", "call.wav", "--plain", "--model", SYNTHETIC


def _voice(folder: Path) -> tuple[str | Path, ...]:
    (folder / "voices").mkdir()
    (folder / "voices" / "anna.json").write_bytes(b'{"state": [' + b'{"":0},' * 28_000 + b"{}]}")
    return "predict", "call.wav", "--model", MODELS / "speech-light", "--voice", "anna"


HOSTILE: dict[str, tuple[Callable[[Path], tuple[str | Path, ...]], int, str]] = {
    "a card nested deeper than calls go": (_nested_card, 5, "nested deeper than 32 levels"),
    "a card of a terabyte": (_endless_card, 5, "longer than 200000 bytes"),
    "a card of thirty thousand notes": (_notes, 5, "a list of length <= 1000"),
    "windows of an hour": (_hour_long_windows, 5, "expected a number <= 60.0"),
    "arrays of a hundred megabytes": (_huge_arrays, 5, "support_vectors holds a value beyond"),
    "a recording of a thousand channels": (_lying_recording, 3, "1024 channels"),
    "a FLAC file of 480 MB of metadata": (_flac_of_metadata, 3, "more than 12 MB of tags or pictures"),
    "an Ogg file of ten million comments": (_ogg_of_comments, 3, "more than 12 MB of tags or pictures"),
    "a CAF file of 300 MB of text": (_caf_of_text, 3, "more than 1 MB of tags or pictures"),
    "a key of 45 000 parts": (_configuration(b"a." * 45_000 + b"a = 1"), 2, "more than 200 dots"),
    "tables in tables": (_configuration(b"replay = " + b"[" * 90_000), 2, "cannot be read as TOML"),
    "a number of 5000 digits": (
        _configuration(b"[replay]\nstep = " + b"1" * 5_000),
        2,
        "cannot be read as TOML",
    ),
    "a name of 300 letters": (_long_name, 7, "name too long"),
    "a session of ages": (_ages, 2, "duration is 1e+308 s"),
    "a voice of thousands of objects": (_voice, 9, "field 'format' is missing"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_refused_in_a_line_at_once_and_in_little_memory(tmp_path: Path, base: Cost, what: str) -> None:
    make, code, words = HOSTILE[what]
    cost = _measured(tmp_path, *make(tmp_path))
    shutil.rmtree(tmp_path / "model", ignore_errors=True)  # as large as it is
    assert (cost.code, words in cost.said) == (code, True), cost.said
    (line,) = [line for line in cost.said.splitlines() if line.startswith("callmood: ")]
    assert line.isprintable()
    assert len(line) < 600 + len(str(tmp_path))
    assert "Traceback" not in cost.said
    assert cost.seconds - base.seconds < MOST_SECONDS * SLACK
    assert cost.peak_bytes - base.peak_bytes < MOST_BYTES


def test_an_mp3_behind_256_mb_of_tags_is_read_at_once_and_in_little_memory(tmp_path: Path) -> None:
    size = (1 << 28) - 1
    soundfile.write(tmp_path / "plain.mp3", np.zeros(32_000), 16_000)
    sound = (tmp_path / "plain.mp3").read_bytes()
    _sparse(tmp_path / "call.mp3", b"ID3\3\0\0" + b"\x7f" * 4, size, b"ID3\3\0\0\0\0\0\0", sound)
    cost, plain = (
        _measured(tmp_path, "predict", name, "--model", SYNTHETIC) for name in ("call.mp3", "plain.mp3")
    )
    assert (cost.code, cost.said) == (0, plain.said.replace("plain.mp3", "call.mp3"))
    assert cost.seconds - plain.seconds < MOST_SECONDS * SLACK
    assert cost.peak_bytes - plain.peak_bytes < 20_000_000


class _Trap:
    """Leaves a file behind if anything unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "call.wav", "--model", "emotion_model.pkl"),
        ("replay", "call.wav", "--model", "emotion_model.pkl"),
        ("listen", "-", "--rate", "16000", "--model", "emotion_model.pkl"),
        ("models", "show", "emotion_model.pkl"),
        ("models",),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_the_article_s_model_is_refused_with_what_to_do_instead(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    content = pickle.dumps({"model": _Trap(tmp_path / "sprung")})
    (tmp_path / "models").mkdir()
    for folder in (tmp_path, tmp_path / "models"):
        (folder / "emotion_model.pkl").write_bytes(content)
    shutil.copy(MODELS.parent / "callmood" / "demo" / "speech.flac", tmp_path / "call.wav")
    done = _measured(tmp_path, *arguments)
    said = " ".join(done.said.split())
    assert "emotion_model.pkl is a pickle: to load it is to run it" in said
    assert "callmood train DATA --name NAME" in said
    assert done.code == (0 if arguments == ("models",) else 5)
    assert not (tmp_path / "sprung").exists()
