"""The kept sound of a session in a report: one Opus file a leg, and a spectrogram without axes."""

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from callmood.reports.analysis import LegAnalysis, SessionAnalysis
from emotion.arrays import FloatArray, Samples
from emotion.atomic_files import locked_folder
from emotion.signal import StreamResampler
from streamer.analysis.spectrogram import FLOOR_POWER, NUM_BANDS, MelColumns
from streamer.recordings.lookup import StoredSession
from streamer.recordings.sound_reader import LegSound

if TYPE_CHECKING:
    from soundfile import SoundFile

Which: TypeAlias = Literal["none", "moments", "all"]
OnSeconds: TypeAlias = Callable[[float], None]
"""Is told how many seconds of a leg were just read."""

MIME: Final = "audio/ogg; codecs=opus"
BITS_PER_SECOND: Final = 28_000
"""Speech is clear at that. Fewer, or a higher rate, would take Opus three times as long."""
PIECE_SECONDS: Final = (10.0, 8.0, 6.0, 5.0, 4.0, 3.0)
"""How long a moment is at most: the first with which all moments and changes fit."""
MOST_SECONDS: Final = 240.0
"""Of all moments of a session; an hour of two legs is then encoded in seconds."""

_RATES_HZ: Final = (8_000, 12_000)
"""The lower ones of Opus: up to 6 kHz are heard, more than on a telephone."""
_AROUND_SECONDS: Final = 0.5
_AROUND_CHANGE_SECONDS: Final = 2.5
_BETWEEN_SECONDS: Final = 0.2
"""Silence between two pieces, so that a player that stops late plays nothing of the next."""
_BLOCK_SECONDS: Final = 30.0


def _nobody(_seconds: float) -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A span of stream time, s, and where it begins in the file of its leg, s."""

    start: float
    end: float
    offset_seconds: float


@dataclass(frozen=True, slots=True)
class LegAudio:
    """The pieces of a leg end to end in one file."""

    mime: str
    data: bytes
    pieces: tuple[Piece, ...]


def leg_audio(
    stored: StoredSession,
    analysis: SessionAnalysis,
    which: Which,
    leg: str,
    on_seconds: OnSeconds = _nobody,
) -> LegAudio | None:
    """Encode the sound of a leg.

    Parameters
    ----------
    stored : StoredSession
        Where it lies.
    analysis : SessionAnalysis
        Says where the moments, changes and alerts are.
    which : {'none', 'moments', 'all'}
        What to encode. Moments and changes are cut to lengths of `PIECE_SECONDS` with which all of them fit
        into the leg's part of `MOST_SECONDS`; alerts and what was unsure come after, as far as they fit.
    leg : str
        Name of the leg.
    on_seconds : callable
        Is told how many seconds were just read.

    Returns
    -------
    LegAudio or None
        None where nothing is wanted, or nothing of it was kept.
    """
    sound = None if which == "none" else _sound(stored, analysis, leg)
    if sound is None:
        return None
    spans = list(sound.spans) if which == "all" else _spans_of_moments(analysis, leg, sound)
    return _encoded(sound, spans, on_seconds)


def _sound(stored: StoredSession, analysis: SessionAnalysis, leg: str) -> LegSound | None:
    if stored.folder is None:
        return None
    return LegSound.open(stored.folder, analysis.journal.header, leg)


def _spans_of_moments(analysis: SessionAnalysis, name: str, sound: LegSound) -> list[tuple[int, int]]:
    """Choose what is played, in samples: all moments and changes, and of the rest as much as fits."""
    num_legs = max(2, sum(leg.plan.analysed for leg in analysis.legs))
    most = round(MOST_SECONDS / num_legs * sound.sample_rate)
    leg = next(each for each in analysis.legs if each.plan.name == name)

    def with_more(
        spans: Sequence[tuple[int, int]], wanted: Iterable[tuple[float, float]]
    ) -> list[tuple[int, int]]:
        found = list(spans)
        for start, end in wanted:
            first, after = max(0, round(start * sound.sample_rate)), round(end * sound.sample_rate)
            found += _kept_parts(first, after, sound.spans)
        return _joined(found)

    chosen: list[tuple[int, int]] = []
    longest = PIECE_SECONDS[-1]
    for longest in PIECE_SECONDS:
        chosen = with_more((), _moments_and_changes(leg, longest))
        if _num_samples(chosen) <= most:
            break
    for span in _alerts_and_doubts(leg, longest):
        more = with_more(chosen, [span])
        chosen = more if _num_samples(more) <= most else chosen
    return chosen


def _num_samples(spans: Iterable[tuple[int, int]]) -> int:
    return sum(end - start for start, end in spans)


def _moments_and_changes(leg: LegAnalysis, longest: float) -> Iterator[tuple[float, float]]:
    """Give start and end of each, s."""
    for moment in leg.moments:
        yield _around(moment.episode.start, moment.episode.end, moment.episode.peak_seconds, longest)
    for change in leg.changes:
        around = min(_AROUND_CHANGE_SECONDS, longest / 2)
        yield change.at - around, change.at + around


def _alerts_and_doubts(leg: LegAnalysis, longest: float) -> Iterator[tuple[float, float]]:
    for story in leg.alerts:
        onset, at = story.alert.onset_seconds, story.alert.at_seconds
        yield _around(onset, at, at, longest)
    for span in leg.unsure:
        yield _around(span.start, span.end, (span.start + span.end) / 2, longest)


def _around(start: float, end: float, middle: float, longest: float) -> tuple[float, float]:
    """Give a span with a little more on both sides, or as much of it as may be, around its middle."""
    start, end = start - _AROUND_SECONDS, end + _AROUND_SECONDS
    if end - start <= longest:
        return start, end
    first = min(max(start, middle - longest / 2), end - longest)
    return first, first + longest


def _kept_parts(first: int, end: int, kept: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Give what was kept of a span, in samples."""
    for kept_first, kept_end in kept:
        if kept_first < end and kept_end > first:
            yield max(kept_first, first), min(kept_end, end)


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort spans, and merge those that overlap."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _encoded(sound: LegSound, spans: Sequence[tuple[int, int]], on_seconds: OnSeconds) -> LegAudio | None:
    import soundfile

    target = next((rate for rate in _RATES_HZ if rate >= sound.sample_rate), _RATES_HZ[-1])
    between = np.zeros(round(_BETWEEN_SECONDS * target), dtype=np.float32)
    pieces: list[Piece] = []
    num_written = 0
    content = io.BytesIO()
    with soundfile.SoundFile(
        content, "w", target, 1, format="OGG", subtype="OPUS", compression_level=_compression(BITS_PER_SECOND)
    ) as file:
        for start, end in spans:
            num_samples = _encode_span(sound, (start, end), file, target, on_seconds)
            if not num_samples:
                continue
            seconds = start / sound.sample_rate
            pieces.append(Piece(seconds, seconds + num_samples / target, num_written / target))
            file.write(between)
            num_written += num_samples + len(between)
    return LegAudio(MIME, content.getvalue(), tuple(pieces)) if pieces else None


