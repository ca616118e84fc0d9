"""A session goes on with a voice, and saves it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from emotion.audio_io import AudioFile
from emotion.errors import UsageError
from emotion.model import EmotionModel
from streamer.analysis.leg import ClassifierOptions
from streamer.pipeline import SessionOptions
from streamer.session import Session
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.voice_saver import VoiceSaver, new_voice
from streamer.sources.file import FileSource
from streamer.terminal_io import Screen
from streamer.voices import VoiceFolder, read_voice
from tests.session_parts import OPTIONS, Rows, session_of


def hear(path: Path, model: EmotionModel, folder: VoiceFolder) -> tuple[Rows, VoiceSaver, Summary]:
    """Replay a recording with the voice of anna."""
    keeper, rows = VoiceSaver("anna", "mono", model, "0.1.0", folder), Rows()
    saved = keeper.saved
    states = {} if saved is None else {"mono": saved.state}
    options = SessionOptions(callmood_version="0.1.0", voice_states=states)
    session = session_of(path, model, rows, keeper, options=options)
    return rows, keeper, session.run()


def test_what_one_session_learned_the_next_begins_with(
    recording: Path, learning: EmotionModel, folder: VoiceFolder
) -> None:
    first, keeper, summary = hear(recording, learning, folder)
    assert keeper.saved is None
    path = str(folder.path_of("anna"))
    assert summary.files == (path,)
    known = first.rows[-1].voice_known
    saved = folder.for_model("anna", learning)
    assert saved is not None
    assert learning.open_voice(saved.state).known == known > 0.0
    num_speech = sum(row.state in {"speech", "unsure"} for row in first.rows)
    assert saved.speech_seconds == pytest.approx(0.25 * num_speech)

    second, _, _ = hear(recording, learning, folder)
    again = folder.for_model("anna", learning)
    assert again is not None
    assert second.rows[0].voice_known != first.rows[0].voice_known
    assert second.rows[0].probabilities != first.rows[0].probabilities
    assert again.speech_seconds == pytest.approx(0.5 * num_speech)
    assert again.created == saved.created


def test_where_nobody_spoke_nothing_is_written(
    tmp_path: Path, silence: Path, learning: EmotionModel, folder: VoiceFolder
) -> None:
    _, _, summary = hear(silence, learning, folder)
    assert summary.files == ()
    assert list(tmp_path.glob("data/**/*.json")) == []


def test_a_voice_that_cannot_be_saved_is_told_of_and_the_session_ends_well(
    tmp_path: Path, recording: Path, learning: EmotionModel
) -> None:
    (tmp_path / "anna.json").symlink_to(tmp_path / "nowhere" / "anna.json")
    rows, _, summary = hear(recording, learning, VoiceFolder(tmp_path))
    assert rows.rows
    [failure] = summary.failures
    assert "voice anna cannot be saved" in failure


def test_a_model_that_learns_no_voices_takes_none(tiny_model: EmotionModel, folder: VoiceFolder) -> None:
    with pytest.raises(UsageError, match="model tiny learns no voices; leave --voice out"):
        VoiceSaver("anna", "mono", tiny_model, "0.1.0", folder)


class Facts(Sink):
    """Keeps the head of a session."""

    def open(self, info: SessionInfo) -> None:
        self.facts = info


@pytest.mark.parametrize("baseline", [True, False])
def test_the_session_says_whether_a_voice_is_learned(
    recording: Path, learning: EmotionModel, tiny_model: EmotionModel, *, baseline: bool
) -> None:
    options = SessionOptions(
        callmood_version="0.1.0", classifier=ClassifierOptions(baseline=baseline), voices={"mono": "anna"}
    )
    sink, rows = Facts(), Rows()
    session_of(recording, learning, sink, rows, options=options).run()
    assert sink.facts.learns_voice == baseline
    assert sink.facts.voices == {"mono": "anna"}
    assert (rows.rows[-1].voice_known > 0.0) == baseline
    session_of(recording, tiny_model, sink).run()
    assert not sink.facts.learns_voice
    assert not sink.facts.voices


def test_the_delay_of_the_card_is_that_of_its_own_grid_and_of_voices_learned(
    recording: Path, learning: EmotionModel
) -> None:
    card = msgspec.structs.replace(learning.card, scores={"shows_change_after_seconds": 1.6})
    model = EmotionModel(learning.folder, card, learning.feature_set, learning.decision)
    for step_seconds, baseline, delay in ((None, True, 1.6), (0.5, True, None), (None, False, None)):
        sink = Facts()
        Session(
            [FileSource(AudioFile(recording), fast=True)],
            model,
            card.grid(step_seconds=step_seconds),
            sinks=[sink],
            screen=Screen(),
            options=replace(OPTIONS, classifier=replace(OPTIONS.classifier, baseline=baseline)),
        ).run()
        assert sink.facts.shows_change_after_seconds == delay


def test_of_sessions_at_once_one_saves_the_voice_and_the_others_say_that_they_did_not(
    recording: Path, learning: EmotionModel, folder: VoiceFolder
) -> None:
    hear(recording, learning, folder)
    before = folder.path_of("anna").read_bytes()
    num_at_once = 4
    all_begun = threading.Barrier(num_at_once, timeout=30)

    def hear_at_once(_: int) -> Summary:
        keeper = VoiceSaver("anna", "mono", learning, "0.1.0", folder)
        all_begun.wait()
        assert keeper.saved is not None
        options = SessionOptions(callmood_version="0.1.0", voice_states={"mono": keeper.saved.state})
        session = session_of(recording, learning, keeper, options=options)
        return session.run()

    with ThreadPoolExecutor(num_at_once) as pool:
        summaries = list(pool.map(hear_at_once, range(num_at_once)))
    assert sorted(len(summary.files) for summary in summaries) == [0, 0, 0, 1]
    for summary in summaries:
        assert len(summary.failures) == 1 - len(summary.files)
        for failure in summary.failures:
            assert failure.startswith("voice anna was saved by another callmood meanwhile")
    after = folder.for_model("anna", learning)
    assert after is not None
    assert folder.path_of("anna").read_bytes() != before
    once = read_voice(before).speech_seconds
    assert after.speech_seconds == pytest.approx(2 * once), "what one session learned, whole"


def test_a_voice_that_was_enrolled_anew_meanwhile_is_kept(
    recording: Path, learning: EmotionModel, folder: VoiceFolder
) -> None:
    hear(recording, learning, folder)
    keeper = VoiceSaver("anna", "mono", learning, "0.1.0", folder)
    folder.write(new_voice("anna", learning, "0.1.0"))
    enrolled = folder.path_of("anna").read_bytes()
    session = session_of(recording, learning, keeper)
    [failure] = session.run().failures
    assert "saved by another callmood meanwhile" in failure
    assert folder.path_of("anna").read_bytes() == enrolled


def test_a_voice_that_was_deleted_meanwhile_is_saved_again(
    recording: Path, learning: EmotionModel, folder: VoiceFolder
) -> None:
    hear(recording, learning, folder)
    keeper = VoiceSaver("anna", "mono", learning, "0.1.0", folder)
    folder.delete("anna")
    session = session_of(recording, learning, keeper)
    summary = session.run()
    assert (summary.failures, summary.files) == ((), (str(folder.path_of("anna")),))


def test_a_voice_that_was_damaged_meanwhile_is_left_for_the_user(
    recording: Path, learning: EmotionModel, folder: VoiceFolder
) -> None:
    hear(recording, learning, folder)
    keeper = VoiceSaver("anna", "mono", learning, "0.1.0", folder)
    folder.path_of("anna").write_bytes(b"{")
    session = session_of(recording, learning, keeper)
    [failure] = session.run().failures
    assert failure.startswith("what was learned is not saved: voice anna: ")
    assert folder.path_of("anna").read_bytes() == b"{"
