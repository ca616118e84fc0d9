"""Features of many clips: once computed, kept; what cannot be used, named."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.audio_io import read_mono
from emotion.card import LABELS
from emotion.errors import OutputError, UsageError
from emotion.features.base import window_vectors
from emotion.features.catalogue import feature_set
from emotion.signal import resample
from emotion.window_grid import WindowGrid
from tests.trainer.conftest import MakeCorpus
from trainer import feature_extraction as extraction
from trainer.dataset import Clip, read_manifest
from trainer.feature_extraction import Extraction, extract, usable_clips

RATE = 16_000
SET = "classic-speech"
GRID = WindowGrid.from_seconds(0.5, 0.25, RATE)


@pytest.fixture
def clips(make_corpus: MakeCorpus) -> tuple[Clip, ...]:
    """Sixteen clips of 0.8 s: two windows each."""
    return read_manifest(make_corpus(speakers=2, takes=2)).clips


def run(clips: tuple[Clip, ...], jobs: int = 1, grid: WindowGrid | None = GRID) -> Extraction:
    """Extract with the set of these tests."""
    return extract(clips, LABELS, SET, grid, jobs=jobs)


def counts(done: Extraction) -> tuple[int, int]:
    """Give the clips reused and computed."""
    return done.reused, done.computed


def test_windows_are_those_that_listening_hears(clips: tuple[Clip, ...]) -> None:
    done = run(clips)
    assert len(done.table) == 2 * len(clips)
    for index in (0, 7):
        sound = read_mono(clips[index].path)
        expected = window_vectors(feature_set(SET), GRID, resample(sound.samples, sound.sample_rate, RATE))
        np.testing.assert_array_equal(done.table.vectors[done.table.clips == index], expected)
        assert set(done.table.targets[done.table.clips == index]) == {LABELS.index(clips[index].emotion)}
        assert set(done.table.groups[done.table.clips == index]) == {clips[index].speaker_key}


def test_a_second_run_reuses_everything_and_gives_the_same(clips: tuple[Clip, ...]) -> None:
    first, second = run(clips), run(clips)
    assert (counts(first), counts(second)) == ((0, 16), (16, 0))
    np.testing.assert_array_equal(first.table.vectors, second.table.vectors)


def test_only_a_changed_file_is_computed_anew(clips: tuple[Clip, ...]) -> None:
    first = run(clips)
    changed = clips[3].path
    samples, rate = soundfile.read(changed)
    soundfile.write(changed, samples[::-1], rate)
    second = run(clips)
    assert counts(second) == (15, 1)
    same = first.table.clips != 3
    np.testing.assert_array_equal(first.table.vectors[same], second.table.vectors[same])
    assert not np.array_equal(first.table.vectors[~same], second.table.vectors[~same])


def test_a_renamed_file_is_known_by_its_content(clips: tuple[Clip, ...], tmp_path: Path) -> None:
    run(clips)
    moved = clips[0].path.rename(tmp_path / "elsewhere.wav")
    assert counts(run((Clip(moved, "c", "s", "sad"),))) == (1, 0)


def test_grid_set_and_version_each_have_a_place_of_their_own(
    clips: tuple[Clip, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(clips)
    assert counts(run(clips, grid=WindowGrid.from_seconds(0.5, 0.125, RATE))) == (0, 16)
    assert counts(run(clips, grid=None)) == (0, 16)
    assert counts(extract(clips, LABELS, "classic", WindowGrid.from_seconds(0.5, 0.25, 22_050), jobs=1)) == (
        0,
        16,
    )
    assert counts(run(clips)) == (16, 0)
    monkeypatch.setattr(extraction, "READING_VERSION", 1_000)
    assert counts(run(clips)) == (0, 16)


def test_a_damaged_entry_is_computed_anew(clips: tuple[Clip, ...], tmp_path: Path) -> None:
    first = run(clips)
    entries = sorted((tmp_path / "cache").rglob("*.npz"))
    assert len(entries) == 16
    entries[0].write_bytes(b"")
    entries[1].write_bytes(entries[1].read_bytes()[:200])
    entries[2].write_text("no array")
    second = run(clips)
    assert counts(second) == (13, 3)
    np.testing.assert_array_equal(first.table.vectors, second.table.vectors)


def test_processes_change_nothing(clips: tuple[Clip, ...]) -> None:
    alone = run(clips, grid=None)
    shared = extract(clips, LABELS, SET, WindowGrid.from_seconds(0.5, 0.25, RATE), jobs=2)
    again = run(clips)
    assert counts(alone) == counts(shared) == (0, 16)
    assert counts(again) == (16, 0)
    np.testing.assert_array_equal(shared.table.vectors, again.table.vectors)


def test_unreadable_silent_and_doubled_clips_are_named_and_left_out(
    clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    text, hush, copy = tmp_path / "text.wav", tmp_path / "hush.wav", tmp_path / "copy.wav"
    text.write_text("no sound")
    soundfile.write(hush, np.full(RATE, 0.0005), RATE)
    copy.write_bytes(clips[2].path.read_bytes())
    odd = tuple(Clip(path, "c", "s", "sad") for path in (text, hush, tmp_path / "gone.wav", copy))
    done = run((*clips[:4], *odd, *clips[4:]))
    assert done.clips == clips
    assert set(done.table.clips) == set(range(16))
    unreadable, silent, gone, double = done.remarks
    assert unreadable.startswith("left out, unreadable")
    assert "text.wav" in unreadable
    assert silent.startswith("left out, silent")
    assert "hush.wav" in silent
    assert "gone.wav" in gone
    assert "copy.wav is the same file as" in double


def test_short_clips_are_taken_whole_and_counted(clips: tuple[Clip, ...]) -> None:
    done = run(clips, grid=WindowGrid.from_seconds(1.0, 0.5, RATE))
    assert done.short == 16
    assert len(done.table) == 16
    whole = run(clips, grid=None)
    assert whole.short == 0
    np.testing.assert_array_equal(done.table.vectors, whole.table.vectors)


def test_pauses_are_no_windows_to_learn_from(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, RATE)
    path = tmp_path / "pause.wav"
    # Half a second loud, half a second 40 dB below, half a second loud again.
    noise = np.concatenate([noise[:8000], 0.01 * noise[:8000], noise[8000:]])
    soundfile.write(path, noise, RATE)
    done = run((Clip(path, "c", "s", "sad"),))
    assert GRID.num_windows(len(noise)) == 5
    assert len(done.table) == 4


def test_too_few_jobs_and_a_cache_that_cannot_be_written(
    clips: tuple[Clip, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="--jobs is 0"):
        run(clips, jobs=0)
    (tmp_path / "file").touch()
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="CALLMOOD_CACHE"):
        run(clips)


def test_clips_that_a_recipe_cannot_use_are_named(tmp_path: Path) -> None:
    good, copy, hush, text, gone = (
        tmp_path / f"{name}.wav" for name in ("a", "copy", "hush", "text", "gone")
    )
    soundfile.write(good, np.sin(np.arange(8000)) / 4, 16_000)
    copy.write_bytes(good.read_bytes())
    # An offset is no sound.
    soundfile.write(hush, np.full(8000, 0.25), 16_000)
    text.write_text("no sound")
    paths = (good, copy, hush, text, gone)
    used, remarks = usable_clips([Clip(path, "c", None, "sad") for path in paths], jobs=1)
    assert [clip.path for clip in used] == [good]
    copied, silent, *unreadable = remarks
    assert copied == f"left out, a copy: {copy} is the same file as {good}"
    assert silent == f"left out, silent: {hush} never rises above -60 dBFS"
    assert [line.startswith("left out, unreadable: ") for line in unreadable] == [True, True]
    assert ["text.wav" in unreadable[0], "gone.wav" in unreadable[1]] == [True, True]
