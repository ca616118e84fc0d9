"""The kept sound of a session in a report: one Opus file a leg, and a spectrogram without axes."""

import io
import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from callmood.reports.analysis import LegAnalysis, SessionAnalysis, strength
from callmood.reports.style import NEUTRAL
from emotion.arrays import FloatArray, Samples
from emotion.atomic_files import locked_folder
from emotion.errors import printable
from emotion.signal import StreamResampler
from streamer.analysis.spectrogram import FLOOR_POWER, NUM_BANDS, MelColumns
from streamer.recordings.clip_files import CLIPS_FOLDER
from streamer.recordings.clips import INDEX_FILE
from streamer.recordings.journal_reader import Journal
from streamer.recordings.lookup import StoredSession
from streamer.recordings.moments import MOMENTS_FILE, MOMENTS_FOLDER
from streamer.recordings.session_audio import sound_files, sound_folder
from streamer.recordings.sound_reader import LegSound, joined, num_lost_clips
from streamer.sinks.text import duration_text

if TYPE_CHECKING:
    from soundfile import SoundFile

Which: TypeAlias = Literal["none", "moments", "all"]
OnSeconds: TypeAlias = Callable[[float], None]
"""Is told how many seconds of a leg were just read."""

MIME: Final = "audio/ogg; codecs=opus"
BITS_PER_SECOND: Final = 28_000
"""Speech is clear at that. Fewer, or a higher rate, would take Opus three times as long."""
PIECE_SECONDS: Final = (10.0, 8.0, 6.0, 5.0, 4.0, 3.0)
"""How long a moment is at most: the first with which all moments and changes fit, else the last."""
MOST_SECONDS: Final = 180.0
"""Of all moments of a session: to encode them takes most of the time that a report takes."""
_MOST_ALERTS: Final = 100
"""Of a leg, looked at for a place in that."""

_RATES_HZ: Final = (8_000, 12_000)
"""The lower ones of Opus: up to 6 kHz are heard, more than on a telephone."""
_AROUND_SECONDS: Final = 0.5
_AROUND_CHANGE_SECONDS: Final = 2.5
_BETWEEN_SECONDS: Final = 0.2
"""Silence between two pieces, so that a player that stops late plays nothing of the next."""
_BLOCK_SECONDS: Final = 30.0


def _report_nothing(_seconds: float) -> None:
    """Ignore the progress."""


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
    on_seconds: OnSeconds = _report_nothing,
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
        into the leg's part of `MOST_SECONDS`. Where the shortest are too long, the strongest moments come
        first. Alerts and what was unsure come after, as far as they fit.
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
    spans = _kept_spans(sound, analysis)
    if which == "moments":
        spans = _spans_of_moments(analysis, leg, spans, sound.sample_rate)
    return _encoded(sound, spans, on_seconds)


def _sound(stored: StoredSession, analysis: SessionAnalysis, leg: str) -> LegSound | None:
    if stored.folder is None:
        return None
    return LegSound.open(stored.folder, analysis.journal.header, leg)


def _kept_spans(sound: LegSound, analysis: SessionAnalysis) -> list[tuple[int, int]]:
    """Give what was kept, in samples, as far as the session goes."""
    end = round(analysis.seconds * sound.sample_rate)
    return [(start, min(after, end)) for start, after in sound.spans if start < end]


def _spans_of_moments(
    analysis: SessionAnalysis, name: str, kept: Sequence[tuple[int, int]], rate: int
) -> list[tuple[int, int]]:
    """Choose what is played, in samples: moments and changes, and of the rest as much as fits."""
    num_legs = max(2, sum(leg.plan.analysed for leg in analysis.legs))
    most = round(MOST_SECONDS / num_legs * rate)
    leg = next(each for each in analysis.legs if each.plan.name == name)

    def with_more(
        spans: Sequence[tuple[int, int]], wanted: Iterable[tuple[float, float]]
    ) -> list[tuple[int, int]]:
        found = list(spans)
        for start, end in wanted:
            found += _kept_parts(max(0, round(start * rate)), round(end * rate), kept)
        return joined(found)

    chosen: list[tuple[int, int]] = []
    longest = PIECE_SECONDS[-1]
    for longest in PIECE_SECONDS:
        chosen = with_more((), _moments_and_changes(leg, longest))
        if _num_samples(chosen) <= most:
            break
    wanted: Iterable[tuple[float, float]] = _alerts_and_doubts(leg, longest)
    if _num_samples(chosen) > most:
        wanted, chosen = chain(_moments_and_changes(leg, longest), wanted), []
    for span in wanted:
        more = with_more(chosen, [span])
        chosen = more if _num_samples(more) <= most else chosen
    return chosen


