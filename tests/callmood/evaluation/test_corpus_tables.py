"""Tables are computed once, found again, and never mistaken for others."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from callmood.evaluation import corpus_tables as step_tables_module
from callmood.evaluation.corpus_tables import keep_table, load_table, step_tables, table_key
from callmood.evaluation.stream_tables import StepFeatures
from callmood.evaluation.streams import plan_streams
from emotion.errors import AudioFileError, OutputError, UsageError
from emotion.features.catalogue import feature_set
from tests.callmood.evaluation.corpus_maker import make_corpus
from tests.callmood.evaluation.table_material import Talk, make_table
from tests.trainer.test_window_table import assert_same
from trainer.augmentation.catalogue import KNOWN, Condition, clean
from trainer.dataset import Clip, read_manifest

FEATURES = StepFeatures("classic-speech")


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Clip, ...]:
    """Two corpora; the cache is empty and this test's own."""
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "cache"))
    first = make_corpus(tmp_path / "corpora" / "first", ["anna", "otto"], {"sad": 1, "angry": 1}, seconds=0.8)
    second = make_corpus(tmp_path / "corpora" / "second", ["anna"], {"sad": 1, "neutral": 1}, seconds=0.8)
    return (*read_manifest(first).clips, *read_manifest(second).clips)


def kept_files(tmp_path: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*") if path.is_file()}


def test_a_table_for_each_corpus_and_seed(clips: tuple[Clip, ...]) -> None:
    told: list[int] = []
    tables = step_tables(clips, "single", "clean", FEATURES, seeds=(0, 1), jobs=1, advance=told.append)
    found = [(set(table.streams.corpus.tolist()), set(table.streams.seed.tolist())) for table in tables]
    assert found == [({"first"}, {0}), ({"first"}, {1}), ({"second"}, {0}), ({"second"}, {1})]
    assert sum(told) == sum(len(plan_streams(clips, "single", seed)) for seed in (0, 1)) == 12
    assert len({table.key for table in tables}) == 4


def test_the_second_time_nothing_is_computed_or_written(clips: tuple[Clip, ...], tmp_path: Path) -> None:
    told: list[int] = []
    first = step_tables(clips, "balanced", "phone", FEATURES, jobs=1)
    before = kept_files(tmp_path)
    again = step_tables(clips, "balanced", "phone", FEATURES, jobs=1, advance=told.append)
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
    alone = step_tables(clips, "balanced", "noise10", FEATURES, jobs=1)
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "another"))
    together = step_tables(clips, "balanced", "noise10", FEATURES, jobs=2)
    for one, other in zip(alone, together, strict=True):
        assert one.key == other.key
        assert_same(one, other)


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("damage", [b"", b"no arrays at all"])
def test_damaged_tables_are_made_anew(
    clips: tuple[Clip, ...], tmp_path: Path, suffix: str, damage: bytes
) -> None:
    first = step_tables(clips[:1], "balanced", "clean", FEATURES, jobs=1)
    expected = np.array(first[0].vectors)
    (path,) = (tmp_path / "cache").rglob(f"*.{suffix}")
    del first
    path.write_bytes(damage)
    (again,) = step_tables(clips[:1], "balanced", "clean", FEATURES, jobs=1)
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
        (step_tables_module, "READING_VERSION", 1_000),
        (step_tables_module, "STREAM_VERSION", 1_000),
        (step_tables_module, "GATE_VERSIONS", {"level": 1_000, "voice": 1}),
        (step_tables_module, "KNOWN", {**KNOWN, "phone": Condition(clean, version=1_000)}),
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
    assert (key_of(clips, tmp_path, condition="clean") == plain) is (name == "KNOWN")


def test_where_corpora_lie_is_not(clips: tuple[Clip, ...], tmp_path: Path) -> None:
    (before,) = step_tables(clips[-2:], "balanced", "clean", FEATURES, jobs=1)
    moved = tmp_path / "elsewhere"
    shutil.move(tmp_path / "corpora" / "second", moved)
    files = kept_files(tmp_path)
    (after,) = step_tables(read_manifest(moved).clips, "balanced", "clean", FEATURES, jobs=1)
    assert after.key == before.key
    assert after.clips.path.tolist() == before.clips.path.tolist()
    assert kept_files(tmp_path) == files


def test_speakers_without_neutral_give_no_mostly_neutral_table(clips: tuple[Clip, ...]) -> None:
    assert step_tables(clips[:4], "mostly-neutral", "clean", FEATURES, jobs=1) == []


def test_a_missing_clip_is_named(clips: tuple[Clip, ...]) -> None:
    clips[0].path.unlink()
    with pytest.raises(AudioFileError, match=clips[0].path.name):
        step_tables(clips, "balanced", "clean", FEATURES, jobs=1)


def test_what_makes_no_sense_is_refused_before_anything_is_computed(clips: tuple[Clip, ...]) -> None:
    with pytest.raises(UsageError, match="jobs is 0"):
        step_tables(clips, "balanced", "clean", FEATURES, jobs=0)
    with pytest.raises(UsageError, match="'fax'"):
        step_tables(clips, "balanced", "fax", FEATURES, jobs=1)


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
