"""Decode the streams of a file with libsndfile, within limits, with errors that advise."""

import ctypes
import os
import platform
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, TypeVar

from emotion.arrays import Samples
from emotion.audio_layout import MAX_HEADER_BYTES, BoundedBytes, ByteSpan, longest_text, sound_spans
from emotion.errors import AudioFileError
from emotion.window_grid import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE

if TYPE_CHECKING:
    import soundfile

T = TypeVar("T")

READ_SAMPLES: Final = 65_536
"""Samples per channel read at once; 8 MiB of 32 channels, which `BoundedBytes` allows."""
_COUNT_SAMPLES: Final = 4_096
_MAX_LATER_HEADER_BYTES: Final = 1 << 20
"""Limit for each stream after the first: there may be hundreds."""
_MAX_TEXT_BYTES: Final = 1 << 20
_SEEKING_FORMATS: Final = frozenset({"AIFF", "AU", "CAF", "FLAC", "RF64", "W64", "WAV", "WAVEX"})
"""After a seek in their uncoded or lossless samples the same ones come as in a pass from the beginning."""
_UNKNOWN_LENGTH: Final = 2**63 - 1
"""Announced by a FLAC file that was written into a pipe."""


class Layout(NamedTuple):
    """Format of a stream, which must not change between two passes.

    Attributes
    ----------
    sample_rate, channels : int
        Hz; a count.
    subtype : str
        libsndfile's name of the coding.
    """

    sample_rate: int
    channels: int
    subtype: str


class Sound:
    """A decoder of one stream, read from the first sample to the last; close it.

    A read never seeks: soundfile would seek after each block, and an MP3 decoder would restart with half of
    its state. libsndfile reads through callbacks, which run in their own thread: an exception raised by a
    signal, such as Ctrl-C, would be lost in a callback.
    """

    def __init__(self, path: Path, span: ByteSpan, max_header_bytes: int = MAX_HEADER_BYTES) -> None:
        # 0.2 s, only where a file is read.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        import soundfile  # noqa: PLC0415

        self._path = path
        self._file = open_file(path)
        self._bytes = BoundedBytes(self._file, span, max_header_bytes)
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
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Close the file after the current read."""
        self._thread.shutdown()
        if self._sound is not None:
            self._sound.close()
        self._file.close()

    @property
    def comment(self) -> str:
        """The comment in the file's tags."""
        return str(self._sound.comment)

    def read(self, num_samples: int) -> Samples:
        """Read the next samples, shape (n, channels); empty at the end."""
        import soundfile  # noqa: PLC0415 - as above

        wanted = min(num_samples, READ_SAMPLES)
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

    def seek(self, first_sample: int) -> bool:
        """Go to a sample; False where that is not exact, and the position then not known."""
        import soundfile  # noqa: PLC0415 - as above

        if not self._is_seekable or self._sound.format not in _SEEKING_FORMATS:
            return False
        try:
            return int(self._in_thread(lambda: self._sound.seek(first_sample))) == first_sample
        except soundfile.LibsndfileError:
            return False

    def has_last_sample(self) -> bool:
        """Tell whether the announced samples are there; moves the position."""
        import soundfile  # noqa: PLC0415 - as above

        last = self.num_announced - 1
        if last < 0:
            return False
        if not self._is_seekable:
            return True
        try:
            # Some decoders seek past the end of a damaged file, or move it.
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


class Stream(NamedTuple):
    """One stream of a recording.

    Attributes
    ----------
    span : ByteSpan
        Its bytes.
    layout : Layout
        Its format when it was found.
    num_announced, num_samples : int
        Samples per channel that the header announces, and that can be read.
    """

    span: ByteSpan
    layout: Layout
    num_announced: int
    num_samples: int


def find_streams(path: Path) -> tuple[tuple[Stream, ...], tuple[str, ...]]:
    """Find the readable streams of a recording, and one note about those left out."""
    spans = _spans(path)
    streams = [_look_at(path, spans[0], MAX_HEADER_BYTES)]
    rate, channels, _ = streams[0].layout
    left_out: list[str] = []
    for number, span in enumerate(spans[1:], 2):
        try:
            stream = _look_at(path, span, _MAX_LATER_HEADER_BYTES)
        except AudioFileError:
            left_out.append(f"part {number} cannot be read")
            continue
        if stream.layout[:2] == (rate, channels):
            streams.append(stream)
        else:
            left_out.append(
                f"part {number} has {stream.layout.sample_rate} Hz and {stream.layout.channels} channels"
            )
    if not left_out:
        return tuple(streams), ()
    return tuple(streams), (
        f"{len(left_out)} of {len(spans)} chained parts are not heard: {left_out[0]}"
        + (", ..." if len(left_out) > 1 else ""),
    )


