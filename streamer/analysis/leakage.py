"""Legs compared by their power envelopes: which leg only holds leakage from another, and who talks right now.

This is the one thing in which a leg depends on another: docs/decisions/0024-bleed.md.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from emotion.arrays import Samples, make_finite
from emotion.signal import mix_down
from streamer.events import Row, Skip, State

Powers: TypeAlias = NDArray[np.float64]
"""``(num_frames,)``: mean square without DC, full scale 1; NaN where the sound is missing."""

FRAMES_PER_SECOND: Final = 100

MEMORY_SECONDS: Final = 8.0
"""How far back frames are kept."""

_NUM_KEPT: Final = round(MEMORY_SECONDS * FRAMES_PER_SECOND)


class Envelope:
    """Frames of 10 ms on a grid of the sample index, so that those of two legs of a source lie side by side.

    Frame i holds the samples of index i·rate/100 up to (i + 1)·rate/100. It does not matter how the sound is
    cut. A frame of which a part is missing is NaN.

    Parameters
    ----------
    sample_rate : int
        That of the source, Hz; at least 100.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._powers = np.full(_NUM_KEPT, np.nan)
        self._end_frame = 0
        self._end_sample: int | None = None
        self._waiting = np.zeros(0, dtype=np.float32)

    def push(self, samples: Samples, first_sample: int) -> None:
        """Take the next sound.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono, finite, at the source's rate.
        first_sample : int
            Index of the first, in the numbers of the stream; a jump is a gap.

        Raises
        ------
        ValueError
            If it lies before the end of the last ones: a source that counts backwards is broken.
        """
        if self._end_sample is not None and first_sample < self._end_sample:
            raise ValueError(f"{first_sample} was told as the next sample after {self._end_sample}")
        if first_sample != self._end_sample:
            self._waiting = self._waiting[:0]
        self._end_sample = first_sample + len(samples)
        sound = np.concatenate((self._waiting, samples)) if len(self._waiting) else samples
        start_sample = self._end_sample - len(sound)
        # The first frame that begins, and the first one that does not end, in the sound at hand.
        first = (start_sample - 1) * FRAMES_PER_SECOND // self._sample_rate + 1
        end = self._end_sample * FRAMES_PER_SECOND // self._sample_rate
        if end > first:
            # A list: there are few of them, each time.
            bounds = [
                -(-frame * self._sample_rate // FRAMES_PER_SECOND) - start_sample
                for frame in range(first, end + 1)
            ]
            missing = np.full(min(first - self._end_frame, _NUM_KEPT), np.nan)
            new = _powers(sound, np.array(bounds))
            self._powers = np.concatenate((self._powers, missing, new))[-_NUM_KEPT:]
            self._end_frame = end
            sound = sound[bounds[-1] :]
        # A copy, so that a small rest does not keep a large block alive, nor change with it.
        self._waiting = sound.copy()

    def frames(self, start_seconds: float, end_seconds: float) -> Powers:
        """Give the frames of a span of time.

        Parameters
        ----------
        start_seconds, end_seconds : float
            Stream time, s; taken to the nearest frame. As many frames come as the difference holds.

        Returns
        -------
        ndarray, shape (num_frames,), float64
            Mean square of each frame without its DC, full scale 1. NaN where a part is missing: before the
            stream, in a gap, after the latest sound, or longer ago than is kept.
        """
        first = round(start_seconds * FRAMES_PER_SECOND)
        num_frames = max(0, round((end_seconds - start_seconds) * FRAMES_PER_SECOND))
        places = np.arange(num_frames) + (first - self._end_frame + _NUM_KEPT)
        kept = (places >= 0) & (places < _NUM_KEPT)
        return np.where(kept, self._powers.take(places, mode="clip"), np.nan)


def _powers(sound: Samples, bounds: NDArray[np.int64]) -> Powers:
    exact = sound[: bounds[-1]].astype(np.float64)
    starts = bounds[:-1]
    lengths = bounds[1:] - starts
    means = np.add.reduceat(exact, starts) / lengths
    np.multiply(exact, exact, out=exact)
    powers: Powers = np.add.reduceat(exact, starts) / lengths - means * means
    return np.maximum(powers, 0.0, out=powers)


REACH_SECONDS: Final = 0.35
"""How much further back the other leg's frames should go: a delay of 0.3 s, and a little for the room."""

WEAKER: Final = 10.0 ** (-8.0 / 10.0)
"""A leak is at least 8 dB weaker than what leaks: two who talk equally loud are never taken for one."""

EXPLAINED: Final = 0.65
"""The share of a leg's ups and downs, as a variance in dB, that the other leg must explain."""

LIVELY: Final = 0.2**2
"""With less variance (that of 2 dB, in powers of ten) it is a hum, and nothing is explained."""

LEAKAGE_DEPTH: Final = 10.0 ** (-25.0 / 10.0)
"""Ups and downs are looked at down to 25 dB under the loudest."""

LOW_SHARE: Final = 0.1
"""A leg's own noise is what a tenth of its frames stay under."""

ROOM: Final = np.cumprod(np.full(6, 10.0 ** (-6.0 * 0.02 / 0.2)))
"""How a room that falls by 60 dB in 0.2 s smears power, in pairs of frames."""

AHEAD: Final = 3
"""Pairs of frames by which a leak may come before its source, where two devices are a little apart: 60 ms."""

KNOWN_SHARE: Final = 0.75
"""So much of the window must be there on both legs."""


def is_leakage(own: Powers, other: Powers) -> bool:
    """Tell whether what a leg holds is another leg, weaker and later.

    At every delay the other leg's power, smeared as by a room, scaled, with the leg's own noise under it, is
    held against the leg's power, in dB. Whoever talks for himself goes up and down at other moments.

    Parameters
    ----------
    own : ndarray, shape (num_frames,), float64
        The leg's frames in a window of 2 to 3 s; 1 s will do where only a step of talk is at stake.
    other : ndarray, shape (num_frames + num_further,), float64
        The other leg's frames up to the same moment. They go further back, by `REACH_SECONDS`: that is the
        longest delay looked for.

    Returns
    -------
    bool
        False as well where too much is missing to decide.
    """
    mine, theirs = _in_pairs(own)[:-AHEAD], _in_pairs(other)
    own_known, known = np.isfinite(mine), np.isfinite(theirs)
    if not np.any(own_known) or len(theirs) < len(mine):
        return False
    ordered = np.sort(mine[own_known])
    power, noise = float(np.mean(ordered)), float(ordered[int((len(ordered) - 1) * LOW_SHARE)])
    theirs = np.where(known, theirs, 0.0)
    # From here on a row is a delay, the longest first.
    both = own_known & sliding_window_view(known, len(mine))
    num_both = np.maximum(1, np.count_nonzero(both, axis=1))
    sources = np.sum(sliding_window_view(theirs, len(mine)), axis=1, where=both) / num_both
    asked = (power < WEAKER * sources) & (num_both >= KNOWN_SHARE * len(mine))
    if power == 0.0 or not np.any(asked):
        return False
    least = max(noise, LEAKAGE_DEPTH * float(ordered[-1]))
    gain = (power - noise) * np.count_nonzero(known) / float(np.sum(theirs))
    leak = gain * np.convolve(theirs, ROOM / np.sum(ROOM))[: len(theirs)]
    levels = np.log10(np.maximum(np.where(own_known, mine, 0.0) - noise, 0.0) + least)
    missed = levels - sliding_window_view(np.log10(leak + least), len(mine))
    lively = _variances(np.broadcast_to(levels, both.shape), both, num_both)
    left = _variances(missed, both, num_both)
    return bool(np.any(asked & (lively > LIVELY) & (left < (1.0 - EXPLAINED) * lively)))


def _in_pairs(powers: Powers) -> Powers:
    """Join frames by two, the last pair with the last frame: shorter ones ripple with the pitch."""
    return np.asarray(np.mean(powers[len(powers) % 2 :].reshape(-1, 2), axis=1))


def _variances(rows: Powers, kept: NDArray[np.bool_], num_kept: NDArray[np.int64]) -> Powers:
    means = np.sum(rows, axis=1, where=kept) / num_kept
    off = np.where(kept, rows - means[:, None], 0.0)
    return np.asarray(np.einsum("ij,ij->i", off, off) / num_kept)


WITH_A_VOICE: Final[frozenset[State]] = frozenset({"speech", "unsure", "clipped"})
"""States of a window in which somebody may talk; without a voice in two seconds nobody does."""

LOOK_BACK: Final = 2 * FRAMES_PER_SECOND
"""In so many frames the loudest of the talk is found."""

LOUD_SHARE: Final = 0.975
"""So many of them are under it: one click is not the loudest."""


TALK_DEPTH: Final = 10.0 ** (-22.0 / 10.0)
"""Talk goes down to 22 dB under the loudest: the last sounds of a phrase do, most of a leak does not."""

OVER_NOISE: Final = 10.0 ** (5.0 / 10.0)
"""Talk is 5 dB over the noise at least."""

NEVER_NOISE: Final = 10.0 ** (-10.0 / 10.0)
"""What is within 10 dB of the loudest is talk, whatever the noise: who talks without a breath has none."""

ENOUGH: Final = 0.4
"""The share of a step's frames that talk must fill. Half a step of talk has gaps between its sounds."""


def talks(past: Powers, num_newest: int, state: State) -> bool:
    """Tell whether a leg's newest step holds talk.

    Parameters
    ----------
    past : ndarray, shape (num_frames,), float64
        The leg's frames up to the end of a window, and of its newest step, as far back as they are kept: the
        noise is learned from them.
    num_newest : int
        How many of them are the newest step.
    state : {'speech', 'silence', 'noise', 'clipped', 'unsure'}
        What the window holds.

    Returns
    -------
    bool
        False as well where the step is missing.
    """
    newest, recent, known = (_known(past[-count:]) for count in (num_newest, LOOK_BACK, len(past)))
    if state not in WITH_A_VOICE or not len(newest):
        return False
    loud, noise = _under(recent, LOUD_SHARE), _under(known, LOW_SHARE)
    bound = max(TALK_DEPTH * loud, min(OVER_NOISE * noise, NEVER_NOISE * loud))
    return int(np.count_nonzero(newest > bound)) >= ENOUGH * len(newest)


def _known(frames: Powers) -> Powers:
    return frames[np.isfinite(frames)]


def _under(frames: Powers, share: float) -> float:
    return float(np.sort(frames)[int((len(frames) - 1) * share)])


ADVISED_AFTER: Final = 6
"""Windows of nothing but a leak after which the user gets a message."""

_LEAK_SECONDS: Final = 3.0
"""A leak is looked for in at least so much of the sound up to a window's end: more decides better."""

_MOMENT_SECONDS: Final = 1.0

_PAST_SECONDS: Final = MEMORY_SECONDS - 2.0
"""How far back a leg's noise is looked for: what every envelope still has when a row is made."""


class LeakageDetector:
    """Keeps the envelopes of all legs, and distinguishes a leak from a voice.

    This is the one thing in which a leg depends on another: docs/decisions/0024-bleed.md.

    Parameters
    ----------
    sample_rates : mapping of str to int
        Of the legs' sources, by name of the leg, Hz.
    """

    def __init__(self, sample_rates: Mapping[str, int]) -> None:
        self._envelopes = {leg: Envelope(rate) for leg, rate in sample_rates.items()}
        self._num_leaks = dict.fromkeys(sample_rates, 0)

    def push(self, leg: str, samples: Samples, first_sample: int) -> None:
        """Take the sound of a leg, before its rows are made.

        Parameters
        ----------
        leg : str
            Its name.
        samples : ndarray, shape (n, channels), float32
            At its source's rate.
        first_sample : int
            Index of the first, as the stream counts.
        """
        finite, *_ = make_finite(samples)
        self._envelopes[leg].push(mix_down(finite), first_sample)

    def is_leak(self, leg: str, start: float, end: float) -> bool:
        """Tell whether a window of a leg holds another leg, weaker, and nothing of its own.

        Parameters
        ----------
        leg : str
            Its name.
        start, end : float
            Stream time, s.

        Returns
        -------
        bool
            False as well where the sound of the other legs is missing.
        """
        before = self._envelopes[leg].frames(end - _LEAK_SECONDS, start)
        # No further than to the beginning of the sound, or to the gap, that lies before the window.
        num_known = int(np.argmax(np.isnan(before[::-1]))) if np.isnan(before).any() else len(before)
        is_leak = self._is_explained(leg, start - num_known / FRAMES_PER_SECOND, end)
        self._num_leaks[leg] += is_leak
        return is_leak

    def talks(self, row: Row | Skip, step_seconds: float) -> bool:
        """Tell whether the leg of a row talks in the row's last step.

        Parameters
        ----------
        row : Row or Skip
            Its sound has been pushed, and no more than a second beyond.
        step_seconds : float
            Of the grid, s.

        Returns
        -------
        bool
            False in silence and noise.
        """
        past = self._envelopes[row.leg].frames(row.end - _PAST_SECONDS, row.end)
        if not talks(past, round(step_seconds * FRAMES_PER_SECOND), row.state):
            return False
        # The leak of another leg may follow at once on the talk of this one, within the same window.
        return not self._is_explained(row.leg, row.end - _MOMENT_SECONDS, row.end)

    def _is_explained(self, leg: str, start: float, end: float) -> bool:
        own = self._envelopes[leg].frames(start, end)
        return any(
            other != leg and is_leakage(own, envelope.frames(start - REACH_SECONDS, end))
            for other, envelope in self._envelopes.items()
        )

    @property
    def leaking(self) -> Sequence[str]:
        """The legs into which another one leaks so often that the user should know."""
        return [leg for leg, number in self._num_leaks.items() if number >= ADVISED_AFTER]
