"""`callmood replay` as a user types it: its clock, and the moments it saves."""

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from callmood.__main__ import main
from callmood.session_options import check_ended, parse_started
from emotion.errors import UsageError
from tests.model_maker import make_model, tone_of

RATE = 16_000
SECONDS = 12.0


@pytest.fixture
def replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Replay twelve seconds of two tones with a small model, fast, in this process."""
    make_model(tmp_path / "models" / "tiny", "classic-speech", win_seconds=1.0, step_seconds=0.5)
    pause = np.zeros(4 * RATE, np.float32)
    parts = [tone_of("angry", 1, RATE, 4.0), pause, tone_of("sad", 2, RATE, 4.0)]
    soundfile.write(tmp_path / "call.wav", np.concatenate(parts), RATE)
    monkeypatch.chdir(tmp_path)
    return lambda *words: main(["replay", "call.wav", "--fast", "--model", "./models/tiny", *words])


def session_of(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("recordings/*/session.json")
    values: dict[str, Any] = json.loads(path.read_text())
    return values


def test_a_fast_replay_is_stamped_with_stream_time(
    replay: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay("--plain", "--record", "angry", "--moments", "angry") == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if " dBFS" in line]
    assert [line.split()[0] for line in rows[:2]] == ["0:00:01.0", "0:00:01.5"]
    for index, folder in (("index.csv", "clips"), ("moments.csv", "moments")):
        (path,) = tmp_path.glob(f"recordings/*/{index}")
        with path.open(newline="") as file:
            names = [line["file"] for line in csv.DictReader(file)]
        assert names
        assert all(re.match(rf"{folder}/hour-0000/00-00-0[0-9]\.[05]00_", name) for name in names)
    assert session_of(tmp_path)["clock"] == "stream"
    assert datetime.fromisoformat(session_of(tmp_path)["started"]) <= datetime.now(UTC)


def test_with_its_start_it_is_stamped_with_that_clock(
    replay: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = "2026-07-01T07:59:57+02:00"
    assert replay("--plain", "--record", "speech", "--moments", "speech", "--started", started) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if " dBFS" in line]
    assert [line.split()[:2] for line in rows[:2]] == [["07:59:58", "0:00:01.0"], ["07:59:58", "0:00:01.5"]]
    values = session_of(tmp_path)
    assert (values["clock"], values["started"]) == ("given", "2026-07-01T07:59:57.000+02:00")
    assert values["session"][:4] == f"{datetime.now(UTC):%Y}"
    hours = {path.parent.name for path in tmp_path.glob("recordings/*/clips/*/*.wav")}
    assert hours == {"2026-07-01T07", "2026-07-01T08"}
    assert len(list(tmp_path.glob("recordings/*/moments/2026-07-01T0[78]/0[78]-*.wav"))) == 2


def test_many_clips_that_overlap_are_said_to_be_few_moments(
    replay: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay("--plain", "--record", "speech") == 0
    (hint,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("hint ")]
    assert re.fullmatch(r"hint      1\d clips overlap; --moments speech would have saved 2", hint)
    assert replay("--plain", "--moments", "speech", "--record", "speech") == 0
    assert "hint " not in capsys.readouterr().out
    assert replay("--quiet", "--record", "speech") == 0
    assert "clips overlap" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--moments", "angri"], "--moments has 'angri' in 'angri'"),
        (["--moments", "speech", "--longest", "2.5"], "--longest is 2.5 s; a window of 1 s"),
        (["--moments", "speech", "--margin", "-1"], "--margin is -1 s; give 0 or more"),
        (["--moments", "alerts"], "--moments alerts needs a rule that raises alerts"),
        (["--moments", "speech", "--no-audio"], "--no-audio keeps sound off the disk, and --moments would"),
        (["--started", "yesterday"], "--started is 'yesterday'; give date and time as ISO 8601"),
        (["--started", "2999-01-01T00:00:00Z"], "would end in the future"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    replay: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    assert replay(*words) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "recordings").exists()


def test_without_an_offset_it_is_local_time() -> None:
    local = datetime(2026, 7, 1, 7, 12).astimezone()
    assert parse_started(" 2026-07-01T07:12:00 ") == parse_started("20260701T0712") == local
    assert parse_started("2026-07-01 07:12:00.5Z").timestamp() == pytest.approx(1_782_889_920.5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-07-01",
        "07:12",
        "2026-13-01T00:00",
        "0001-01-01T00:00",
        "0001-01-01T00:00:00+14:00",
        "T",
        "\0:",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--started is .*; give date and time as ISO 8601, such as"):
        parse_started(text)


def test_a_recording_must_have_ended_by_now() -> None:
    now = datetime.now(UTC)
    check_ended(now - timedelta(seconds=61), 60.0)
    with pytest.raises(UsageError, match="60 s of sound since then would end in the future"):
        check_ended(now - timedelta(seconds=30), 60.0)
