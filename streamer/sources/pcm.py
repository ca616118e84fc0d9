"""Raw samples on standard input, from any program that writes them: 16-bit, float, µ-law, A-law."""

import os
import select
import time
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import numpy as np

from emotion.arrays import Samples, read_only
from emotion.audio_io import format_note
from emotion.errors import AudioFileError, UsageError
from emotion.window_grid import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, to_samples
from streamer.events import AudioBlock
from streamer.sources.base import BlockReceiver, SourceInfo, SourceThread

Encoding: TypeAlias = Literal["s16le", "f32le", "mulaw", "alaw"]
"""16-bit integers and 32-bit floats, both with the low byte first, and the two laws of ITU-T G.711."""

MAX_BLOCK_SECONDS: Final = 0.25
STOP_SECONDS: Final = 5.0

_SMALL_READ_SECONDS: Final = 0.005
"""After less than this the reader pauses for as long: a writer of single samples gets no block for each."""

_SUBTYPES: Final[Mapping[Encoding, str]] = MappingProxyType(
    {"s16le": "PCM_16", "f32le": "FLOAT", "mulaw": "ULAW", "alaw": "ALAW"}
)
_DTYPES: Final[Mapping[Encoding, str]] = MappingProxyType(
    {"s16le": "<i2", "f32le": "<f4", "mulaw": "u1", "alaw": "u1"}
)
FULL_SCALE: Final = np.float32(32768)


def decode(data: bytes, encoding: Encoding) -> Samples:
    """Turn bytes into samples."""
    values = np.frombuffer(data, _DTYPES[encoding])
    if (table := _TABLES.get(encoding)) is not None:
        looked_up: Samples = table[values]
        return looked_up
    samples = values.astype(np.float32)
    return samples / FULL_SCALE if encoding == "s16le" else samples


def _mu_law_table() -> Samples:
    """Give the value of each byte by ITU-T G.711 (11/1988), table 2: values of 14 bits, scaled to 16."""
    # On the line all bits are inverted; a sign bit of 1 then means negative.
    code = np.arange(256) ^ 0xFF
    chord, step = code >> 4 & 7, code & 15
    magnitude = ((2 * step + 33) << chord) - 33
    return _scaled(np.where(code & 0x80, -magnitude, magnitude) * 4)


def _a_law_table() -> Samples:
    """Give the value of each byte by ITU-T G.711 (11/1988), table 1: values of 13 bits, scaled to 16."""
    # On the line every other bit is inverted; a sign bit of 1 means positive.
    code = np.arange(256) ^ 0x55
    chord, step = code >> 4 & 7, code & 15
    magnitude = np.where(chord == 0, 2 * step + 1, (2 * step + 33) << np.maximum(chord - 1, 0))
    return _scaled(np.where(code & 0x80, magnitude, -magnitude) * 8)


