"""The sound that is scored: streams of clips with pauses between them, and sounds without speech."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Samples
from emotion.audio_io import read_mono, sound_files_below
from emotion.card import LABELS
from emotion.errors import DatasetError, UsageError
from emotion.signal import level_dbfs, resample
from emotion.window_grid import to_samples
from trainer.augmentation.catalogue import RATE_HZ, apply_to_clip
from trainer.augmentation.noise import pink
from trainer.dataset import Clip
from trainer.recipes.base import mostly_neutral_order, single_order
from trainer.synthesis.sounds import KINDS, synthesise_sound

StreamKind: TypeAlias = Literal["balanced", "mostly-neutral", "single"]
"""How the emotions of a stream are mixed."""

STREAM_KINDS: Final[tuple[StreamKind, ...]] = get_args(StreamKind)
"""All of them."""

STREAM_RATE_HZ: Final = RATE_HZ
"""Rate of every stream."""

SHORTEST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 1.0
LEAD_SECONDS: Final = 1.0
"""Background before the first clip and after the last one, so that windows can hold their edges."""

QUIETEST_ROOM_DBFS: Final = -90.0
LOUDEST_ROOM_DBFS: Final = -50.0

_SLICE_SECONDS: Final = 0.02
_ROOM_SHARE: Final = 0.05

SECONDS: Final = 8.0
"""Length of each synthesised sound."""

SEEDS: Final = tuple(range(9_001, 9_013))
"""Of each kind; training does not use them."""

LEVELS_DBFS: Final = (-26.0, -40.0, -16.0)
"""In turn."""

_SILENCE_DBFS: Final = -75.0
_MARK: Final = "#"


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """The clips of one stream, in order.

    Attributes
    ----------
    corpus, speaker : str
        Who speaks; a clip of an unknown speaker is a speaker by itself, ``unknown 0`` and so on.
    kind : {'balanced', 'mostly-neutral', 'single'}
        As asked for.
    emotion : str or None
        The one emotion of a single stream, or the other one of a mostly neutral stream.
    seed : int
        Determines order and pauses, together with all of the above.
    clips : tuple of Clip
        In order.
    """

    corpus: str
    speaker: str
    kind: StreamKind
    emotion: str | None
    seed: int
    clips: tuple[Clip, ...]


def plan_streams(clips: Sequence[Clip], kind: StreamKind, seed: int) -> tuple[StreamPlan, ...]:
    """Plan the streams of all speakers."""
    if kind not in STREAM_KINDS:
        raise UsageError(f"no kind of stream is called {kind!r}; choose from {', '.join(STREAM_KINDS)}")
    speakers: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    num_unknown = Counter[str]()
    for clip in sorted(clips, key=lambda clip: clip.path.as_posix()):
        speaker = clip.speaker
        if speaker is None:
            speaker = f"unknown {num_unknown[clip.corpus]}"
            num_unknown[clip.corpus] += 1
        speakers[clip.corpus, speaker].append(clip)
    return tuple(
        StreamPlan(corpus, speaker, kind, emotion, seed, tuple(order))
        for (corpus, speaker), own in sorted(speakers.items(), key=lambda each: each[0])
        for emotion, order in _orders(own, kind, [seed, *f"{corpus}/{speaker}/{kind}".encode()])
    )


def _orders(own: list[Clip], kind: StreamKind, entropy: list[int]) -> list[tuple[str | None, list[Clip]]]:
    orders: list[tuple[str | None, NDArray[np.int64]]] = []
    if kind == "balanced":
        orders.append((None, np.random.default_rng(entropy).permutation(len(own))))
    else:
        emotions = np.array([clip.emotion for clip in own])
        neutral = np.flatnonzero(emotions == "neutral")
        for index, label in enumerate(LABELS):
            clips = np.flatnonzero(emotions == label)
            rng = np.random.default_rng([*entropy, index])
            if kind == "single" and len(clips):
                orders.append((label, single_order(clips, rng)))
            elif kind == "mostly-neutral" and label != "neutral" and len(clips) and len(neutral):
                orders.append((label, mostly_neutral_order(neutral, clips, rng)))
    return [(label, [own[place] for place in order]) for label, order in orders]


@dataclass(frozen=True, slots=True, eq=False)
class StreamSound:
    """A stream before the conditions of streams.

    Attributes
    ----------
    samples : ndarray, shape (n,), float32
        Mono at `STREAM_RATE_HZ`, full scale ±1.
    starts, ends : ndarray, shape (num_clips,), int64
        First sample of each clip, and one past its last, in the order of the plan.
    """

    samples: Samples
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def render_stream(plan: StreamPlan, condition: str = "clean") -> StreamSound:
    """Read the clips of a stream and put pauses between.

    Clips keep their own level. A pause lasts 0.5 to 1 s, uniformly drawn. It holds pink noise instead of
    digital silence; its level changes linearly, in dB, from the background of the clip before to that of the
    clip after. A clip's background is the 5th percentile of the levels of its 20 ms slices, between -90 and
    -50 dBFS. The stream begins and ends with a second of such noise.
    """
    rng = stream_generator(plan, "pauses")
    of_clips = stream_generator(plan, "clips")
    clips = [
        apply_to_clip(condition, read_at_stream_rate(clip.path), STREAM_RATE_HZ, of_clips)
        for clip in plan.clips
    ]
    rooms = [room_level_dbfs(clip) for clip in clips]
    parts = [room_noise(to_samples(LEAD_SECONDS, STREAM_RATE_HZ), rooms[0], rooms[0], rng)]
    starts, position = [], len(parts[0])
    for number, clip in enumerate(clips):
        last = number + 1 == len(clips)
        seconds = LEAD_SECONDS if last else rng.uniform(SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        pause = room_noise(
            to_samples(seconds, STREAM_RATE_HZ), rooms[number], rooms[number if last else number + 1], rng
        )
        starts.append(position)
        parts += [clip, pause]
        position += len(clip) + len(pause)
    first = np.array(starts, dtype=np.int64)
    lengths = np.array([len(clip) for clip in clips], dtype=np.int64)
    return StreamSound(np.concatenate(parts), first, first + lengths)


def stream_generator(plan: StreamPlan, purpose: str) -> np.random.Generator:
    """Give the random generator of a stream for one purpose."""
    name = f"{plan.corpus}/{plan.speaker}/{plan.kind}/{plan.emotion or ''}/{purpose}"
    return np.random.default_rng([plan.seed, *name.encode()])


def room_level_dbfs(samples: Samples) -> float:
    """Estimate the level of a clip's background."""
    length = to_samples(_SLICE_SECONDS, STREAM_RATE_HZ)
    levels = [
        level_dbfs(samples[at : at + length]) for at in range(0, max(1, len(samples) - length + 1), length)
    ]
    return float(np.clip(np.quantile(levels, _ROOM_SHARE), QUIETEST_ROOM_DBFS, LOUDEST_ROOM_DBFS))


