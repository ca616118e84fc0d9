"""What is played into the microphone, where it lies in the recording, and what the journal says of it."""

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
"""Silence before the first stranger and after the last, so that windows of nothing but silence are there."""

SILENCE_SECONDS: Final = 1.0
NOISE_SECONDS: Final = (2.5, 3.0)
"""Evenly drawn: longer than a window of 2 s, so that at least one lies wholly in noise."""

NOISE_DBFS: Final = -30.0
PEAK: Final = 0.9
"""Louder sound is turned down as a whole: a resampler on the way may overshoot."""

Kind: TypeAlias = Literal["clip", "room", "noise", "silence"]


@dataclass(frozen=True, slots=True)
class SceneSegment:
    """A part of the sound.

    Attributes
    ----------
    kind : {'clip', 'room', 'noise', 'silence'}
        A clip, the quiet room about clips, pink noise, or digital silence.
    start, end : float
        Where it lies, s.
    stranger : int
        Who speaks, or spoke last; 0 is the first one.
    speaker : str
        The corpus' name for that person.
    emotion : str or None
        The label of a clip.
    """

    kind: Kind
    start: float
    end: float
    stranger: int
    speaker: str
    emotion: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is played.

    Attributes
    ----------
    samples : ndarray, shape (n,), float32
        Mono at `STREAM_RATE_HZ`.
    stretches : tuple of SceneSegment
        In order, without holes, from the first sample to the last.
    """

    samples: Samples
    stretches: tuple[SceneSegment, ...]


def make_scene(plans: Sequence[StreamPlan], seed: int) -> Scene:
    """Read the clips and join them: rooms between clips, noise and silence between strangers.

    Parameters
    ----------
    plans : sequence of StreamPlan
        One a stranger; the pauses between clips, 0.5 to 1 s, are those of the evaluation's streams.
    seed : int
        Decides about the noise.

    Returns
    -------
    Scene
        The same for the same plans and files.

    Raises
    ------
    AudioFileError
        If a clip cannot be read.
    """
    rng = np.random.default_rng([seed, *b"noise"])
    parts: list[tuple[Samples, Kind, int, str | None]] = [(_silence(EDGE_SECONDS), "silence", 0, None)]
    for stranger, plan in enumerate(plans):
        if stranger:
            parts.append((_noise(rng), "noise", stranger - 1, None))
            parts.append((_silence(SILENCE_SECONDS), "silence", stranger - 1, None))
        sound = render_stream(plan)
        at = 0
        for clip, first, last in zip(plan.clips, sound.starts, sound.ends, strict=True):
            parts.append((sound.samples[at:first], "room", stranger, None))
            parts.append((sound.samples[first:last], "clip", stranger, clip.emotion))
            at = last
        parts.append((sound.samples[at:], "room", stranger, None))
    parts.append((_silence(EDGE_SECONDS), "silence", len(plans) - 1, None))
    samples = np.concatenate([part for part, *_ in parts])
    edges = np.cumsum([0, *(len(part) for part, *_ in parts)]) / STREAM_RATE_HZ
    stretches = tuple(
        SceneSegment(kind, float(start), float(end), stranger, plans[stranger].speaker, emotion)
        for (_, kind, stranger, emotion), start, end in zip(parts, edges[:-1], edges[1:], strict=True)
    )
    return Scene(samples * np.float32(min(1.0, PEAK / np.abs(samples).max())), stretches)


def _silence(seconds: float) -> Samples:
    return np.zeros(to_samples(seconds, STREAM_RATE_HZ), np.float32)


def _noise(rng: np.random.Generator) -> Samples:
    num_samples = to_samples(rng.uniform(*NOISE_SECONDS), STREAM_RATE_HZ)
    return room_noise(num_samples, NOISE_DBFS, NOISE_DBFS, rng)


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
    stretches : tuple of SceneSegment
        In stream time, without holes, from 0 to the end of the session.
    delay_seconds : float
        From the first sample of the stream to that of the scene.
    shift_seconds : float
        By how much the delay of any part differs from that of the first clip, at most.
    least_similarity : float
        Of a part and what was heard in its place, up to 1.
    """

    stretches: tuple[SceneSegment, ...]
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
        Mono at `STREAM_RATE_HZ`.
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
            first, last = round(part.start * STREAM_RATE_HZ), round(part.end * STREAM_RATE_HZ)
            reach = round(SEARCH_SECONDS * STREAM_RATE_HZ)
            begin = max(0, first + round(delays[-1] * STREAM_RATE_HZ) - reach) if delays else 0
            end = begin + last - first + 2 * reach if delays else len(heard)
            at, similarity = _find(scene.samples[first:last], heard[begin:end])
            if similarity < LEAST_SIMILARITY:
                raise DeviceError(
                    f"the {part.kind} at {part.start:.1f} s of what was played was not heard so (similarity "
                    f"{similarity:.2f}, wanted {LEAST_SIMILARITY}); do it again while the machine is idle"
                )
            delays.append((begin + at - first) / STREAM_RATE_HZ)
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


