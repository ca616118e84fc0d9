"""The sound in a report: the right spans of it, at the right place in one file, and a picture of all."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib import image

from benchmarks.recorded_call import SAMPLE_RATE, CallScene, record_call
from callmood.reports.analysis import SessionAnalysis, analyse, strength
from callmood.reports.sound import (
    MOST_SECONDS,
    leg_audio,
    leg_decibels,
    leg_spectrogram,
)
from emotion.arrays import Samples
from streamer.events import AudioBlock, Sound
from streamer.recordings.journal_reader import read_journal
from streamer.recordings.lookup import StoredSession, find_session
from streamer.recordings.session_audio import SessionAudio
from streamer.recordings.session_folder import SessionFolder

SECONDS = 40


@pytest.fixture(name="stored", scope="module")
def _stored(tmp_path_factory: pytest.TempPathFactory) -> StoredSession:
    """A call of two legs: a tone of 500 Hz in second 10 of the first, of 2 kHz in second 20 of the other."""
    out_dir = tmp_path_factory.mktemp("recordings")
    scene = CallScene(SECONDS, seed=5)
    folder = record_call(out_dir, scene, with_sound=False)
    samples = np.zeros((SECONDS * SAMPLE_RATE, 2), dtype=np.float32)
    for channel, (second, hertz) in enumerate(((10, 500), (20, 2000))):
        place = np.arange(second * SAMPLE_RATE, (second + 1) * SAMPLE_RATE)
        samples[place, channel] = 0.5 * np.sin(2 * np.pi * hertz * place / SAMPLE_RATE)
    session = SessionFolder(out_dir)
    audio = SessionAudio(session)
    (folder / "session.json").rename(out_dir / "session.json")
    (folder / "journal.jsonl").rename(out_dir / "journal.jsonl")
    folder.rmdir()
    audio.open(scene.info)
    audio.handle(Sound(AudioBlock(samples=samples, first_sample=0, arrived=0.0)))
    audio.close(None)
    (out_dir / "journal.jsonl").rename(folder / "journal.jsonl")
    return find_session(str(folder), out_dir)


@pytest.fixture(name="analysis", scope="module")
def _analysis(stored: StoredSession) -> SessionAnalysis:
    assert stored.journal is not None
    return analyse(read_journal(stored.journal))


def loudness(data: bytes) -> tuple[Samples, int]:
    """Decode, and give the RMS of each tenth of a second."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    per_tenth = rate // 10
    whole = samples[: len(samples) // per_tenth * per_tenth].reshape(-1, per_tenth)
    return np.sqrt((whole**2).mean(axis=1)), rate


def test_all_of_a_leg_is_one_file_in_which_its_sound_is_where_the_piece_says(
    stored: StoredSession, analysis: SessionAnalysis
) -> None:
    for leg, second in (("customer", 10), ("partner", 20)):
        audio = leg_audio(stored, analysis, "all", leg)
        assert audio is not None
        [piece] = audio.pieces
        assert (piece.start, piece.end, piece.offset_seconds) == (0.0, SECONDS, 0.0)
        loud, rate = loudness(audio.data)
        assert audio.data.startswith(b"OggS")
        assert rate == 12_000
        assert set(np.flatnonzero(loud > 0.1)) == set(range(10 * second, 10 * second + 10))


def test_moments_alone_are_short_and_hold_their_own_sound(
    stored: StoredSession, analysis: SessionAnalysis
) -> None:
    audio = leg_audio(stored, analysis, "moments", "customer")
    assert audio is not None
    customer = analysis.legs[0]
    for moment in customer.moments[:1]:
        assert any(piece.start <= moment.episode.peak_seconds <= piece.end for piece in audio.pieces)
    loud, _ = loudness(audio.data)
    for piece in audio.pieces:
        for second in range(int(piece.start) + 1, int(piece.end)):
            heard = loud[round(10 * (second - piece.start + piece.offset_seconds)) + 2]
            assert (heard > 0.1) == (second == 10), (second, piece)
    assert sum(piece.end - piece.start for piece in audio.pieces) < SECONDS - 5
    assert all(
        after.offset_seconds > before.offset_seconds
        for before, after in zip(audio.pieces, audio.pieces[1:], strict=False)
    )


def test_the_sound_of_moments_is_bounded(tmp_path: Path) -> None:
    folder = record_call(tmp_path, CallScene(900, seed=6))
    stored = find_session(str(folder), tmp_path)
    assert stored.journal is not None
    analysis = analyse(read_journal(stored.journal))
    assert sum(leg.plan.analysed for leg in analysis.legs) == 2
    audio = leg_audio(stored, analysis, "moments", "partner")
    assert audio is not None
    heard = sum(piece.end - piece.start for piece in audio.pieces)
    assert MOST_SECONDS / 4 <= heard <= MOST_SECONDS / 2 + 0.1
    # What has a button has its sound.
    leg = analysis.legs[1]
    points = [
        *(moment.episode.peak_seconds for moment in leg.moments),
        *(change.at for change in leg.changes),
    ]
    assert len(points) > 20
    for at in points:
        assert any(piece.start <= at <= piece.end for piece in audio.pieces)


def test_where_not_all_moments_fit_the_strongest_do(stored: StoredSession, analysis: SessionAnalysis) -> None:
    legs = tuple(
        replace(analysis.legs[0], plan=replace(analysis.legs[0].plan, name=f"leg{n}")) for n in range(30)
    )
    crowded = replace(analysis, legs=(*analysis.legs, *legs))
    audio = leg_audio(stored, crowded, "moments", "customer")
    assert audio is not None
    assert sum(piece.end - piece.start for piece in audio.pieces) <= MOST_SECONDS / 32 + 0.1
    emotional = [each.episode for each in analysis.legs[0].moments if each.episode.kind != "neutral"]
    strongest = max(emotional, key=strength).peak_seconds
    assert any(piece.start <= strongest <= piece.end for piece in audio.pieces)


def test_sound_beyond_the_end_of_the_journal_is_left_out(
    stored: StoredSession, analysis: SessionAnalysis
) -> None:
    # The tone is in second 10 to 11: as if the journal were cut just before.
    cut = replace(analysis, seconds=9.75)
    heard: list[float] = []
    decibels = leg_decibels(stored, cut, "customer", heard.append)
    assert decibels is not None
    assert decibels.max() < -60
    assert sum(heard) < 10.0
    audio = leg_audio(stored, cut, "all", "customer")
    assert audio is not None
    assert audio.pieces[-1].end == pytest.approx(9.75, abs=0.01)
    for shortest in (1e-300, 1e-9):
        assert leg_decibels(stored, replace(analysis, seconds=shortest), "customer") is None


def test_without_sound_there_is_none(
    stored: StoredSession, analysis: SessionAnalysis, tmp_path: Path
) -> None:
    elsewhere = (replace(stored, folder=None), replace(stored, folder=tmp_path))
    assert leg_audio(stored, analysis, "none", "customer") is None
    for other in elsewhere:
        assert leg_audio(other, analysis, "all", "customer") is None
        assert leg_spectrogram(other, analysis, "customer") is None


def test_the_spectrogram_spans_the_session_with_low_frequencies_at_the_bottom(
    stored: StoredSession, analysis: SessionAnalysis
) -> None:
    for leg, second, from_above in (("customer", 10, 0.75), ("partner", 20, 0.45)):
        picture = leg_spectrogram(stored, analysis, leg)
        assert picture is not None
        pixels = image.imread(io.BytesIO(picture))
        height, width = pixels.shape[:2]
        assert (pixels[:, :-2, 3] == 1.0).all()
        bright = pixels[..., :3].sum(axis=2)
        row, column = np.unravel_index(bright.argmax(), bright.shape)
        assert second - 0.1 <= column / width * SECONDS <= second + 1
        assert row / height == pytest.approx(from_above, abs=0.12)


def test_what_was_not_kept_is_transparent(stored: StoredSession, analysis: SessionAnalysis) -> None:
    longer = replace(analysis, seconds=2.0 * SECONDS)
    decibels = leg_decibels(stored, longer, "customer")
    assert decibels is not None
    is_missing: list[bool] = np.isnan(decibels.sum(axis=1)).tolist()
    assert all(is_missing[len(decibels) // 2 + 3 :])
    assert not any(is_missing[: len(decibels) // 2 - 3])


def test_a_long_session_is_drawn_from_a_part_of_each_column(
    stored: StoredSession, analysis: SessionAnalysis
) -> None:
    heard: list[float] = []
    whole = leg_decibels(stored, analysis, "customer", heard.append)
    assert whole is not None
    assert sum(heard) == pytest.approx(SECONDS, abs=0.1)
    # As if the sound were the first part of a day.
    day = leg_decibels(stored, replace(analysis, seconds=86_400.0), "customer")
    assert day is not None
    assert day.shape == (2000, whole.shape[1])
    assert np.flatnonzero(~np.isnan(day).any(axis=1)).tolist() == [0]
