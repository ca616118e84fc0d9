"""Raw samples through a real pipe: every one once, as soon as it comes, and worth what libsndfile says."""

import io
import os
import socket
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.errors import AudioFileError, UsageError
from streamer.events import AudioBlock
from streamer.recordings.wav import WavFormat
from streamer.sources.pcm import (
    MAX_BLOCK_SECONDS,
    Encoding,
    PcmDecoder,
    PcmSource,
    decode,
)
from streamer.sources.queue import BlockQueue
from tests.strategies import cuts

ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
RATE = 8_000
PATIENCE_SECONDS = 10.0
PROMPT_SECONDS = 2.0


class Pipe:
    """A pipe whose ends a test closes when it likes."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()

    def write(self, data: bytes) -> None:
        os.write(self.write_end, data)

    def end(self) -> None:
        os.close(self.write_end)
        self.write_end = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe; afterwards as many descriptors are open as before."""
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc").is_dir() else None
    made = Pipe()
    yield made
    os.close(made.read_end)
    if made.write_end >= 0:
        made.end()
    if before is not None:
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def source_of(
    descriptor: int, *, encoding: Encoding = "s16le", channels: int = 1, sample_rate: int = RATE
) -> PcmSource:
    return PcmSource(
        descriptor, name="standard input", sample_rate=sample_rate, channels=channels, encoding=encoding
    )


def started(descriptor: int, *, queue_seconds: float = 10.0) -> tuple[PcmSource, BlockQueue]:
    source, queue = source_of(descriptor), BlockQueue(queue_seconds, RATE)
    source.open()
    source.start(queue)
    return source, queue


def drain(queue: BlockQueue) -> list[AudioBlock]:
    blocks = []
    while not queue.drained:
        block = queue.get(PATIENCE_SECONDS)
        if block is not None:
            blocks.append(block)
    return blocks


def bytes_of(num_samples: int) -> bytes:
    return np.arange(num_samples).astype("<i2").tobytes()


def joined(blocks: list[AudioBlock]) -> Samples:
    return np.concatenate([block.samples for block in blocks])


@settings(max_examples=40)
@given(
    st.sampled_from(ENCODINGS),
    st.integers(1, 3),
    st.integers(0, 9_000),
    st.floats(0.001, 2.0),
    st.data(),
)
def test_however_the_writer_cuts_and_the_queue_holds_it_back_every_sample_comes_once(
    encoding: Encoding, channels: int, num_bytes: int, queue_seconds: float, draw: st.DataObject
) -> None:
    data = np.random.default_rng(num_bytes).bytes(num_bytes)
    writes = draw.draw(cuts(num_bytes))
    read_end, write_end = os.pipe()
    source = source_of(read_end, encoding=encoding, channels=channels)
    queue = BlockQueue(queue_seconds, RATE)

    def write() -> None:
        for cut in writes:
            os.write(write_end, data[cut])
        os.close(write_end)

    writer = threading.Thread(target=write)
    writer.start()
    source.start(queue)
    blocks = drain(queue)
    writer.join()
    source.stop()
    os.close(read_end)

    frame_bytes = channels * {"s16le": 2, "f32le": 4, "mulaw": 1, "alaw": 1}[encoding]
    rest = num_bytes % frame_bytes
    if num_bytes < frame_bytes:
        assert blocks == []
        assert isinstance(queue.error, AudioFileError)
        return
    expected = decode(data[: num_bytes - rest], encoding).reshape(-1, channels)
    assert joined(blocks).tobytes() == expected.tobytes()
    ends = [0] + [block.end_sample for block in blocks]
    assert [block.first_sample for block in blocks] == ends[:-1]
    assert not any(block.samples.flags.writeable for block in blocks)
    assert all(0 < len(block.samples) <= MAX_BLOCK_SECONDS * RATE for block in blocks)
    assert queue.error is None
    assert queue.dropped_seconds == 0
    left_out = f"standard input ended inside a sample: {rest} bytes left out"
    assert (left_out in source.info.notes) == bool(rest)


