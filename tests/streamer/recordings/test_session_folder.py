"""A session's folder: made once, for one session; removed if nothing came of it; recovery after removal."""

import csv
import io
import json
import os
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.errors import OutputError
from streamer.events import Alert, AudioBlock, Mark, Row, Sound
from streamer.recordings.clips import ClipRecorder, ClipRule
from streamer.recordings.scan import SESSION as SESSION_LAYOUT
from streamer.recordings.session_audio import SessionAudio, sound_files
from streamer.recordings.session_folder import HeadLeg, SessionFolder, SessionHead, read_session_head
from streamer.recordings.wav import WavFormat
from streamer.session_info import SessionClock, Summary
from streamer.sinks.journal import info_values, summary_values, to_json
from tests.recorded_material import open_descriptor
from tests.session_material import SESSION, SUMMARY, blocks, facts, silent_row, sound, speech_row


def test_it_says_what_the_session_is_and_what_became_of_it(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path / "deep" / "recordings")
    folder.open(facts())
    path = tmp_path / "deep" / "recordings" / SESSION / "session.json"
    values = json.loads(path.read_bytes())
    assert values["model"] == "speech-classic"
    assert "summary" not in values
    folder.close(SUMMARY)
    assert json.loads(path.read_bytes()) == {
        **values,
        "summary": {
            **json.loads(path.read_bytes())["summary"],
            "seconds": 63.5,
            "emotions": {"sad": 1, "angry": 1},
        },
    }
    assert [entry.name for entry in path.parent.iterdir()] == ["session.json"]


def test_people_can_read_what_it_says_whatever_the_device_is_called(tmp_path: Path) -> None:
    (source,) = facts().sources
    odd = replace(source, name="card \udcff")
    folder = SessionFolder(tmp_path)
    folder.open(replace(facts(), sources=(source, odd)))
    content = (tmp_path / SESSION / "session.json").read_text(encoding="utf-8")
    assert "a source — with ünicode" in content
    assert "\\udcff" in content, "what is no text is written as an escape"
    assert content.endswith("\n}\n")
    assert max(len(line) for line in content.splitlines()) < 100
    assert json.loads(content)["sources"][0]["name"] == source.name


def test_a_summary_that_cannot_be_written_names_its_file(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts())
    head = tmp_path / SESSION / "session.json"
    head.unlink()
    head.mkdir()
    with pytest.raises(OutputError, match=rf"cannot write .*{SESSION}/session\.json: .*directory"):
        folder.close(SUMMARY)
    head.rmdir()
    head.parent.rmdir()
    with pytest.raises(OutputError, match=f"{SESSION} was taken away"):
        folder.close(SUMMARY)


def test_a_folder_that_exists_is_another_sessions(tmp_path: Path) -> None:
    (tmp_path / SESSION).mkdir()
    with pytest.raises(OutputError, match=f"{SESSION}: File exists"):
        SessionFolder(tmp_path).open(facts())
    assert not list((tmp_path / SESSION).iterdir())


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("")
    with pytest.raises(OutputError, match=rf"recordings/{SESSION}: .*choose another"):
        SessionFolder(tmp_path / "recordings").open(facts())


def test_a_folder_that_cannot_be_written_into_is_taken_back_with_all_above_it(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    folder = SessionFolder(tmp_path / "deep" / "recordings")
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OutputError, match=r"session\.json: Too many open files"):
            folder.open(facts())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_a_session_that_never_began_leaves_no_trace(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts())
    folder.open(facts())
    folder.close(None)
    assert (tmp_path / SESSION / "session.json").exists()
    folder.close(None)
    assert not list(tmp_path.iterdir())


def test_what_a_session_kept_stays_when_it_is_given_up(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts())
    (tmp_path / SESSION / "clips").mkdir()
    folder.close(None)
    assert {entry.name for entry in (tmp_path / SESSION).iterdir()} == {"session.json", "clips"}


