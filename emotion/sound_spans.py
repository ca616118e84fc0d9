"""Where the sound of a file lies: behind its ID3 tags, and each of the streams chained in Ogg or MP3."""

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from emotion.errors import AudioFileError
from emotion.mpeg_spans import mpeg_spans
from emotion.span import Span, end_of_tag

MAX_CHAINED: Final = 500
"""Streams in a file; a day of a radio station has about as many."""

_MAX_TAGS: Final = 64
_CHUNK_BYTES: Final = 1 << 20
_FIRST_PAGE: Final = re.compile(rb"OggS\0[\2\3\6\7]")
"""A stream's first page: the capture pattern, version 0, and the flag that says so."""
_MAGIC_BYTES: Final = 6
_MOST_TRACKS: Final = 8
"""First pages for a stream: sound may lie beside pictures."""


def sound_spans(file: BinaryIO, path: Path) -> tuple[Span, ...]:
    """Find the streams that are heard one after the other.

    Parameters
    ----------
    file : binary file
        Open for reading.
    path : Path
        For the message.

    Returns
    -------
    tuple of Span
        One for anything but a chain of Ogg or MP3. A tag of any size before the sound belongs to none.

    Raises
    ------
    AudioFileError
        If there are more than `MAX_CHAINED`.
    """
    num_bytes = os.fstat(file.fileno()).st_size
    start = _behind_tags(file)
    file.seek(start)
    head = file.read(4)
    whole = (Span(start, num_bytes),)
    if head == b"OggS":
        return _all_of(_ogg_spans(file, start, num_bytes), path) or whole
    if head[:1] == b"\xff":
        return _all_of(mpeg_spans(file, start, num_bytes), path) or whole
    return whole


def _all_of(spans: Iterator[Span], path: Path) -> tuple[Span, ...]:
    found = tuple(islice(spans, MAX_CHAINED + 1))
    if len(found) > MAX_CHAINED:
        raise AudioFileError(
            f"{path} is a chain of more than {MAX_CHAINED} streams; convert it to FLAC or WAV"
        )
    return found


def _behind_tags(file: BinaryIO) -> int:
    start = 0
    for _ in range(_MAX_TAGS):
        file.seek(start)
        end = end_of_tag(file.read(10), start)
        if end == start:
            break
        start = end
    return start


def _ogg_spans(file: BinaryIO, start: int, num_bytes: int) -> Iterator[Span]:
    """Pages that begin streams at the same time stand side by side; such a group begins a chained part."""
    group_end = -1
    for num_before, at in enumerate(_first_pages(file, start)):
        if num_before > MAX_CHAINED * _MOST_TRACKS:
            break
        if at != group_end and at > start:
            yield Span(start, at)
            start = at
        group_end = _page_end(file, at)
    yield Span(start, num_bytes)


def _first_pages(file: BinaryIO, start: int) -> Iterator[int]:
    at, kept = start, b""
    while True:
        file.seek(at)
        fresh = file.read(_CHUNK_BYTES)
        # A page has 65 307 bytes at most: where a megabyte shows none, there is no Ogg any more.
        if not fresh or b"OggS" not in kept + fresh:
            return
        chunk = kept + fresh
        for found in _FIRST_PAGE.finditer(chunk):
            yield at - len(kept) + found.start()
        at += len(fresh)
        kept = chunk[1 - _MAGIC_BYTES :]


def _page_end(file: BinaryIO, at: int) -> int:
    file.seek(at)
    head = file.read(27 + 255)
    num_segments = head[26] if len(head) > 26 else 0
    return at + 27 + num_segments + sum(head[27 : 27 + num_segments])