def test_what_came_is_delivered_although_the_writer_stalls_and_then_goes_on(pipe: Pipe) -> None:
    source, queue = started(pipe.read_end)
    pipe.write(bytes_of(100) + b"\x64")
    first = queue.get(PATIENCE_SECONDS)
    assert first is not None
    assert first.end_sample == 100
    assert queue.get(0.05) is None, "half a sample is none"
    assert not queue.closed
    pipe.write(b"\x00" + bytes_of(50))
    second = queue.get(PATIENCE_SECONDS)
    assert second is not None
    assert (second.first_sample, second.end_sample) == (100, 151)
    assert second.samples[0, 0] == np.float32(100 / 32768)
    assert second.arrived > first.arrived
    pipe.end()
    assert drain(queue) == []
    assert queue.error is None
    source.stop()


def test_it_stops_at_once_where_the_sound_never_begins_and_twice(pipe: Pipe) -> None:
    source, queue = started(pipe.read_end)
    began = time.monotonic()
    source.stop()
    source.stop()
    assert time.monotonic() - began < PROMPT_SECONDS
    assert queue.drained
    assert queue.error is None


def test_it_stops_at_once_where_nobody_fetches(pipe: Pipe) -> None:
    source, queue = started(pipe.read_end, queue_seconds=0.01)
    pipe.write(bytes_of(RATE))
    assert queue.get(PATIENCE_SECONDS) is not None
    began = time.monotonic()
    source.stop()
    assert time.monotonic() - began < PROMPT_SECONDS
    assert queue.closed


def test_stopping_before_the_start_is_allowed(pipe: Pipe) -> None:
    source_of(pipe.read_end).stop()


@pytest.mark.parametrize("data", [b"", b"\x01"])
def test_an_end_before_any_sound_is_an_error(pipe: Pipe, data: bytes) -> None:
    pipe.write(data)
    pipe.end()
    source, queue = started(pipe.read_end)
    assert drain(queue) == []
    source.stop()
    assert isinstance(queue.error, AudioFileError)
    assert "ended before any sound came" in str(queue.error)


def test_a_writer_of_single_samples_is_not_given_a_block_for_each(pipe: Pipe) -> None:
    source, queue = started(pipe.read_end)
    data = bytes_of(2_000)
    pipe.write(data[:2])
    first = queue.get(PATIENCE_SECONDS)
    assert first is not None
    for place in range(2, len(data), 2):
        pipe.write(data[place : place + 2])
    pipe.end()
    blocks = [first, *drain(queue)]
    source.stop()
    assert joined(blocks).tobytes() == decode(bytes_of(2_000), "s16le").tobytes()
    for crumb, after in pairwise(blocks):
        assert len(crumb.samples) >= 40 or after.arrived - crumb.arrived >= 0.005


def test_a_file_is_read_as_fast_as_it_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "call.raw"
    path.write_bytes(bytes_of(30_000))
    with path.open("rb") as file:
        source, queue = started(file.fileno(), queue_seconds=0.3)
        assert joined(drain(queue)).tobytes() == decode(bytes_of(30_000), "s16le").tobytes()
        source.stop()
    assert queue.dropped_seconds == 0


def test_a_socket_will_do() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        source, queue = started(theirs.fileno())
        ours.sendall(bytes_of(500))
        ours.shutdown(socket.SHUT_WR)
        assert joined(drain(queue)).tobytes() == decode(bytes_of(500), "s16le").tobytes()
        source.stop()