def test_a_folder_that_cannot_be_taken_back_says_so_in_one_line(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    folder.open(facts())
    head = tmp_path / SESSION / "session.json"
    head.unlink()
    head.mkdir()
    with pytest.raises(OutputError, match=SESSION):
        folder.close(None)


def head_of(**changes: object) -> SessionHead:
    """Read session.json with some values changed."""
    content = to_json({**info_values(facts()), **changes})
    return read_session_head(io.BytesIO(content.encode()))


def test_the_head_of_a_session_can_be_read_back() -> None:
    assert head_of() == SessionHead(
        session=SESSION,
        is_damaged=False,
        started=SessionClock.of(facts()).text_at(0.0),
        wav_format=WavFormat(1000, 1, "PCM_16"),
        model="speech-classic",
        legs=(HeadLeg("mono", analysed=True),),
    )
    assert head_of(summary=summary_values(SUMMARY)).has_summary
    assert head_of(summary=summary_values(SUMMARY)).seconds == SUMMARY.seconds


@pytest.mark.parametrize(
    "changes",
    [{"started": 5}, {"sources": [{}]}, {"sources": 7}, {"sources": [{"sample_rate": 0}]}],
    ids=str,
)
def test_of_a_damaged_head_the_session_is_known_all_the_same(changes: dict[str, object]) -> None:
    assert head_of(**changes) == SessionHead(session=SESSION)
    assert head_of(**changes, summary={}) == SessionHead(session=SESSION, has_summary=True)


ALERT = Alert("mono", "angry>0.7", "angry", 1.0, 2.0, 0.8, 1.0, 30, 1000, 2000)


def clips(out_dir: Path) -> ClipRecorder:
    """A recorder of all clips that has heard 400 samples."""
    recorder = ClipRecorder(SessionFolder(out_dir), ClipRule.parse("all"))
    recorder.open(facts())
    recorder.handle(Sound(next(blocks(sound(400), []))))
    return recorder


def indexed(folder: Path) -> list[str]:
    with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
        return [line["window"] for line in csv.DictReader(file)]


def test_clips_go_on_once_the_folder_is_back(tmp_path: Path) -> None:
    folder, away = tmp_path / SESSION, tmp_path / "away"
    recorder = clips(tmp_path)
    recorder.handle(speech_row(0))
    folder.rename(away)
    with pytest.raises(OutputError, match=f"{SESSION} was taken away; put it back"):
        recorder.handle(speech_row(1))
    assert not recorder.recover()
    away.rename(folder)
    assert recorder.recover()
    recorder.handle(speech_row(2))
    recorder.close(SUMMARY)
    assert indexed(folder) == ["0", "2"]
    assert recorder.num_written == 2


def test_an_index_that_was_removed_is_begun_anew(tmp_path: Path) -> None:
    recorder = clips(tmp_path)
    recorder.handle(speech_row(0))
    (tmp_path / SESSION / "index.csv").unlink()
    assert recorder.recover()
    recorder.handle(speech_row(1))
    recorder.close(SUMMARY)
    assert indexed(tmp_path / SESSION) == ["1"]


def test_an_index_that_somebody_has_replaced_is_left_alone_and_the_other_is_ours(tmp_path: Path) -> None:
    recorder = clips(tmp_path)
    recorder.handle(speech_row(0))
    index = tmp_path / SESSION / "index.csv"
    index.rename(tmp_path / "moved.csv")
    index.write_text("theirs")
    recorder.handle(speech_row(1))
    (complaint,) = recorder.complaints
    assert complaint.endswith(
        "another file has its name now, and the lines go on in " + str(index.with_stem("index-2"))
    )
    recorder.close(SUMMARY)
    assert index.read_text() == "theirs"
    names = [path.name for path in (tmp_path / SESSION).iterdir() if path.is_file()]
    assert "index-2.csv" in names
    assert all(map(SESSION_LAYOUT.owns_file, names)), "it is removed with the session"


def test_recovery_without_an_index_waits_for_the_first_clip(tmp_path: Path) -> None:
    recorder = clips(tmp_path)
    assert recorder.recover()
    recorder.handle(speech_row(0))
    recorder.close(SUMMARY)
    assert indexed(tmp_path / SESSION) == ["0"]


def test_the_first_clip_after_an_interruption_has_the_sound_from_before_it(tmp_path: Path) -> None:
    recorder = clips(tmp_path)
    recorder.remember(Sound(next(blocks(sound(200, seed=1), [], 400))))
    assert recorder.recover()
    recorder.handle(speech_row(8))
    recorder.close(SUMMARY)
    (path,) = (tmp_path / SESSION).glob("clips/*/*.wav")
    assert np.array_equal(soundfile.read(path, dtype="float32")[0], sound(200, seed=1)[:, 0])


def test_a_clip_that_finds_no_place_in_the_index_is_none(tmp_path: Path) -> None:
    recorder = clips(tmp_path)
    index = tmp_path / SESSION / "index.csv"
    index.symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"index\.csv: No space left on device; free some space"):
        recorder.handle(speech_row(0))
    assert not list(tmp_path.rglob("*.wav"))
    assert recorder.num_written == 0
    index.unlink()
    recorder.handle(speech_row(1))
    recorder.close(SUMMARY)
    assert indexed(tmp_path / SESSION) == ["1"]
    assert len(list(tmp_path.rglob("*.wav"))) == recorder.num_written == 1


