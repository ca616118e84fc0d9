"""What a look at a file tells of the streams of sound in it."""

from pathlib import Path
from typing import Final, NamedTuple

from emotion.bounded_bytes import MAX_HEADER_BYTES
from emotion.decoding import Layout, Sound, open_file, too_many_tags
from emotion.errors import AudioFileError
from emotion.sound_bounds import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from emotion.sound_header import longest_text
from emotion.sound_spans import sound_spans
from emotion.span import Span

_COUNT_SAMPLES: Final = 4_096
_MAX_LATER_HEADER_BYTES: Final = 1 << 20
"""Of each stream but the first: there may be hundreds."""
_MAX_TEXT_BYTES: Final = 1 << 20
_NOT_TOLD: Final = 2**63 - 1
"""Of a FLAC file that was written into a pipe."""


class Stream(NamedTuple):
    """Sound that is heard as a part of a recording, or as the whole.

    Attributes
    ----------
    span : Span
        Where it lies.
    layout : Layout
        What it was when it was looked at.
    num_announced, num_samples : int
        Samples a channel that the header promises, and that can be read.
    """

    span: Span
    layout: Layout
    num_announced: int
    num_samples: int


def find_streams(path: Path) -> tuple[tuple[Stream, ...], tuple[str, ...]]:
    """Look at a recording.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    streams : tuple of Stream
        At least one; all of one sample rate and number of channels.
    notes : tuple of str
        A line about what is chained to it and cannot be heard.

    Raises
    ------
    AudioFileError
        If there is no sound in it that can be read.
    """
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
    """Open a stream that was looked at.

    Parameters
    ----------
    path : Path
        The file.
    stream : Stream
        Found in it.

    Returns
    -------
    Sound
        At its first sample; close it.

    Raises
    ------
    AudioFileError
        If the file is another one by now, or went away.
    """
    sound = Sound(path, stream.span)
    if sound.layout != stream.layout:
        sound.close()
        raise AudioFileError(
            f"{path} changed while it was read: it had {_words(stream.layout)}, and now has "
            f"{_words(sound.layout)}; leave it as it is until it has been heard"
        )
    return sound


def comment_of(path: Path) -> str:
    """Read the comment that a recording carries.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Empty where there is none.

    Raises
    ------
    AudioFileError
        If the file cannot be read.
    """
    with Sound(path, _spans(path)[0]) as sound:
        return sound.comment


def _spans(path: Path) -> tuple[Span, ...]:
    with open_file(path) as file:
        spans = sound_spans(file, path)
        if longest_text(file, spans[0].start) > _MAX_TEXT_BYTES:
            raise too_many_tags(path, _MAX_TEXT_BYTES)
    return spans


def _look_at(path: Path, span: Span, most_header_bytes: int) -> Stream:
    with Sound(path, span, most_header_bytes) as sound:
        _refuse_odd(path, sound.layout)
        found = Stream(span, sound.layout, sound.num_announced, sound.num_announced)
        if sound.has_last_sample():
            return found
    counted = _count_samples(path, span)
    is_told = found.num_announced != _NOT_TOLD
    return found._replace(num_samples=counted, num_announced=found.num_announced if is_told else counted)


def _count_samples(path: Path, span: Span) -> int:
    """Count what decodes, of a file whose header promises too much, to within a short block."""
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


def _words(layout: Layout) -> str:
    return f"{layout.sample_rate} Hz, {layout.channels} channels, {layout.subtype}"
