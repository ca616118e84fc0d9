"""The Python interface: rows of a listener are those of `callmood replay`, whatever is done with it."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from numpy.typing import NDArray

import callmood
from callmood.process import one_computing_thread
from emotion.arrays import Samples, read_only
from emotion.errors import AudioFileError, ModelError, UsageError, VoiceError
from streamer.events import Alert, AudioBlock, Row
from streamer.pipeline import SessionOptions
from streamer.session import Session
from streamer.sources.base import BlockReceiver, SourceInfo, SourceThread
from streamer.terminal_io import Screen
from tests import command
from tests.pulse import PulseServer
from tests.session_material import cuts
from tests.session_parts import Rows
from tests.spoken import DEMO
from tests.voice_model import make_voice_model

ROOT = Path(__file__).parents[2]
MODEL = "speech-light"
SECONDS = 8


@pytest.fixture(scope="module")
def model() -> callmood.EmotionModel:
    return callmood.load_model(MODEL)


def speech(sample_rate: int = 16_000) -> Samples:
    samples, rate = soundfile.read(DEMO, frames=SECONDS * 16_000, dtype="float32")
    assert rate == 16_000
    return np.asarray(samples[:: 16_000 // sample_rate], np.float32)


def mono(path: Path) -> None:
    soundfile.write(path, speech(), 16_000, subtype="PCM_16")


def stereo(path: Path) -> None:
    """Two sides, of which the right one also picks up the left one."""
    left = speech()
    right = 0.5 * np.roll(left, 50_000) + 0.1 * np.roll(left, 400)
    soundfile.write(path, np.stack([left, right], axis=1), 16_000, subtype="PCM_16")


def phone(path: Path) -> None:
    soundfile.write(path, speech(8_000), 8_000, subtype="ULAW")


RECORDINGS = {"mono": mono, "stereo": stereo, "phone": phone}


@pytest.fixture(scope="module", params=RECORDINGS)
def replayed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, Any]]]:
    """A recording, and the rows that the real command writes of it."""
    folder = tmp_path_factory.mktemp(request.param)
    RECORDINGS[request.param](folder / "a.wav")
    return folder / "a.wav", replay(folder / "a.wav").rows_without_lag


def replay(
    recording: Path, *words: str, model: str = MODEL, env: dict[str, str] | None = None
) -> command.Journal:
    journal = recording.with_suffix(".jsonl")
    journal.unlink(missing_ok=True)
    options = ["--fast", "-q", "--model", model, "--journal", str(journal), *words]
    done = command.callmood("replay", recording, *options, cwd=recording.parent, env=env)
    assert done.returncode == 0, done.stderr
    return command.read_journal(journal)


def read(path: Path, dtype: str = "float32") -> tuple[NDArray[Any], int]:
    samples, rate = soundfile.read(path, dtype=dtype)
    return samples, rate


def as_lines(rows: Sequence[Row], keys: Sequence[str]) -> list[dict[str, Any]]:
    """Give rows as a journal has them, less what depends on when they were computed."""
    return [{"type": "row"} | {key: getattr(row, key) for key in keys if key != "type"} for row in rows]


def without_lag(rows: Sequence[Row]) -> list[Row]:
    return [replace(row, lag_seconds=0.0) for row in rows]


def pushed(listener: callmood.Listener, samples: NDArray[Any], places: Sequence[int] = ()) -> list[Row]:
    """Push sound cut at some places, and end it."""
    rows = []
    for piece in np.split(samples, sorted(places)):
        rows += listener.push(piece)
    return rows + listener.finish()


def channels_of(samples: NDArray[Any]) -> int:
    return samples.shape[1] if samples.ndim == 2 else 1


def test_the_rows_are_those_of_a_replay(
    replayed: tuple[Path, list[dict[str, Any]]], model: callmood.EmotionModel
) -> None:
    path, lines = replayed
    samples, rate = read(path)
    rows = pushed(callmood.Listener(rate, model, channels=channels_of(samples)), samples)
    assert as_lines(rows, list(lines[0])) == lines
    assert sum(row.state in {"speech", "unsure"} for row in rows) > 5


@settings(max_examples=12)
@given(places=cuts(SECONDS * 8_000))
def test_rows_do_not_depend_on_how_the_sound_is_cut(
    replayed: tuple[Path, list[dict[str, Any]]], model: callmood.EmotionModel, places: list[int]
) -> None:
    path, lines = replayed
    samples, rate = read(path)
    with callmood.Listener(rate, model, channels=channels_of(samples)) as listener:
        assert as_lines(pushed(listener, samples, [0, *places]), list(lines[0])) == lines


@pytest.mark.parametrize(
    ("dtype", "scale"), [("int16", 1), (">i2", 1), ("int32", 2**16), ("float64", 2.0**-15)]
)
def test_types_are_scaled(dtype: str, scale: float, model: callmood.EmotionModel) -> None:
    steps = np.round(speech() * 2**15)
    wanted = pushed(callmood.Listener(16_000, model), (steps / 2**15).astype(np.float32))
    rows = pushed(callmood.Listener(16_000, model), (steps * scale).astype(dtype))
    assert without_lag(rows) == without_lag(wanted)


def test_a_buffer_may_be_used_again(model: callmood.EmotionModel) -> None:
    samples = speech()
    wanted = pushed(callmood.Listener(16_000, model), samples)
    listener, buffer, rows = callmood.Listener(16_000, model), np.empty(1000, np.float32), []
    for start in range(0, len(samples), 1000):
        buffer[:] = samples[start : start + 1000]
        rows += listener.push(buffer)
        buffer[:] = 1.0
    assert without_lag(rows + listener.finish()) == without_lag(wanted)


def test_a_row_comes_as_soon_as_its_window_is_whole(model: callmood.EmotionModel) -> None:
    samples = speech()
    with callmood.Listener(16_000, model, win=2.0, step=0.5) as listener:
        assert listener.push(samples[:31_999]) == []
        [row] = listener.push(samples[31_999:32_000])
        assert (row.start, row.end, row.start_sample, row.end_sample) == (0.0, 2.0, 0, 32_000)
        assert listener.push(np.zeros(0, np.float32)) == []
        assert [row.window for row in listener.push(samples[32_000:48_000])] == [1, 2]


def test_legs_are_named_mixed_and_left_out(model: callmood.EmotionModel) -> None:
    sides = np.stack([speech(), np.roll(speech(), 9_000)], axis=1)

    def legs(**options: Any) -> set[str]:
        listener = callmood.Listener(16_000, model, channels=2, **options)
        found = {row.leg for row in pushed(listener, sides[:48_000])}
        assert found == set(listener.legs)
        return found

    assert legs() == {"left", "right"}
    assert legs(legs=("customer", "friend")) == {"customer", "friend"}
    assert legs(legs="right=customer,left=friend", analyse="friend") == {"friend"}
    assert legs(legs=("customer", "agent")) == {"customer"}, "the law forbids to read agents"
    assert legs(legs=("customer", "agent"), analyse=("customer", "agent")) == {"customer", "agent"}
    assert legs(staff="left") == legs(staff=["left"]) == {"right"}
    assert legs(staff="left", analyse="left") == {"left"}
    assert legs(legs=["call"]) == {"call"}
    twice = callmood.Listener(16_000, model, legs=["1=a", "1=b"])
    assert twice.legs == ("a", "b"), "one channel may be two legs"
    whole = pushed(callmood.Listener(16_000, model, channels=2, legs="mono"), sides)
    mixed = pushed(callmood.Listener(16_000, model), sides.mean(axis=1))
    assert without_lag(whole) == without_lag(mixed)


class Jumping:
    """Delivers given blocks, between which samples are missing."""

    non_finite_samples = 0

    def __init__(self, blocks: Sequence[AudioBlock]) -> None:
        self.info = SourceInfo("jumping", 16_000, 1, "FLOAT", None, live=False)
        self._blocks = blocks
        self._thread = SourceThread("callmood-jumping", self._read)

    def open(self) -> None: ...

    def start(self, queue: BlockReceiver) -> None:
        self._thread.start(queue)

    def stop(self) -> None:
        self._thread.stop()
        self._thread.wait(10)

    def _read(self, queue: BlockReceiver) -> None:
        for block in self._blocks:
            queue.put_waiting(block)


def test_a_gap_is_a_gap(model: callmood.EmotionModel) -> None:
    samples = speech()
    first, second = samples[:50_000], samples[50_000:]
    kept = Rows()
    places = ((first, 0), (second, 74_000))
    blocks = [AudioBlock(read_only(part[:, None].copy()), place, 0.0) for part, place in places]
    session = Session(
        [Jumping(blocks)],
        model,
        model.card.grid(),
        sinks=[kept],
        screen=Screen(),
        options=SessionOptions(callmood_version="0.1.0"),
    )
    # As the command sets its process up.
    with one_computing_thread():
        session.run()
    listener = callmood.Listener(16_000, model)
    rows = listener.push(first) + listener.gap(0.5) + listener.gap(0.0) + listener.gap(1.0)
    rows += listener.push(second) + listener.finish()
    assert without_lag(rows) == without_lag(kept.rows)
    assert any(row.start == 74_000 / 16_000 for row in rows)


def test_a_gap_ends_an_episode_and_gives_the_rows_before_it(model: callmood.EmotionModel) -> None:
    samples = speech(8_000)
    listener = callmood.Listener(8_000, model)
    whole = pushed(callmood.Listener(8_000, model), samples)
    rows = listener.push(samples) + listener.gap(3)
    assert without_lag(rows) == without_lag(whole)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e30])
def test_what_is_no_gap(seconds: float, model: callmood.EmotionModel) -> None:
    with callmood.Listener(16_000, model) as listener, pytest.raises(UsageError, match="the gap lasts"):
        listener.gap(seconds)


def test_alerts_are_those_of_a_replay_and_come_with_their_row(
    model: callmood.EmotionModel, tmp_path: Path
) -> None:
    mono(tmp_path / "a.wav")
    rule = "neutral>0.01 for 0.5s"
    wanted = [
        line
        for line in replay(tmp_path / "a.wav", "--alert", rule, "--alert-cooldown", "0").others
        if line["type"] == "alert"
    ]
    raised: list[Alert] = []
    listener = callmood.Listener(16_000, model, alerts=rule, alert_cooldown=0, on_alert=raised.append)
    for piece in np.split(speech(), 50):
        rows = listener.push(piece)
        assert not raised or raised[-1].window >= 0
        assert not rows or [alert.window for alert in raised][-1:] <= [rows[-1].window]
    assert [(alert.at_seconds, alert.window, alert.probability, alert.rule) for alert in raised] == [
        (line["at"], line["window"], line["probability"], line["rule"]) for line in wanted
    ]
    assert raised


def test_rows_survive_a_callback_that_raises(model: callmood.EmotionModel) -> None:
    def fail(alert: Alert) -> None:
        raise LookupError(alert.label)

    samples = speech()
    wanted = pushed(callmood.Listener(16_000, model), samples)
    listener = callmood.Listener(16_000, model, alerts=["neutral>0.01"], on_alert=fail)
    with pytest.raises(LookupError, match="neutral"):
        listener.push(samples)
    assert without_lag(listener.finish()) == without_lag(wanted)


def test_a_callback_may_not_push(model: callmood.EmotionModel) -> None:
    listener = callmood.Listener(
        16_000, model, alerts=["neutral>0.01"], on_alert=lambda _: listener.push([0.0])
    )
    with pytest.raises(UsageError, match="in use"):
        listener.push(speech())


def test_a_saved_voice_gives_the_rows_of_a_replay_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_voice_model(tmp_path / "learning", gate="level", win_seconds=1.0, step_seconds=0.25)
    monkeypatch.setenv("CALLMOOD_VOICES", str(tmp_path / "voices"))
    mono(tmp_path / "a.wav")
    words = ("--voice", "anna")
    replay(tmp_path / "a.wav", *words, model=str(folder))
    saved = (tmp_path / "voices" / "anna.json").read_bytes()
    with callmood.Listener(16_000, folder, voice="anna") as listener:
        rows = pushed(listener, read(tmp_path / "a.wav")[0])
    assert (tmp_path / "voices" / "anna.json").read_bytes() == saved
    lines = replay(tmp_path / "a.wav", *words, model=str(folder)).rows_without_lag
    assert as_lines(rows, list(lines[0])) == lines
    stranger = pushed(callmood.Listener(16_000, folder), read(tmp_path / "a.wav")[0])
    assert stranger[0].voice_known < rows[0].voice_known
    unlearned = pushed(callmood.Listener(16_000, folder, baseline=False), read(tmp_path / "a.wav")[0])
    assert {row.voice_known for row in unlearned} == {0.0}
    with pytest.raises(VoiceError, match="no voice 'bert'"):
        callmood.Listener(16_000, folder, channels=2, voice={"left": "anna", "right": "bert"})


def test_listeners_in_threads_share_a_model() -> None:
    model = callmood.load_model("speech")
    samples = speech()
    wanted = without_lag(pushed(callmood.Listener(16_000, model), samples))
    found: list[list[Row]] = []
    begin = threading.Barrier(4)

    def listen() -> None:
        listener = callmood.Listener(16_000, model)
        begin.wait(30)
        found.append(without_lag(pushed(listener, samples, range(0, len(samples), 4_000))))

    threads = [threading.Thread(target=listen) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 4


NO_BLOCKS: dict[str, tuple[Any, str]] = {
    "int64": (np.zeros(5, np.int64), "of type int64"),
    "text": ("sound", "of type <U5"),
    "complex": (np.zeros(5, np.complex64), "of type complex64"),
    "bool": (np.zeros(5, bool), "of type bool"),
    "half": (np.zeros(5, np.float16), "of type float16"),
    "ragged": ([[0.0], [0.0, 0.0]], "is no array"),
    "scalar": (0.5, r"the shape \(\)"),
    "cube": (np.zeros((5, 1, 1), np.float32), r"the shape \(5, 1, 1\)"),
    "stereo": (np.zeros((5, 2), np.float32), "2 channels where 1 channel should be"),
    "no channel": (np.zeros((5, 0), np.float32), "0 channels where 1 channel should be"),
    "nan": (np.array([0.0, np.nan], np.float32), "not finite: 1"),
    "infinite": (np.array([np.inf, -np.inf]), "not finite: 2"),
    "too big for float32": (np.array([1e39]), "not finite: 1"),
}


@pytest.mark.parametrize("case", NO_BLOCKS)
def test_what_is_no_block_is_refused_and_changes_nothing(case: str, model: callmood.EmotionModel) -> None:
    block, message = NO_BLOCKS[case]
    samples = speech()
    wanted = pushed(callmood.Listener(16_000, model), samples)
    with callmood.Listener(16_000, model) as listener:
        rows = listener.push(samples[:40_000])
        with pytest.raises(UsageError, match=message):
            listener.push(block)
        rows += listener.push(samples[40_000:]) + listener.finish()
    assert without_lag(rows) == without_lag(wanted)


def test_nothing_of_a_long_block_is_taken_whose_end_is_not_finite(model: callmood.EmotionModel) -> None:
    spoiled = np.append(speech(), np.float32(np.nan))
    with callmood.Listener(16_000, model) as listener:
        with pytest.raises(UsageError, match="not finite: 1"):
            listener.push(spoiled)
        assert [row.start for row in listener.push(speech()[:32_000])] == [0.0]


def test_samples_beyond_any_scale_are_cut_as_those_of_a_file(
    model: callmood.EmotionModel, tmp_path: Path
) -> None:
    samples = speech() * np.float32(1e9)
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    lines = replay(tmp_path / "a.wav").rows_without_lag
    assert as_lines(pushed(callmood.Listener(16_000, model), samples), list(lines[0])) == lines


def test_a_closed_listener_refuses_everything_but_to_be_closed(model: callmood.EmotionModel) -> None:
    listener = callmood.Listener(16_000, model)
    listener.finish()
    calls: tuple[Callable[[], object], ...] = (
        lambda: listener.push([0.0]),
        lambda: listener.gap(1.0),
        listener.finish,
    )
    for call in calls:
        with pytest.raises(UsageError, match="is closed"):
            call()
    listener.close()
    with callmood.Listener(16_000, model) as other:
        pass
    with pytest.raises(UsageError, match="is closed"):
        other.push([0.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 16_000.5}, "rate is 16000.5"),
        ({"rate": True}, "rate is True"),
        ({"rate": 100}, "rate is 100"),
        ({"channels": 0}, "channels is 0"),
        ({"channels": 33}, "channels is 33"),
        ({"legs": ("a", "b")}, "legs has 2 names, but channels is 1; give channels=2"),
        (
            {"channels": 2, "legs": {"left": "a", "right": "b"}},
            "legs is {'left': 'a', 'right': 'b'}; give a name",
        ),
        ({"channels": 2, "analyse": 2}, "analyse is 2; give a name"),
        ({"voice": ["anna"]}, r"voice is \['anna'\]; give a name"),
        ({"channels": 2, "legs": ("a", "A")}, "has a name twice"),
        ({"analyse": "other"}, "analyse names 'other'"),
        ({"staff": "other"}, "^staff names 'other'"),
        ({"legs": "agent"}, r"nobody to analyse but staff \(agent\).*where it is lawful: analyse agent"),
        ({"channels": 2, "legs": ("a", "agent"), "voice": {"agent": "x"}}, "is of no leg that is analysed"),
        ({"channels": 2, "legs": ("a", "agent"), "alerts": "agent:sad>0.5"}, "those analysed are a"),
        ({"win": 100.0}, "win is 100 s"),
        ({"step": float("nan")}, "step is nan s"),
        ({"alerts": ["angry>2"]}, "alert 'angry>2'"),
        ({"alerts": "agent:angry>0.5"}, "watches the leg 'agent'"),
        ({"alert_cooldown": -1.0}, "alert_cooldown is -1"),
        ({"voice": "anna", "baseline": False}, "leave one out"),
        ({"channels": 2, "voice": "anna"}, "write voice left=anna"),
        ({"model": 5}, "model is 5"),
    ],
)
def test_arguments_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"rate": 16_000, "model": MODEL} | options
    with pytest.raises(UsageError, match=message) as refused:
        callmood.Listener(**arguments)
    assert "--" not in str(refused.value)


def test_a_model_is_a_name_a_path_or_loaded(model: callmood.EmotionModel) -> None:
    assert callmood.load_model(model) is model
    assert callmood.load_model(model.folder).card == callmood.load_model(str(model.folder)).card == model.card
    with pytest.raises(ModelError, match="did you mean speech-light"):
        callmood.Listener(16_000, "speech-lite")
    # A path object is a path, never the name of a model that came with callmood.
    with pytest.raises(ModelError, match="is not there"):
        callmood.Listener(16_000, Path(MODEL))


def test_models_are_listed() -> None:
    listed = {entry.name: entry for entry in callmood.models()}
    assert {"speech", "speech-light", "speech-open", "speech-classic", "synthetic"} <= set(listed)
    card = listed["speech"].card
    assert card is not None
    assert card.labels == ("angry", "happy", "neutral", "sad")


@pytest.mark.parametrize("name", [*RECORDINGS, "short"])
def test_samples_are_predicted_as_their_file(name: str, model: callmood.EmotionModel, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    if name == "short":
        soundfile.write(path, speech()[:9_000], 16_000, subtype="PCM_16")
    else:
        RECORDINGS[name](path)
    samples, rate = read(path)
    of_file, of_samples = callmood.predict(path, model=model), callmood.predict(samples, rate, model)
    # Only how the file was written is not known of the samples.
    notes = [note for note in of_file.notes if not note.startswith("converted")]
    assert replace(of_file, notes=()) == replace(of_samples, notes=())
    assert list(of_samples.notes) == notes
    assert of_file == callmood.predict(str(path), model=model)
    done = command.callmood("predict", path, "--json", "--model", MODEL, cwd=tmp_path)
    assert [(each["leg"], each["state"], each["probabilities"]) for each in json.loads(done.stdout)] == [
        (leg, each.state, each.probabilities) for leg, each in of_file.legs.items()
    ]


def test_predict_answers_for_the_legs_that_are_named(model: callmood.EmotionModel) -> None:
    sides = np.stack([speech()[:60_000], speech()[60_000:120_000]], axis=1)
    own, other = (callmood.predict(sides[:, side], 16_000, model).legs["mono"] for side in (0, 1))
    assert callmood.predict(sides, 16_000, model).legs == {"left": own, "right": other}
    named = callmood.predict(sides, 16_000, model, legs=("customer", "agent"))
    assert named.legs == {"customer": own}, "an agent is staff"
    both = callmood.predict(sides, 16_000, model, legs=("customer", "agent"), analyse=("customer", "agent"))
    assert both.legs == {"customer": own, "agent": other}
    assert callmood.predict(np.stack([sides[:, 0]] * 2, axis=1), 16_000, model).legs == {"mono": own}
    with pytest.raises(UsageError, match="legs has 2 names, but samples has one channel; give one name"):
        callmood.predict(sides[:, 0], 16_000, model, legs="a,b")
    with pytest.raises(UsageError, match="voice 'anna' does not say whose it is"):
        callmood.predict(sides, 16_000, model, voice="anna")


def test_predict_refuses_what_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="need their sample rate"):
        callmood.predict(speech(), model=MODEL)
    with pytest.raises(UsageError, match="leave rate out"):
        callmood.predict(DEMO, 16_000, MODEL)
    with pytest.raises(UsageError, match="no samples"):
        callmood.predict([], 16_000, MODEL)
    with pytest.raises(UsageError, match="not finite"):
        callmood.predict([0.0, float("nan")], 16_000, MODEL)
    with pytest.raises(AudioFileError):
        callmood.predict(tmp_path / "missing.wav", model=MODEL)


LISTEN = """
import json, subprocess, sys, threading
import callmood