def _num_samples(spans: Iterable[tuple[int, int]]) -> int:
    return sum(end - start for start, end in spans)


def _moments_and_changes(leg: LegAnalysis, longest: float) -> Iterator[tuple[float, float]]:
    """Give start and end of each, s: the strongest moments first, neutral ones after the others."""
    by_strength = sorted(
        leg.moments,
        key=lambda moment: (moment.episode.kind != NEUTRAL, strength(moment.episode)),
        reverse=True,
    )
    for moment in by_strength:
        yield _around(moment.episode.start, moment.episode.end, moment.episode.peak_seconds, longest)
    for change in leg.changes:
        around = min(_AROUND_CHANGE_SECONDS, longest / 2)
        yield change.at - around, change.at + around


def _alerts_and_doubts(leg: LegAnalysis, longest: float) -> Iterator[tuple[float, float]]:
    for story in leg.alerts[:_MOST_ALERTS]:
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
    """Give what was kept of a span, in samples; `kept` is in order."""
    for kept_first, kept_end in kept[bisect_right(kept, first, key=lambda span: span[1]) :]:
        if kept_first >= end:
            return
        yield max(kept_first, first), min(kept_end, end)


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
_MOST_FRAMES: Final = 8
"""Looked at for a column of the picture; a longer column is drawn by the 0.3 s in its middle."""
_PIECES_AT_ONCE: Final = 32


