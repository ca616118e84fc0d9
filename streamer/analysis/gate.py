"""Decide of each window whether it holds speech, silence, noise or clipped sound.

The gate uses the window's level, the noise floor, voice activity, and the share of samples at full scale. See
docs/decisions/0007-noise-gate.md and docs/decisions/0016-non-speech.md.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

import numpy as np

from emotion.arrays import Samples
from emotion.errors import ModelError
from emotion.signal import FLOOR_DBFS, SILENCE_DBFS, Moments, level_dbfs, level_of_moments, moments_of
from emotion.window_grid import WindowGrid, to_samples
from streamer.analysis.vad import VadStream, shared_vad_network
from streamer.events import State

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PieceCutter:
    """Joins what comes and cuts it anew: first one piece of its own length, then all of one length.

    Parameters
    ----------
    first, then : int
        Lengths in samples, at least 1.
    """

    def __init__(self, first: int, then: int) -> None:
        self._wanted = first
        self._then = then
        self._waiting: list[Samples] = []
        self._num_waiting = 0

    @property
    def num_missing(self) -> int:
        """How many samples the next piece still lacks."""
        return self._wanted - self._num_waiting

    def push(self, samples: Samples) -> Iterator[Samples]:
        """Take samples and give the pieces that they complete.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono; n may be 0. Kept until it has been given out, so nobody may change it.

        Yields
        ------
        ndarray, shape (first,) or (then,), float32
            The sound in order, nothing left out and nothing twice.
        """
        self._waiting.append(samples)
        self._num_waiting += len(samples)
        if self._num_waiting < self._wanted:
            return
        joined = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
        begin = 0
        while len(joined) - begin >= self._wanted:
            end = begin + self._wanted
            self._wanted = self._then
            yield joined[begin:end]
            begin = end
        # A copy, so that a small rest does not keep a large block alive.
        self._waiting = [joined[begin:].copy()]
        self._num_waiting = len(joined) - begin


class WindowLevel:
    """Keeps of each piece of the grid what the level of a window is made of, not the sound.

    Windows begin inside a piece where win is no multiple of step; pieces are then looked at in two parts.

    Parameters
    ----------
    grid : WindowGrid
        Names win and step.
    """

    def __init__(self, grid: WindowGrid) -> None:
        self._next_start = grid.step - grid.first_piece
        num_later_pieces = (grid.win - grid.first_piece) // grid.step
        parts_of_piece = 2 if self._next_start else 1
        self._parts: deque[Moments] = deque(maxlen=1 + parts_of_piece * num_later_pieces)

    def push(self, piece: Samples) -> None:
        """Look at the next piece; what lies before the window is forgotten.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,), float32
            Mono.
        """
        if self._parts and self._next_start:
            self._parts.append(moments_of(piece[: self._next_start]))
            piece = piece[self._next_start :]
        self._parts.append(moments_of(piece))

    @property
    def is_full(self) -> bool:
        """True from the first whole window on."""
        return len(self._parts) == self._parts.maxlen

    @property
    def dbfs(self) -> float:
        """RMS of the window without its DC, dB below full scale, as `emotion.signal.level_dbfs` gives it."""
        return level_of_moments(self._parts)


SLICE_SECONDS: Final = 0.1
"""Levels are taken over slices of this length: shorter than the pauses in speech."""

MEMORY_SECONDS: Final = 12.0
"""How far back the floor looks: longer than one speaks without a breath; then a louder room is known."""

LOW_SHARE: Final = 0.1
"""The floor is the level that a tenth of the slices stay under."""

CEILING_DBFS: Final = -35.0
"""The floor is never taken for higher: loud steady sound without a pause is no quiet room."""


class NoiseFloor:
    """A low percentile of the levels of the last twelve seconds; see docs/decisions/0007-noise-gate.md.

    It looks only back, counts in samples of the stream, and does not depend on how the sound is cut.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Attributes
    ----------
    latest_dbfs : float
        Level of the latest slice, for the eye, dB below full scale; -120 before the first.
    """

    def __init__(self, sample_rate: int) -> None:
        self._slice_length = max(1, to_samples(SLICE_SECONDS, sample_rate))
        self._levels: deque[float] = deque(maxlen=round(MEMORY_SECONDS / SLICE_SECONDS))
        self._slices = PieceCutter(self._slice_length, self._slice_length)
        self.latest_dbfs = FLOOR_DBFS

    def push(self, samples: Samples) -> None:
        """Take the next sound.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono, at the rate given.
        """
        for part in self._slices.push(samples):
            self.latest_dbfs = level_dbfs(part)
            self._levels.append(self.latest_dbfs)

    def restart_after_gap(self) -> None:
        """Glue no slice across a gap; what is known of the room stays."""
        self._slices = PieceCutter(self._slice_length, self._slice_length)

    @property
    def dbfs(self) -> float:
        """The floor, dB below full scale, in -120..-35; -120 before the first slice."""
        if not self._levels:
            return FLOOR_DBFS
        rank = int((len(self._levels) - 1) * LOW_SHARE)
        return min(sorted(self._levels)[rank], CEILING_DBFS)


FULL_SCALE_LEVEL: Final = 0.97
"""At or over this a sample is at full scale: the loudest code of µ-law is 0.980, that of A-law 0.984 (ITU-T
G.711), and resampling lets flat tops ripple by a few hundredths."""


class ClippingMeter:
    """Remembers which samples of the source were at full scale, as far back as a window may ask."""

    def __init__(self) -> None:
        self._places: list[NDArray[np.int64]] = []

    def push(self, samples: Samples, first_sample: int) -> None:
        """Look at the next sound.

        Parameters
        ----------
        samples : ndarray, shape (n, channels), float32
            As the source gave them, before they are mixed or resampled; finite.
        first_sample : int
            Index of the first, in the numbers of the stream.
        """
        # Nearly all sound is never so loud, and knows that after two looks.
        if not len(samples) or (samples.max() < FULL_SCALE_LEVEL and samples.min() > -FULL_SCALE_LEVEL):
            return
        self._places.append(
            np.flatnonzero(np.any(np.abs(samples) >= FULL_SCALE_LEVEL, axis=1)) + first_sample
        )

    def share(self, start_sample: int, end_sample: int) -> float:
        """Tell how much of a window is at full scale, and forget what lies before it.

        Parameters
        ----------
        start_sample, end_sample : int
            The window, in samples of the source; start never smaller than the time before.

        Returns
        -------
        float
            In 0..1.
        """
        self._places = [each for each in self._places if each[-1] >= start_sample]
        inside = sum(
            int(np.subtract(*np.searchsorted(each, (end_sample, start_sample)))) for each in self._places
        )
        return inside / max(1, end_sample - start_sample)


GateKind: TypeAlias = Literal["voice", "level"]
"""`voice` detects a voice; `level` uses loudness alone, and takes for speech whatever is louder than the
room."""

GATE_VERSIONS: Final[Mapping[GateKind, int]] = MappingProxyType({"voice": 2, "level": 1})
"""Raise a gate's version when it gives any window another state. Caches are keyed by it."""