def open_again(path: Path, stream: Stream) -> Sound:
    """Open a stream found earlier; refuse it if its format changed."""
    sound = Sound(path, stream.span)
    if sound.layout != stream.layout:
        sound.close()
        raise AudioFileError(
            f"{path} changed while it was read: it had {_described(stream.layout)}, and now has "
            f"{_described(sound.layout)}; leave it as it is until it has been heard"
        )
    return sound


def comment_of(path: Path) -> str:
    """Read the comment in a recording's tags."""
    with Sound(path, _spans(path)[0]) as sound:
        return sound.comment


def _spans(path: Path) -> tuple[ByteSpan, ...]:
    with open_file(path) as file:
        spans = sound_spans(file, path)
        if longest_text(file, spans[0].start) > _MAX_TEXT_BYTES:
            raise too_many_tags(path, _MAX_TEXT_BYTES)
    return spans


def _look_at(path: Path, span: ByteSpan, max_header_bytes: int) -> Stream:
    with Sound(path, span, max_header_bytes) as sound:
        _refuse_odd(path, sound.layout)
        found = Stream(span, sound.layout, sound.num_announced, sound.num_announced)
        if sound.has_last_sample():
            return found
    counted = _count_samples(path, span)
    is_known = found.num_announced != _UNKNOWN_LENGTH
    return found._replace(num_samples=counted, num_announced=found.num_announced if is_known else counted)


def _count_samples(path: Path, span: ByteSpan) -> int:
    """Count the samples that decode where the header announces too many, to within a short block."""
    counted = 0
    with Sound(path, span) as sound:
        try:
            while num_read := len(sound.read(_COUNT_SAMPLES)):
                counted += num_read
        except AudioFileError:
            return counted
    return counted


def _refuse_odd(path: Path, layout: Layout) -> None:
    if layout.channels > MAX_CHANNELS:
        raise AudioFileError(
            f"{path} has {layout.channels} channels; export those that matter, at most {MAX_CHANNELS}"
        )
    if not MIN_SAMPLE_RATE <= layout.sample_rate <= MAX_SAMPLE_RATE:
        raise AudioFileError(
            f"{path} has a sample rate of {layout.sample_rate} Hz; convert it to one between "
            f"{MIN_SAMPLE_RATE} and {MAX_SAMPLE_RATE} Hz"
        )


def _described(layout: Layout) -> str:
    return f"{layout.sample_rate} Hz, {layout.channels} channels, {layout.subtype}"


def too_many_tags(path: Path, max_bytes: int) -> AudioFileError:
    """Build the error for a recording with too many tags."""
    return AudioFileError(
        f"{path} has more than {max_bytes >> 20} MB of tags or pictures; export it without them"
    )


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading."""
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


def _is_mpeg(file: BinaryIO, span: ByteSpan) -> bool:
    file.seek(span.start)
    head = file.read(2)
    return len(head) == 2 and head[0] == 0xFF and head[1] >= 0xE0


def _reason(error: "soundfile.LibsndfileError") -> str:
    return str(error.error_string).rstrip(". ") or "damaged"


_LOCK: Final = threading.Lock()


class _Redirection:
    """C's `stderr`, shared by the whole process."""

    users: int = 0
    usual: int | None = None


@contextmanager
def quiet_stdio() -> Iterator[None]:
    """Discard what C code prints to its `stderr` stream while the block runs, in any thread.

    File descriptor 2 stays as it is: neither Python's own messages nor child processes are touched. Where the
    C library is not glibc, nothing is discarded.
    """
    with _LOCK:
        streams = _c_streams()
        if streams is not None:
            stderr, nowhere = streams
            if not _Redirection.users:
                _Redirection.usual, stderr.value = stderr.value, nowhere
            _Redirection.users += 1
    try:
        yield
    finally:
        if streams is not None:
            with _LOCK:
                _Redirection.users -= 1
                if not _Redirection.users:
                    stderr.value = _Redirection.usual


@cache
def _c_streams() -> tuple[ctypes.c_void_p, int] | None:
    """Give glibc's `stderr` and a stream to nowhere; elsewhere `stderr` is a constant or has another name."""
    if platform.libc_ver()[0] != "glibc":
        return None
    library = ctypes.CDLL(None)
    library.fopen.restype = ctypes.c_void_p
    nowhere: int | None = library.fopen(os.devnull.encode(), b"we")
    if nowhere is None:
        raise OSError(f"cannot open {os.devnull}")
    return ctypes.c_void_p.in_dll(library, "stderr"), nowhere