def _moved(
    stretches: Sequence[SceneSegment], delays: Sequence[float], seconds: float
) -> tuple[SceneSegment, ...]:
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


NO_CLIP: Final = ("noise only", "quiet only", "noise and quiet")


@dataclass(frozen=True, slots=True)
class ClipAnswer:
    """What was shown while a clip was heard.

    Attributes
    ----------
    clip : SceneSegment
        In stream time.
    answer : str
        The emotion shown in most of its windows; where none showed an emotion, the state of most of them.
    num_said : int
        Windows that said so.
    num_windows : int
        Windows of which more than half lies in the clip.
    """

    clip: SceneSegment
    answer: str
    num_said: int
    num_windows: int

    @property
    def right(self) -> bool:
        """Whether it is the label of the clip."""
        return self.answer == self.clip.emotion


def overlap_seconds(row: Row, stretch: SceneSegment) -> float:
    """Tell how much of a window lies in a stretch, s."""
    return max(0.0, min(float(row["end"]), stretch.end) - max(float(row["start"]), stretch.start))


def answer_of(clip: SceneSegment, rows: Sequence[Row]) -> ClipAnswer:
    """Count what was shown in the windows of a clip.

    Parameters
    ----------
    clip : SceneSegment
        In stream time.
    rows : sequence of dict
        Of the journal.

    Returns
    -------
    ClipAnswer
        A clip in which no window lies for more than half is answered by the one that overlaps it most. Of two
        emotions shown equally often the one whose smoothed probabilities sum to more is the answer.
    """
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
    """Say how many clips were answered rightly; one for which no emotion was shown counts as wrong.

    Parameters
    ----------
    answers : sequence of ClipAnswer
        At least one.

    Returns
    -------
    str
        As ``30 of 40 clips (75 %)``.
    """
    right = sum(each.right for each in answers)
    return f"{right} of {len(answers)} clips ({100 * right / len(answers):.0f} %)"


def states_without_clip(stretches: Sequence[SceneSegment], rows: Sequence[Row]) -> dict[str, Counter[str]]:
    """Count the states of windows in which no sample of any clip lies.

    Parameters
    ----------
    stretches : sequence of SceneSegment
        In stream time, all of the session.
    rows : sequence of dict
        Of the journal.

    Returns
    -------
    dict of str to Counter
        By what lies in them: noise only; quiet only, which is room and silence; both. `speech` is an emotion
        that was shown where nobody spoke.
    """
    counts = {name: Counter[str]() for name in NO_CLIP}
    for row in rows:
        kinds = {part.kind for part in stretches if overlap_seconds(row, part) > 0}
        if "clip" in kinds:
            continue
        alone = "noise only" if kinds == {"noise"} else "quiet only"
        counts["noise and quiet" if "noise" in kinds and len(kinds) > 1 else alone][row["state"]] += 1
    return counts
