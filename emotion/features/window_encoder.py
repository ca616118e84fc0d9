"""Encode the windows of one leg by both encoders of speech, keeping what older sound has left behind.

A window is brought to the level at which the encoders were fitted; its newest sound is encoded beside the
kept keys and values of the older.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise, starmap
from typing import Final, Generic, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import FloatArray, Samples
from emotion.encoders import (
    COLUMN_HOP,
    MAX_FRAMES,
    RECOGNISER,
    SAMPLE_RATE,
    TURN_ENCODER,
    EncoderFrames,
    Inputs,
    KeptArray,
    NormSums,
    num_places,
    recogniser_inputs,
    shared_encoder,
    turn_encoder_inputs,
)
from emotion.features.spectrum import hann_taper, mel_filterbank, power_of_frames
from emotion.window_grid import WindowGrid

NUM_BANDS: Final = 80

_FLOOR: Final = 1e-10
_RANGE: Final = 8.0


def log_mel(sound: Samples) -> FloatArray:
    """Compute the log mel spectrogram of a sound.

    Parameters
    ----------
    sound : ndarray, shape (n,), float32
        Mono at 16 kHz, finite, of an RMS of about 1; n >= 400.

    Returns
    -------
    ndarray, shape ((n - 400) // 160 + 1, 80), float32
        About -1 to 2; its whole range is 2.
    """
    taper, bands = _taper_and_bands()
    powers = power_of_frames(sound, taper, COLUMN_HOP) @ bands
    logs = np.log10(np.maximum(powers, np.float32(_FLOOR)))
    np.maximum(logs, logs.max() - np.float32(_RANGE), out=logs)
    shifted: FloatArray = (logs + np.float32(4.0)) * np.float32(0.25)
    return shifted


@cache
def _taper_and_bands() -> tuple[FloatArray, FloatArray]:
    """Give the curve, and the weights of the bins in each band, shape (201, 80)."""
    length = TURN_ENCODER.frame_length
    return hann_taper(length), mel_filterbank(SAMPLE_RATE, length, NUM_BANDS)


LEVEL_RMS: Final = 0.05
"""RMS of the window's active frames, full scale 1 (-26 dBFS): the level at which the encoder was tried."""
ACTIVE_POWER: Final = 10.0**-3.0
"""A frame is active from 30 dB under the loudest of its window."""
HEARD_POWER: Final = 10.0**-7.5
"""Nothing that stays below -75 dBFS at the new level is audible."""
MAX_GAIN: Final = LEVEL_RMS * 10.0 ** (140.0 / 20.0)
"""114 dB: a window under -140 dBFS stays quieter than the rest, so that digital silence stays silence."""


class LevelledWindow(NamedTuple):
    """What the encoders are given, and where to listen.

    Attributes
    ----------
    sound : ndarray, shape (n,), float32
        Without DC; RMS of the active frames 0.05.
    audible : ndarray, shape (num_frames,), bool
        Frames of the recogniser to be summed up; none in silence.
    """

    sound: Samples
    audible: NDArray[np.bool_]


def level_window(samples: Samples, first: int = 0) -> LevelledWindow:
    """Take DC and level out of a window.

    A frame's level is the RMS of its middle 384 samples (24 ms), which follow those of the frame before.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono at 16 kHz, finite.
    first : int, optional
        Sample of the window at which its first frame begins; n >= first + 895.

    Returns
    -------
    LevelledWindow
        The same for any gain, but for the rounding of the samples, while the RMS of the active frames is
        over -140 dBFS.
    """
    sound = samples.astype(np.float64)
    sound -= sound.mean()
    powers = _frame_powers(sound, RECOGNISER, first)
    active = _active(powers)
    rms = math.sqrt(powers[active].mean())
    gain = LEVEL_RMS / rms if rms * MAX_GAIN > LEVEL_RMS else MAX_GAIN
    sound *= gain
    return LevelledWindow(sound.astype(np.float32), active & (powers * (gain * gain) > HEARD_POWER))


def audible_frames(sound: Samples, encoder: EncoderFrames, first: int = 0) -> NDArray[np.bool_]:
    """Say which frames of a levelled window are sound.

    Parameters
    ----------
    sound : ndarray, shape (n,), float32
        As `level_window` gives it.
    encoder : EncoderFrames
        The frames; at least one fits in n - first samples.
    first : int, optional
        Sample at which the first of them begins.

    Returns
    -------
    ndarray, shape (encoder.num_frames(n - first),), bool
        True from 30 dB under the loudest frame on; at least one is.
    """
    return _active(_frame_powers(sound, encoder, first))


def _frame_powers(sound: NDArray[np.floating], encoder: EncoderFrames, first: int) -> NDArray[np.floating]:
    begin, hop, count = (
        first + encoder.frame_middle,
        encoder.frame_hop,
        encoder.num_frames(len(sound) - first),
    )
    frames = sound[begin : begin + hop * count].reshape(count, hop)
    powers: NDArray[np.floating] = np.einsum("fs,fs->f", frames, frames) / hop
    return powers


def _active(powers: NDArray[np.floating]) -> NDArray[np.bool_]:
    active: NDArray[np.bool_] = powers >= ACTIVE_POWER * powers.max()
    return active


class Frames(NamedTuple):
    """Frames of one encoder that follow each other.

    Attributes
    ----------
    values : ndarray, shape (num_frames, encoder.num_values), float32
        Tap by tap, in the order of its ``tap_names``.
    audible : ndarray, shape (num_frames,), bool
        Frames that hold sound; the others are not summed up.
    """

    values: FloatArray
    audible: NDArray[np.bool_]


Summary = TypeVar("Summary")


class _Chunk(NamedTuple, Generic[Summary]):
    """What is kept of one step of sound once its frames are final, or would be."""

    end: int
    summaries: tuple[Summary, Summary]
    past: tuple[KeptArray, KeptArray]
    norm: NormSums


class WindowEncoder(Generic[Summary]):
    """Encodes the windows of one leg, each time what is not final yet.

    Sound is cut into chunks of one step that end where pieces end; a frame belongs to the chunk in which its
    last sample lies. The frame grids of both encoders start at the first sample pushed. When a window is
    asked for, all its chunks without final frames are encoded together, attending to each other and to the
    kept keys and values of the chunks before; all but the newest are final then. Asked for each window, that
    is the newest chunk, for the first time, and the one before it, for the second. For each window in between
    that was not asked for it is one more, up to the whole window. Chunks before the window are forgotten.

    In the turn encoder a frame has a place. Where nothing is kept, the newest frame has the last place and
    those before it have the places before. Frames that follow take the places of a window in turn, so that
    no two frames of a window share one: with shared places the turn encoder alone loses .03 of UAR.

    What is encoded is heard at the level of its window, and only sound inside of that window is heard; what
    is kept stays at the level of the window in which it was encoded. Where win is no multiple of step, a
    kept oldest chunk begins up to one step before the window.

    Parameters
    ----------
    grid : WindowGrid
        At 16 kHz; win holds a frame of each encoder wherever it begins.
    summarise : callable
        What to keep of the frames of one encoder in one chunk.
    """

    def __init__(self, grid: WindowGrid, summarise: Callable[[Frames], Summary]) -> None:
        self._grid = grid
        self._summarise = summarise
        self._last = np.zeros(grid.win, dtype=np.float32)
        self._num_pushed = 0
        self._final: list[_Chunk[Summary]] = []
        self._found: list[tuple[Summary, Summary]] | None = None
        num_chunks = -(-grid.win // grid.step)
        self._num_places = min(MAX_FRAMES, -(-num_chunks * grid.step // TURN_ENCODER.frame_hop))
        self._last_placed = 0

    def push(self, piece: Samples) -> None:
        """Take the next piece; nothing is encoded before a window is asked for.

        Parameters
        ----------
        piece : ndarray, shape (grid.first_piece,) the first time, then (grid.step,)
            Mono float32 at 16 kHz.

        Raises
        ------
        ValueError
            If the piece has another length.
        """
        self._num_pushed = self._grid.end_of_piece(self._num_pushed, len(piece))
        self._last[: -len(piece)] = self._last[len(piece) :]
        self._last[-len(piece) :] = piece
        self._found = None
        self._forget(self._num_pushed - self._grid.win)

    def window(self) -> list[tuple[Summary, Summary]]:
        """Encode what is not final of the last win samples pushed.

        Returns
        -------
        list of tuple
            Of each chunk, oldest first, the summaries of the recogniser's and of the turn encoder's frames;
            none, and nothing encoded, where nothing is audible.

        Raises
        ------
        ValueError
            If less than win was pushed.
        """
        missing = self._grid.win - self._num_pushed
        if missing > 0:
            raise ValueError(f"the first window lacks {missing} samples")
        if self._found is None:
            start = self._num_pushed - self._grid.win
            window = level_window(self._last, -start % RECOGNISER.frame_hop)
            encoded = self._encode(window, start) if window.audible.any() else []
            self._found = [chunk.summaries for chunk in [*self._final, *encoded]] if encoded else []
            self._final += encoded[:-1]
            self._forget(start + self._grid.step)
        return self._found

    def _forget(self, start: int) -> None:
        """Drop the chunks that the window from this sample on does not hold."""
        self._final = [chunk for chunk in self._final if chunk.end > start]

    def _encode(self, window: LevelledWindow, start: int) -> list[_Chunk[Summary]]:
        end, step = self._num_pushed, self._grid.step
        begin = self._final[-1].end if self._final else start
        ends = range(end - (end - begin - 1) // step * step, end + 1, step)
        recogniser = _Span(RECOGNISER, start, begin, ends)
        turn_encoder = _Span(TURN_ENCODER, start, begin, ends)
        past = [[chunk.past[place] for chunk in self._final] for place in range(2)]
        frames, kept, norms = _recognise(
            window.sound, recogniser, [chunk.norm for chunk in self._final], past[0]
        )
        if not self._final:
            self._last_placed = turn_encoder.first + turn_encoder.num_frames - 1
        back = (
            self._last_placed - turn_encoder.first - np.arange(turn_encoder.num_frames)
        ) % self._num_places
        of_turns, kept_of_turns = _hear_turns(window.sound, turn_encoder, MAX_FRAMES - 1 - back, past[1])
        audible = window.audible, audible_frames(window.sound, TURN_ENCODER, -start % TURN_ENCODER.frame_hop)
        return [
            _Chunk(
                chunk_end,
                (
                    self._summarise(Frames(frames[ours], audible[0][recogniser.skipped :][ours])),
                    self._summarise(Frames(of_turns[theirs], audible[1][turn_encoder.skipped :][theirs])),
                ),
                (kept[ours].copy(), kept_of_turns[theirs].copy()),
                norm,
            )
            for chunk_end, ours, theirs, norm in zip(
                ends, recogniser.chunks(), turn_encoder.chunks(), norms, strict=True
            )
        ]


class _Span:
    """The frames of one encoder that are encoded together; positions are samples of the segment."""

    def __init__(self, encoder: EncoderFrames, start: int, begin: int, ends: range) -> None:
        first_inside = -(-start // encoder.frame_hop)
        self.first = first = max(first_inside, encoder.num_frames(begin))
        self.skipped = first - first_inside
        self.origin = first * encoder.frame_hop - start
        """Where the first frame begins, in samples of the window."""
        self.begin, self.ends, self.start = begin, ends, start
        self._bounds = [0, *(max(0, encoder.num_frames(end) - first) for end in ends)]
        self.num_frames = self._bounds[-1]

    def chunks(self) -> Iterator[slice]:
        return starmap(slice, pairwise(self._bounds))


def _recognise(
    sound: Samples, span: _Span, before: Sequence[NormSums], past: Sequence[KeptArray]
) -> tuple[FloatArray, KeptArray, list[NormSums]]:
    """Give frames, keys and values, and the sums of each chunk."""
    if not span.num_frames:
        return *_no_frames(RECOGNISER), [NormSums()] * len(span.ends)
    origin = span.start + span.origin
    inputs = recogniser_inputs(sound[span.origin :], span.begin - origin, before, past)
    frames, kept, totals, squares = _run(RECOGNISER, inputs)
    bounds = [num_places(edge - origin) for edge in (span.begin, *span.ends)]
    norms = [
        NormSums(last - first, float(totals[first:last].sum()), float(squares[first:last].sum()))
        for first, last in pairwise(bounds)
    ]
    return cast("FloatArray", frames), cast("KeptArray", kept), norms


def _hear_turns(
    sound: Samples, span: _Span, places: NDArray[np.int64], past: Sequence[KeptArray]
) -> tuple[FloatArray, KeptArray]:
    """Give frames, keys and values."""
    if not span.num_frames:
        return _no_frames(TURN_ENCODER)
    num_context = min(2, span.origin // COLUMN_HOP)
    heard = sound[span.origin - num_context * COLUMN_HOP :]
    # The spectrogram is one of sound with an RMS of 1.
    columns = log_mel(heard * np.float32(1.0 / LEVEL_RMS))
    frames, kept = _run(TURN_ENCODER, turn_encoder_inputs(columns, places, num_context, past))
    return cast("FloatArray", frames), cast("KeptArray", kept)


def _run(encoder: EncoderFrames, inputs: Inputs) -> list[NDArray[np.generic]]:
    return shared_encoder(encoder.folder).run(inputs)


def _no_frames(encoder: EncoderFrames) -> tuple[FloatArray, KeptArray]:
    """Give the frames of chunks that are too short for any."""
    return (
        np.zeros((0, encoder.num_values), dtype=np.float32),
        np.zeros((0, encoder.kept_width), dtype=np.float16),
    )
