"""What is played into the microphone, where it lies in the recording, and what was shown for it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from scipy.signal import correlate, resample

from callmood.evaluation.streams import STREAM_RATE_HZ, StreamPlan, render_stream, room_noise
from emotion.arrays import Samples
from emotion.errors import DeviceError
from emotion.window_grid import to_samples
from tests.command import Row

EDGE_SECONDS: Final = 3.0
"""Silence before the first speaker and after the last, so that windows of nothing but silence are there."""

SILENCE_SECONDS: Final = 1.0
NOISE_SECONDS: Final = (2.5, 3.0)
"""Evenly drawn: longer than a window of 2 s, so that at least one lies wholly in noise."""

NOISE_DBFS: Final = -30.0
PEAK: Final = 0.9
"""Louder sound is turned down as a whole: a resampler on the way may overshoot."""

Kind: TypeAlias = Literal["clip", "room", "noise", "silence"]


@dataclass(frozen=True, slots=True)
class SceneSegment:
    """A part of the sound."""

    kind: Kind  # A clip, the quiet room about clips, pink noise, or digital silence
    start: float  # s
    end: float
    speaker_number: int  # who speaks, or spoke last; 0 is the first one
    speaker: str  # the corpus' name for that person
    emotion: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is played."""

    samples: Samples  # mono at `STREAM_RATE_HZ`
    segments: tuple[SceneSegment, ...]  # in order, without holes, from the first sample to the last


def make_scene(plans: Sequence[StreamPlan], seed: int) -> Scene:
    """Read the clips and join them: rooms between clips, noise and silence between speakers."""
    rng = np.random.default_rng([seed, *b"noise"])
    parts: list[tuple[Samples, Kind, int, str | None]] = [(_silence(EDGE_SECONDS), "silence", 0, None)]
    for number, plan in enumerate(plans):
        if number:
            parts.append((_noise(rng), "noise", number - 1, None))
            parts.append((_silence(SILENCE_SECONDS), "silence", number - 1, None))
        sound = render_stream(plan)
        at = 0
        for clip, first, last in zip(plan.clips, sound.starts, sound.ends, strict=True):
            parts.append((sound.samples[at:first], "room", number, None))
            parts.append((sound.samples[first:last], "clip", number, clip.emotion))
            at = last
        parts.append((sound.samples[at:], "room", number, None))
    parts.append((_silence(EDGE_SECONDS), "silence", len(plans) - 1, None))
    samples = np.concatenate([part for part, *_ in parts])
    edges = np.cumsum([0, *(len(part) for part, *_ in parts)]) / STREAM_RATE_HZ
    segments = tuple(
        SceneSegment(kind, float(start), float(end), number, plans[number].speaker, emotion)
        for (_, kind, number, emotion), start, end in zip(parts, edges[:-1], edges[1:], strict=True)
    )
    return Scene(samples * np.float32(min(1.0, PEAK / np.abs(samples).max())), segments)


def _silence(seconds: float) -> Samples:
    return np.zeros(to_samples(seconds, STREAM_RATE_HZ), np.float32)


def _noise(rng: np.random.Generator) -> Samples:
    num_samples = to_samples(rng.uniform(*NOISE_SECONDS), STREAM_RATE_HZ)
    return room_noise(num_samples, NOISE_DBFS, NOISE_DBFS, rng)


SEARCH_SECONDS: Final = 1.0
"""So much earlier or later than expected is a part looked for."""

LEAST_SIMILARITY: Final = 0.9
"""A part that was recorded as it was played has 1, but for resampling."""

NEIGHBOURS: Final = 64
FINER: Final = 16
"""So many products on each side of the highest are drawn so many times as fine."""


@dataclass(frozen=True, slots=True)
class Places:
    """A scene in the time of a session."""

    segments: tuple[SceneSegment, ...]  # in stream time, without holes, from 0 to the end of the session
    delay_seconds: float  # from the first sample of the stream to that of the scene
    shift_seconds: float  # by how much the delay of any part differs from that of the first clip, at most
    least_similarity: float  # of a part and what was recorded in its place, up to 1


