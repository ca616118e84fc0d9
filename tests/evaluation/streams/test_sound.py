"""A stream's sound: clips untouched where it says they are, and a quiet room between."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.audio_file import read_mono
from emotion.errors import AudioFileError
from emotion.level import level_dbfs
from evaluation.streams.plan import StreamPlan, plan_streams
from evaluation.streams.sound import RATE_HZ, make_sound, room_level_dbfs, stream_generator
from tests.evaluation.corpus_maker import make_corpus
from trainer.dataset.manifest import read_manifest


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> StreamPlan:
    folder = make_corpus(tmp_path_factory.mktemp("sound") / "tones", ["anna"], seconds=0.7)
    return plan_streams(read_manifest(folder).clips, "balanced", 0)[0]


def test_clips_lie_untouched_where_they_are_said_to_lie(plan: StreamPlan) -> None:
    sound = make_sound(plan)
    assert sound.samples.dtype == np.float32
    for clip, start, end in zip(plan.clips, sound.starts, sound.ends, strict=True):
        np.testing.assert_array_equal(sound.samples[start:end], read_mono(clip.path).samples)


def test_pauses_have_their_lengths_and_no_digital_silence(plan: StreamPlan) -> None:
    sound = make_sound(plan)
    pauses = (sound.starts[1:] - sound.ends[:-1]) / RATE_HZ
    assert pauses.min() >= 0.5
    assert pauses.max() <= 1.0
    assert len(set(pauses.tolist())) == len(pauses)
    assert sound.starts[0] == len(sound.samples) - sound.ends[-1] == RATE_HZ
    for start, end in zip([0, *sound.ends], [*sound.starts, len(sound.samples)], strict=True):
        assert -91.0 < level_dbfs(sound.samples[start:end]) < -49.0
        assert np.count_nonzero(sound.samples[start:end]) > 0.9 * (end - start)


def test_what_befalls_clips_moves_their_places_and_leaves_the_pauses(plan: StreamPlan) -> None:
    plain, other = make_sound(plan, "phone"), make_sound(plan, "speed+phone")
    np.testing.assert_array_equal(plain.samples, make_sound(plan).samples)
    before, after = plain.ends - plain.starts, other.ends - other.starts
    assert len(set((after / before).tolist())) == len(before)
    np.testing.assert_array_equal(plain.starts[1:] - plain.ends[:-1], other.starts[1:] - other.ends[:-1])
    levels = [level_dbfs(plain.samples[a:b]) for a, b in zip(plain.starts, plain.ends, strict=True)]
    moved = [level_dbfs(other.samples[a:b]) for a, b in zip(other.starts, other.ends, strict=True)]
    np.testing.assert_allclose(moved, levels, atol=0.2)


def test_the_same_plan_gives_the_same_sound_and_another_seed_other_pauses(plan: StreamPlan) -> None:
    np.testing.assert_array_equal(make_sound(plan).samples, make_sound(plan).samples)
    other = StreamPlan(plan.corpus, plan.speaker, plan.kind, plan.emotion, 1, plan.clips)
    assert (make_sound(plan).starts != make_sound(other).starts).any()
    assert stream_generator(plan, "a").random() != stream_generator(plan, "b").random()


def test_a_clip_at_another_rate_is_resampled(tmp_path: Path) -> None:
    folder = make_corpus(tmp_path / "tones", ["anna"], {"sad": 1}, seconds=1.0)
    clips = read_manifest(folder).clips
    soundfile.write(clips[0].path, read_mono(clips[0].path).samples[::2], 8000)
    sound = make_sound(plan_streams(clips, "balanced", 0)[0])
    assert sound.ends[0] - sound.starts[0] == RATE_HZ


def test_the_room_is_known_by_the_quietest_slices() -> None:
    rng = np.random.default_rng(0)
    room = (10 ** (-70 / 20) * rng.standard_normal(RATE_HZ)).astype(np.float32)
    speech = np.concatenate([room, (0.2 * rng.standard_normal(RATE_HZ)).astype(np.float32)])
    assert room_level_dbfs(speech) == pytest.approx(-70.0, abs=1.0)
    assert room_level_dbfs(np.zeros(100, dtype=np.float32)) == -90.0
    assert room_level_dbfs(speech[RATE_HZ:]) == -50.0


def test_a_clip_that_cannot_be_read_is_not_left_out(tmp_path: Path) -> None:
    folder = make_corpus(tmp_path / "tones", ["anna"])
    clips = read_manifest(folder).clips
    clips[0].path.write_bytes(b"no sound")
    with pytest.raises(AudioFileError, match=clips[0].path.name):
        make_sound(plan_streams(clips, "balanced", 0)[0])
