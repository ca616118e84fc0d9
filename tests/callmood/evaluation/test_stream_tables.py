"""Tables of streams equal what a live leg computes; each is computed once, and found again."""

import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmood.evaluation import stream_tables
from callmood.evaluation.stream_tables import (
    StepFeatures,
    clips_in_windows,
    keep_table,
    load_table,
    sounds_key,
    step_tables,
    table_key,
    table_of_sounds,
    table_of_stream,
)
from callmood.evaluation.streams import (
    STREAM_RATE_HZ,
    StreamKind,
    StreamPlan,
    plan_streams,
    render_stream,
    stream_generator,
)
from emotion.arrays import read_only
from emotion.card import LABELS
from emotion.errors import AudioFileError, OutputError, UsageError
from emotion.features.catalogue import feature_set
from emotion.model import EmotionModel, load_model
from emotion.window_grid import WindowGrid
from streamer.analysis.leg import Leg
from streamer.events import AudioBlock, Row
from tests.callmood.evaluation.corpus_maker import make_corpus
from tests.callmood.evaluation.table_material import Talk, make_table
from tests.model_maker import make_model
from tests.trainer.test_window_table import assert_same
from trainer.augmentation.catalogue import CONDITIONS, Condition, apply_condition, clean
from trainer.dataset import Clip, read_manifest
from trainer.progress import Advance
from trainer.window_table import StepTable

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
    voice = table_of_stream(plan, "clean", StepFeatures("acoustic", gate="voice"))
    level = table_of_stream(plan, "clean", StepFeatures("acoustic", gate="level"))
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
    windows = np.stack([first, first + win], axis=1)
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


def test_other_sounds_of_the_same_names_have_another_key() -> None:
    sounds = {"hiss": np.full(100, 0.5, np.float32)}
    keys = [sounds_key(sounds, FEATURES), sounds_key({"hiss": np.zeros(100, np.float32)}, FEATURES)]
    keys += [sounds_key({"hum": sounds["hiss"]}, FEATURES), sounds_key(sounds, StepFeatures("acoustic"))]
    assert len(set(keys)) == len(keys)


def test_real_voices_are_heard_as_speech_through_every_line_of_evaluation(corpora: Path) -> None:
    clips = [clip for clip in read_manifest(corpora / "emodb").clips if clip.speaker == "03"]
    plan = plan_streams(clips, "single", 0)[0]
    for condition in ("clean", "phone", "noise10"):
        table = table_of_stream(plan, condition, StepFeatures("speech", gate="voice"))
        assert len(table.clips) == len(plan.clips)
        assert (table.clips.best_window >= 0).all()
        assert np.mean(table.state[table.clip >= 0] == "speech") > 0.95


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Clip, ...]:
    """Two corpora; the cache is empty and this test's own."""
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "cache"))
    first = make_corpus(tmp_path / "corpora" / "first", ["anna", "otto"], {"sad": 1, "angry": 1}, seconds=0.8)
    second = make_corpus(tmp_path / "corpora" / "second", ["anna"], {"sad": 1, "neutral": 1}, seconds=0.8)
    return (*read_manifest(first).clips, *read_manifest(second).clips)


def tables_of(
    clips: Sequence[Clip],
    kind: StreamKind = "balanced",
    condition: str = "clean",
    *,
    seeds: Sequence[int] = (0,),
    jobs: int = 1,
    advance: Advance = lambda _: None,
) -> list[StepTable]:
    """Give the tables of one corpus after the other."""
    return [
        table
        for _, own in groupby(clips, key=lambda clip: clip.corpus)
        for table in step_tables(
            list(own), kind, condition, FEATURES, seeds=seeds, jobs=jobs, advance=advance
        )
    ]