def read_at_stream_rate(path: Path) -> Samples:
    """Read a recording, mono at `STREAM_RATE_HZ`."""
    sound = read_mono(path)
    return resample(sound.samples, sound.sample_rate, STREAM_RATE_HZ)


def room_noise(num_samples: int, from_dbfs: float, to_dbfs: float, rng: np.random.Generator) -> Samples:
    """Make pink noise whose level changes linearly in dB."""
    noise = pink(num_samples, STREAM_RATE_HZ, rng)
    noise /= np.sqrt(np.mean(noise**2))
    noise *= 10.0 ** (np.linspace(from_dbfs, to_dbfs, num_samples) / 20.0)
    return noise.astype(np.float32)


def synthesised_sounds() -> dict[str, Samples]:
    """Synthesise sounds of every kind, and near silence."""
    sounds = {
        f"{kind}{_MARK}{seed}": synthesise_sound(
            kind, SECONDS, STREAM_RATE_HZ, seed, LEVELS_DBFS[seed % len(LEVELS_DBFS)]
        )
        for kind in KINDS
        for seed in SEEDS
    }
    for seed in SEEDS:
        hiss = np.random.default_rng(seed).standard_normal(round(SECONDS * STREAM_RATE_HZ))
        sounds[f"silence{_MARK}{seed}"] = (10.0 ** (_SILENCE_DBFS / 20.0) * hiss).astype(np.float32)
    return sounds


def recorded_sounds(folder: Path) -> dict[str, Samples]:
    """Read the recordings below a folder, such as music."""
    paths = sound_files_below(folder) if folder.is_dir() else []
    if not paths:
        raise DatasetError(f"{folder} holds no recordings; name a folder of sound without speech")
    kind = folder.resolve().name.replace(_MARK, " ")
    return {f"{kind}{_MARK}{number}": read_at_stream_rate(path) for number, path in enumerate(paths)}


def kind_of(name: str) -> str:
    """Give the kind of a sound."""
    return name.partition(_MARK)[0]