def test_what_cannot_be_read_is_an_error_of_the_stream(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    source, queue = started(descriptor)
    assert drain(queue) == []
    source.stop()
    os.close(descriptor)
    assert isinstance(queue.error, AudioFileError)
    assert "standard input cannot be read: Is a directory" in str(queue.error)


def test_a_terminal_is_refused() -> None:
    ours, theirs = os.openpty()
    try:
        with pytest.raises(UsageError, match=r"nothing is piped in; .*\| callmood listen -"):
            source_of(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(("sample_rate", "channels"), [(3_999, 1), (384_001, 1), (RATE, 0), (RATE, 33)])
def test_what_no_sound_has_is_refused(pipe: Pipe, sample_rate: int, channels: int) -> None:
    with pytest.raises(UsageError, match=str(channels if sample_rate == RATE else sample_rate)):
        source_of(pipe.read_end, sample_rate=sample_rate, channels=channels)


@pytest.mark.parametrize(
    ("encoding", "sample_format", "notes"),
    [
        ("s16le", "PCM_16", ()),
        ("mulaw", "PCM_16", ("converted from µ-law",)),
        ("alaw", "PCM_16", ("converted from A-law",)),
        ("f32le", "FLOAT", ("converted from floating-point samples",)),
    ],
)
def test_what_is_known_before_the_start(
    pipe: Pipe, encoding: Encoding, sample_format: str, notes: tuple[str, ...]
) -> None:
    source = source_of(pipe.read_end, encoding=encoding, channels=2, sample_rate=44_100)
    info = source.info
    assert (info.name, info.sample_rate, info.channels) == ("standard input", 44_100, 2)
    assert (info.sample_format, info.seconds, info.live, info.notes) == (sample_format, None, False, notes)
    assert source.non_finite_samples == 0


SUBTYPES = {"s16le": "PCM_16", "f32le": "FLOAT", "mulaw": "ULAW", "alaw": "ALAW"}


def by_libsndfile(data: bytes, encoding: Encoding) -> Samples:
    samples, _ = soundfile.read(
        io.BytesIO(data),
        dtype="float32",
        format="RAW",
        subtype=SUBTYPES[encoding],
        endian="LITTLE",
        samplerate=8_000,
        channels=1,
    )
    found: Samples = samples
    return found


def every_sample(encoding: Encoding) -> bytes:
    """All the values there are; of floats some of each size, with those that are no finite numbers."""
    if encoding == "f32le":
        odd = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38], dtype="<f4").tobytes()
        return np.random.default_rng(1).bytes(4 * 100_000) + odd
    if encoding == "s16le":
        return np.arange(-32768, 32768).astype("<i2").tobytes()
    return bytes(range(256))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_value_is_that_of_libsndfile(encoding: Encoding) -> None:
    data = every_sample(encoding)
    samples = decode(data, encoding)
    assert samples.dtype == np.float32
    assert len(samples) * PcmDecoder(encoding, 1).frame_bytes == len(data)
    assert np.array_equal(samples.view(np.uint32), by_libsndfile(data, encoding).view(np.uint32))


@pytest.mark.parametrize("encoding", ["s16le", "mulaw", "alaw"])
def test_16_bits_keep_all_but_floats_exactly(encoding: Encoding) -> None:
    samples = decode(every_sample(encoding), encoding)
    kept = WavFormat(8_000, 1, "PCM_16").encode(samples)
    assert np.array_equal(decode(kept, "s16le"), samples)


def test_silence_on_a_telephone_line_is_silence() -> None:
    assert decode(b"\xff\x7f", "mulaw").tolist() == [0.0, 0.0]
    assert np.abs(decode(b"\xd5\x55", "alaw")).tolist() == [8 / 32768, 8 / 32768]


@given(st.sampled_from(ENCODINGS), st.integers(1, 3), st.binary(max_size=200), st.data())
def test_bytes_cut_anywhere_give_the_same_samples(
    encoding: Encoding, channels: int, data: bytes, draw: st.DataObject
) -> None:
    stream = PcmDecoder(encoding, channels)
    found = [stream.take(data[cut]) for cut in draw.draw(cuts(len(data)))]
    whole = len(data) - len(data) % stream.frame_bytes
    expected = decode(data[:whole], encoding).reshape(-1, channels)
    assert np.concatenate(found).tobytes() == expected.tobytes()
    assert stream.rest_bytes == len(data) - whole
