"""libsndfile behind one class, with errors that say what to do."""

import os
import stat
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, TypeVar

from emotion.arrays import Samples
from emotion.bounded_bytes import MAX_HEADER_BYTES, BoundedBytes
from emotion.errors import AudioFileError
from emotion.quiet_stdio import quiet_stdio
from emotion.span import Span

if TYPE_CHECKING:
    import soundfile

T = TypeVar("T")

_READ_SAMPLES: Final = 65_536
"""At once: of 32 channels they are 8 MB, which `BoundedBytes` gives."""


class Layout(NamedTuple):
    """What must stay the same from one look to the next.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
        How many.
    subtype : str
        libsndfile's name of the coding.
    """

    sample_rate: int
    channels: int
    subtype: str


class Sound:
    """A stream of sound, read from its first sample to its last; close it.

    Nothing is sought on the way: soundfile would seek after each block, and an MP3 decoder then begins anew
    with half of what it needs. libsndfile calls back for its bytes; it does so in a thread of its own, as an
    exception of a signal, like that of Ctrl-C, would be lost in a callback.

    Parameters
    ----------
    path : Path
        The file.
    span : Span
        Where the stream lies in it.
    most_header_bytes : int, optional
        Read before the first sample.

    Raises
    ------
    AudioFileError
        If the file is missing, not to be read, no regular file, nothing that libsndfile knows, or has too
        much before its sound.
    """

    def __init__(self, path: Path, span: Span, most_header_bytes: int = MAX_HEADER_BYTES) -> None:
        # .2 s that only those pay who read a file.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        import soundfile  # noqa: PLC0415

        self._path = path
        self._file = open_file(path)
        self._bytes = BoundedBytes(self._file, span, most_header_bytes)
        self._is_mpeg = _is_mpeg(self._file, span)
        self._thread = ThreadPoolExecutor(1, "callmood-decoder")
        self._sound: Any = None
        try:
            self._sound = self._in_thread(lambda: soundfile.SoundFile(self._bytes))
            self._refuse_bytes()
        except soundfile.LibsndfileError as error:
            self.close()
            self._refuse_bytes()
            raise self._unreadable(error) from error
        except BaseException:
            self.close()
            raise
        self._bytes.release()
        self._is_seekable = self._sound.seekable()
        self._sound.seekable = lambda: False
        self.layout = Layout(int(self._sound.samplerate), int(self._sound.channels), str(self._sound.subtype))
        self.num_announced = int(self._sound.frames)

    def __enter__(self) -> "Sound":
        """Do nothing: it is open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Close the file, when what is being read has been read."""
        self._thread.shutdown()
        if self._sound is not None:
            self._sound.close()
        self._file.close()

    @property
    def comment(self) -> str:
        """The comment that the file carries."""
        return str(self._sound.comment)

    def read(self, num_samples: int) -> Samples:
        """Read on.

        Parameters
        ----------
        num_samples : int
            At most so many; perhaps fewer come.

        Returns
        -------
        ndarray, shape (n, channels), float32
            Empty at the end.

        Raises
        ------
        AudioFileError
            If the sound cannot be decoded.
        """
        import soundfile  # noqa: PLC0415 - as above

        wanted = min(num_samples, _READ_SAMPLES)
        try:
            block: Samples = self._in_thread(
                lambda: self._sound.read(wanted, dtype="float32", always_2d=True)
            )
        except soundfile.LibsndfileError as error:
            self._refuse_bytes()
            raise AudioFileError(
                f"{self._path} cannot be decoded ({_reason(error)}); export it again"
            ) from error
        self._refuse_bytes()
        return block

    def has_last_sample(self) -> bool:
        """Tell whether as much can be read as was announced; moves the position.

        Returns
        -------
        bool
            True without a look where the format cannot seek.
        """
        import soundfile  # noqa: PLC0415 - as above

        last = self.num_announced - 1
        if last < 0:
            return False
        if not self._is_seekable:
            return True
        try:
            # Some decoders overshoot the end of a spoiled file, or move it.
            return self._in_thread(lambda: self._sound.seek(last)) == last and len(self.read(1)) == 1
        except (AudioFileError, soundfile.LibsndfileError):
            return False

    def _in_thread(self, act: Callable[[], T]) -> T:
        def quietly() -> T:
            with quiet_stdio() if self._is_mpeg else nullcontext():
                return act()

        return self._thread.submit(quietly).result()

    def _refuse_bytes(self) -> None:
        if self._bytes.error is not None:
            raise AudioFileError(
                f"{self._path} cannot be read ({self._bytes.error.strerror}); copy it to a sound disk"
            ) from self._bytes.error
        if self._bytes.refused:
            raise too_many_tags(self._path, MAX_HEADER_BYTES)

    def _unreadable(self, error: "soundfile.LibsndfileError") -> AudioFileError:
        if self._path.suffix.lower() == ".raw":
            return AudioFileError(
                f"{self._path} has no header to tell its rate and format; convert it to WAV"
            )
        return AudioFileError(
            f"{self._path} is no recording that can be read ({_reason(error)}); "
            "give a WAV, FLAC, Ogg, Opus or MP3 file"
        )


def too_many_tags(path: Path, most_bytes: int) -> AudioFileError:
    """Say why a recording is not looked at any further."""
    return AudioFileError(
        f"{path} has more than {most_bytes >> 20} MB of tags or pictures; export it without them"
    )


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    binary file
        Close it.

    Raises
    ------
    AudioFileError
        If it is missing, not to be read, or no regular file.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return path.open("rb")
    except FileNotFoundError as error:
        raise AudioFileError(f"{path} is not there; give the path of a recording") from error
    except ValueError as error:  # a NUL in the name
        raise AudioFileError(f"{os.fspath(path)!r} is no file name; give the path of a recording") from error
    except OSError as error:
        raise AudioFileError(
            f"{path} cannot be opened ({error.strerror}); check the path and its rights"
        ) from error
    if stat.S_ISDIR(mode):
        raise AudioFileError(f"{path} is a folder, not a recording; give a file")
    raise AudioFileError(f"{path} is no regular file; give a recording")


def _is_mpeg(file: BinaryIO, span: Span) -> bool:
    file.seek(span.start)
    head = file.read(2)
    return len(head) == 2 and head[0] == 0xFF and head[1] >= 0xE0


def _reason(error: "soundfile.LibsndfileError") -> str:
    return str(error.error_string).rstrip(". ") or "damaged"