mode, seconds = sys.argv[1], float(sys.argv[2])
lost = []

def begin():
    return callmood.listen(
        seconds if mode == "duration" else None, "pulse", "speech-light", alerts="neutral>0.01",
        on_alert=lambda alert: print(json.dumps({"alert": alert.window}), flush=True), on_loss=lost.append,
    )

def show(row):
    print(json.dumps({"end": row.end, "state": row.state, "leg": row.leg}), flush=True)

if mode == "kept":
    kept = begin()
    for row in kept:
        show(row)
        threading.Event().wait(60)
elif mode == "close":
    generator = begin()
    for row in generator:
        show(row)
        if row.end >= seconds:
            generator.close()
else:
    try:
        for row in begin():
            show(row)
    except KeyboardInterrupt:
        print(json.dumps({"interrupted": True}))
left = [thread.name for thread in threading.enumerate() if thread.name.startswith("callmood-")]
outputs = subprocess.run(["pactl", "list", "short", "source-outputs"], capture_output=True, text=True).stdout
print(json.dumps({"left": left, "outputs": outputs, "lost": len(lost)}))
"""


def listening(pulse: PulseServer, mode: str, seconds: float) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", LISTEN, mode, str(seconds)],
        env=pulse.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("mode", ["duration", "close", "interrupt"])
def test_a_microphone_is_heard_and_released(mode: str, pulse: PulseServer, tmp_path: Path) -> None:
    mono(tmp_path / "a.wav")
    with listening(pulse, mode, 6.0) as process:
        assert process.stdout is not None
        pulse.wait_for_listener()
        if mode == "duration":
            pulse.speak(tmp_path / "a.wav")
        lines = []
        for line in process.stdout:
            lines.append(json.loads(line))
            if mode == "interrupt" and lines[-1].get("end", 0) >= 3:
                process.send_signal(signal.SIGINT)
                mode = "interrupted"
        assert process.stderr is not None
        errors = process.stderr.read()
    assert process.returncode == 0, errors
    assert lines[-1] == {"left": [], "outputs": "", "lost": 0}
    rows = [line for line in lines if "end" in line]
    assert {row["leg"] for row in rows} == {"mono"}
    if mode == "interrupted":
        assert {"interrupted": True} in lines
    else:
        assert 5.5 <= rows[-1]["end"] <= 6.5
    if mode == "duration":
        assert "speech" in {row["state"] for row in rows}
        assert any("alert" in line for line in lines)


def test_a_generator_that_is_kept_at_ctrl_c_holds_up_no_exit(pulse: PulseServer) -> None:
    with listening(pulse, "kept", 6.0) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["leg"] == "mono"
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == -signal.SIGINT
    assert errors.strip().endswith("KeyboardInterrupt")
    assert pulse.pactl("list", "short", "source-outputs") == ""


def test_a_device_that_is_not_there_and_values_are_refused_at_once(pulse: PulseServer) -> None:
    program = (
        "import callmood\n"
        "for call in (lambda: callmood.listen(device='nosuch', model='speech-light'),\n"
        "             lambda: callmood.listen(-1), lambda: callmood.listen(model='nosuch')):\n"
        "    try: call()\n"
        "    except callmood.CallmoodError as error: print(type(error).__name__, str(error)[:40])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=pulse.environment, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    kinds = [line.partition(" ")[0] for line in done.stdout.splitlines()]
    assert kinds == ["DeviceError", "UsageError", "ModelError"], done.stdout