def _scaled(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Samples:
    return read_only(values.astype(np.float32) / FULL_SCALE)


_TABLES: Final[Mapping[Encoding, Samples]] = MappingProxyType(
    {"mulaw": _mu_law_table(), "alaw": _a_law_table()}
)


class PcmDecoder:
    """Decodes bytes cut anywhere; `frame_bytes` are those of one sample of all channels."""

    def __init__(self, encoding: Encoding, channels: int) -> None:
        self.frame_bytes = channels * np.dtype(_DTYPES[encoding]).itemsize
        self._encoding = encoding
        self._channels = channels
        self._rest = b""

    @property
    def rest_bytes(self) -> int:
        """Bytes of an unfinished sample: fewer than `frame_bytes`."""
        return len(self._rest)

    def take(self, data: bytes) -> Samples:
        """Take the bytes that follow."""
        data = self._rest + data
        whole = len(data) - len(data) % self.frame_bytes
        self._rest = data[whole:]
        return decode(data[:whole], self._encoding).reshape(-1, self._channels)


class PcmSource:
    """Delivers raw samples from a file descriptor as they come; a full queue holds the writer back."""

    # NaN and infinite samples are delivered as they came.
    non_finite_samples = 0

    def __init__(
        self, descriptor: int, *, name: str, sample_rate: int, channels: int, encoding: Encoding
    ) -> None:
        _check_arguments(descriptor, sample_rate, channels)
        self._descriptor = descriptor
        self._decoder = PcmDecoder(encoding, channels)
        self._max_block_bytes = max(1, to_samples(MAX_BLOCK_SECONDS, sample_rate)) * self._decoder.frame_bytes
        self._info = SourceInfo(
            name=name,
            sample_rate=sample_rate,
            channels=channels,
            sample_format="FLOAT" if encoding == "f32le" else "PCM_16",
            seconds=None,
            live=False,
            notes=format_note(_SUBTYPES[encoding]),
        )
        # A read hangs if another program empties the pipe between poll and read.
        self._thread = SourceThread("callmood-pcm", self._read, daemon=True)
        self._wake: tuple[int, int] | None = None

    @property
    def info(self) -> SourceInfo:
        """What is known; a note is added if the sound ends inside a sample."""
        return self._info

    def open(self) -> None:
        """Do nothing: the descriptor is open."""

    def start(self, queue: BlockReceiver) -> None:
        """Begin to read, in a thread of its own."""
        self._wake = os.pipe()
        self._thread.start(queue)

    def stop(self) -> None:
        """Read no more, and wait until the thread has ended; a second call does nothing."""
        self._thread.stop()
        if self._wake is not None:
            os.write(self._wake[1], b".")
        if self._thread.wait(STOP_SECONDS):
            wake, self._wake = self._wake, None
            for descriptor in wake or ():
                os.close(descriptor)

    def _read(self, queue: BlockReceiver) -> None:
        # Not select, which takes no descriptors beyond 1023; a file is always ready.
        ready = select.poll()
        ready.register(self._descriptor, select.POLLIN)
        if self._wake is not None:
            ready.register(self._wake[0], select.POLLIN)
        small_samples = to_samples(_SMALL_READ_SECONDS, self._info.sample_rate)
        first_sample = 0
        while True:
            try:
                ready.poll()
                if self._thread.stopping.is_set():
                    return
                data = os.read(self._descriptor, self._max_block_bytes - self._decoder.rest_bytes)
            except BlockingIOError:
                continue  # Another reader of the pipe was faster.
            except OSError as error:
                raise AudioFileError(
                    f"standard input cannot be read: {error.strerror or error}; pipe raw samples into "
                    "callmood"
                ) from error
            arrived = time.monotonic()
            if not data:
                self._end(first_sample)
                return
            samples = self._decoder.take(data)
            if len(samples):
                block = AudioBlock(read_only(samples), first_sample, arrived)
                if not queue.put_waiting(block):
                    return
                first_sample = block.end_sample
            if len(samples) < small_samples:
                self._thread.stopping.wait(_SMALL_READ_SECONDS)

    def _end(self, num_samples: int) -> None:
        if not num_samples:
            raise AudioFileError(
                "standard input ended before any sound came; run the command before the pipe by itself, and "
                "give callmood what it writes"
            )
        if rest := self._decoder.rest_bytes:
            note = f"standard input ended inside a sample: {rest} bytes left out"
            self._info = replace(self._info, notes=(*self._info.notes, note))


def _check_arguments(descriptor: int, sample_rate: int, channels: int) -> None:
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise UsageError(
            f"the rate is {sample_rate} Hz; give one from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE}, "
            "such as --rate 16000"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise UsageError(f"{channels} channels; give a number from 1 to {MAX_CHANNELS}, such as --channels 1")
    if os.isatty(descriptor):
        raise UsageError(
            "standard input is a terminal: nothing is piped in; type for example: "
            "arecord -q -t raw -f S16_LE -r 16000 -c 1 | callmood listen - --rate 16000 --channels 1"
        )
