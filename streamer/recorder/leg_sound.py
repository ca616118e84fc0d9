"""The last seconds of a leg, as the model hears them, and how a clip of it lies on the disk."""

from emotion.finite_samples import make_finite
from emotion.mixing import mix_down
from streamer.block import AudioBlock
from streamer.recorder.clip_ring import ClipRing
from streamer.recorder.wav_format import WavFormat
from streamer.source import SourceInfo


class LegSound:
    """Remembers one leg of the blocks of its source, and turns stretches of it into WAV files.

    A clip keeps 16 bits where the source has them in one channel; the mean of several channels needs floats
    to be exact, and as mono floats it takes no more room than 16-bit stereo.

    Parameters
    ----------
    source : SourceInfo
        Of the leg.
    column : int or None
        Of the blocks that come; None takes the mean of all.
    num_columns : int
        How many the blocks have.
    capacity : int
        Samples that stay within reach.

    Attributes
    ----------
    ring : ClipRing
        The sound.
    """

    def __init__(self, source: SourceInfo, column: int | None, num_columns: int, capacity: int) -> None:
        self._column = column
        self.ring = ClipRing(capacity)
        exact = column is not None or num_columns == 1
        self._format = WavFormat(source.sample_rate, 1, source.sample_format if exact else "FLOAT")

    def push(self, block: AudioBlock) -> None:
        """Remember the sound.

        Parameters
        ----------
        block : AudioBlock
            With the channels that may be kept.
        """
        samples = block.samples
        if self._column is not None:
            samples = samples[:, self._column : self._column + 1]
        finite, *_ = make_finite(samples)
        self.ring.push(block.first_sample, mix_down(finite))

    @property
    def sample_rate(self) -> int:
        """Of its source, Hz."""
        return self._format.sample_rate

    def wav(self, start_sample: int, end_sample: int) -> bytes | None:
        """Give a stretch as the content of a file.

        Parameters
        ----------
        start_sample, end_sample : int
            The first sample, and one past the last, as the stream counts.

        Returns
        -------
        bytes or None
            None where any of it is not there.
        """
        samples = self.ring.cut(start_sample, end_sample)
        if samples is None:
            return None
        return self._format.head(len(samples)) + self._format.encode(samples)
