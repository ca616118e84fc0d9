"""What the table of the gate is measured on: sounds that are no speech, and people."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from emotion.arrays import FloatArray, Samples, read_only
from emotion.window_grid import WindowGrid
from evaluation.streams.plan import plan_streams
from evaluation.streams.sound import RATE_HZ, StreamSound, make_sound, stream_generator
from streamer.block import AudioBlock
from streamer.gate.kinds import GateKind
from streamer.heard import Heard
from streamer.hearing import Hearing
from trainer.conditions.catalogue import apply_condition
from trainer.dataset.clip import Clip
from trainer.sounds import kinds

GRID: Final = WindowGrid.from_seconds(2.0, 0.5, RATE_HZ)
LEVELS_DBFS: Final = (-45.0, -40.0, -35.0, -30.0, -25.0, -20.0, -16.0, -12.0)
SECONDS_OF_SOUND: Final = 20.0
NUM_SOUNDS: Final = 24
FIRST_SEED: Final = 5_000
"""Thresholds were looked at with other seeds, lower than this."""
MUSIC: Final = {
    "asc-music": "/usr/share/games/asc/music",
    "hyperrogue-music": "/usr/share/hyperrogue/music",
    "planetblupi-music-ogg": "/usr/share/planetblupi/music",
    "singularity-music": "/usr/share/games/singularity/music",
}
"""Debian packages, and where they put their music."""
SECONDS_OF_MUSIC: Final = 60.0


class NoFeatures:
    """A feature set that computes nothing: what is measured is the gate alone."""

    name = "none"
    version = 1
    sample_rate = RATE_HZ
    frame_length = frame_hop = 160
    feature_names = feature_units = ("nothing",)
    offline_only = False

    def open(self, grid: WindowGrid) -> "NoFeatures":
        """Give itself: there is nothing to remember."""
        del grid
        return self

    def push(self, piece: Samples) -> None:
        """Take a piece and forget it."""

    def vector(self) -> FloatArray:
        """Give one zero."""
        return np.zeros(1, dtype=np.float32)

    def clip_vector(self, samples: Samples) -> FloatArray:
        """Give one zero."""
        del samples
        return self.vector()


def windows_of(samples: Samples, sample_rate: int, gate: GateKind) -> list[Heard]:
    """Hear sound as a leg does."""
    hearing = Hearing("gate", NoFeatures(), GRID, sample_rate, gate=gate)
    given = hearing.push(AudioBlock(read_only(samples[:, None]), 0, time.monotonic()))
    return [each for each in [*given, *hearing.finish()] if isinstance(each, Heard)]


def states_of(sounds: Iterator[tuple[Samples, int]], gate: GateKind) -> Counter[str]:
    """Count the states of all windows of some sounds."""
    return Counter(each.state for samples, rate in sounds for each in windows_of(samples, rate, gate))


def silences() -> Iterator[tuple[Samples, int]]:
    """Give digital silence, and rooms whose noise lies under what the level alone lets through."""
    yield np.zeros(int(SECONDS_OF_SOUND * RATE_HZ), np.float32), RATE_HZ
    for seed, level in enumerate((-90.0, -80.0, -70.0, -62.0) * 3):
        yield kinds.make_sound("steady noise", SECONDS_OF_SOUND, RATE_HZ, FIRST_SEED + seed, level), RATE_HZ


def sounds_of(kind: str) -> Iterator[tuple[Samples, int]]:
    """Give sounds of a kind, at many levels."""
    for number in range(NUM_SOUNDS):
        level = LEVELS_DBFS[number % len(LEVELS_DBFS)]
        yield kinds.make_sound(kind, SECONDS_OF_SOUND, RATE_HZ, FIRST_SEED + number, level), RATE_HZ


def music_of(folder: Path) -> Iterator[tuple[Samples, int]]:
    """Give the middle minute of each piece of music, at its own rate."""
    for path in sorted([*folder.rglob("*.ogg"), *folder.rglob("*.mp3")]):
        with soundfile.SoundFile(path) as file:
            length = int(SECONDS_OF_MUSIC * file.samplerate)
            file.seek(max(0, (file.frames - length) // 2))
            yield file.read(length, dtype="float32", always_2d=True).mean(axis=1), file.samplerate


def streams_of(
    clips: Sequence[Clip], num_speakers: int, clips_each: int
) -> list[tuple[StreamSound, np.random.Generator]]:
    """Put some clips of some speakers of one corpus into streams, one a speaker."""
    speakers = sorted({clip.speaker or "" for clip in clips})
    chosen = speakers[:: max(1, len(speakers) // num_speakers)][:num_speakers]
    streams = []
    for plan in plan_streams([clip for clip in clips if (clip.speaker or "") in chosen], "balanced", 0):
        shorter = type(plan)(
            plan.corpus, plan.speaker, plan.kind, plan.emotion, plan.seed, plan.clips[:clips_each]
        )
        streams.append((make_sound(shorter), stream_generator(shorter, "condition")))
    return streams


def spoken_slices(stream: StreamSound) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Tell how many seconds were spoken up to each 20 ms: within 30 dB of the loudest of the clip."""
    length = RATE_HZ // 50
    powers = np.mean(
        stream.samples[: len(stream.samples) // length * length].reshape(-1, length) ** 2, axis=1
    )
    spoken = np.zeros(len(powers) + 1)
    for start, end in zip(stream.starts // length, stream.ends // length, strict=True):
        inside = powers[start:end]
        spoken[start + 1 : end + 1] = (inside > 1e-3 * inside.max()) / 50
    return np.cumsum(spoken)


def kept_of(
    streams: Sequence[tuple[StreamSound, np.random.Generator]], condition: str, gate: GateKind
) -> tuple[Counter[str], Counter[str]]:
    """Count states of windows with more than half in a clip; and of those with half a second spoken."""
    in_clip: Counter[str] = Counter()
    spoken: Counter[str] = Counter()
    for stream, rng in streams:
        heard = apply_condition(condition, stream.samples, RATE_HZ, rng)
        seconds = spoken_slices(stream)
        for window in windows_of(heard, RATE_HZ, gate):
            start, end = window.start_sample, window.end_sample
            inside = np.minimum(end, stream.ends) - np.maximum(start, stream.starts)
            if inside.max() <= (end - start) / 2:
                continue
            in_clip[window.state] += 1
            slices = (min(len(seconds) - 1, end * 50 // RATE_HZ), start * 50 // RATE_HZ)
            if seconds[slices[0]] - seconds[slices[1]] >= 0.5:
                spoken[window.state] += 1
    return in_clip, spoken
