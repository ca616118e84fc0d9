"""Where in a session's sound the parts of a scene were heard: found by the sound itself, not by a clock.

A player starts when it likes, and on a busy machine may halt for a moment. So every clip and every noise is
looked for in what the microphone delivered (`--record-session`): it lies where their cross-correlation,
divided by the energies of both, is highest. The first is looked for everywhere, each other near where the one
before lets it be expected.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.signal import correlate, resample

from emotion.arrays import Samples
from emotion.errors import DeviceError
from evaluation.streams.sound import RATE_HZ
from scripts.live.scene import Scene, Stretch

SEARCH_SECONDS: Final = 1.0
"""So much earlier or later than expected is a part looked for."""

LEAST_SIMILARITY: Final = 0.9
"""What was heard is what was played, but for a resampler: 1 but for rounding."""

NEIGHBOURS: Final = 64
FINER: Final = 16
"""So many products on each side of the highest are drawn so many times as fine."""


@dataclass(frozen=True, slots=True)
class Places:
    """A scene in the time of a session.

    Attributes
    ----------
    stretches : tuple of Stretch
        In stream time, without holes, from 0 to the end of the session.
    delay_seconds : float
        From the first sample of the stream to that of the scene.
    shift_seconds : float
        By how much the delay of any part differs from that of the first clip, at most.
    least_similarity : float
        Of a part and what was heard in its place, up to 1.
    """

    stretches: tuple[Stretch, ...]
    delay_seconds: float
    shift_seconds: float
    least_similarity: float


def place(scene: Scene, heard: Samples, seconds: float) -> Places:
    """Find all parts of a scene.

    Parameters
    ----------
    scene : Scene
        As it was played.
    heard : ndarray, shape (n,), float32
        Mono at `RATE_HZ`.
    seconds : float
        Length of the session, s.

    Returns
    -------
    Places
        Rooms and silences fill what is left between clips and noises.

    Raises
    ------
    DeviceError
        If a part was not heard as it was played.
    """
    delays: list[float] = []
    similarities: list[float] = []
    for part in scene.stretches:
        if part.kind in {"clip", "noise"}:
            first, last = round(part.start * RATE_HZ), round(part.end * RATE_HZ)
            reach = round(SEARCH_SECONDS * RATE_HZ)
            begin = max(0, first + round(delays[-1] * RATE_HZ) - reach) if delays else 0
            end = begin + last - first + 2 * reach if delays else len(heard)
            at, similarity = _find(scene.samples[first:last], heard[begin:end])
            if similarity < LEAST_SIMILARITY:
                raise DeviceError(
                    f"the {part.kind} at {part.start:.1f} s of what was played was not heard so (similarity "
                    f"{similarity:.2f}, wanted {LEAST_SIMILARITY}); do it again while the machine is idle"
                )
            delays.append((begin + at - first) / RATE_HZ)
            similarities.append(similarity)
        elif delays:
            delays.append(delays[-1])
    delays = [delays[0]] * (len(scene.stretches) - len(delays)) + delays
    shift = max(abs(delay - delays[0]) for delay in delays)
    return Places(_moved(scene.stretches, delays, seconds), delays[0], shift, min(similarities))


def _find(part: Samples, heard: Samples) -> tuple[int, float]:
    if len(heard) < len(part):
        return 0, 0.0
    wanted, found = part.astype(np.float64), heard.astype(np.float64)
    products = correlate(found, wanted, mode="valid", method="fft")
    sums = np.concatenate([[0.0], np.cumsum(found**2)])
    energies = np.maximum(sums[len(part) :] - sums[: -len(part)], 1e-6)
    lengths = np.sqrt(energies * np.sum(wanted**2))
    at = int(np.argmax(products / lengths))
    # A sound server may move sound by a part of a sample, which whole samples take for another sound.
    # Where neighbours lack, the curve between samples would be a guess.
    around = products[max(0, at - NEIGHBOURS) : at + NEIGHBOURS]
    between = resample(around, FINER * len(around)) if len(around) == 2 * NEIGHBOURS else around
    return at, float(between.max() / lengths[at])


def _moved(stretches: Sequence[Stretch], delays: Sequence[float], seconds: float) -> tuple[Stretch, ...]:
    starts = [part.start + delay for part, delay in zip(stretches, delays, strict=True)]
    starts[0] = 0.0
    # A part ends where it was found to end; a room goes on until the next part begins.
    for number, part in enumerate(stretches[:-1]):
        if part.kind in {"clip", "noise"} and stretches[number + 1].kind in {"room", "silence"}:
            starts[number + 1] = part.end + delays[number]
    return tuple(
        replace(part, start=start, end=end)
        for part, start, end in zip(stretches, starts, [*starts[1:], seconds], strict=True)
    )
