"""The sound of a stream: clips with pauses between, and where each clip lies."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Samples
from emotion.audio_file import read_mono
from emotion.level import level_dbfs
from emotion.resampling import resample
from emotion.window_grid import to_samples
from evaluation.streams.plan import StreamPlan
from trainer.conditions.catalogue import apply_to_clip
from trainer.conditions.noise_kinds import pink

RATE_HZ: Final = 16_000
"""Rate of every stream: that at which the corpora came and conditions are made."""

SHORTEST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 1.0
LEAD_SECONDS: Final = 1.0
"""Room before the first clip, and after the last one, so that windows can hold their edges."""

QUIETEST_ROOM_DBFS: Final = -90.0
LOUDEST_ROOM_DBFS: Final = -50.0

_SLICE_SECONDS: Final = 0.02
_ROOM_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class StreamSound:
    """A stream before the conditions of streams.

    Attributes
    ----------
    samples : ndarray, shape (n,), float32
        Mono at `RATE_HZ`, full scale ±1.
    starts, ends : ndarray, shape (num_clips,), int64
        First sample of each clip, and one past its last, in the order of the plan.
    """

    samples: Samples
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def make_sound(plan: StreamPlan, condition: str = "clean") -> StreamSound:
    """Read the clips of a stream and put pauses between.

    Clips keep their own level. A pause lasts 0.5 to 1 s, evenly drawn. It holds pink noise, since digital
    silence is like no room, and no line: its level goes straight, in dB, from the background of the clip
    before to that of the clip after. A clip's background is the level that a twentieth of its 20 ms
    slices stay under, between -90 and -50 dBFS. The stream begins and ends with a second of the same.

    Parameters
    ----------
    plan : StreamPlan
        With at least one clip.
    condition : str
        As `trainer.conditions.catalogue.apply_to_clip` takes it; what is not of clips befalls nothing here.

    Returns
    -------
    StreamSound
        The same for the same plan and files.

    Raises
    ------
    AudioFileError
        If a clip cannot be read: every labelled clip counts, so none is left out.
    """
    rng = stream_generator(plan, "pauses")
    of_clips = stream_generator(plan, "clips")
    clips = [
        apply_to_clip(condition, _clip_sound(plan, number), RATE_HZ, of_clips)
        for number in range(len(plan.clips))
    ]
    rooms = [room_level_dbfs(clip) for clip in clips]
    parts = [room_noise(to_samples(LEAD_SECONDS, RATE_HZ), rooms[0], rooms[0], rng)]
    starts, position = [], len(parts[0])
    for number, clip in enumerate(clips):
        last = number + 1 == len(clips)
        seconds = LEAD_SECONDS if last else rng.uniform(SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        pause = room_noise(
            to_samples(seconds, RATE_HZ), rooms[number], rooms[number if last else number + 1], rng
        )
        starts.append(position)
        parts += [clip, pause]
        position += len(clip) + len(pause)
    first = np.array(starts, dtype=np.int64)
    lengths = np.array([len(clip) for clip in clips], dtype=np.int64)
    return StreamSound(np.concatenate(parts), first, first + lengths)


def stream_generator(plan: StreamPlan, purpose: str) -> np.random.Generator:
    """Give what a stream draws from for one purpose.

    Parameters
    ----------
    plan : StreamPlan
        Whose corpus, speaker, kind, emotion and seed decide.
    purpose : str
        Such as ``pauses``: another one draws other numbers.

    Returns
    -------
    numpy.random.Generator
        Afresh.
    """
    name = f"{plan.corpus}/{plan.speaker}/{plan.kind}/{plan.emotion or ''}/{purpose}"
    return np.random.default_rng([plan.seed, *name.encode()])


def room_level_dbfs(samples: Samples) -> float:
    """Guess how loud a clip's background is.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono at `RATE_HZ`; n >= 1.

    Returns
    -------
    float
        dB below full scale, in `QUIETEST_ROOM_DBFS`..`LOUDEST_ROOM_DBFS`.
    """
    length = to_samples(_SLICE_SECONDS, RATE_HZ)
    levels = [
        level_dbfs(samples[at : at + length]) for at in range(0, max(1, len(samples) - length + 1), length)
    ]
    return float(np.clip(np.quantile(levels, _ROOM_SHARE), QUIETEST_ROOM_DBFS, LOUDEST_ROOM_DBFS))


def _clip_sound(plan: StreamPlan, number: int) -> Samples:
    sound = read_mono(plan.clips[number].path)
    return resample(sound.samples, sound.sample_rate, RATE_HZ)


def room_noise(num_samples: int, from_dbfs: float, to_dbfs: float, rng: np.random.Generator) -> Samples:
    """Make pink noise whose level goes straight, in dB, from one to another.

    Parameters
    ----------
    num_samples : int
        At `RATE_HZ`, at least 1.
    from_dbfs, to_dbfs : float
        RMS at both ends, dB below full scale.
    rng : numpy.random.Generator
        Drawn from.

    Returns
    -------
    ndarray, shape (num_samples,), float32
        Mono.
    """
    noise = pink(num_samples, RATE_HZ, rng)
    noise /= np.sqrt(np.mean(noise**2))
    noise *= 10.0 ** (np.linspace(from_dbfs, to_dbfs, num_samples) / 20.0)
    return noise.astype(np.float32)