def leg_spectrogram(
    stored: StoredSession, analysis: SessionAnalysis, leg: str, on_seconds: OnSeconds = _report_nothing
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
    stored: StoredSession, analysis: SessionAnalysis, leg: str, on_seconds: OnSeconds = _report_nothing
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
    column_samples = analysis.seconds * sound.sample_rate / num_columns
    for middles, power in _powers(sound, _kept_spans(sound, analysis), column_samples, mel, on_seconds):
        columns = np.minimum(middles / column_samples, num_columns - 1).astype(np.int64)
        first_of_each = np.flatnonzero(np.diff(columns, prepend=-1))
        sums[columns[first_of_each]] += np.add.reduceat(power, first_of_each, axis=0)
        counts[columns[first_of_each]] += np.diff(first_of_each, append=len(columns))
    if not counts.any():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts[:, None]
    decibels: FloatArray = (10.0 * np.log10(np.maximum(means, FLOOR_POWER))).astype(np.float32)
    return decibels


_Powers: TypeAlias = tuple[NDArray[np.float64], FloatArray]
"""The middles of frames, in samples, in order; and the mel power of each."""


def _powers(
    sound: LegSound,
    spans: Iterable[tuple[int, int]],
    column_samples: float,
    mel: MelColumns,
    on_seconds: OnSeconds,
) -> Iterator[_Powers]:
    """Compute the power of all frames, or of those in the middle of each long column of the picture."""
    if column_samples <= _MOST_FRAMES * mel.hop:
        for span in spans:
            at, overlap = span[0], mel.frame_length - mel.hop
            for samples in _blocks(sound, span, mel.hop, overlap):
                yield _power_of_pieces(mel, [at], [samples])
                num_new = max(0, len(samples) - overlap)
                at += num_new
                on_seconds(num_new / sound.sample_rate)
        return
    # Whole hops, so that the frames of several pieces lie on one grid.
    length = (-(-mel.frame_length // mel.hop) - 1 + _MOST_FRAMES) * mel.hop
    firsts: list[int] = []
    pieces: list[Samples] = []
    for span in spans:
        for column in range(int(span[0] / column_samples), int(span[1] / column_samples) + 1):
            first = max(span[0], round((column + 0.5) * column_samples - length / 2))
            end = min(span[1], first + length)
            samples_or_none = sound.read(first, end) if end > first else None
            on_seconds(column_samples / sound.sample_rate)
            if samples_or_none is None:
                continue
            is_short = len(samples_or_none) < length
            if is_short or len(pieces) == _PIECES_AT_ONCE:
                yield _power_of_pieces(mel, firsts, pieces)
                firsts, pieces = [], []
            if is_short:
                yield _power_of_pieces(mel, [first], [samples_or_none])
            else:
                firsts.append(first)
                pieces.append(samples_or_none)
    yield _power_of_pieces(mel, firsts, pieces)


def _power_of_pieces(mel: MelColumns, firsts: Sequence[int], pieces: Sequence[Samples]) -> _Powers:
    """Compute the power of pieces: one of any length, or several of the same number of whole hops."""
    num_frames = mel.num_columns(len(pieces[0])) if pieces else 0
    if not num_frames:
        return np.empty(0), np.empty((0, NUM_BANDS), dtype=np.float32)
    power = mel.power(np.concatenate(pieces))
    frames_apart = max(num_frames, len(pieces[0]) // mel.hop)
    piece, frame = np.divmod(np.arange(len(power)), frames_apart)
    middles = np.asarray(firsts)[piece] + mel.hop * frame + mel.frame_length / 2
    is_inside = frame < num_frames  # The others have sound of two pieces.
    return middles[is_inside], power[is_inside]


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
        (b"IDAT", zlib.compress(rows.tobytes(), 6)),
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


_INDICES: Final = {CLIPS_FOLDER: INDEX_FILE, MOMENTS_FOLDER: MOMENTS_FILE}
_SHORT_SECONDS: Final = 2.0
"""A sound that ends no more than this before the last window: what a crash leaves."""


def missing_sound(stored: StoredSession, journal: Journal) -> list[str]:
    """Name the sound that the session kept and that is not there any more, a line each."""
    if stored.folder is None:
        return []
    lost = num_lost_clips(stored.folder)
    missing = [
        f"{num_lost} of {num_listed} {name} are gone"
        for name, (num_lost, num_listed) in lost.items()
        if num_lost
    ]
    missing += [
        f"its {name} were kept and are not there any more"
        for name, index in _INDICES.items()
        if name not in lost
        and (stored.folder / index).is_file()
        and not any((stored.folder / name).glob("*"))
    ]
    for number, source in enumerate(journal.header.sources):
        missing += _missing_whole_sound(stored.folder, journal, number, printable(source.name))
    return missing


def _missing_whole_sound(folder: Path, journal: Journal, source: int, name: str) -> Iterator[str]:
    """Name what is missing of the whole sound of a source, if that was kept."""
    header = journal.header
    legs = [leg.name for leg in header.legs if leg.source == source and leg.analysed]
    files = sound_files(folder, source)
    sound = LegSound.open(folder, header, legs[0]) if legs else None
    if sound is None or not sound.is_whole:
        if legs and (files or (folder / sound_folder(source)).is_dir()):
            yield f"the whole sound of {name} was kept and cannot be read any more"
        return
    continued = {file.first_sample for file in files if file.continues}
    before = 0
    for start, end in sound.spans:
        if start in continued:
            lost = (start - before) / sound.sample_rate
            yield f"{lost:.1f} s of the sound of {name} are gone, from {_at(before, sound)} on"
        before = end
    last = max((row.end_sample for row in journal.rows if row.leg in legs), default=0)
    if last - before > _SHORT_SECONDS * sound.sample_rate:
        yield f"the sound of {name} ends at {_at(before, sound)}, its last window at {_at(last, sound)}"


def _at(sample: int, sound: LegSound) -> str:
    return duration_text(sample / sound.sample_rate)


def why_silent(which: Which, stored: StoredSession, missing: Sequence[str]) -> str:
    """Say why a page has no sound, for the end of a sentence; `missing` is what `missing_sound` found."""
    if which == "none":
        return "--audio none left it out"
    if stored.folder is None:
        return "the journal lies outside the session's folder"
    return "what was kept is gone or cannot be read" if missing else "there is none in the session's folder"
