"""`--line` of `listen`, `replay` and `predict`, `predict --same-line`, and lines in `voices` and `forget`."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import soundfile

import callmood
from tests.command import read_journal, run_here
from tests.model_maker import tone_of
from tests.voice_model import make_voice_model

Run = Callable[..., tuple[int, str, str]]
FAST = ("--fast", "--model", "./models/tiny")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models and four calls, one of them by telephone."""
    place = tmp_path_factory.mktemp("lines")
    card: dict[str, Any] = {"gate": "level", "win_seconds": 1.0, "step_seconds": 0.25}
    make_voice_model(place / "models" / "tiny", lines=True, **card)
    make_voice_model(place / "models" / "other", lines=True, unsure_below=0.3, **card)
    make_voice_model(place / "models" / "without", **card)
    for number, label in enumerate(("angry", "sad", "neutral")):
        soundfile.write(
            place / f"{number}.wav", tone_of(label, number, 16_000, 4.0), 16_000, subtype="PCM_16"
        )
    soundfile.write(place / "phone.wav", tone_of("happy", 3, 8_000, 4.0), 8_000, subtype="PCM_16")
    return place


@pytest.fixture
def run(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.chdir(place)
    monkeypatch.setenv("CALLMOOD_VOICES", str(tmp_path / "voices"))

    return partial(run_here, capsys)


def test_a_line_is_learned_used_listed_and_reset(run: Run, tmp_path: Path) -> None:
    path, journal = tmp_path / "voices" / "office@wideband.json", tmp_path / "call.jsonl"
    code, said, _ = run("replay", "0.wav", *FAST, "--line", "office")
    assert code == 0
    assert "line      office (wideband), 0 voices" in said
    assert f"written   {path}" in said
    code, said, _ = run("replay", "1.wav", *FAST, "--line", "office", "--journal", str(journal), "-q")
    assert (code, said) == (0, "")
    heard = read_journal(journal)
    assert heard.header["lines"] == {"mono": {"name": "office", "codec": "wideband", "voices": 1}}
    assert str(path) in heard.summary["files"]
    assert run("replay", "phone.wav", *FAST, "-q", "--line", "office")[0] == 0

    code, said, _ = run("voices")
    assert code == 0
    assert [line.split()[:4] for line in said.splitlines()] == [
        ["line", "model", "learned", "from"],
        ["office@narrowband", "tiny", "1", "voice"],
        ["office@wideband", "tiny", "2", "voices"],
    ]
    narrow, wide = json.loads(run("voices", "--json")[1])
    assert (narrow["kind"], narrow["name"], narrow["codec"], narrow["voices"]) == (
        *("line", "office", "narrowband", 1),
    )
    assert (wide["file"], wide["voices"]) == (str(path), 2)

    assert run("voices", "--delete", "office@wideband") == (0, f"deleted {path}\n", "")
    assert run("replay", "0.wav", *FAST, "--line", "office")[1].count("(wideband), 0 voices") == 1


def test_forget_removes_a_line_with_all_its_codecs(run: Run, tmp_path: Path) -> None:
    for file in ("0.wav", "phone.wav"):
        run("replay", file, *FAST, "-q", "--line", "office")
    narrow, wide = (tmp_path / "voices" / f"office@{codec}.json" for codec in ("narrowband", "wideband"))
    code, said, _ = run("forget", "office", "--yes")
    assert code == 0
    assert said.splitlines() == [
        f"line office@narrowband: {narrow}",
        f"line office@wideband: {wide}",
        f"removed line office@narrowband: {narrow}",
        f"removed line office@wideband: {wide}",
    ]
    assert not narrow.exists()
    assert not wide.exists()
    logged = [json.loads(line) for line in (tmp_path / "voices" / "removed.log").read_text().splitlines()]
    assert [line["kind"] for line in logged] == ["line", "line"]
    assert "office" not in (tmp_path / "voices" / "removed.log").read_text()


def test_a_voice_and_a_line_of_one_name_are_told_apart(run: Run, tmp_path: Path) -> None:
    run("replay", "0.wav", *FAST, "-q", "--line", "office", "--voice", "office")
    voice, line = (tmp_path / "voices" / name for name in ("office.json", "office@wideband.json"))
    assert voice.exists()
    code, _, complaint = run("forget", "office", "--yes")
    assert code == 2
    assert (
        "'office' is a voice and a line; type for the voice callmood voices --delete office, or for the line "
        "office@wideband"
    ) in complaint
    assert run("voices")[1].split()[:2] == ["voice", "model"]
    assert run("forget", "office@wideband", "--yes")[0] == 0
    assert (voice.exists(), line.exists()) == (True, False)
    run("replay", "0.wav", *FAST, "-q", "--line", "office")
    assert run("voices", "--delete", "office")[0] == 0
    assert (voice.exists(), line.exists()) == (False, True)
    assert run("voices", "--delete", "office")[0] == 0
    assert not line.exists()


def test_a_session_is_replayed_on_its_line_and_adds_nothing(run: Run, tmp_path: Path) -> None:
    line, out = tmp_path / "voices" / "office@wideband.json", str(tmp_path / "recordings")
    run("replay", "0.wav", *FAST, "-q", "--line", "office")
    run("replay", "1.wav", *FAST, "-q", "--line", "office", "--record-session", "--out", out)
    saved = line.read_bytes()
    [journal] = (tmp_path / "recordings").glob("*/journal.jsonl")

    def rows(text: str) -> list[object]:
        found = [json.loads(each) for each in text.splitlines()]
        return [each | {"lag_seconds": 0} for each in found if each["type"] == "row"]

    code, said, noted = run("replay", "last", *FAST, "--json", "--out", out)
    assert (code, "without its line" in noted) == (0, False)
    assert rows(said) == rows(journal.read_text(encoding="utf-8"))
    assert line.read_bytes() == saved
    line.unlink()
    assert rows(run("replay", "last", *FAST, "--json", "--out", out)[1]) == rows(said)
    noted = run("replay", "last", "--fast", "--model", "./models/other", "-q", "--out", out)[2]
    assert "mono is replayed without its line office: another model learned it" in noted


def test_recordings_of_one_line_are_corrected_for_those_before(run: Run, tmp_path: Path) -> None:
    def shares(*words: str) -> list[object]:
        code, said, _ = run("predict", *words, "--model", "./models/tiny", "--json")
        assert code == 0
        return [each["probabilities"] for each in json.loads(said)]

    files = ("0.wav", "1.wav", "phone.wav", "2.wav")
    alone, together = shares(*files), shares(*files, "--same-line")
    # The first of each codec has nobody before it.
    assert [one == other for one, other in zip(alone, together, strict=True)] == [True, False, True, False]
    assert shares("1.wav", "0.wav", "--same-line")[0] == alone[1]
    assert not (tmp_path / "voices").exists()

    run("replay", "0.wav", *FAST, "-q", "--line", "office", "--no-baseline")
    saved = (tmp_path / "voices" / "office@wideband.json").read_bytes()
    assert shares("1.wav", "--line", "office") == [together[1]]
    assert shares("1.wav", "2.wav", "--line", "office", "--same-line") == [together[1], together[3]]
    assert (tmp_path / "voices" / "office@wideband.json").read_bytes() == saved


def test_in_python_a_saved_line_is_used_and_left_as_it_was(run: Run, place: Path, tmp_path: Path) -> None:
    run("replay", "0.wav", *FAST, "-q", "--line", "office")
    path = tmp_path / "voices" / "office@wideband.json"
    saved, model = path.read_bytes(), callmood.load_model(place / "models" / "tiny")
    samples, rate = soundfile.read(place / "1.wav", dtype="float32")
    found = {}
    for line in ("office", {"mono": "office"}, None):
        with callmood.Listener(rate, model, line=line) as listener:
            found[str(line)] = [row.probabilities for row in [*listener.push(samples), *listener.finish()]]
    _, said, _ = run("replay", "1.wav", *FAST, "--json", "--line", "office")
    rows = [json.loads(each) for each in said.splitlines()]
    assert found["office"] == [row["probabilities"] for row in rows if row["type"] == "row"]
    assert found["office"] == found["{'mono': 'office'}"] != found["None"]
    path.write_bytes(saved)
    of_file = callmood.predict(place / "1.wav", model=model, line="office")
    assert of_file.probabilities != callmood.predict(place / "1.wav", model=model).probabilities
    assert path.read_bytes() == saved
    with pytest.raises(callmood.VoiceError, match="there is no line 'desk@wideband'"):
        callmood.predict(place / "1.wav", model=model, line="desk")
    with pytest.raises(callmood.UsageError, match="line is 3; give a name"):
        callmood.predict(place / "1.wav", model=model, line=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (
            ("replay", "0.wav", "--fast", "--model", "./models/without", "--line", "office"),
            2,
            "model without knows no lines; leave --line out, or choose another",
        ),
        (("predict", "0.wav", "--model", "./models/without", "--same-line"), 2, "knows no lines"),
        (("replay", "0.wav", *FAST, "--line", "../office"), 2, "is no name for a line"),
        (("replay", "0.wav", *FAST, "--line", "last"), 2, "last is no name for a line"),
        (("replay", "0.wav", *FAST, "--line", "left=office"), 2, "--line 'left=office' is of no leg"),
        (("replay", "0.wav", *FAST, "--line", "a", "--line", "b"), 2, "--line gives mono two lines, a and b"),
        (("predict", "0.wav", "--model", "./models/tiny", "--line", "desk"), 9, "no line 'desk@wideband'"),
        (("voices", "--delete", "desk@wideband"), 9, "there is no line 'desk@wideband'"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    run: Run, words: tuple[str, ...], code: int, complaint: str
) -> None:
    ended, _, said = run(*words)
    assert ended == code
    assert complaint in said.splitlines()[-1]


def test_a_line_of_another_model_is_refused_with_both_named(run: Run) -> None:
    run("replay", "0.wav", *FAST, "-q", "--line", "office")
    code, _, said = run("replay", "0.wav", "--fast", "--model", "./models/other", "--line", "office")
    assert code == 9
    assert "line office@wideband was learned by model tiny" in said
    assert "this is other" in said


def test_no_output_replaces_a_line(run: Run, tmp_path: Path) -> None:
    run("replay", "0.wav", *FAST, "-q", "--line", "office")
    path = tmp_path / "voices" / "office@wideband.json"
    saved = path.read_bytes()
    code, _, said = run("replay", "0.wav", *FAST, "--line", "office", "--journal", str(path), "--force")
    assert (code, path.read_bytes()) == (7, saved)
    assert "is a file that is read here; choose another name" in said
