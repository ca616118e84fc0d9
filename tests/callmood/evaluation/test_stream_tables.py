"""Tables of streams equal what a live leg computes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmood.evaluation.stream_tables import (
    AnalysedStream,
    StepFeatures,
    clips_in_windows,
    table_of_sounds,
    table_of_stream,
)
from callmood.evaluation.streams import (
    STREAM_RATE_HZ,
    StreamPlan,
    plan_streams,
    render_stream,
    stream_generator,
)
from emotion.arrays import read_only
from emotion.card import LABELS
from emotion.model import EmotionModel, load_model
from emotion.window_grid import WindowGrid
from streamer.analysis.leg import Leg
from streamer.events import AudioBlock, Row
from tests.callmood.evaluation.corpus_maker import make_corpus
from tests.model_maker import make_model
from trainer.augmentation.catalogue import apply_condition
from trainer.dataset import read_manifest

FEATURES = StepFeatures("classic-speech")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> StreamPlan:
    folder = make_corpus(tmp_path_factory.mktemp("table") / "tones", ["anna"], {"angry": 2, "sad": 2})
    return plan_streams(read_manifest(folder).clips, "balanced", 0)[0]


@pytest.fixture(scope="module", params=["classic-speech", "speech"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    # The usual gate of `speech` hears no voice in tones.
    return load_model(make_model(tmp_path_factory.mktemp("model") / "tiny", request.param, gate="level"))


def rows_of_leg(plan: StreamPlan, condition: str, model: EmotionModel, block_samples: int) -> list[Row]:
    """Hear the same samples as a session does."""
    samples = apply_condition(
        condition, render_stream(plan).samples, STREAM_RATE_HZ, stream_generator(plan, condition)
    )
    grid = WindowGrid.from_seconds(2.0, 0.5, model.feature_set.sample_rate)
    leg = Leg("mono", model, grid, STREAM_RATE_HZ)
    said = []
    for first in range(0, len(samples), block_samples):
        block = read_only(samples[first : first + block_samples, None].copy())
        said += leg.rows(leg.windows.push(AudioBlock(block, first, 0.0)))
    return [row for row in [*said, *leg.rows(leg.windows.finish())] if isinstance(row, Row)]


@pytest.mark.parametrize("condition", ["clean", "phone", "noise10"])
def test_a_table_is_what_a_leg_says(plan: StreamPlan, model: EmotionModel, condition: str) -> None:
    table = table_of_stream(plan, condition, StepFeatures(model.feature_set.name, gate="level"))
    rows = rows_of_leg(plan, condition, model, 1234)
    assert len(table) == len(rows) > 10
    assert table.state.tolist() == [row.state for row in rows]
    assert table.level_dbfs.tolist() == [row.level_dbfs for row in rows]
    assert table.start_seconds.tolist() == [row.start for row in rows]
    assert "speech" in table.state
    for vector, row in zip(table.vectors, rows, strict=True):
        if row.state == "speech":
            assert row.probabilities is not None
            np.testing.assert_array_equal(model.predict(vector), list(row.probabilities.values()))


def test_every_window_has_a_vector_and_every_clip_its_place(plan: StreamPlan) -> None:
    table = table_of_stream(plan, "clean", FEATURES)
    sound = render_stream(plan)
    assert table.vectors.dtype == np.float32
    assert np.isfinite(table.vectors).all()
    np.testing.assert_array_equal(table.clips.start_sample, sound.starts)
    np.testing.assert_array_equal(table.clips.end_seconds, sound.ends / STREAM_RATE_HZ)
    assert [LABELS[label] for label in table.clips.emotion] == [clip.emotion for clip in plan.clips]
    assert table.condition == "clean"
    assert set(table.targets.tolist()) == {-1, *table.clips.emotion.tolist()}


def test_the_gate_of_a_table_is_the_usual_one_of_its_set(plan: StreamPlan) -> None:
    voice = table_of_stream(plan, "clean", StepFeatures("speech", gate="voice"))
    level = table_of_stream(plan, "clean", StepFeatures("speech", gate="level"))
    assert "noise" in voice.state
    assert set(level.state.tolist()) <= {"speech", "silence"}
    np.testing.assert_array_equal(voice.vectors, level.vectors)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[int], list[int], int, int, int]:
    lengths = draw(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 70)), min_size=1, max_size=8))
    starts, ends, at = [], [], 0
    for pause, clip in lengths:
        starts.append(at + pause)
        at += pause + clip
        ends.append(at)
    step = draw(st.integers(1, 20))
    return starts, ends, step, draw(st.integers(step, 60)), draw(st.integers(0, 12))


@given(layouts())
def test_clips_are_found_in_windows_as_by_counting_samples(
    layout: tuple[list[int], list[int], int, int, int],
) -> None:
    starts, ends, step, win, num_windows = layout
    first = np.arange(num_windows) * step
    empty = np.zeros((num_windows, 0), dtype=np.float32)
    states = np.full(num_windows, "speech")
    windows = AnalysedStream(empty, states, np.zeros(num_windows), first, first + win)
    clip_of, share, best_window = clips_in_windows(windows, np.array(starts), np.array(ends))
    overlaps = np.array(
        [
            [len(range(max(a, begin), min(b, begin + win))) for begin in first.tolist()]
            for a, b in zip(starts, ends, strict=True)
        ]
    ).reshape(len(starts), num_windows)
    for window in range(num_windows):
        most = [clip for clip in range(len(starts)) if 2 * overlaps[clip, window] > win]
        assert clip_of[window] == (most[0] if most else -1)
        expected = overlaps[most[0], window] / win if most else 0.0
        assert share[window] == np.float32(expected)
    for clip in range(len(starts)):
        touched = num_windows > 0 and overlaps[clip].max() > 0
        assert best_window[clip] == (overlaps[clip].argmax() if touched else -1)


def test_a_clip_heard_twice_has_two_places(tmp_path: Path) -> None:
    folder = make_corpus(tmp_path / "tones", ["anna"], {"neutral": 2, "sad": 1}, seconds=0.4)
    (plan,) = plan_streams(read_manifest(folder).clips, "mostly-neutral", 0)
    table = table_of_stream(plan, "clean", FEATURES)
    assert len(table.clips) == 20
    assert len(set(table.clips.path.tolist())) == 3
    assert (np.diff(table.clips.start_sample) > 0).all()
    # No window can lie in such a clip to more than half: each still has one that knows it best.
    assert (table.clip == -1).all()
    assert (table.clips.best_window >= 0).all()


def test_other_sounds_are_streams_without_clips() -> None:
    rng = np.random.default_rng(0)
    hiss = (0.01 * rng.standard_normal(4 * STREAM_RATE_HZ)).astype(np.float32)
    table = table_of_sounds({"hiss": hiss, "nothing": np.zeros_like(hiss)}, FEATURES)
    assert table.streams.speaker.tolist() == ["hiss", "nothing"]
    assert table.streams.num_windows.tolist() == [5, 5]
    assert (len(table.clips), set(table.clip.tolist()), set(table.targets.tolist())) == (0, {-1}, {-1})
    assert set(table.state[table.stream == 1].tolist()) == {"silence"}
    assert table.key != table_of_sounds({"hiss": 0.5 * hiss, "nothing": np.zeros_like(hiss)}, FEATURES).key


def test_real_voices_are_heard_as_speech_through_every_line_of_evaluation(corpora: Path) -> None:
    clips = [clip for clip in read_manifest(corpora / "emodb").clips if clip.speaker == "03"]
    plan = plan_streams(clips, "single", 0)[0]
    for condition in ("clean", "phone", "noise10"):
        table = table_of_stream(plan, condition, StepFeatures("speech", gate="voice"))
        assert len(table.clips) == len(plan.clips)
        assert (table.clips.best_window >= 0).all()
        assert np.mean(table.state[table.clip >= 0] == "speech") > 0.95
