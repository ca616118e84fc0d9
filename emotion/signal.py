"""Level, mixing and resampling: what every sample passes before a feature is computed."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import soxr

from emotion.arrays import Samples
from emotion.errors import UsageError

FLOOR_DBFS: Final = -120.0
"""The lowest level there is: exact zeros lie here, not at minus infinity."""

SILENCE_DBFS: Final = -60.0
"""Below this level nothing is taken for speech, however quiet the room."""


_FLOOR_POWER: Final = 10.0 ** (FLOOR_DBFS / 10.0)


class Moments(NamedTuple):
    """What a part of a sound contributes to its level; consecutive parts combine, see `level_of_moments`.

    Attributes
    ----------
    num_samples : int
        At least 1.
    mean : float
        Full scale 1.
    deviation : float
        Sum of the squared differences from the mean.
    """

    num_samples: int
    mean: float
    deviation: float


def moments_of(samples: Samples) -> Moments:
    """Compute the moments of a part of a sound.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono sound, full scale ±1, finite; n >= 1.

    Returns
    -------
    Moments
        In float64.
    """
    # Called half a dozen times a step: np.mean would cost more than its sum.
    deviation = samples.astype(np.float64)
    mean = float(np.add.reduce(deviation)) / len(samples)
    deviation -= mean
    np.multiply(deviation, deviation, out=deviation)
    return Moments(len(samples), mean, float(np.add.reduce(deviation)))


def level_of_moments(parts: Sequence[Moments]) -> float:
    """Compute the level of consecutive parts from their moments alone.

    Parameters
    ----------
    parts : sequence of Moments
        At least one.

    Returns
    -------
    float
        What `level_dbfs` gives of the joined sound, within 1e-9 dB where DC lies within full scale. T. Chan,
        G. Golub and R. LeVeque, "Algorithms for computing the sample variance", The American Statistician 37,
        1983: without a difference of large sums, so that DC costs no precision.
    """
    num_samples = sum(part.num_samples for part in parts)
    mean = sum(part.num_samples * part.mean for part in parts) / num_samples
    deviation = sum(part.deviation + part.num_samples * (part.mean - mean) ** 2 for part in parts)
    return _decibels(deviation / num_samples)


def level_dbfs(samples: Samples) -> float:
    """Measure the RMS without its DC, in dB below full scale.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono sound, full scale ±1, finite; n may be 0.

    Returns
    -------
    float
        dBFS where a constant deviation of ±1 is 0; a sine of full scale gives -3.01. Never under -120, which
        is also the level of no samples at all.
    """
    if not len(samples):
        return FLOOR_DBFS
    return _decibels(moments_of(samples).deviation / len(samples))


def _decibels(mean_square: float) -> float:
    return 10.0 * math.log10(max(mean_square, _FLOOR_POWER))


_NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


def mix_down(samples: Samples) -> Samples:
    """Take the mean over the channels, sample by sample.

    Parameters
    ----------
    samples : ndarray, shape (n, channels), float32
        At least one channel.

    Returns
    -------
    ndarray, shape (n,), float32
        Contiguous. Channels are added from first to last, so that a sample's value depends on nothing but the
        sample: the mix of pieces is the pieces of the mix, bit for bit. One channel is handed through.
    """
    channels = samples.shape[1]
    if channels == 1:
        return np.ascontiguousarray(samples[:, 0])
    total = samples[:, 0].copy()
    for channel in range(1, channels):
        total += samples[:, channel]
    total /= np.float32(channels)
    return total


def mixing_note(channels: int) -> tuple[str, ...]:
    """Say that channels are mixed down, where they are.

    Parameters
    ----------
    channels : int
        How many a source has.

    Returns
    -------
    tuple of str
        One line, or nothing for one channel.
    """
    if channels == 1:
        return ()
    word = _NUMBER_WORDS[channels] if channels < len(_NUMBER_WORDS) else str(channels)
    return (f"{word} channels mixed down to one",)


QUALITY = "HQ"
"""soxr's preset: linear phase, flat to 0.91 of the lower Nyquist frequency, images 120 dB down."""


class StreamResampler:
    """Resamples one segment of sound; after a gap, open a new one.

    Cut the sound anywhere: the joined output has the same bits. Output sample k lies at the time of source
    sample ``k * source_rate / target_rate``; the filter's delay is taken out, so a push may give nothing yet.

    Parameters
    ----------
    source_rate, target_rate : int
        Hz. Equal rates pass the samples through untouched.

    Raises
    ------
    UsageError
        If a rate is not a positive number of hertz.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        for rate in (source_rate, target_rate):
            if rate < 1:
                raise UsageError(
                    f"a sample rate of {rate} Hz; give a positive number of hertz, such as 16000"
                )
        self.source_rate = source_rate
        self.target_rate = target_rate
        self._stream = (
            None
            if source_rate == target_rate
            else soxr.ResampleStream(source_rate, target_rate, 1, dtype="float32", quality=QUALITY)
        )
        self._num_in = 0
        self._num_out = 0
        self._finished = False

    def push(self, samples: Samples) -> Samples:
        """Resample the next samples, as far as the filter allows.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Mono, at the source's rate; n may be 0.

        Returns
        -------
        ndarray, shape (m,), float32
            Mono, at the target rate; m may be 0.

        Raises
        ------
        ValueError
            If the segment was finished.
        """
        return self._take(samples, last=False)

    def finish(self) -> Samples:
        """End the segment and give the rest.

        Returns
        -------
        ndarray, shape (m,), float32
            What brings the total to exactly ``floor(num_in * target_rate / source_rate)`` samples: a last
            sample is left off, or a zero added, where soxr rounds otherwise.

        Raises
        ------
        ValueError
            If the segment was finished before.
        """
        return self._take(np.empty(0, dtype=np.float32), last=True)

    def _take(self, samples: Samples, *, last: bool) -> Samples:
        if self._finished:
            raise ValueError("this segment is finished; start a new StreamResampler for the next one")
        self._finished = last
        self._num_in += len(samples)
        if self._stream is None:
            return samples
        given: Samples = self._stream.resample_chunk(samples, last=last)
        if last:
            due = self._num_in * self.target_rate // self.source_rate - self._num_out
            missing = max(0, due - len(given))
            given = np.concatenate([given[:due], np.zeros(missing, dtype=np.float32)])
        self._num_out += len(given)
        return given


def resample(samples: Samples, source_rate: int, target_rate: int) -> Samples:
    """Resample a whole clip, bit-equal to a stream.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono, at the source's rate.
    source_rate, target_rate : int
        Hz.

    Returns
    -------
    ndarray, shape (floor(n * target_rate / source_rate),), float32
        Mono, at the target rate.
    """
    stream = StreamResampler(source_rate, target_rate)
    return np.concatenate([stream.push(samples), stream.finish()])
