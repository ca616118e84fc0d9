"""Bytes come cut anywhere; samples leave whole."""

from emotion.arrays import Samples
from streamer.pcm_encoding import Encoding, decode, sample_bytes


class WholeSamples:
    """Decodes what is whole, and keeps the rest for the next time.

    Parameters
    ----------
    encoding : {'s16le', 'f32le', 'mulaw', 'alaw'}
        How the samples are written.
    channels : int
        How many lie side by side.

    Attributes
    ----------
    frame_bytes : int
        Bytes of one sample of all channels.
    """

    def __init__(self, encoding: Encoding, channels: int) -> None:
        self.frame_bytes = channels * sample_bytes(encoding)
        self._encoding = encoding
        self._channels = channels
        self._rest = b""

    @property
    def rest_bytes(self) -> int:
        """How many bytes of a sample that is not whole are kept: less than `frame_bytes`."""
        return len(self._rest)

    def take(self, data: bytes) -> Samples:
        """Take the bytes that follow.

        Parameters
        ----------
        data : bytes
            Of any length.

        Returns
        -------
        ndarray, shape (n, channels), float32
            The samples that are whole now, maybe none.
        """
        data = self._rest + data
        whole = len(data) - len(data) % self.frame_bytes
        self._rest = data[whole:]
        return decode(data[:whole], self._encoding).reshape(-1, self._channels)
