"""The kept sound of a recorded session, leg by leg, at the rate of the source; trusts no file."""

import csv
import os
import re
import stat
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Final, Literal, TextIO

import numpy as np

from emotion.arrays import Samples, make_finite
from emotion.atomic_files import is_file
from emotion.errors import AudioFileError, printable
from emotion.signal import mix_down
from streamer.leg_plan import LegPlan
from streamer.recordings.clip_files import CLIPS_FOLDER
from streamer.recordings.clips import INDEX_NAMES
from streamer.recordings.journal_reader import source_sample
from streamer.recordings.moments import MOMENTS_FOLDER
from streamer.recordings.session_audio import CONTINUED, sound_files
from streamer.recordings.session_folder import checked_seconds
from streamer.recordings.wav import WavFormat
from streamer.session_info import SessionInfo

_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_CLIP_INDEX: Final = re.compile(rf"{INDEX_NAMES.pattern}|moments(-[0-9]+)?\.csv", re.ASCII)
_MAX_INDEX_BYTES: Final = 256_000_000
"""A day of two legs has 40 MB; more is taken for damage."""

_MAX_DEPTH: Final = 3
_BLOCKS_AT_ONCE: Final = 40


@dataclass(frozen=True, slots=True)
class SoundSpan:
    """Samples of a source that lie in one file.

    Attributes
    ----------
    start_sample, end_sample : int
        In the stream of the source.
    parts : tuple of str
        The file's path in the session's folder.
    wav_format : WavFormat or None
        As callmood wrote it; None for a clip: its head says.
    """

    start_sample: int
    end_sample: int
    parts: tuple[str, ...]
    wav_format: WavFormat | None = None


class LegSound:
    """The sound of one leg that was kept: the whole sound, or else moments and clips.

    Attributes
    ----------
    sample_rate : int
        Of the source, Hz.
    is_whole : bool
        True where the whole sound was kept.
    """

    def __init__(
        self, folder: Path, sample_rate: int, pieces: Sequence[SoundSpan], columns: slice, *, is_whole: bool
    ) -> None:
        self.sample_rate = sample_rate
        self.is_whole = is_whole
        self._folder = folder
        self._columns = columns
        self._pieces = sorted(pieces, key=lambda piece: (piece.start_sample, piece.end_sample))
        self._starts = [piece.start_sample for piece in self._pieces]
        self._longest = max(piece.end_sample - piece.start_sample for piece in self._pieces)

    @classmethod
    def open(cls, folder: Path, header: SessionInfo, leg: str) -> "LegSound | None":
        """Find the sound of a leg in a session's folder.

        Parameters
        ----------
        folder : Path
            Of the session.
        header : SessionInfo
            Of its journal.
        leg : str
            Name of the leg.

        Returns
        -------
        LegSound or None
            None where no sound of this leg was kept, or none can be read.
        """
        plan = next((each for each in header.legs if each.name == leg), None)
        if plan is None or not plan.analysed:
            return None
        source, kept = header.sources[plan.source], header.kept_channels(plan.source)
        whole_format = WavFormat(source.sample_rate, len(kept), source.sample_format)
        if whole := list(_whole_sound(folder, plan.source, whole_format)):
            columns = slice(None)
            if plan.channel is not None:
                column = kept.index(plan.channel)
                columns = slice(column, column + 1)
            return cls(folder, source.sample_rate, whole, columns, is_whole=True)
        if clips := list(_clips(folder, header, plan)):
            return cls(folder, source.sample_rate, clips, slice(None), is_whole=False)
        return None

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """First sample and end of what is there without a break, in order."""
        return tuple(joined((piece.start_sample, piece.end_sample) for piece in self._pieces))

    def read(self, start_sample: int, end_sample: int) -> Samples | None:
        """Read a span.

        Parameters
        ----------
        start_sample, end_sample : int
            In the stream of the source.

        Returns
        -------
        ndarray, shape (end_sample - start_sample,), float32, or None
            Mono, as the analysis had it; None unless all of the span is there.
        """
        found: list[Samples] = []
        at = start_sample
        while at < end_sample:
            for piece in self._pieces_with(at):
                samples = self._read(piece, at, min(end_sample, piece.end_sample))
                if samples is not None:
                    break
            else:
                return None
            found.append(samples)
            at += len(samples)
        return np.concatenate(found) if found else None

    def _pieces_with(self, sample: int) -> list[SoundSpan]:
        """Give the pieces that a sample is in, the one that goes on the longest first."""
        first = bisect_right(self._starts, sample - self._longest)
        near = self._pieces[first : bisect_right(self._starts, sample)]
        return sorted((each for each in near if sample < each.end_sample), key=lambda each: -each.end_sample)

    def _read(self, piece: SoundSpan, start_sample: int, end_sample: int) -> Samples | None:
        """Read a part of a file; None where it is not what it should be."""
        samples = _read_samples(self._folder, piece, start_sample, end_sample, self.sample_rate)
        if samples is None:
            return None
        finite, *_ = make_finite(samples[:, self._columns])
        return mix_down(finite)


def joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort spans, and merge those that touch."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _read_samples(
    folder: Path, span: SoundSpan, start_sample: int, end_sample: int, sample_rate: int | None = None
) -> Samples | None:
    """Read a part of a file, all channels; None where it is not what it should be."""
    with ExitStack() as stack:
        opened = _open_wav(folder, span.parts, span.wav_format, stack)
        if opened is None:
            return None
        wav_format, num_samples, descriptor = opened
        num_wanted, offset = end_sample - start_sample, start_sample - span.start_sample
        if sample_rate not in {None, wav_format.sample_rate} or offset + num_wanted > num_samples:
            return None
        num_bytes, begin = num_wanted * wav_format.frame_bytes, offset * wav_format.frame_bytes
        try:
            content = os.pread(descriptor, num_bytes, wav_format.head_bytes + begin)
        except OSError:
            return None
    return wav_format.decode(content) if len(content) == num_bytes else None


class KeptSound:
    """The whole sound of one source of a recorded session, all channels that were kept, for a replay.

    Attributes
    ----------
    name : str
        Of the source.
    sample_rate : int
        Hz.
    channels : int
        That were kept.
    sample_format : {'PCM_16', 'FLOAT'}
        As it was kept.
    num_samples : int
        Where it ends in the stream of the source.
    lead_seconds : float
        How long before its first sample its stream began, s: no real time passes for that.
    notes : list of str
        What is missing of it.
    non_finite_samples : int
        0: they are kept as they came, and replaced by who analyses them.
    """

    non_finite_samples = 0

    def __init__(self, folder: Path, header: SessionInfo, source: int, spans: Sequence[SoundSpan]) -> None:
        info = header.sources[source]
        self.name = info.name
        self.sample_rate = info.sample_rate
        self.channels = len(header.kept_channels(source))
        self.sample_format = info.sample_format
        self.lead_seconds = spans[0].start_sample / self.sample_rate
        self.num_samples = spans[-1].end_sample
        self.notes: list[str] = []
        if _continues(spans[0]):
            self.notes.append(f"the sound of its first {self.lead_seconds:.1f} s was removed and is left out")
        if num_lost := _num_unreadable(folder, source, spans[0].wav_format):
            self.notes.append(f"{num_lost} of the files of its sound cannot be read and are left out")
        self._folder = folder
        self._spans = tuple(spans)

    @classmethod
    def open(cls, folder: Path, header: SessionInfo, source: int) -> "KeptSound | None":
        """Find the sound of a source in a session's folder; None where the whole sound was not kept."""
        kept, info = header.kept_channels(source), header.sources[source]
        if not kept:
            return None
        wav_format = WavFormat(info.sample_rate, len(kept), info.sample_format)
        spans = list(_whole_sound(folder, source, wav_format))
        return cls(folder, header, source, spans) if spans else None

    def blocks(self, block_samples: int, start_sample: int = 0) -> Iterator[tuple[int, Samples, bool]]:
        """Read the sound from a sample on.

        Parameters
        ----------
        block_samples : int
            The most samples of a block.
        start_sample : int
            In the stream of the source.

        Yields
        ------
        tuple of int, ndarray, bool
            First sample of a block; its samples, shape (n, channels), float32; True where it does not
            continue the block before, even if no sample is missing between them.

        Raises
        ------
        AudioFileError
            If a file has changed since the sound was opened, or cannot be read any more.
        """
        at = start_sample
        for number, span in enumerate(self._spans):
            # What lies in two files is read once.
            begins = max(at, span.start_sample)
            is_break = number > 0 and not _continues(span)
            read_samples = _BLOCKS_AT_ONCE * block_samples
            for first_sample in range(begins, span.end_sample, read_samples):
                end_sample = min(first_sample + read_samples, span.end_sample)
                samples = _read_samples(self._folder, span, first_sample, end_sample)
                if samples is None:
                    raise AudioFileError(
                        f"{printable(self._folder.joinpath(*span.parts))} has changed or cannot be read any "
                        f"more, from {first_sample / self.sample_rate:.1f} s on; replay the session again"
                    )
                for offset in range(0, len(samples), block_samples):
                    yield first_sample + offset, samples[offset : offset + block_samples], is_break
                    is_break = False
                at = end_sample


