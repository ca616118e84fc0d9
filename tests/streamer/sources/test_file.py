"""A file stands in for the microphone: every sample once, in time or at once, and it stops when told."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.audio_io import AudioFile
from emotion.errors import AudioFileError
from streamer.events import AudioBlock
from streamer.sources.file import FileSource, Playback
from streamer.sources.queue import BlockQueue

RATE = 8_000
PATIENCE_SECONDS = 10.0


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Samples]:
    """Half a second of noise on two channels."""
    path = tmp_path_factory.mktemp("recordings") / "call.wav"
    samples = np.random.default_rng(1).integers(-32768, 32768, (RATE // 2, 2)) / 32768
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path, samples.astype(np.float32)


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of nothing: whoever waits for its time to pass is found out on a busy machine as well."""
    path = tmp_path_factory.mktemp("recordings") / "minute.wav"
    soundfile.write(path, np.zeros(60 * RATE), RATE, subtype="PCM_16")
    return path


def drain(queue: BlockQueue) -> list[AudioBlock]:
    blocks = []
    while not queue.drained:
        block = queue.get(PATIENCE_SECONDS)
        if block is not None:
            blocks.append(block)
    return blocks


@settings(max_examples=20)
@given(st.floats(0.0002, 1.0), st.floats(0.01, 1.0))
def test_every_sample_comes_once_however_small_the_blocks_and_the_queue(
    recording: tuple[Path, Samples], block_seconds: float, queue_seconds: float
) -> None:
    path, samples = recording
    source = FileSource(AudioFile(path), fast=True, block_seconds=block_seconds)
    queue = BlockQueue(queue_seconds, RATE)
    source.start(queue)
    blocks = drain(queue)
    source.stop()
    assert np.array_equal(np.concatenate([block.samples for block in blocks]), samples)
    ends = [0] + [block.end_sample for block in blocks]
    assert [block.first_sample for block in blocks] == ends[:-1]
    assert not any(block.samples.flags.writeable for block in blocks)
    assert queue.error is None
    assert queue.dropped_seconds == 0


def test_at_real_speed_each_block_comes_when_its_last_sample_would_have_been_spoken(
    recording: tuple[Path, Samples],
) -> None:
    source = FileSource(AudioFile(recording[0]), fast=False, block_seconds=0.05)
    queue = BlockQueue(10, RATE)
    began = time.monotonic()
    source.start(queue)
    blocks = drain(queue)
    source.stop()
    assert len(blocks) == 10
    for block in blocks:
        assert block.arrived - began >= block.end_sample / RATE, "never early, and lateness does not add up"
    assert blocks[-1].arrived - began < 0.5 + 0.4


def test_fast_does_not_wait(minute: Path) -> None:
    source = FileSource(AudioFile(minute), fast=True)
    queue = BlockQueue(10, RATE)
    began = time.monotonic()
    source.start(queue)
    drain(queue)
    source.stop()
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("fast", [True, False])
def test_it_stops_at_once_in_the_middle_and_twice(minute: Path, *, fast: bool) -> None:
    source = FileSource(AudioFile(minute), fast=fast, block_seconds=0.01 if fast else 50)
    queue = BlockQueue(0.02, RATE)
    source.start(queue)
    if fast:
        assert queue.get(PATIENCE_SECONDS) is not None
    began = time.monotonic()
    source.stop()
    source.stop()
    assert time.monotonic() - began < 4, "neither a full queue nor the time to the next block is waited for"
    assert queue.closed


def test_stopping_before_the_start_is_allowed(recording: tuple[Path, Samples]) -> None:
    FileSource(AudioFile(recording[0]), fast=True).stop()


def test_what_is_known_before_the_start(recording: tuple[Path, Samples]) -> None:
    info = FileSource(AudioFile(recording[0]), fast=True).info
    assert (info.name, info.sample_rate, info.channels, info.seconds) == ("call.wav", RATE, 2, 0.5)
    assert (info.sample_format, info.live) == ("PCM_16", False)
    assert info.notes == ()


def test_a_file_that_goes_away_while_it_is_read_is_an_error_of_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "gone.wav"
    soundfile.write(path, np.zeros(RATE), RATE)
    source = FileSource(AudioFile(path), fast=True)
    path.unlink()
    queue = BlockQueue(10, RATE)
    source.start(queue)
    assert drain(queue) == []
    source.stop()
    assert isinstance(queue.error, AudioFileError)


def test_samples_that_are_no_numbers_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    samples = np.full(RATE, 0.1, np.float32)
    samples[5:8] = np.nan
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    source = FileSource(AudioFile(path), fast=True)
    queue = BlockQueue(10, RATE)
    source.start(queue)
    heard = np.concatenate([block.samples for block in drain(queue)])
    source.stop()
    assert source.non_finite_samples == 3
    assert np.array_equal(heard[4:9, 0], np.array([0.1, 0, 0, 0, 0.1], np.float32))