def test_clips_whose_sound_is_gone_are_told_of(tmp_path: Path) -> None:
    recorder = clips(tmp_path)
    recorder.handle(speech_row(0))
    recorder.handle(speech_row(100))
    with pytest.raises(OutputError, match=r"clips missing in .*: 1;"):
        recorder.close(SUMMARY)


@pytest.mark.parametrize(
    ("rule", "event", "is_missing"),
    [
        ("all", silent_row(), True),
        ("angry", speech_row(), True),
        ("sad", speech_row(), False),
        ("alerts", speech_row(), False),
        ("alerts", ALERT, True),
        ("all", ALERT, False),
        ("all", Mark(0.0, 0.0), False),
        ("all", SUMMARY, False),
    ],
)
def test_a_clip_is_missing_only_where_there_would_have_been_one(
    tmp_path: Path, rule: str, event: Row | Alert | Mark | Summary, is_missing: bool
) -> None:
    assert ClipRecorder(SessionFolder(tmp_path), ClipRule.parse(rule)).lacks(event) == is_missing


def test_the_whole_sound_goes_on_in_a_file_of_its_own(tmp_path: Path) -> None:
    folder, away = tmp_path / SESSION, tmp_path / "away"
    keeper = SessionAudio(SessionFolder(tmp_path))
    keeper.open(facts(sample_rate=4))
    keeper.handle(Sound(AudioBlock(sound(100), 0, 0.0)))
    folder.rename(away)
    assert not keeper.recover()
    away.rename(folder)
    for path in (folder / "sound").iterdir():
        path.unlink()
    with pytest.raises(OutputError, match="the file was removed"):
        keeper.handle(Sound(AudioBlock(sound(100), 100, 0.0)))
    assert keeper.recover()
    written = keeper.num_written
    keeper.handle(Sound(AudioBlock(sound(100), 200, 0.0)))
    assert keeper.num_written == written + 1
    keeper.close(SUMMARY)
    assert [(file.first_sample, file.continues) for file in sound_files(folder)] == [(200, False)]


def test_a_file_that_cannot_even_be_ended_does_not_keep_the_next_from_beginning(tmp_path: Path) -> None:
    keeper = SessionAudio(SessionFolder(tmp_path))
    keeper.open(facts(sample_rate=4))
    keeper.handle(Sound(AudioBlock(sound(100), 0, 0.0)))
    os.close(open_descriptor(sound_files(tmp_path / SESSION)[0].path))
    assert keeper.recover()
    keeper.handle(Sound(AudioBlock(sound(100), 100, 0.0)))
    keeper.close(SUMMARY)
    assert [(file.first_sample, file.continues) for file in sound_files(tmp_path / SESSION)] == [
        (0, False),
        (100, False),
    ]
