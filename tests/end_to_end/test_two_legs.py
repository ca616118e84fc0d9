"""A stereo recording of a call: two legs, each exactly as if it were alone, and one that is left alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from emotion.arrays import Samples
from tests.command import Journal, assert_one_line_of_complaint, callmood, read_journal
from tests.spoken import DEMO, SAMPLE_RATE

SECONDS = 10


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Samples]:
    """The customer speaks the beginning of the demo, the friend some of the rest, both at times."""
    demo, _ = soundfile.read(DEMO, dtype="int16")
    length, later = SECONDS * SAMPLE_RATE, 6 * SAMPLE_RATE
    sound = np.stack([demo[:length], demo[later : later + length]], axis=1)
    path = tmp_path_factory.mktemp("call") / "call.wav"
    soundfile.write(path, sound, SAMPLE_RATE)
    return path, sound


def replayed(recording: Path, folder: Path, *arguments: str) -> Journal:
    journal = folder / "journal.jsonl"
    done = callmood("replay", recording, "--fast", "--journal", journal, *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return read_journal(journal)


def of_leg(journal: Journal, leg: str) -> list[dict[str, Any]]:
    rows = [row for row in journal.rows_without_lag if row["leg"] == leg]
    return [{name: value for name, value in row.items() if name != "leg"} for row in rows]


@pytest.mark.parametrize("model", ["speech", "speech-light"])
def test_two_legs_give_exactly_the_rows_of_two_mono_files(
    call: tuple[Path, Samples], tmp_path: Path, model: str
) -> None:
    path, sound = call
    journal = replayed(path, tmp_path, "--model", model, "--legs", "left=customer,right=friend")
    for channel, leg in enumerate(("customer", "friend")):
        folder = tmp_path / leg
        folder.mkdir()
        soundfile.write(folder / "alone.wav", sound[:, channel], SAMPLE_RATE)
        alone = replayed(folder / "alone.wav", folder, "--model", model)
        assert of_leg(journal, leg) == of_leg(alone, "mono")
        assert len(of_leg(journal, leg)) == 17
    assert sum(journal.summary["talk_seconds"].values()) > 5.0


@pytest.mark.parametrize("model", ["speech", "speech-light"])
def test_what_leaks_into_a_leg_at_minus_20_db_does_not_make_it_speak(tmp_path: Path, model: str) -> None:
    demo, _ = soundfile.read(DEMO, dtype="float32")
    later = SAMPLE_RATE * 8 // 100
    leak = np.concatenate([np.zeros(later, np.float32), demo[:-later]]) * 0.1
    room = np.random.default_rng(0).normal(0, 2e-4, len(leak)).astype(np.float32)
    soundfile.write(tmp_path / "leak.wav", np.stack([demo, leak + room], axis=1), SAMPLE_RATE)
    soundfile.write(tmp_path / "alone.wav", leak + room, SAMPLE_RATE)
    journal = replayed(tmp_path / "leak.wav", tmp_path, "--model", model)
    states = {leg: [row["state"] for row in of_leg(journal, leg)] for leg in ("left", "right")}
    assert not {"speech", "unsure"} & set(states["right"])
    assert states["left"].count("speech") >= 25
    (tmp_path / "journal.jsonl").unlink()
    alone = replayed(tmp_path / "alone.wav", tmp_path, "--model", model)
    assert [row["state"] for row in alone.rows].count("speech") >= 10, "by itself it would have"


def test_a_leg_that_is_not_analysed_is_neither_in_a_row_nor_on_the_disk(
    call: tuple[Path, Samples], tmp_path: Path
) -> None:
    path, sound = call
    (tmp_path / "callmood.toml").write_text(
        '[replay]\nlegs = "left=customer,right=friend"\nanalyse = "customer"\nmodel = "speech-light"\n'
    )
    journal = replayed(path, tmp_path, "--record-session", "--record", "all", "--out", "recordings")
    assert journal.header["notes"] == ["friend: level only, neither analysed nor recorded"]
    assert [leg["analysed"] for leg in journal.header["legs"]] == [True, False]
    assert {row["leg"] for row in journal.rows} == {"customer"}
    (whole,) = tmp_path.glob("recordings/*/sound/*.wav")
    np.testing.assert_array_equal(soundfile.read(whole, dtype="int16")[0], sound[:, 0])
    clips = sorted(tmp_path.glob("recordings/*/clips/*/*.wav"))
    assert len(clips) == len(journal.rows) == 17
    for number, clip in enumerate(clips):
        begin = number * SAMPLE_RATE // 2
        np.testing.assert_array_equal(
            soundfile.read(clip, dtype="int16")[0], sound[begin : begin + 2 * SAMPLE_RATE, 0]
        )
        assert "_customer_" in clip.name


def test_staff_is_level_only_unless_analyse_names_it(call: tuple[Path, Samples], tmp_path: Path) -> None:
    path, sound = call
    model = ("--model", "speech-light")
    told = "We analyse how you sound; nobody else hears it. " * 2
    names = ("--legs", "customer,Agent-2", "--record-session", "--announce", told)
    journal = replayed(path, tmp_path, *model, *names)
    assert journal.header["notes"] == [
        "Agent-2: staff, level only (AI Act art. 5(1)(f)); --analyse overrides",
        "announced: We analyse how you sound; nobody else hears it. We analyse h…",
    ]
    assert journal.header["staff"] == ["Agent-2"]
    assert journal.header["announced"] == told
    assert {row["leg"] for row in journal.rows} == {"customer"}
    (whole,) = tmp_path.glob("recordings/*/sound/*.wav")
    np.testing.assert_array_equal(soundfile.read(whole, dtype="int16")[0], sound[:, 0])
    (tmp_path / "journal.jsonl").unlink()
    both = replayed(path, tmp_path, *model, "--legs", "customer,agent", "--analyse", "customer,agent")
    assert both.header["notes"] == ["agent: staff, analysed by --analyse; AI Act art. 5(1)(f) prohibits this"]
    assert (both.header["staff"], both.header["announced"]) == (["agent"], None)
    assert {row["leg"] for row in both.rows} == {"customer", "agent"}


@pytest.mark.parametrize("typed", [("--legs", "customer,agent"), ("--legs", "a,b", "--staff", "b")])
def test_a_strangers_configuration_cannot_have_staff_analysed(
    call: tuple[Path, Samples], tmp_path: Path, typed: tuple[str, ...]
) -> None:
    staff = typed[1].rpartition(",")[2]
    (tmp_path / "callmood.toml").write_text(f'[replay]\nanalyse = "{staff}"\n')
    refused = callmood("replay", call[0], "--fast", "--json", *typed, cwd=tmp_path)
    assert f"only you can have staff analysed: type --analyse {staff}" in refused.stderr
    assert refused.returncode == 2
    typed_too = callmood("replay", call[0], "--fast", "-q", *typed, "--analyse", staff, cwd=tmp_path)
    assert (typed_too.returncode, typed_too.stdout) == (0, "")


def test_one_voice_written_twice_is_one_leg_and_names_can_mix(
    call: tuple[Path, Samples], tmp_path: Path
) -> None:
    path, sound = call
    soundfile.write(tmp_path / "twice.wav", sound[:, [0, 0]], SAMPLE_RATE)
    twice = replayed(tmp_path / "twice.wav", tmp_path, "--model", "speech-light")
    assert [leg["name"] for leg in twice.header["legs"]] == ["mono"]
    (tmp_path / "journal.jsonl").unlink()
    mixed = replayed(path, tmp_path, "--model", "speech-light", "--legs", "everybody")
    assert {row["leg"] for row in mixed.rows} == {"everybody"}
    assert mixed.header["notes"] == ["two channels mixed down to one"]


def test_each_leg_goes_on_with_its_own_voice(call: tuple[Path, Samples], tmp_path: Path) -> None:
    path, _ = call
    env = {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    said = ("--json", "--voice", "left=anna", "--voice", "right=bert")
    done = callmood("replay", path, "--fast", *said, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    known = callmood("voices", cwd=tmp_path, env=env)
    assert "anna" in known.stdout
    assert "bert" in known.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--legs", "left=a,right=a"), "twice"),
        (("--legs", "left=a,middle=b"), "left and right"),
        (("--analyse", "boss"), "left, right"),
        (("--staff", "boss"), "--staff names 'boss', but the legs are left, right"),
        (("--staff", "left,right"), "nobody to analyse but staff (left, right)"),
        (("--staff", "left", "--voice", "left=anna"), "no leg that is analysed; these are right"),
        (("--staff", "left", "--alert", "left:sad>0.5"), "those analysed are right"),
        (("--voice", "anna"), "--voice left=anna"),
        (("--voice", "boss=anna"), "left, right"),
        (("--voice", "left=anna", "--voice", "left=bert"), "two voices"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    call: tuple[Path, Samples], tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = callmood("replay", call[0], "--fast", "--json", *arguments, cwd=tmp_path)
    assert_one_line_of_complaint(done, words)