def gate_kind(name: str | None) -> GateKind:
    """Check the name of a gate.

    Parameters
    ----------
    name : str or None
        As the model card names it.

    Returns
    -------
    {'voice', 'level'}
        The same.

    Raises
    ------
    ModelError
        If there is no such gate, or the card names none.
    """
    if name not in get_args(GateKind):
        wanted = "no gate" if name is None else f"the gate {name[:40]!r}"
        raise ModelError(
            f"the card asks for {wanted}; there are {', '.join(get_args(GateKind))}: "
            "update callmood, or train the model again"
        )
    return cast("GateKind", name)


MARGIN_DB: Final = 6.0
"""How far a window must rise over the room's noise floor to be more than the room; see
docs/decisions/0007-noise-gate.md."""


FAINTEST_VOICE_DBFS: Final = -70.0
"""Under this level nothing is speech, however likely a voice: a quarter of what the level alone asks for."""

CLIPPED_SHARE: Final = 0.01
"""Speech with more of its samples at full scale is `clipped`; loud clean recordings have 0.002 at most."""

FLAT_SHARE: Final = 0.25
"""Any sound with more is: a sine that just reaches full scale has 0.16."""


class Gate:
    """Decides about the windows of one segment, which comes in the pieces of its grid.

    Parameters
    ----------
    kind : {'voice', 'level'}
        How.
    grid : WindowGrid
        At the model's rate.

    Raises
    ------
    ModelError
        If the network's file is missing or changed.
    UsageError
        If a gate of the kind `voice` is given another rate than 16 kHz.
    """

    def __init__(self, kind: GateKind, grid: WindowGrid) -> None:
        self._voice = None if kind == "level" else VadStream(shared_vad_network(), grid)

    def push(self, piece: Samples) -> None:
        """Take the next piece of the grid.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,), float32
            Mono at the grid's rate.
        """
        if self._voice is not None:
            self._voice.push(piece)

    def state(self, level_dbfs: float, floor_dbfs: float, clipped_share: float) -> State:
        """Decide what the latest window holds.

        Parameters
        ----------
        level_dbfs : float
            RMS of the window without its DC, dB below full scale.
        floor_dbfs : float
            The room's noise floor as known at the window's end, dB below full scale.
        clipped_share : float
            How much of it is at full scale, in 0..1.

        Returns
        -------
        {'speech', 'silence', 'noise', 'clipped'}
            See docs/decisions/0016-non-speech.md. A gate of the kind `level` gives `speech` or `silence`.
        """
        quiet = level_dbfs < max(SILENCE_DBFS, floor_dbfs + MARGIN_DB)
        if self._voice is None:
            return "silence" if quiet else "speech"
        if clipped_share >= FLAT_SHARE:
            return "clipped"
        if level_dbfs >= FAINTEST_VOICE_DBFS and self._voice.is_voice:
            return "clipped" if clipped_share >= CLIPPED_SHARE else "speech"
        return "silence" if quiet else "noise"