def kept_files(tmp_path: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*") if path.is_file()}


def test_a_table_for_each_corpus_and_seed(clips: tuple[Clip, ...]) -> None:
    told: list[int] = []
    tables = tables_of(clips, "single", "clean", seeds=(0, 1), advance=told.append)
    found = [(set(table.streams.corpus.tolist()), set(table.streams.seed.tolist())) for table in tables]
    assert found == [({"first"}, {0}), ({"first"}, {1}), ({"second"}, {0}), ({"second"}, {1})]
    assert sum(told) == sum(len(plan_streams(clips, "single", seed)) for seed in (0, 1)) == 12
    assert len({table.key for table in tables}) == 4


def test_the_second_time_nothing_is_computed_or_written(clips: tuple[Clip, ...], tmp_path: Path) -> None:
    told: list[int] = []
    first = tables_of(clips, "balanced", "phone")
    before = kept_files(tmp_path)
    again = tables_of(clips, "balanced", "phone", advance=told.append)
    assert kept_files(tmp_path) == before
    assert sum(told) == 3
    for one, other in zip(first, again, strict=True):
        assert one.key == other.key
        assert_same(one, other)
        assert isinstance(other.vectors, np.memmap)
        assert not other.vectors.flags.writeable


def test_several_processes_give_the_same_bits(
    clips: tuple[Clip, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = tables_of(clips, "balanced", "noise10")
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "another"))
    together = tables_of(clips, "balanced", "noise10", jobs=2)
    for one, other in zip(alone, together, strict=True):
        assert one.key == other.key
        assert_same(one, other)


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("damage", [b"", b"no arrays at all"])
def test_damaged_tables_are_made_anew(
    clips: tuple[Clip, ...], tmp_path: Path, suffix: str, damage: bytes
) -> None:
    first = tables_of(clips[:1])
    expected = np.array(first[0].vectors)
    (path,) = (tmp_path / "cache").rglob(f"*.{suffix}")
    del first
    path.write_bytes(damage)
    (again,) = tables_of(clips[:1])
    np.testing.assert_array_equal(again.vectors, expected)


def key_of(
    clips: Sequence[Clip], root: Path, features: StepFeatures = FEATURES, condition: str = "clean"
) -> str:
    return table_key(plan_streams(clips, "balanced", 0), condition, features, root)


def test_whatever_decides_is_part_of_the_key(clips: tuple[Clip, ...], tmp_path: Path) -> None:
    root = tmp_path / "corpora" / "second"
    second = [clip for clip in clips if clip.corpus == "second"]
    relabelled = [Clip(clip.path, clip.corpus, clip.speaker, "happy") for clip in second]
    keys = [
        key_of(second, root),
        key_of(second[:1], root),
        key_of(relabelled, root),
        key_of(second, root, condition="phone"),
        key_of(second, root, condition="noise10"),
        key_of(second, root, StepFeatures("acoustic")),
        key_of(second, root, StepFeatures("classic-speech", gate="voice")),
        key_of(second, root, StepFeatures("classic-speech", 1.0)),
        key_of(second, root, StepFeatures("classic-speech", 2.0, 1.0)),
        table_key(plan_streams(second, "balanced", 1), "clean", FEATURES, root),
        table_key(plan_streams(second, "single", 0), "clean", FEATURES, root),
    ]
    shutil.copy(second[0].path, second[1].path)
    keys.append(key_of(second, root))
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("where", "name", "raised"),
    [
        (stream_tables, "READING_VERSION", 1_000),
        (stream_tables, "STREAM_VERSION", 1_000),
        (stream_tables, "GATE_VERSIONS", {"level": 1_000, "voice": 1}),
        (stream_tables, "CONDITIONS", {**CONDITIONS, "phone": Condition(clean, version=1_000)}),
        (feature_set("classic-speech"), "version", 1_000),
    ],
)
def test_each_declared_version_is_part_of_the_key(
    clips: tuple[Clip, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    where: object,
    name: str,
    raised: object,
) -> None:
    plain, phone = (key_of(clips, tmp_path, condition=condition) for condition in ("clean", "phone"))
    monkeypatch.setattr(where, name, raised)
    assert key_of(clips, tmp_path, condition="phone") != phone
    # Tables that have nothing to do with a condition stay.
    assert (key_of(clips, tmp_path, condition="clean") == plain) is (name == "CONDITIONS")


def test_where_corpora_lie_is_not(clips: tuple[Clip, ...], tmp_path: Path) -> None:
    (before,) = tables_of(clips[-2:])
    moved = tmp_path / "elsewhere"
    shutil.move(tmp_path / "corpora" / "second", moved)
    files = kept_files(tmp_path)
    (after,) = tables_of(read_manifest(moved).clips)
    assert after.key == before.key
    assert after.clips.path.tolist() == before.clips.path.tolist()
    assert kept_files(tmp_path) == files


def test_speakers_without_neutral_give_no_mostly_neutral_table(clips: tuple[Clip, ...]) -> None:
    assert tables_of(clips[:4], "mostly-neutral", "clean") == []


def test_a_missing_clip_is_named(clips: tuple[Clip, ...]) -> None:
    clips[0].path.unlink()
    with pytest.raises(AudioFileError, match=clips[0].path.name):
        tables_of(clips)


def test_what_makes_no_sense_is_refused_before_anything_is_computed(clips: tuple[Clip, ...]) -> None:
    with pytest.raises(UsageError, match="jobs is 0"):
        tables_of(clips, jobs=0)
    with pytest.raises(UsageError, match="'fax'"):
        tables_of(clips, "balanced", "fax")


def test_a_cache_that_cannot_be_written_is_named_with_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="CALLMOOD_CACHE"):
        keep_table("0" * 64, make_table([Talk("a", "anna", ["sad"])]))
    assert load_table("0" * 64) is None


def test_a_table_comes_back_as_it_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "cache"))
    table = make_table([Talk("a", "anna", ["sad", "angry"]), Talk("a", "otto", ["happy"])])
    kept = keep_table("0" * 64, table)
    assert_same(kept, table)
    assert kept.key == "0" * 64
    assert isinstance(kept.vectors, np.memmap)
