"""Recordings on disk: format, notes, and audio in blocks, for any format that libsndfile reads."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np

from emotion.arrays import Samples, make_finite
from emotion.audio_decoding import READ_SAMPLES, Sound, Stream, find_streams, open_again, open_file
from emotion.audio_layout import sound_bytes
from emotion.errors import AudioFileError
from emotion.signal import mix_down, mixing_note

SOUND_SUFFIXES: Final = frozenset(
    f".{suffix}"
    for suffix in "wav flac ogg oga opus mp3 aiff aif aifc au snd caf w64 rf64 gsm wv voc".split()  # noqa: SIM905
)
"""Used where a folder is searched; a file named on the command line may have any name."""


def sound_files_below(folder: Path) -> list[Path]:
    """Find the recordings in a folder and the folders in it.

    Parameters
    ----------
    folder : Path
        Where to look.

    Returns
    -------
    list of Path
        Sorted, the same on every machine; hidden files are left out.
    """
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SOUND_SUFFIXES)
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


class _Coding(NamedTuple):
    """How samples are stored; `sample_bytes` is None where their number is not constant."""

    words: str
    sample_bytes: int | None = None
    fits_16_bits: bool = False
    may_be_non_finite: bool = False


_CODINGS: Final = {
    "PCM_S8": _Coding("8-bit samples", 1, fits_16_bits=True),
    "PCM_U8": _Coding("8-bit samples", 1, fits_16_bits=True),
    "PCM_16": _Coding("16-bit samples", 2, fits_16_bits=True),
    "PCM_24": _Coding("24-bit samples", 3),
    "PCM_32": _Coding("32-bit samples", 4),
    "FLOAT": _Coding("floating-point samples", 4, may_be_non_finite=True),
    "DOUBLE": _Coding("64-bit floating-point samples", 8, may_be_non_finite=True),
    "ULAW": _Coding("µ-law", 1, fits_16_bits=True),
    "ALAW": _Coding("A-law", 1, fits_16_bits=True),
    "GSM610": _Coding("GSM 6.10", fits_16_bits=True),
    "VORBIS": _Coding("Ogg Vorbis"),
    "OPUS": _Coding("Opus"),
    "MPEG_LAYER_I": _Coding("MPEG layer I"),
    "MPEG_LAYER_II": _Coding("MPEG layer II"),
    "MPEG_LAYER_III": _Coding("MP3"),
}


def _coding(subtype: str) -> _Coding:
    return _CODINGS.get(subtype, _Coding(subtype))


def format_note(subtype: str) -> tuple[str, ...]:
    """Describe the coding, unless it is 16-bit PCM.

    Parameters
    ----------
    subtype : str
        libsndfile's name.

    Returns
    -------
    tuple of str
        One line, or nothing for 16-bit PCM.
    """
    return () if subtype == "PCM_16" else (f"converted from {_coding(subtype).words}",)


def rate_note(sample_rate: int, model_rate: int) -> tuple[str, ...]:
    """Note that the audio is resampled, where it is.

    Parameters
    ----------
    sample_rate, model_rate : int
        Of the recording and of the model, Hz.

    Returns
    -------
    tuple of str
        One line, or nothing for equal rates.
    """
    return () if sample_rate == model_rate else (f"resampled from {sample_rate} to {model_rate} Hz",)


def cut_note(path: Path, streams: Sequence[Stream]) -> tuple[str, ...]:
    """Note how much audio is missing, where the header announces more.

    Parameters
    ----------
    path : Path
        The file.
    streams : sequence of Stream
        Found in it. Of a cut WAV or AIFF, libsndfile announces only the samples present.

    Returns
    -------
    tuple of str
        One line, or nothing for a whole file.
    """
    first = streams[0]
    num_samples = sum(stream.num_samples for stream in streams)
    announced_samples = sum(stream.num_announced for stream in streams)
    with open_file(path) as file:
        found = sound_bytes(file, first.span.start)
    if found is not None and found.present < found.announced:
        sample_bytes = _coding(first.layout.subtype).sample_bytes
        if sample_bytes is None:
            return (f"file is cut: {_grouped(found.present)} of {_grouped(found.announced)} bytes are there",)
        announced_samples = found.announced // (sample_bytes * first.layout.channels)
    if num_samples < announced_samples:
        return (f"file is cut: {_grouped(num_samples)} of {_grouped(announced_samples)} samples are there",)
    return ()


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", " ")


SampleFormat: TypeAlias = Literal["PCM_16", "FLOAT"]

READING_VERSION: Final = 1
"""Raised when decoding, mixing or resampling changes samples or levels. Part of cache keys
(docs/decisions/0030-declared-versions.md)."""

MAX_WHOLE_SAMPLES: Final = 2**28
"""Longest clip read whole: 93 minutes at 48 kHz, 4.5 hours at 16 kHz; 1 GiB of memory."""


class AudioFile:
    """A recording that libsndfile reads, opened again for each pass.

    Chained Ogg streams are one recording, as long as they have one sample rate and number of channels.

    Parameters
    ----------
    path : path-like
        The file.

    Attributes
    ----------
    path : Path
        As given.
    sample_rate : int
        Hz, 4 000 to 384 000.
    channels : int
        1 to 32.
    num_samples : int
        Readable samples per channel, at least 1.
    sample_format : {'PCM_16', 'FLOAT'}
        The smallest WAV subtype that keeps the samples of `blocks` exactly.
    non_finite_samples, huge_samples : int
        Since the latest pass from the beginning: values replaced by 0, and values clipped to ±1e6.

    Raises
    ------
    AudioFileError
        If the file is missing, unreadable, not audio, cut in its header or empty, has a sample rate or number
        of channels outside the limits, or no finite sample.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._streams, left_out = find_streams(self.path)
        self.sample_rate, self.channels, subtype = self._streams[0].layout
        is_exact = all(_coding(stream.layout.subtype).fits_16_bits for stream in self._streams)
        self.num_samples = sum(stream.num_samples for stream in self._streams)
        if not self.num_samples:
            raise AudioFileError(f"{self.path} holds no samples; record it again")
        self.sample_format: SampleFormat = "PCM_16" if is_exact else "FLOAT"
        self.non_finite_samples = 0
        self.huge_samples = 0
        if _coding(subtype).may_be_non_finite:
            self._refuse_without_finite_sample()
        self._header_notes = (
            *format_note(subtype),
            *cut_note(self.path, self._streams),
            *left_out,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """One line per conversion or missing part, as far as the file was read."""
        found = []
        if self.non_finite_samples:
            found.append(f"non-finite samples taken as 0: {self.non_finite_samples}")
        if self.huge_samples:
            found.append(f"samples beyond ±1e6 cut to that: {self.huge_samples}")
        return (*self._header_notes, *found)

    def blocks(
        self,
        block_samples: int,
        first_sample: int = 0,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Samples]:
        """Read from the beginning, or from another place, in blocks.

        Parameters
        ----------
        block_samples : int
            Samples in each block but the last, at least 1.
        first_sample : int
            Where to begin. The samples are the same as from the beginning on: what is before is decoded too
            where the format does not seek exactly, as MP3 and Opus.
        is_cancelled : callable
            Asked again and again while what is before is decoded; once it is true, no block comes.

        Yields
        ------
        ndarray, shape (n, channels), float32
            Finite; `num_samples` in all, less `first_sample`. A block belongs to its receiver.

        Raises
        ------
        AudioFileError
            If the file changed or went away since it was opened.
        """
        if not first_sample:
            self.non_finite_samples = self.huge_samples = 0
        for raw in self._raw_blocks(block_samples, first_sample, is_cancelled):
            samples, num_non_finite, num_huge = make_finite(raw)
            self.non_finite_samples += num_non_finite
            self.huge_samples += num_huge
            yield samples

    def _raw_blocks(
        self,
        block_samples: int,
        first_sample: int = 0,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Samples]:
        pieces: list[Samples] = []
        missing = block_samples
        before = first_sample
        for stream in self._streams:
            # Each is decoded by itself.
            if before >= stream.num_samples:
                before -= stream.num_samples
                continue
            sound, passed_over = self._open_at(stream, before)
            left = stream.num_samples - before + passed_over
            before = 0
            with sound:
                while left:
                    if passed_over and is_cancelled():
                        return
                    piece = sound.read(min(passed_over or missing, left))
                    if not len(piece):
                        raise AudioFileError(
                            f"{self.path} ends {left} samples early: it changed while it was read"
                        )
                    left -= len(piece)
                    if passed_over:
                        passed_over -= len(piece)
                        continue
                    missing -= len(piece)
                    pieces.append(piece)
                    if not missing:
                        yield _joined(pieces)
                        pieces, missing = [], block_samples
        if pieces:
            yield _joined(pieces)

    def _open_at(self, stream: Stream, first_sample: int) -> tuple[Sound, int]:
        """Open a stream at a sample; give how many samples are still to be decoded before it."""
        sound = open_again(self.path, stream)
        if not first_sample or _coding(stream.layout.subtype).sample_bytes is None:
            return sound, first_sample
        if sound.seek(first_sample):
            return sound, 0
        sound.close()
        return open_again(self.path, stream), first_sample

    def _refuse_without_finite_sample(self) -> None:
        if not any(bool(np.isfinite(block).any()) for block in self._raw_blocks(READ_SAMPLES)):
            raise AudioFileError(
                f"{self.path} holds {self.num_samples} samples and not one finite number; export it again"
            )


def _joined(pieces: list[Samples]) -> Samples:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


class MonoClip(NamedTuple):
    """A whole recording, mixed down.

    Attributes
    ----------
    samples : ndarray, shape (n,), float32
        Full scale ±1, finite, n >= 1.
    sample_rate : int
        Hz, the file's own.
    notes : tuple of str
        One line for each thing mixed down, converted or missing.
    """

    samples: Samples
    sample_rate: int
    notes: tuple[str, ...]


def read_mono(path: str | os.PathLike[str]) -> MonoClip:
    """Read a whole recording and mix its channels down.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    MonoClip
        The sound at the file's own rate.

    Raises
    ------
    AudioFileError
        As `AudioFile` does, or if it is longer than `MAX_WHOLE_SAMPLES`.
    """
    file = AudioFile(path)
    if file.num_samples > MAX_WHOLE_SAMPLES:
        raise AudioFileError(
            f"{file.path} holds {file.num_samples} samples, and {MAX_WHOLE_SAMPLES} are the most that can be "
            "taken whole; cut it into pieces"
        )
    samples = np.empty(file.num_samples, dtype=np.float32)
    filled = 0
    for block in file.blocks(READ_SAMPLES):
        samples[filled : filled + len(block)] = mix_down(block)
        filled += len(block)
    return MonoClip(samples, file.sample_rate, (*mixing_note(file.channels), *file.notes))