def test_what_is_held_comes_when_it_goes_on_and_nothing_is_lost(recording: tuple[Path, Samples]) -> None:
    source = FileSource(AudioFile(recording[0]), fast=False, block_seconds=0.05)
    queue = BlockQueue(10, RATE)
    source.hold(held=True)
    source.start(queue)
    assert queue.get(0.3) is None
    source.hold(held=False)
    blocks = drain(queue)
    source.stop()
    assert np.array_equal(np.concatenate([block.samples for block in blocks]), recording[1])
    assert not any(block.jumped for block in blocks)


def test_a_held_source_stops(minute: Path) -> None:
    source = FileSource(AudioFile(minute), fast=True)
    queue = BlockQueue(10, RATE)
    source.hold(held=True)
    source.start(queue)
    source.stop()
    assert queue.closed


@pytest.mark.parametrize("fast", [True, False])
def test_a_jump_gives_the_samples_of_its_place(recording: tuple[Path, Samples], fast: bool) -> None:
    path, samples = recording
    source = FileSource(AudioFile(path), fast=fast, block_seconds=0.05)
    queue = BlockQueue(10, RATE)
    source.hold(held=True)
    source.start(queue)
    for seconds, place in ((0.3, 0.3), (-0.15, 0.2), (-5.0, 0.0)):
        assert source.jump(seconds)
        block = queue.get(PATIENCE_SECONDS)
        assert block is not None
        assert block.jumped
        first = round(place * RATE)
        assert block.first_sample == first
        assert np.array_equal(block.samples, samples[first : first + len(block.samples)])
        assert queue.get(0.1) is None, "it is held again"
        assert source.jump(10.0) is False
    source.hold(held=False)
    rest = drain(queue)
    source.stop()
    assert rest[0].first_sample == round(0.05 * RATE)
    assert rest[-1].end_sample == len(samples)
    assert not rest[0].jumped


def test_a_jump_moves_both_sources_and_the_shorter_waits_at_its_end(
    recording: tuple[Path, Samples], tmp_path: Path
) -> None:
    path, samples = recording
    soundfile.write(tmp_path / "short.wav", samples[: round(0.4 * RATE)], RATE, subtype="PCM_16")
    playback = Playback(2)
    sources = [
        FileSource(AudioFile(each), fast=True, block_seconds=0.05, turn=(playback, number))
        for number, each in enumerate((path, tmp_path / "short.wav"))
    ]
    queues = [BlockQueue(10, RATE) for _ in sources]
    sources[0].hold(held=True)
    for source, queue in zip(sources, queues, strict=True):
        source.start(queue)

    def jumped(queue: BlockQueue) -> float:
        block = queue.get(PATIENCE_SECONDS)
        assert block is not None
        assert block.jumped
        return block.first_sample / RATE

    assert sources[0].jump(0.42)
    assert jumped(queues[0]) == 0.42
    assert queues[1].get(0.1) is None
    assert not queues[1].closed, "it may be asked to go back"
    assert sources[0].jump(-0.27)
    assert [jumped(queue) for queue in queues] == [0.2, 0.2]
    assert not sources[0].jump(0.3), "of neither are 0.3 s left"
    assert sources[1].jump(0.17), "of the longer, there are 0.17 s"
    assert jumped(queues[0]) == 0.42
    assert queues[1].get(0.1) is None
    assert sources[1].jump(-0.17)
    assert [jumped(queue) for queue in queues] == [0.3, 0.3]
    sources[1].hold(held=False)
    ends = [drain(queue)[-1].end_sample / RATE for queue in queues]
    for source in sources:
        source.stop()
    assert ends == [0.5, 0.4]
    assert not sources[0].jump(-0.1), "all have ended"


class Slow(AudioFile):
    """Takes for ever to decode what is before a place, unless it is cancelled."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.decodes = threading.Event()

    def blocks(
        self,
        block_samples: int,
        first_sample: int = 0,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Samples]:
        if first_sample:
            self.decodes.set()
            while not is_cancelled():
                time.sleep(0)
            return
        yield from super().blocks(block_samples)


def test_another_jump_and_a_stop_break_off_the_decoding(recording: tuple[Path, Samples]) -> None:
    audio = Slow(recording[0])
    source = FileSource(audio, fast=True, block_seconds=0.05)
    queue = BlockQueue(10, RATE)
    source.hold(held=True)
    source.start(queue)
    assert source.jump(0.3)
    assert audio.decodes.wait(PATIENCE_SECONDS)
    assert source.jump(-5.0)
    block = queue.get(PATIENCE_SECONDS)
    assert block is not None
    assert (block.first_sample, block.jumped) == (0, True)
    audio.decodes.clear()
    assert source.jump(0.3)
    assert audio.decodes.wait(PATIENCE_SECONDS)
    began = time.monotonic()
    source.stop()
    assert time.monotonic() - began < 4
