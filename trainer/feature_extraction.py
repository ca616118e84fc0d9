"""Feature vectors of the windows of many clips, computed in parallel and cached."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from joblib import Parallel, delayed, parallel_config
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.audio_io import READING_VERSION, read_mono
from emotion.errors import AudioFileError, UsageError
from emotion.features.base import window_vectors
from emotion.features.catalogue import feature_set
from emotion.signal import SILENCE_DBFS, level_dbfs, resample
from emotion.window_grid import WindowGrid
from trainer.cache import Cache, Fact, cache_key, feature_set_facts, file_digest, library_versions
from trainer.dataset import Clip
from trainer.splits import group_names
from trainer.training_log import Advance
from trainer.window_table import WindowTable

CLIP_WINDOWS_VERSION: Final = 1
"""Raise it when the same samples give other `ClipWindows`. Caches are keyed by it."""

PAUSE_DB: Final = 30.0
"""A window that lies further below the loudest of its clip is a pause: no emotion to learn from."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipWindows:
    """The windows of one clip.

    Attributes
    ----------
    vectors : ndarray, shape (num_windows, num_features), float32
        At least one row.
    levels_dbfs : ndarray, shape (num_windows,), float64
        RMS level of each window.
    short : bool
        True where the clip is shorter than win and its one vector is of the whole clip.
    """

    vectors: FloatArray
    levels_dbfs: NDArray[np.float64]
    short: bool

    @property
    def is_silent(self) -> bool:
        """True where no window is louder than `SILENCE_DBFS`."""
        return bool(self.levels_dbfs.max() <= SILENCE_DBFS)

    @property
    def without_pauses(self) -> FloatArray:
        """The vectors of windows at most `PAUSE_DB` below the loudest one: this is training's own choice.

        A live session leaves pauses to its gate instead, which cannot know how loud a clip will become.
        """
        audible: FloatArray = self.vectors[self.levels_dbfs >= self.levels_dbfs.max() - PAUSE_DB]
        return audible

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what a cache keeps, by name."""
        return {"vectors": self.vectors, "levels_dbfs": self.levels_dbfs, "short": np.array(self.short)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "ClipWindows":
        """Take what `arrays` gave."""
        return cls(arrays["vectors"], arrays["levels_dbfs"], bool(arrays["short"]))


def clip_windows(path: Path, set_name: str, grid: WindowGrid | None) -> ClipWindows:
    """Read a file and compute its windows by the very code that listens."""
    features = feature_set(set_name)
    sound = read_mono(path)
    samples = resample(sound.samples, sound.sample_rate, features.sample_rate)
    if not len(samples):
        raise AudioFileError(
            f"{path} holds {len(sound.samples)} samples, too few to hear anything; leave it out"
        )
    if grid is None or len(samples) < grid.win:
        vectors = features.clip_vector(samples)[None, :]
        return ClipWindows(vectors, np.array([level_dbfs(samples)]), short=grid is not None)
    vectors = window_vectors(features, grid, samples)
    spans = [grid.span(window) for window in range(len(vectors))]
    return ClipWindows(vectors, np.array([level_dbfs(samples[a:b]) for a, b in spans]), short=False)


CLIPS_AT_ONCE: Final = 16
"""Clips in one task of a worker process: handing over costs little, and the bar still moves."""

_LIBRARIES: Final = ("librosa", "numpy", "onnxruntime", "scipy", "soundfile", "soxr")


@dataclass(frozen=True, slots=True)
class Extraction:
    """What came of the clips.

    Attributes
    ----------
    clips : tuple of Clip
        Those that can be used, in the order given.
    table : WindowTable
        Their windows; `WindowTable.clips` are indices into `clips`.
    reused, computed : int
        Clips whose vectors were kept, and clips whose vectors had to be made.
    short : int
        Clips shorter than win.
    remarks : tuple of str
        One line for each clip left out: unreadable, silent, or a copy of another.
    """

    clips: tuple[Clip, ...]
    table: WindowTable
    reused: int
    computed: int
    short: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Outcome:
    digest: str
    reused: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _KeptClips:
    """Clips by the content of their files, heard with one feature set on one grid."""

    cache: Cache
    facts: dict[str, Fact]

    @classmethod
    def of(cls, set_name: str, grid: WindowGrid | None) -> "_KeptClips":
        return cls(
            Cache.of_kind("features"),
            {
                "reading": READING_VERSION,
                "windows": CLIP_WINDOWS_VERSION,
                "features": feature_set_facts(set_name),
                "grid": None if grid is None else [grid.sample_rate, grid.win, grid.step],
                "libraries": library_versions(*_LIBRARIES),
            },
        )

    def load(self, digest: str) -> ClipWindows | None:
        arrays = self.cache.load(cache_key(content=digest, **self.facts))
        return None if arrays is None else ClipWindows.from_arrays(arrays)

    def store(self, digest: str, windows: ClipWindows) -> None:
        self.cache.store(cache_key(content=digest, **self.facts), windows.arrays())


def default_jobs() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def extract(
    clips: Sequence[Clip],
    labels: tuple[str, ...],
    set_name: str,
    grid: WindowGrid | None,
    *,
    jobs: int,
    advance: Advance = lambda _: None,
) -> Extraction:
    """Compute, or find again, the windows of all clips."""
    if jobs < 1:
        raise UsageError(f"--jobs is {jobs}; give a number of processes, at least 1")
    kept = _KeptClips.of(set_name, grid)
    paths = [clip.path for clip in clips]
    pieces = [paths[start : start + CLIPS_AT_ONCE] for start in range(0, len(paths), CLIPS_AT_ONCE)]
    outcomes: list[_Outcome] = []
    # One thread of linear algebra in each process: they share the cores as it is.
    limits = {"backend": "loky", "inner_max_num_threads": 1} if jobs > 1 else {"backend": "sequential"}
    with parallel_config(**limits):
        workers = Parallel(n_jobs=jobs, return_as="generator")
        for part in workers(delayed(_extract_piece)(piece, set_name, grid, kept) for piece in pieces):
            outcomes += part
            advance(len(part))
    return _collect(clips, labels, outcomes, kept)


def _extract_piece(
    paths: list[Path], set_name: str, grid: WindowGrid | None, kept: _KeptClips
) -> list[_Outcome]:
    return [_extract_one(path, set_name, grid, kept) for path in paths]


def _extract_one(path: Path, set_name: str, grid: WindowGrid | None, kept: _KeptClips) -> _Outcome:
    try:
        digest = file_digest(path)
    except OSError as error:
        return _Outcome("", reused=False, problem=f"{path}: {error.strerror or error}")
    if kept.load(digest) is not None:
        return _Outcome(digest, reused=True)
    try:
        kept.store(digest, clip_windows(path, set_name, grid))
    except AudioFileError as error:
        return _Outcome(digest, reused=False, problem=str(error))
    return _Outcome(digest, reused=False)


def _collect(
    clips: Sequence[Clip], labels: tuple[str, ...], outcomes: list[_Outcome], kept: _KeptClips
) -> Extraction:
    used: list[Clip] = []
    vectors: list[np.ndarray] = []
    remarks: list[str] = []
    seen: dict[str, Path] = {}
    num_short = 0
    for clip, outcome in zip(clips, outcomes, strict=True):
        windows = None if outcome.problem else kept.load(outcome.digest)
        if windows is None:
            remarks.append(
                f"left out, unreadable: {outcome.problem or f'{clip.path}: its kept features vanished'}"
            )
        elif windows.is_silent:
            remarks.append(f"left out, silent: {clip.path} never rises above -60 dBFS")
        elif outcome.digest in seen:
            # Two copies could come to stand on both sides of the split.
            remarks.append(f"left out, a copy: {clip.path} is the same file as {seen[outcome.digest]}")
        else:
            seen[outcome.digest] = clip.path
            used.append(clip)
            vectors.append(windows.without_pauses)
            num_short += windows.short
    reused = sum(outcome.reused for outcome in outcomes)
    computed = sum(not outcome.reused and outcome.problem is None for outcome in outcomes)
    return Extraction(tuple(used), _table(used, vectors, labels), reused, computed, num_short, tuple(remarks))


def _table(clips: list[Clip], vectors: list[np.ndarray], labels: tuple[str, ...]) -> WindowTable:
    counts = [len(of_clip) for of_clip in vectors]
    index = np.repeat(np.arange(len(clips)), counts)
    targets = np.array([labels.index(clip.emotion) for clip in clips], dtype=np.int64)
    corpora = np.array([clip.corpus for clip in clips], dtype=np.str_)
    groups = np.array(group_names(clips), dtype=np.str_)
    stacked = np.concatenate(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)
    return WindowTable(stacked, targets[index], index, corpora[index], groups[index])