def kept_sounds(folder: Path, header: SessionInfo) -> tuple[tuple[LegPlan, ...], list[KeptSound]]:
    """Give the legs of a session whose whole sound was kept, and the sounds, renumbered for a replay."""
    found = {
        number: sound
        for number in range(len(header.sources))
        if (sound := KeptSound.open(folder, header, number)) is not None
    }
    lead_seconds = min((sound.lead_seconds for sound in found.values()), default=0.0)
    numbers = {number: place for place, number in enumerate(found)}
    for sound in found.values():
        sound.lead_seconds = lead_seconds
    legs = []
    for leg in header.legs:
        if leg.analysed and leg.source in found:
            kept = header.kept_channels(leg.source)
            channel = None if leg.channel is None else kept.index(leg.channel)
            legs.append(replace(leg, source=numbers[leg.source], channel=channel))
    return tuple(legs), list(found.values())


def _continues(span: SoundSpan) -> bool:
    return span.parts[-1].endswith(f"{CONTINUED}.wav")


def _num_unreadable(folder: Path, source: int, wav_format: WavFormat | None) -> int:
    """Count the files of the whole sound of a source that are not what callmood wrote."""
    num_unreadable = 0
    for file in sound_files(folder, source):
        with ExitStack() as stack:
            parts = (file.path.parent.name, file.path.name)
            num_unreadable += _open_wav(folder, parts, wav_format, stack) is None
    return num_unreadable


def _whole_sound(folder: Path, source: int, wav_format: WavFormat) -> Iterator[SoundSpan]:
    """Give the files of the whole sound of a source, each as long as its head says."""
    for file in sound_files(folder, source):
        parts = (file.path.parent.name, file.path.name)
        with ExitStack() as stack:
            opened = _open_wav(folder, parts, wav_format, stack)
            if opened is not None and opened[1]:
                end_sample = file.first_sample + opened[1]
                yield SoundSpan(file.first_sample, end_sample, parts, wav_format)


def _clips(folder: Path, header: SessionInfo, plan: LegPlan) -> Iterator[SoundSpan]:
    """Give the moments and clips of a leg that are listed in its folder."""
    rate = header.sources[plan.source].sample_rate
    for leg, start, end, parts in _listed_clips(folder):
        if leg == plan.name:
            first = source_sample(start, rate, header.sample_rate)
            after = source_sample(end, rate, header.sample_rate)
            if first < after:
                yield SoundSpan(first, after, parts)


