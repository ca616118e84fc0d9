"""A WAV that can be opened at any moment while it is being written."""

import errno
import os
from pathlib import Path

from emotion.access import PRIVATE, Access
from emotion.arrays import Samples
from emotion.whole_file import write_new
from streamer.recorder.wav_format import WavFormat


class WavWriter:
    """Appends to a WAV; after each append the head counts all samples so far.

    Samples go to the file first and the head follows, both straight to the system: whoever kills the process
    leaves a file whose head tells of nothing that is not there, and loses the block in hand.

    Parameters
    ----------
    path : Path
        Must not exist; its folder must. It has a valid head from its first moment.
    wav_format : WavFormat
        How the samples lie in it.
    access : Access, optional
        Who may read it; by default the user alone.

    Raises
    ------
    OSError
        If the name is taken or cannot be written.
    """

    def __init__(self, path: Path, wav_format: WavFormat, access: Access = PRIVATE) -> None:
        write_new(path, wav_format.head(0), access)
        self.path = path
        self.num_samples = 0
        self._format = wav_format
        self._descriptor: int | None = os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def append(self, samples: Samples) -> None:
        """Write samples behind those that are there.

        Parameters
        ----------
        samples : ndarray, shape (n, channels), float32
            Full scale ±1.

        Raises
        ------
        OSError
            If they do not fit, or the file was taken away; those before are kept.
        ValueError
            If the writer is closed.
        """
        if self._descriptor is None:
            raise ValueError(f"{self.path} is closed")
        if os.fstat(self._descriptor).st_nlink == 0:
            raise OSError(errno.ENOENT, "the file was removed", str(self.path))
        _write_at(self._descriptor, self._format.encode(samples), self._end)
        self.num_samples += len(samples)
        _write_at(self._descriptor, self._format.head(self.num_samples), 0)

    def close(self) -> None:
        """Cut off what an append that failed has left, and let go; a second call does nothing.

        Raises
        ------
        OSError
            If the system reports a late fault.
        """
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.ftruncate(descriptor, self._end)
        finally:
            os.close(descriptor)

    @property
    def _end(self) -> int:
        """Size of the file with all whole samples, bytes."""
        return self._format.head_bytes + self.num_samples * self._format.frame_bytes


def _write_at(descriptor: int, content: bytes, offset: int) -> None:
    """Write all of `content`, however little the system takes at once."""
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
