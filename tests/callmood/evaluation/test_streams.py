"""Plans of streams, their sound, and sounds without speech."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callmood.evaluation.streams import (
    LEVELS_DBFS,
    SECONDS,
    STREAM_RATE_HZ,
    StreamKind,
    StreamPlan,
    kind_of,
    plan_streams,
    recorded_sounds,
    render_stream,
    room_level_dbfs,
    stream_generator,
    synthesised_sounds,
)
from emotion.audio_io import read_mono
from emotion.errors import AudioFileError, DatasetError, UsageError
from emotion.signal import level_dbfs
from tests.callmood.evaluation.corpus_maker import make_corpus
from trainer.dataset import Clip, read_manifest
from trainer.recipes.base import MAX_SINGLE, NUM_NEUTRAL, NUM_OTHER
from trainer.synthesis.sounds import KINDS


def clips_of(corpus: str, speaker: str | None, counts: dict[str, int]) -> list[Clip]:
    """Name clips that need not exist."""
    return [
        Clip(Path(corpus) / f"{speaker}" / f"{label}{take}.wav", corpus, speaker, label)
        for label, count in counts.items()
        for take in range(count)
    ]


RICH = clips_of("x", "rich", {"angry": 20, "happy": 3, "neutral": 30, "sad": 1})
POOR = clips_of("x", "poor", {"angry": 2, "neutral": 3})
NO_NEUTRAL = clips_of("y", "none", {"angry": 2, "sad": 2})


def test_a_balanced_stream_holds_every_clip_once() -> None:
    plans = plan_streams([*RICH, *POOR, *NO_NEUTRAL], "balanced", 0)
    assert [(plan.corpus, plan.speaker) for plan in plans] == [("x", "poor"), ("x", "rich"), ("y", "none")]
    assert Counter(plans[1].clips) == Counter(RICH)
    assert {plan.emotion for plan in plans} == {None}


def test_a_mostly_neutral_stream_is_neutral_to_four_fifths() -> None:
    plans = plan_streams([*RICH, *POOR, *NO_NEUTRAL], "mostly-neutral", 0)
    assert [(plan.speaker, plan.emotion) for plan in plans] == [
        ("poor", "angry"),
        ("rich", "angry"),
        ("rich", "happy"),
        ("rich", "sad"),
    ]
    for plan in plans:
        assert Counter(clip.emotion for clip in plan.clips) == {
            "neutral": NUM_NEUTRAL,
            plan.emotion: NUM_OTHER,
        }
    assert NUM_NEUTRAL / (NUM_NEUTRAL + NUM_OTHER) == 0.8


def test_clips_are_heard_again_only_after_all_others() -> None:
    (plan,) = plan_streams(POOR, "mostly-neutral", 0)
    uses = Counter(plan.clips)
    neutral = [uses[clip] for clip in POOR if clip.emotion == "neutral"]
    assert max(neutral) - min(neutral) == 1
    assert [uses[clip] for clip in POOR if clip.emotion == "angry"] == [2, 2]
    rich = plan_streams(RICH, "mostly-neutral", 0)[0]
    assert max(Counter(rich.clips).values()) == 1


def test_a_single_stream_holds_one_emotion_without_repeats() -> None:
    plans = plan_streams([*RICH, *NO_NEUTRAL], "single", 0)
    assert [(plan.speaker, plan.emotion, len(plan.clips)) for plan in plans] == [
        ("rich", "angry", MAX_SINGLE),
        ("rich", "happy", 3),
        ("rich", "neutral", MAX_SINGLE),
        ("rich", "sad", 1),
        ("none", "angry", 2),
        ("none", "sad", 2),
    ]
    for plan in plans:
        assert {clip.emotion for clip in plan.clips} == {plan.emotion}
        assert len(set(plan.clips)) == len(plan.clips)


@pytest.mark.parametrize("kind", ["balanced", "mostly-neutral", "single"])
def test_seeds_give_other_orders_and_the_same_seed_the_same(kind: StreamKind) -> None:
    orders = [plan_streams(RICH, kind, seed)[0].clips for seed in range(5)]
    assert len(set(orders)) == 5
    assert plan_streams(RICH, kind, 1)[0].clips == orders[1]


@pytest.mark.parametrize("kind", ["balanced", "mostly-neutral", "single"])
def test_a_speaker_s_streams_do_not_depend_on_others_nor_on_the_order_of_a_manifest(kind: StreamKind) -> None:
    alone = plan_streams(RICH, kind, 3)
    among = plan_streams([*NO_NEUTRAL, *reversed(RICH), *POOR], kind, 3)
    assert alone == tuple(plan for plan in among if plan.speaker == "rich")


def test_clips_of_nobody_known_are_speakers_by_themselves() -> None:
    plans = plan_streams(clips_of("z", None, {"angry": 2, "sad": 1}), "balanced", 0)
    assert [(plan.speaker, len(plan.clips)) for plan in plans] == [
        ("unknown 0", 1),
        ("unknown 1", 1),
        ("unknown 2", 1),
    ]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'angry-only'.*balanced, mostly-neutral, single"):
        plan_streams(RICH, "angry-only", 0)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> StreamPlan:
    folder = make_corpus(tmp_path_factory.mktemp("sound") / "tones", ["anna"], seconds=0.7)
    return plan_streams(read_manifest(folder).clips, "balanced", 0)[0]


def test_clips_lie_untouched_where_they_are_said_to_lie(plan: StreamPlan) -> None:
    sound = render_stream(plan)
    assert sound.samples.dtype == np.float32
    for clip, start, end in zip(plan.clips, sound.starts, sound.ends, strict=True):
        np.testing.assert_array_equal(sound.samples[start:end], read_mono(clip.path).samples)


def test_pauses_have_their_lengths_and_no_digital_silence(plan: StreamPlan) -> None:
    sound = render_stream(plan)
    pauses = (sound.starts[1:] - sound.ends[:-1]) / STREAM_RATE_HZ
    assert pauses.min() >= 0.5
    assert pauses.max() <= 1.0
    assert len(set(pauses.tolist())) == len(pauses)
    assert sound.starts[0] == len(sound.samples) - sound.ends[-1] == STREAM_RATE_HZ
    for start, end in zip([0, *sound.ends], [*sound.starts, len(sound.samples)], strict=True):
        assert -91.0 < level_dbfs(sound.samples[start:end]) < -49.0
        assert np.count_nonzero(sound.samples[start:end]) > 0.9 * (end - start)


def test_what_befalls_clips_moves_their_places_and_leaves_the_pauses(plan: StreamPlan) -> None:
    plain, other = render_stream(plan, "phone"), render_stream(plan, "speed+phone")
    np.testing.assert_array_equal(plain.samples, render_stream(plan).samples)
    before, after = plain.ends - plain.starts, other.ends - other.starts
    assert len(set((after / before).tolist())) == len(before)
    np.testing.assert_array_equal(plain.starts[1:] - plain.ends[:-1], other.starts[1:] - other.ends[:-1])
    levels = [level_dbfs(plain.samples[a:b]) for a, b in zip(plain.starts, plain.ends, strict=True)]
    moved = [level_dbfs(other.samples[a:b]) for a, b in zip(other.starts, other.ends, strict=True)]
    np.testing.assert_allclose(moved, levels, atol=0.2)


def test_the_same_plan_gives_the_same_sound_and_another_seed_other_pauses(plan: StreamPlan) -> None:
    np.testing.assert_array_equal(render_stream(plan).samples, render_stream(plan).samples)
    other = StreamPlan(plan.corpus, plan.speaker, plan.kind, plan.emotion, 1, plan.clips)
    assert (render_stream(plan).starts != render_stream(other).starts).any()
    assert stream_generator(plan, "a").random() != stream_generator(plan, "b").random()


def test_a_clip_at_another_rate_is_resampled(tmp_path: Path) -> None:
    folder = make_corpus(tmp_path / "tones", ["anna"], {"sad": 1}, seconds=1.0)
    clips = read_manifest(folder).clips
    soundfile.write(clips[0].path, read_mono(clips[0].path).samples[::2], 8000)
    sound = render_stream(plan_streams(clips, "balanced", 0)[0])
    assert sound.ends[0] - sound.starts[0] == STREAM_RATE_HZ


def test_the_room_is_known_by_the_quietest_slices() -> None:
    rng = np.random.default_rng(0)
    room = (10 ** (-70 / 20) * rng.standard_normal(STREAM_RATE_HZ)).astype(np.float32)
    speech = np.concatenate([room, (0.2 * rng.standard_normal(STREAM_RATE_HZ)).astype(np.float32)])
    assert room_level_dbfs(speech) == pytest.approx(-70.0, abs=1.0)
    assert room_level_dbfs(np.zeros(100, dtype=np.float32)) == -90.0
    assert room_level_dbfs(speech[STREAM_RATE_HZ:]) == -50.0


def test_a_clip_that_cannot_be_read_is_not_left_out(tmp_path: Path) -> None:
    folder = make_corpus(tmp_path / "tones", ["anna"])
    clips = read_manifest(folder).clips
    clips[0].path.write_bytes(b"no sound")
    with pytest.raises(AudioFileError, match=clips[0].path.name):
        render_stream(plan_streams(clips, "balanced", 0)[0])


def test_there_are_some_of_every_kind_and_silence() -> None:
    sounds = synthesised_sounds()
    assert {kind_of(name) for name in sounds} == {*KINDS, "silence"}
    assert all(sound.shape == (round(SECONDS * 16_000),) for sound in sounds.values())
    again = synthesised_sounds()
    assert all(np.array_equal(sounds[name], again[name]) for name in sounds)
    levels = {name: level_dbfs(sound) for name, sound in sounds.items()}
    assert all((level < -70.0) == (kind_of(name) == "silence") for name, level in levels.items())
    loud = {round(level) for name, level in levels.items() if kind_of(name) == "steady noise"}
    assert loud == {round(level) for level in LEVELS_DBFS}


def test_recordings_are_pooled_under_the_name_of_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    for number in range(2):
        soundfile.write(folder / f"{number}.wav", np.zeros((800, 2)), 8_000)
    sounds = recorded_sounds(folder)
    assert [kind_of(name) for name in sounds] == ["music", "music"]
    assert [len(sound) for sound in sounds.values()] == [1_600, 1_600]


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"holds no recordings"):
        recorded_sounds(tmp_path)