def _listed_clips(folder: Path) -> Iterator[tuple[str, float, float, tuple[str, ...]]]:
    """Give leg, start and end in seconds, and path of each clip; lines that are damaged are left out."""
    try:
        names = sorted(name for name in os.listdir(folder) if _CLIP_INDEX.fullmatch(name))  # noqa: PTH208
    except OSError:
        return
    for name in names:
        # A file that cannot be read on ends there.
        with suppress(csv.Error, OSError), _opened_text(folder, name) as text:
            lines = csv.reader(text)
            columns = {column: number for number, column in enumerate(next(lines, []))}
            if not columns.keys() >= {"leg", "start", "end", "file"}:
                continue
            # A moment has sound before and after the episode.
            start, end = (columns.get(f"clip_{edge}", columns[edge]) for edge in ("start", "end"))
            for values in lines:
                with suppress(ValueError, IndexError):
                    yield (
                        values[columns["leg"]],
                        checked_seconds(values[start]),
                        checked_seconds(values[end]),
                        _clip_parts(values[columns["file"]]),
                    )


def num_lost_clips(folder: Path) -> dict[str, tuple[int, int]]:
    """Count listed clips and moments: by folder, how many are gone, and of how many."""
    counts: dict[str, tuple[int, int]] = {}
    for *_, parts in _listed_clips(folder):
        num_lost, num_listed = counts.get(parts[0], (0, 0))
        is_there = is_file(folder.joinpath(*parts))
        counts[parts[0]] = (num_lost + (not is_there), num_listed + 1)
    return counts


def _clip_parts(file: str) -> tuple[str, ...]:
    """Split the path of a clip; ValueError where it leads anywhere else."""
    parts = tuple(file.split("/"))
    is_clip = parts[0] in {CLIPS_FOLDER, MOMENTS_FOLDER} and 2 <= len(parts) <= _MAX_DEPTH
    if not is_clip or any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise ValueError("not the path of a clip")
    return parts


@contextmanager
def _opened_text(folder: Path, name: str) -> Iterator[TextIO]:
    """Open an index for reading; an empty text in place of one that is no regular file or far too large."""
    with ExitStack() as stack:
        descriptor = _open_inside(folder, (name,), stack)
        if descriptor is None or os.fstat(descriptor).st_size > _MAX_INDEX_BYTES:
            yield StringIO()
            return
        with open(descriptor, encoding="utf-8", errors="replace", newline="", closefd=False) as file:
            yield file


def _open_inside(folder: Path, parts: Sequence[str], stack: ExitStack) -> int | None:
    """Open a regular file in a folder without following a link; None where there is none."""
    try:
        at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, at)
        for number, part in enumerate(parts, 1):
            at = os.open(part, _FLAGS | (os.O_DIRECTORY if number < len(parts) else 0), dir_fd=at)
            stack.callback(os.close, at)
        return at if stat.S_ISREG(os.fstat(at).st_mode) else None
    except OSError:
        return None


def _open_wav(
    folder: Path, parts: Sequence[str], expected: WavFormat | None, stack: ExitStack
) -> tuple[WavFormat, int, int] | None:
    """Open a WAV that callmood wrote; give its format, its number of samples and its descriptor."""
    descriptor = _open_inside(folder, parts, stack)
    if descriptor is None:
        return None
    try:
        head, num_bytes = os.pread(descriptor, 64, 0), os.fstat(descriptor).st_size
    except OSError:
        return None
    formats = (expected,) if expected is not None else _clip_formats(head)
    for wav_format in formats:
        end = wav_format.head_bytes
        if len(head) < end:
            continue
        num_samples = struct.unpack_from("<I", head, end - 4)[0] // wav_format.frame_bytes
        # Rates and sizes that do not fit a head.
        with suppress(struct.error):
            if head[:end] == wav_format.head(num_samples) and num_samples <= wav_format.samples_in(num_bytes):
                return wav_format, num_samples, descriptor
    return None


def _clip_formats(head: bytes) -> Iterator[WavFormat]:
    """Give the formats that a clip may have: one channel, at the rate that its head names."""
    if len(head) >= 28 and (rate := struct.unpack_from("<I", head, 24)[0]):
        formats: tuple[Literal["PCM_16", "FLOAT"], ...] = ("PCM_16", "FLOAT")
        for sample_format in formats:
            yield WavFormat(rate, 1, sample_format)
