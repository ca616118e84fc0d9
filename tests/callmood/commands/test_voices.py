"""`callmood enroll`, `voices`, and `replay --voice`, as a user types them."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.command import read_journal, run_here
from tests.model_maker import make_model, tone_of
from tests.voice_model import make_voice_model

RATE = 16_000
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models and a recording: 4 s of a voice, 2 s of silence, 4 s of a voice."""
    place = tmp_path_factory.mktemp("voices")
    make_voice_model(place / "models" / "tiny", gate="level", win_seconds=1.0, step_seconds=0.25)
    make_model(place / "models" / "plain", "classic-speech", clips_per_label=2)
    pause = np.zeros(2 * RATE, np.float32)
    sound = [tone_of("angry", 1, RATE, 4.0), pause, tone_of("sad", 2, RATE, 4.0)]
    soundfile.write(place / "call.wav", np.concatenate(sound), RATE, subtype="PCM_16")
    soundfile.write(place / "silence.wav", np.concatenate([pause, pause]), RATE, subtype="PCM_16")
    return place


@pytest.fixture
def run(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.chdir(place)
    monkeypatch.setenv("CALLMOOD_VOICES", str(tmp_path / "voices"))

    return partial(run_here, capsys)


def test_a_voice_is_made_used_listed_and_deleted(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("enroll", "anna", "call.wav", "--model", "./models/tiny", "--seconds", "3")
    assert code == 0
    assert said.startswith("anna: 3.0 s of speech in 3.")
    assert f"written {tmp_path / 'voices' / 'anna.json'}; use it with --voice anna (model tiny)" in said

    journal = tmp_path / "call.jsonl"
    words = (
        "replay",
        "call.wav",
        "--fast",
        "--model",
        "./models/tiny",
        "--voice",
        "anna",
        "--journal",
        str(journal),
    )
    code, said, _ = run(*words)
    assert code == 0
    assert "written   " in said
    heard = read_journal(journal)
    assert heard.header["voices"] == {"mono": "anna"}
    assert heard.rows[0]["voice_known"] > 0.0
    voice_file, session_folder, journal_file = heard.summary["files"]
    assert (voice_file, journal_file) == (str(tmp_path / "voices" / "anna.json"), str(journal))
    assert session_folder == f"recordings/{heard.header['session']}/"

    code, said, _ = run("voices", "--json")
    [voice] = json.loads(said)
    assert code == 0
    num_speech = sum(row["state"] in {"speech", "unsure"} for row in heard.rows)
    assert (voice["name"], voice["model"]) == ("anna", "tiny")
    assert voice["speech_seconds"] == pytest.approx(3.0 + 0.25 * num_speech)
    assert "anna   tiny " in run("voices")[1]

    assert run("voices", "--delete", "anna") == (0, f"deleted {tmp_path / 'voices' / 'anna.json'}\n", "")
    assert run("voices")[1] == f"no voices in {tmp_path / 'voices'}; make one with callmood enroll NAME\n"


def test_each_recording_begins_with_the_voice_and_leaves_it_as_it_was(run: Run, tmp_path: Path) -> None:
    assert run("enroll", "anna", "call.wav", "--model", "./models/tiny", "--seconds", "3")[0] == 0
    saved = (tmp_path / "voices" / "anna.json").read_bytes()
    code, said, _ = run(
        "predict", "call.wav", "call.wav", "--model", "./models/tiny", "--voice", "anna", "--json"
    )
    assert code == 0
    assert (tmp_path / "voices" / "anna.json").read_bytes() == saved
    first, second = json.loads(said)
    assert first == second
    replay = ("replay", "call.wav", "--fast", "--json", "--model", "./models/tiny", "--voice", "anna")
    rows = [line for line in map(json.loads, run(*replay)[1].splitlines()) if line["type"] == "row"]
    shares = [list(row["probabilities"].values()) for row in rows if row["probabilities"]]
    np.testing.assert_array_equal(list(first["probabilities"].values()), np.mean(shares, axis=0))


def test_a_voice_is_not_replaced_unasked(run: Run) -> None:
    words = ("enroll", "anna", "call.wav", "--model", "./models/tiny", "--seconds", "2")
    assert run(*words)[0] == 0
    code, _, complaint = run(*words)
    assert code == 9
    assert "there is a voice anna already" in complaint
    assert "--replace" in complaint
    assert run(*words, "--replace")[0] == 0


def test_less_speech_than_asked_for_is_told(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("enroll", "bo", "call.wav", "--model", "./models/tiny", "--seconds", "40")
    assert code == 0
    assert "less than the 40 s asked for" in said
    code, _, complaint = run("enroll", "cy", "silence.wav", "--model", "./models/tiny")
    assert code == 3
    assert "silence.wav: 0.0 s of speech in 4.0 s of sound; a voice needs 2 s at least" in complaint
    assert [path.name for path in (tmp_path / "voices").iterdir()] == ["bo.json"]


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("enroll", "anna", "call.wav", "--model", "./models/plain"), 2, "model plain learns no voices"),
        (
            ("enroll", "anna", "call.wav", "--model", "./models/tiny", "--seconds", "1"),
            2,
            "seconds is 1; give 2",
        ),
        (
            ("enroll", "anna", "call.wav", "--model", "./models/tiny", "--seconds", "nan"),
            2,
            "seconds is nan; give 2",
        ),
        (("enroll", "anna", "call.wav", "--device", "1"), 2, "one of them is enough"),
        (
            ("enroll", "../anna", "call.wav", "--model", "./models/tiny"),
            2,
            "'../anna' is no name for a voice",
        ),
        (
            ("replay", "call.wav", "--fast", "--model", "./models/plain", "--voice", "anna"),
            2,
            "learns no voices",
        ),
        (
            ("replay", "call.wav", "--fast", "--model", "./models/tiny", "--voice", "anna", "--no-baseline"),
            2,
            "leave one of them out",
        ),
        (("predict", "call.wav", "--model", "./models/plain", "--voice", "anna"), 2, "learns no voices"),
        (
            ("predict", "call.wav", "--model", "./models/tiny", "--voice", "nobody"),
            9,
            "there is no voice 'nobody'",
        ),
        (
            ("predict", "call.wav", "--model", "./models/tiny", "--voice", "../anna"),
            2,
            "is no name for a voice",
        ),
        (("voices", "--delete", "nobody"), 9, "there is no voice 'nobody'"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    run: Run, words: tuple[str, ...], code: int, complaint: str
) -> None:
    ended, _, said = run(*words)
    assert ended == code
    assert complaint in said.splitlines()[-1]


def test_a_damaged_voice_is_named_and_the_others_are_listed(run: Run, tmp_path: Path) -> None:
    run("enroll", "anna", "call.wav", "--model", "./models/tiny", "--seconds", "2")
    (tmp_path / "voices" / "bo.json").write_text("{}")
    code, said, complaint = run("voices")
    assert code == 9
    assert "anna" in said
    assert "bo.json: field 'format' is missing" in complaint
