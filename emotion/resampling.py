"""From the source's sample rate to the model's, with memory, however the sound is cut."""

import numpy as np
import soxr

from emotion.arrays import Samples
from emotion.errors import UsageError

QUALITY = "HQ"
"""soxr's preset: linear phase, flat to 0.91 of the lower Nyquist frequency, images 120 dB down."""


class StreamResampler:
    """Resamples one stretch without gaps; after a gap comes a new one.

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
        """Take the next samples and give what can be said of them so far.

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
            If the stretch was finished.
        """
        return self._take(samples, last=False)

    def finish(self) -> Samples:
        """End the stretch and give the rest.

        Returns
        -------
        ndarray, shape (m,), float32
            What brings the total to exactly ``floor(num_in * target_rate / source_rate)`` samples: a last
            sample is left off, or a zero added, where soxr rounds otherwise.

        Raises
        ------
        ValueError
            If the stretch was finished before.
        """
        return self._take(np.empty(0, dtype=np.float32), last=True)

    def _take(self, samples: Samples, *, last: bool) -> Samples:
        if self._finished:
            raise ValueError("this stretch is finished; start a new StreamResampler for the next one")
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
    """Resample a whole clip: the very bits that a stream would give.

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