def _compression(bits_per_second: int) -> float:
    """Give libsndfile's level of compression for a bit rate of one channel: linear from 256 to 6 kbit/s."""
    return 1.0 - (bits_per_second - 6_000) / 250_000


def _encode_span(
    sound: LegSound, span: tuple[int, int], file: "SoundFile", target: int, on_seconds: OnSeconds
) -> int:
    """Write the samples of a span, as far as they can be read; give how many."""
    resampler = StreamResampler(sound.sample_rate, target)
    num_written = 0
    for samples in _blocks(sound, span):
        ready = resampler.push(samples)
        file.write(np.clip(ready, -1.0, 1.0))
        num_written += len(ready)
        on_seconds(len(samples) / sound.sample_rate)
    rest = resampler.finish()
    file.write(np.clip(rest, -1.0, 1.0))
    return num_written + len(rest)


def _blocks(sound: LegSound, span: tuple[int, int], step: int = 1, overlap: int = 0) -> Iterator[Samples]:
    """Read a span in blocks of whole steps, until one cannot be read; they overlap."""
    start, end = span
    size = max(1, round(_BLOCK_SECONDS * sound.sample_rate) // step) * step
    for first in range(start, end, size):
        samples = sound.read(first, min(first + size + overlap, end))
        if samples is None:
            return
        yield samples


_MOST_COLUMNS: Final = 2_000
_NUM_COLOURS: Final = 255
_NO_SOUND: Final = 255
"""The colour of what was not kept: transparent."""
_MOST_FRAMES: Final = 16
"""Looked at for a column of the picture; a longer column is drawn by the 0.6 s in its middle."""


def leg_spectrogram(
    stored: StoredSession, analysis: SessionAnalysis, leg: str, on_seconds: OnSeconds = _nobody
) -> bytes | None:
    """Draw the mel spectrogram of a leg over the whole session.

    Parameters
    ----------
    stored : StoredSession
        Where the sound lies.
    analysis : SessionAnalysis
        Of the session; its length is the width.
    leg : str
        Name of the leg.
    on_seconds : callable
        Is told how many seconds were just read.

    Returns
    -------
    bytes or None
        A PNG without axes over exactly 0 to ``analysis.seconds``, low frequencies at the bottom, transparent
        where no sound was kept; None where the whole sound was not kept.
    """
    decibels = leg_decibels(stored, analysis, leg, on_seconds)
    if decibels is None:
        return None
    from streamer.panel.charts import LOUDEST_DB, QUIETEST_DB, colour_scale

    shares = np.clip((np.nan_to_num(decibels) - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB), 0.0, 1.0)
    pixels = np.where(np.isnan(decibels), _NO_SOUND, np.rint(shares * (_NUM_COLOURS - 1))).astype(np.uint8)
    palette = np.zeros((256, 3), dtype=np.uint8)
    palette[:_NUM_COLOURS] = np.rint(colour_scale(_NUM_COLOURS) * 255)
    return _png(pixels.T[::-1], palette, transparent=_NO_SOUND)


def leg_decibels(
    stored: StoredSession, analysis: SessionAnalysis, leg: str, on_seconds: OnSeconds = _nobody
) -> FloatArray | None:
    """Compute what `leg_spectrogram` draws.

    Returns
    -------
    ndarray, shape (num_columns, NUM_BANDS), float32, or None
        dB re full scale, the lowest band first; NaN where no sound was kept.
    """
    sound = _sound(stored, analysis, leg)
    if sound is None or not sound.is_whole or analysis.seconds <= 0.0:
        return None
    mel = MelColumns(sound.sample_rate)
    num_columns = max(1, min(_MOST_COLUMNS, int(analysis.seconds / mel.column_seconds)))
    sums = np.zeros((num_columns, NUM_BANDS), dtype=np.float64)
    counts = np.zeros(num_columns, dtype=np.int64)
    per_sample = num_columns / (analysis.seconds * sound.sample_rate)
    for first, samples in _read_for_columns(sound, 1.0 / per_sample, mel, on_seconds):
        if len(samples) < mel.frame_length:
            continue
        power = mel.power(samples)
        middles = first + mel.hop * np.arange(len(power)) + mel.frame_length / 2
        columns = np.minimum((middles * per_sample).astype(np.int64), num_columns - 1)
        first_of_each = np.flatnonzero(np.diff(columns, prepend=-1))
        sums[columns[first_of_each]] += np.add.reduceat(power, first_of_each, axis=0)
        counts[columns[first_of_each]] += np.diff(first_of_each, append=len(columns))
    if not counts.any():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts[:, None]
    decibels: FloatArray = (10.0 * np.log10(np.maximum(means, FLOOR_POWER))).astype(np.float32)
    return decibels


def _read_for_columns(
    sound: LegSound, column_samples: float, mel: MelColumns, on_seconds: OnSeconds
) -> Iterator[tuple[int, Samples]]:
    """Read the sound in blocks: all of it, or of each long column of the picture a part in its middle."""
    most = _MOST_FRAMES * mel.hop
    for span in sound.spans:
        at = span[0]
        if column_samples <= most:
            overlap = mel.frame_length - mel.hop
            for samples in _blocks(sound, span, mel.hop, overlap):
                yield at, samples
                num_new = max(0, len(samples) - overlap)
                at += num_new
                on_seconds(num_new / sound.sample_rate)
            continue
        for column in range(int(span[0] / column_samples), int(span[1] / column_samples) + 1):
            first = max(span[0], round((column + 0.5) * column_samples - most / 2))
            end = min(span[1], first + most + mel.frame_length)
            samples_or_none = sound.read(first, end) if end > first else None
            if samples_or_none is not None:
                yield first, samples_or_none
            on_seconds(column_samples / sound.sample_rate)


def _png(pixels: NDArray[np.uint8], palette: NDArray[np.uint8], transparent: int) -> bytes:
    """Write a picture of a palette of 256 colours, one of them transparent."""
    height, width = pixels.shape
    alphas = bytearray(b"\xff" * 256)
    alphas[transparent] = 0
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each begins with its filter: none
    rows[:, 1:] = pixels
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.tobytes()),
        (b"tRNS", bytes(alphas)),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def is_being_recorded(stored: StoredSession) -> bool | None:
    """Tell whether a session is recorded now; None where locks do not say."""
    if stored.folder is None:
        return None
    with locked_folder(stored.folder, shared=True) as locked:
        return {"another's": True, "unknown": None}.get(locked, False)


_INDICES: Final = {"clips": "index.csv", "moments": "moments.csv"}


def missing_sound(stored: StoredSession) -> list[str]:
    """Name the sound that the session kept and that is not there any more, a line each."""
    folder = stored.folder
    if folder is None:
        return []
    return [
        f"its {name} were kept and are not there any more"
        for name, index in _INDICES.items()
        if (folder / index).is_file() and not any((folder / name).glob("*"))
    ]
