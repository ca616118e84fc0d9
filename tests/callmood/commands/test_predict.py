"""`callmood predict` as a user types it."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib import image

from callmood.__main__ import main
from tests.command import assert_one_line_of_complaint, callmood
from tests.model_maker import make_model, tone_of
from tests.spoken import DEMO
from tests.voice_model import make_voice_model

RATE = 16_000
NOTE = "fitted on trembling tones: says nothing about people"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a model of one-second windows and three recordings."""
    make_model(tmp_path / "models" / "tiny", "classic-speech", win_seconds=1.0, step_seconds=0.5)
    folder = tmp_path / "calls"
    (folder / "old").mkdir(parents=True)
    soundfile.write(folder / "a.wav", tone_of("angry", 99, RATE, 2.0), RATE)
    soundfile.write(folder / "b.flac", tone_of("sad", 99, RATE, 0.6), RATE)
    stereo = np.stack([tone_of("happy", 98, 48_000, 1.5)] * 2, axis=1)
    soundfile.write(folder / "old" / "c.ogg", stereo, 48_000, subtype="OPUS")
    (folder / "notes.txt").write_text("no sound")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predict(*words: str) -> int:
    """Run in this process, with the small model."""
    return main(["predict", *words, "--model", "./models/tiny"])


def test_a_line_a_recording_of_files_and_folders(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write(here / "odd.bin", tone_of("neutral", 97, RATE, 1.0), RATE, format="WAV")
    assert predict("odd.bin", "calls") == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert [line.split()[9] for line in lines] == [
        "odd.bin",
        "calls/a.wav",
        "calls/b.flac",
        "calls/old/c.ogg",
    ]
    assert [line.split()[0] for line in lines] == ["neutral", "angry", "sad", "happy"]
    for line in lines:
        words = line.split()
        assert words[1:9:2] == ["angry", "happy", "neutral", "sad"]
        assert sum(float(share) for share in words[2:9:2]) == pytest.approx(1.0, abs=0.021)
    assert "shorter than win (1 s)" in lines[2]
    assert "mixed down" in lines[3]
    assert "shorter" not in lines[1]
    assert shown.err == f"note: model tiny: {NOTE}\n"


def test_a_stereo_call_has_a_line_for_each_leg(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sides = np.stack([tone_of("angry", 99, RATE, 2.0), tone_of("sad", 98, RATE, 2.0)], axis=1)
    soundfile.write(here / "sides.wav", sides, RATE)
    assert predict("sides.wav", "calls/a.wav") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [(line.split()[0], *line.split()[9:]) for line in lines] == [
        ("angry", "sides.wav", "left"),
        ("sad", "sides.wav", "right"),
        ("angry", "calls/a.wav"),
    ]
    assert predict("sides.wav", "--legs", "left=me,right=agent", "--json", "--plot", "sides.png") == 0
    (facts,) = json.loads(capsys.readouterr().out)
    assert (facts["file"], facts["leg"], facts["emotion"]) == ("sides.wav", "me", "angry")
    assert any("agent: staff" in note for note in facts["notes"])
    assert predict("sides.wav", "--legs", "left=me,right=agent", "--analyse", "agent", "--json") == 0
    assert [each["leg"] for each in json.loads(capsys.readouterr().out)] == ["agent"]
    assert predict("sides.wav", "--legs", "mono") == 0
    assert "mixed down" in capsys.readouterr().out
    assert predict("sides.wav", "--plot", "both.png") == 0
    one, both = (image.imread(here / name).shape for name in ("sides.png", "both.png"))
    assert (both[0], both[1]) == (2 * one[0], one[1])


def test_legs_that_a_recording_does_not_have_are_said_of_it_and_the_others_go_on(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = np.stack([tone_of("angry", 99, RATE, 2.0), tone_of("sad", 98, RATE, 2.0)], axis=1)
    soundfile.write(here / "sides.wav", sides, RATE)
    assert predict("calls/a.wav", "sides.wav", "--legs", "me,them") == 2
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 2
    assert "--legs has 2 names, but a.wav has one channel; give one name, such as --legs me" in shown.err


@pytest.mark.usefixtures("here")
def test_json_is_one_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("calls", "--json") == 0
    first, second, third = json.loads(capsys.readouterr().out)
    assert (first["file"], first["emotion"], first["windows"]) == ("calls/a.wav", "angry", 3)
    assert first["leg"] == "mono"
    assert (first["state"], first["silent_windows"]) == ("speech", 0)
    assert first["states"] == {"speech": 3, "silence": 0, "noise": 0, "clipped": 0, "unsure": 0}
    assert sum(first["probabilities"].values()) == pytest.approx(1.0)
    assert first["model_notes"] == [NOTE]
    assert (second["shorter_than_win"], second["windows"]) == (True, 0)
    assert third["notes"]


def test_silence_has_no_emotion(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write(here / "hush.wav", np.zeros(2 * RATE), RATE)
    assert predict("hush.wav") == 0
    assert capsys.readouterr().out.startswith("silence ")
    assert predict("hush.wav", "--json", "--plot", "hush.png") == 0
    (facts,) = json.loads(capsys.readouterr().out)
    assert (facts["state"], facts["emotion"], facts["probabilities"]) == ("silence", None, None)
    assert facts["silent_windows"] == facts["states"]["silence"] == facts["windows"] == 3
    assert (here / "hush.png").is_file()


def test_doubt_and_noise_are_said_and_drawn(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_voice_model(here / "models" / "shy", unsure_below=0.999)
    soundfile.write(here / "hiss.wav", 0.1 * np.random.default_rng(0).standard_normal(3 * RATE), RATE)
    words = ["predict", str(DEMO), "hiss.wav", "--model", "./models/shy"]
    assert main([*words, "--plot", "pictures"]) == 0
    unsure, noise = capsys.readouterr().out.splitlines()
    assert unsure.startswith("unsure   angry 0.")
    assert noise.startswith("noise    angry   - ")
    assert sorted(path.name for path in (here / "pictures").iterdir()) == ["hiss.png", "speech.png"]
    assert main([*words, "--never-unsure"]) == 0
    bold, noise = capsys.readouterr().out.splitlines()
    assert bold.split()[0] in {"angry", "happy", "neutral", "sad"}
    assert bold.split()[1:9] == unsure.split()[1:9]
    assert noise.startswith("noise ")


def test_bad_files_are_named_and_the_others_go_on(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "text.wav").write_text("no sound")
    (here / "empty").mkdir()
    assert predict("text.wav", "gone.wav", "empty", "calls/a.wav") == 3
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1
    complaints = [line for line in shown.err.splitlines() if line.startswith("callmood: ")]
    assert sorted(complaint.split()[1] for complaint in complaints) == ["empty", "gone.wav", "text.wav"]


def test_one_picture_for_one_recording_and_a_folder_for_several(here: Path) -> None:
    assert predict("calls/a.wav", "--plot", "a.png") == 0
    assert (here / "a.png").is_file()
    (here / "calls" / "a.flac").write_bytes((here / "calls" / "b.flac").read_bytes())
    assert predict("calls", "--plot", "pictures") == 0
    assert sorted(path.name for path in (here / "pictures").iterdir()) == [
        "a-2.png", "a.png", "b.png", "c.png",
    ]  # fmt: skip


def test_several_recordings_do_not_fit_one_picture(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("calls", "--plot", "all.png") == 2
    assert "name a folder" in capsys.readouterr().err
    assert not (here / "all.png").exists()


def test_a_picture_that_cannot_be_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "file").touch()
    assert predict("calls/a.wav", "--plot", "file/a.png") == 7
    assert "cannot write file/a.png" in capsys.readouterr().err
    assert predict("calls", "--plot", "file/pictures") == 7


def test_control_characters_in_a_name_do_not_reach_the_terminal(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = here / "\x1b[31mred\udcff.wav"
    evil.write_bytes((here / "calls" / "a.wav").read_bytes())
    assert predict(evil.name) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "?[31mred" in out


def test_a_missing_file_is_one_line(here: Path) -> None:
    done = callmood("predict", "gone.wav", "--model", "./models/tiny", cwd=here)
    assert done.returncode == 3
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("note:")]
    assert line.startswith("callmood: gone.wav")
    assert_one_line_of_complaint(callmood("predict", "a", "--model", "none-such", cwd=here), "none-such")