def place(scene: Scene, recorded: Samples, seconds: float) -> Places:
    """Find the parts of a scene in a recording; rooms and silences fill the rest."""
    delays: list[float] = []
    similarities: list[float] = []
    for part in scene.segments:
        if part.kind in {"clip", "noise"}:
            first, last = round(part.start * STREAM_RATE_HZ), round(part.end * STREAM_RATE_HZ)
            reach = round(SEARCH_SECONDS * STREAM_RATE_HZ)
            begin = max(0, first + round(delays[-1] * STREAM_RATE_HZ) - reach) if delays else 0
            end = begin + last - first + 2 * reach if delays else len(recorded)
            at, similarity = _find(scene.samples[first:last], recorded[begin:end])
            if similarity < LEAST_SIMILARITY:
                raise DeviceError(
                    f"the {part.kind} at {part.start:.1f} s was not recorded as it was played (similarity "
                    f"{similarity:.2f}, wanted {LEAST_SIMILARITY}); try again while the machine is idle"
                )
            delays.append((begin + at - first) / STREAM_RATE_HZ)
            similarities.append(similarity)
        elif delays:
            delays.append(delays[-1])
    delays = [delays[0]] * (len(scene.segments) - len(delays)) + delays
    shift = max(abs(delay - delays[0]) for delay in delays)
    return Places(_moved(scene.segments, delays, seconds), delays[0], shift, min(similarities))


def _find(part: Samples, recorded: Samples) -> tuple[int, float]:
    if len(recorded) < len(part):
        return 0, 0.0
    wanted, found = part.astype(np.float64), recorded.astype(np.float64)
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


def _moved(
    segments: Sequence[SceneSegment], delays: Sequence[float], seconds: float
) -> tuple[SceneSegment, ...]:
    starts = [part.start + delay for part, delay in zip(segments, delays, strict=True)]
    starts[0] = 0.0
    # A part ends where it was found to end; a room goes on until the next part begins.
    for number, part in enumerate(segments[:-1]):
        if part.kind in {"clip", "noise"} and segments[number + 1].kind in {"room", "silence"}:
            starts[number + 1] = part.end + delays[number]
    return tuple(
        replace(part, start=start, end=end)
        for part, start, end in zip(segments, starts, [*starts[1:], seconds], strict=True)
    )


NO_CLIP: Final = ("noise only", "quiet only", "noise and quiet")


@dataclass(frozen=True, slots=True)
class ClipAnswer:
    """What was shown for a clip."""

    clip: SceneSegment
    # The emotion shown in most of its windows; where none showed one, the state of most of them.
    answer: str
    num_said: int
    num_windows: int  # windows of which more than half lies in the clip

    @property
    def right(self) -> bool:
        """Whether it is the clip's label."""
        return self.answer == self.clip.emotion


def overlap_seconds(row: Row, segment: SceneSegment) -> float:
    """Give how much of a window lies in a segment, s."""
    return max(0.0, min(float(row["end"]), segment.end) - max(float(row["start"]), segment.start))


def answer_of(clip: SceneSegment, rows: Sequence[Row]) -> ClipAnswer:
    """Give what most windows of a clip showed; of two emotions shown equally often the more probable one."""
    inside = [row for row in rows if 2 * overlap_seconds(row, clip) > row["end"] - row["start"]]
    inside = inside or [max(rows, key=lambda row: overlap_seconds(row, clip))]
    shown = Counter(row["emotion"] for row in inside if row["emotion"] is not None)
    if shown:
        sums = {label: sum(row["smoothed"][label] for row in inside if row["smoothed"]) for label in shown}
        answer = max(shown, key=lambda label: (shown[label], sums[label]))
        return ClipAnswer(clip, answer, shown[answer], len(inside))
    ((state, count),) = Counter(row["state"] for row in inside).most_common(1)
    return ClipAnswer(clip, state, count, len(inside))


def accuracy_words(answers: Sequence[ClipAnswer]) -> str:
    """Say how many clips were shown rightly; one without an emotion counts as wrong."""
    right = sum(each.right for each in answers)
    return f"{right} of {len(answers)} clips ({100 * right / len(answers):.0f} %)"


def states_without_clip(segments: Sequence[SceneSegment], rows: Sequence[Row]) -> dict[str, Counter[str]]:
    """Count the states of windows in which no sample of any clip lies."""
    counts = {name: Counter[str]() for name in NO_CLIP}
    for row in rows:
        kinds = {part.kind for part in segments if overlap_seconds(row, part) > 0}
        if "clip" in kinds:
            continue
        alone = "noise only" if kinds == {"noise"} else "quiet only"
        counts["noise and quiet" if "noise" in kinds and len(kinds) > 1 else alone][row["state"]] += 1
    return counts
