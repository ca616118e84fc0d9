"""Feature vectors of the windows of many clips, computed in parallel and cached."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray
from emotion.audio_io import READING_VERSION, read_mono
from emotion.errors import AudioFileError
from emotion.features.base import window_vectors
from emotion.features.catalogue import feature_set
from emotion.signal import SILENCE_DBFS, level_dbfs, resample
from emotion.window_grid import WindowGrid
from trainer.cache import Cache, Fact, cache_key, feature_set_facts, file_digest, library_versions
from trainer.dataset import Clip
from trainer.progress import Advance, call_in_processes
from trainer.window_table import WindowTable

CLIP_WINDOWS_VERSION: Final = 1
"""Raise it when the same samples give other `ClipWindows`. Caches are keyed by it."""

PAUSE_DB: Final = 30.0
"""A window further below the loudest of its clip is a pause: no emotion to learn from."""

CLIPS_AT_ONCE: Final = 16
"""Clips in one task of a worker process."""

_LIBRARIES: Final = ("librosa", "numpy", "onnxruntime", "scipy", "soundfile", "soxr")


@dataclass(frozen=True, slots=True)
class Extraction:
    """The windows of clips that can be used.

    Attributes
    ----------
    clips : tuple of Clip
        Those that can be used, in the order given.
    table : WindowTable
        Their windows; `WindowTable.clips` are indices into `clips`.
    reused, computed : int
        Clips found in the cache, and clips computed.
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


def extract(
    clips: Sequence[Clip],
    labels: tuple[str, ...],
    set_name: str,
    grid: WindowGrid | None,
    *,
    jobs: int,
    advance: Advance = lambda _: None,
) -> Extraction:
    """Compute the windows of all clips, or find them in the cache."""
    cache = Cache.of_kind("features")
    facts: dict[str, Fact] = {
        "reading": READING_VERSION,
        "windows": CLIP_WINDOWS_VERSION,
        "features": feature_set_facts(set_name),
        "grid": None if grid is None else [grid.sample_rate, grid.win, grid.step],
        "libraries": library_versions(*_LIBRARIES),
    }
    outcomes: list[_Outcome] = []
    calls = ((clip.path, set_name, grid, cache, facts) for clip in clips)
    for outcome in call_in_processes(_extract_one, calls, jobs=jobs, at_once=CLIPS_AT_ONCE):
        outcomes.append(outcome)
        advance(1)
    return _collect(clips, labels, outcomes, cache)


@dataclass(frozen=True, slots=True)
class _Outcome:
    key: str
    reused: bool = False
    problem: str | None = None


def _extract_one(
    path: Path, set_name: str, grid: WindowGrid | None, cache: Cache, facts: dict[str, Fact]
) -> _Outcome:
    try:
        key = cache_key(content=file_digest(path), **facts)
    except OSError as error:
        return _Outcome("", problem=f"{path}: {error.strerror or error}")
    if cache.load(key) is not None:
        return _Outcome(key, reused=True)
    try:
        cache.store(key, clip_windows(path, set_name, grid).arrays())
    except AudioFileError as error:
        return _Outcome(key, problem=str(error))
    return _Outcome(key)


def _collect(
    clips: Sequence[Clip], labels: tuple[str, ...], outcomes: list[_Outcome], cache: Cache
) -> Extraction:
    selected = _Selection()
    vectors: list[FloatArray] = []
    num_short = 0
    for clip, outcome in zip(clips, outcomes, strict=True):
        arrays = None if outcome.problem else cache.load(outcome.key)
        if arrays is None:
            selected.leave_out(outcome.problem or f"{clip.path}: its kept features vanished")
            continue
        windows = ClipWindows(arrays["vectors"], arrays["levels_dbfs"], bool(arrays["short"]))
        if selected.take(clip, outcome.key, is_silent=windows.is_silent):
            vectors.append(windows.without_pauses)
            num_short += windows.short
    reused = sum(outcome.reused for outcome in outcomes)
    computed = sum(not outcome.reused and outcome.problem is None for outcome in outcomes)
    clips, remarks = tuple(selected.clips), tuple(selected.remarks)
    return Extraction(clips, _table(clips, vectors, labels), reused, computed, num_short, remarks)


@dataclass(slots=True)
class _Selection:
    """The clips that can be used, and a remark for each other: unreadable, silent, or a copy."""

    clips: list[Clip] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _seen: dict[str, Path] = field(default_factory=dict)

    def leave_out(self, problem: str) -> None:
        """Note a clip that cannot be read."""
        self.remarks.append(f"left out, unreadable: {problem}")

    def take(self, clip: Clip, content: str, *, is_silent: bool) -> bool:
        """Take a clip unless it is silent or a copy of an earlier one; tell whether it was taken."""
        if is_silent:
            self.remarks.append(f"left out, silent: {clip.path} never rises above -60 dBFS")
        elif content in self._seen:
            # Two copies could end up on both sides of a split.
            self.remarks.append(f"left out, a copy: {clip.path} is the same file as {self._seen[content]}")
        else:
            self._seen[content] = clip.path
            self.clips.append(clip)
            return True
        return False


def _table(clips: Sequence[Clip], vectors: list[FloatArray], labels: tuple[str, ...]) -> WindowTable:
    index = np.repeat(np.arange(len(clips)), [len(of_clip) for of_clip in vectors])
    targets = np.array([labels.index(clip.emotion) for clip in clips], dtype=np.int64)
    corpora = np.array([clip.corpus for clip in clips], dtype=np.str_)
    groups = np.array([clip.group for clip in clips], dtype=np.str_)
    stacked = np.concatenate(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)
    return WindowTable(stacked, targets[index], index, corpora[index], groups[index])


def usable_clips(
    clips: Sequence[Clip], *, jobs: int, advance: Advance = lambda _: None
) -> tuple[tuple[Clip, ...], tuple[str, ...]]:
    """Select the clips that can be used, with a remark for each other: unreadable, silent, or a copy."""
    selected = _Selection()
    looked_at = call_in_processes(
        _look_at, ((clip.path,) for clip in clips), jobs=jobs, at_once=CLIPS_AT_ONCE
    )
    for clip, (content, peak, problem) in zip(clips, looked_at, strict=True):
        if problem:
            selected.leave_out(problem)
        else:
            selected.take(clip, content, is_silent=peak <= _SILENT_PEAK)
        advance(1)
    return tuple(selected.clips), tuple(selected.remarks)


_SILENT_PEAK: Final = 10.0 ** (SILENCE_DBFS / 20.0)


def _look_at(path: Path) -> tuple[str, float, str]:
    """Give the digest of a file, its highest sample, and what keeps it from being read."""
    try:
        samples = read_mono(path).samples
        if not len(samples):
            return "", 0.0, f"{path} holds no samples"
        return file_digest(path), float(np.abs(samples - samples.mean()).max()), ""
    except AudioFileError as error:
        return "", 0.0, str(error)
    except OSError as error:
        return "", 0.0, f"{path}: {error.strerror or error}"


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
        """The vectors of windows at most `PAUSE_DB` below the loudest one, for training only.

        A live session leaves pauses to its gate, which cannot know how loud a clip will become.
        """
        audible: FloatArray = self.vectors[self.levels_dbfs >= self.levels_dbfs.max() - PAUSE_DB]
        return audible

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what a cache keeps, by name."""
        return {"vectors": self.vectors, "levels_dbfs": self.levels_dbfs, "short": np.array(self.short)}


def clip_windows(path: Path, set_name: str, grid: WindowGrid | None) -> ClipWindows:
    """Read a file and compute its windows by the code that live sessions use."""
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
