"""The whole sound of a session, replayed, gives the rows of its journal bit for bit, gaps and all."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
import soxr

from emotion.arrays import Samples, read_only
from emotion.errors import JournalError
from emotion.model import EmotionModel, find_model_folder, load_model
from streamer.events import AudioBlock, Gap, Row, Sound
from streamer.leg_plan import LegPlan
from streamer.recordings.journal_reader import read_journal, read_session_info
from streamer.recordings.session_audio import SessionAudio, sound_files
from streamer.recordings.session_folder import SessionFolder, SessionJournal
from streamer.recordings.sound_reader import KeptSound, kept_sounds
from streamer.session import Session
from streamer.sinks.base import Sink
from streamer.sources.base import BlockReceiver, Source, SourceInfo, SourceThread
from streamer.sources.file import FileSource, Playback
from streamer.terminal_io import Screen
from tests.session_material import SUMMARY, blocks, facts, sound
from tests.session_parts import OPTIONS, Rows
from tests.spoken import DEMO
from tests.voice_model import make_voice_model


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> EmotionModel:
    """Give a model that learns voices and decides often; its gate is the fast one."""
    folder = tmp_path_factory.mktemp("models") / "small"
    return load_model(make_voice_model(folder, "classic-speech", unsure_below=0.26))


@pytest.fixture(scope="module")
def light_model() -> EmotionModel:
    """Give a shipped model, whose gate has a state of its own and takes most of the time."""
    return load_model(find_model_folder("speech-light"))


class Part(NamedTuple):
    """Samples without a gap, where they begin, and whether the card lost input before them."""

    first_sample: int
    samples: Samples
    overrun: bool = False


class Parts:
    """A source that delivers parts, in blocks of odd lengths."""

    non_finite_samples = 0

    def __init__(self, name: str, rate: int, parts: Sequence[Part]) -> None:
        self.info = SourceInfo(name, rate, parts[0].samples.shape[1], "PCM_16", None, live=False)
        self._parts = parts
        self._thread = SourceThread(name, self._read)

    def open(self) -> None:
        """Nothing to check."""

    def start(self, queue: BlockReceiver) -> None:
        self._thread.start(queue)

    def stop(self) -> None:
        self._thread.stop()
        self._thread.wait(5.0)

    def _read(self, queue: BlockReceiver) -> None:
        generator = np.random.default_rng(3)
        for part in self._parts:
            at = 0
            while at < len(part.samples):
                end = min(len(part.samples), at + int(generator.integers(100, 9000)))
                block = AudioBlock(
                    read_only(part.samples[at:end]),
                    part.first_sample + at,
                    time.monotonic(),
                    overrun=part.overrun and not at,
                )
                if not queue.put_waiting(block):
                    return
                at = end


@cache
def speech(rate: int) -> Samples:
    samples, own_rate = soundfile.read(DEMO, dtype="float32")
    steps = np.rint(soxr.resample(samples, own_rate, rate) * 32768)
    return np.asarray(np.clip(steps, -32768, 32767) / 32768, dtype=np.float32)


def cut(rate: int, seconds: float, length: float, first_seconds: float, *, overrun: bool = False) -> Part:
    """Take speech, mono, and place it in a stream."""
    places = np.arange(round(length * rate)) + round(seconds * rate)
    # The speech begins again where it ends.
    samples = speech(rate).take(places, mode="wrap")[:, None]
    return Part(round(first_seconds * rate), samples, overrun)


def stereo(left: Part, right: Part) -> Part:
    return left._replace(samples=np.hstack([left.samples, right.samples]))


def session(sources: Sequence[Source], legs: Sequence[LegPlan], model: EmotionModel, *sinks: Sink) -> Session:
    options = replace(OPTIONS, legs=tuple(legs))
    return Session(sources, model, model.card.grid(), sinks=sinks, screen=Screen(), options=options)


def recorded(out_dir: Path, sources: Sequence[Source], legs: Sequence[LegPlan], model: EmotionModel) -> Path:
    """Record the whole sound of a session in files of 150 kB."""
    folder = SessionFolder(out_dir)
    session(sources, legs, model, SessionAudio(folder, 150_000), SessionJournal(folder)).run()
    return folder.path


def replayed(folder: Path, model: EmotionModel, *, block_seconds: float | None = None) -> list[Row]:
    legs, sounds = kept_sounds(folder, read_session_info(folder / "session.json"))
    playback, rows = Playback(len(sounds)), Rows()
    sources = [
        FileSource(kept, fast=True, block_seconds=block_seconds, turn=(playback, number))
        for number, kept in enumerate(sounds)
    ]
    session(sources, legs, model, rows).run()
    return rows.rows


def by_leg(rows: Sequence[Row]) -> list[Row]:
    """Sort rows, and leave out how long each has waited, and what is counted in the numbers of a source."""
    return sorted((replace(row, lag_seconds=0.0) for row in rows), key=lambda row: (row.leg, row.start))


SIDES = (LegPlan("customer", channel=0), LegPlan("helper", channel=1))
CALL = [
    stereo(cut(16_000, 0, 5, 0), cut(16_000, 13, 5, 0)),
    stereo(cut(16_000, 5, 4, 5, overrun=True), cut(16_000, 18, 4, 5)),
    stereo(cut(16_000, 9, 4, 12.123), cut(16_000, 22, 4, 12.123)),
]


ONE_SIDE = (replace(SIDES[0], analysed=False), SIDES[1])


@pytest.mark.parametrize("legs", [SIDES, ONE_SIDE, (LegPlan("both"),)])
def test_one_source(tmp_path: Path, legs: tuple[LegPlan, ...], small_model: EmotionModel) -> None:
    assert_one_source_is_replayed(tmp_path, legs, small_model)


def test_one_source_with_a_shipped_model(tmp_path: Path, light_model: EmotionModel) -> None:
    assert_one_source_is_replayed(tmp_path, ONE_SIDE, light_model)


def assert_one_source_is_replayed(out_dir: Path, legs: tuple[LegPlan, ...], model: EmotionModel) -> None:
    folder = recorded(out_dir, [Parts("call.wav", 16_000, CALL)], legs, model)
    journal = read_journal(folder / "journal.jsonl")
    assert [(gap.start, gap.end) for gap in journal.gaps if gap.leg == legs[-1].name] == [
        (5.0, 5.0),
        (9.0, 12.123),
    ]
    assert len(sound_files(folder)) > 3
    rows = by_leg(journal.rows)
    assert {row.leg for row in rows} == {leg.name for leg in legs if leg.analysed}
    assert len([row for row in rows if row.emotion]) > 5
    assert by_leg(replayed(folder, model, block_seconds=0.237)) == rows


def test_two_sources(tmp_path: Path, small_model: EmotionModel) -> None:
    sources = [
        Parts("headset", 16_000, [cut(16_000, 0, 5, 0), cut(16_000, 8, 4, 6.5)]),
        Parts("system", 22_050, [cut(22_050, 13, 6, 0.731), cut(22_050, 20, 4, 8)]),
    ]
    legs = (LegPlan("me", source=0), LegPlan("them", source=1))
    folder = recorded(tmp_path, sources, legs, small_model)
    rows = by_leg(read_journal(folder / "journal.jsonl").rows)
    assert [len([row for row in rows if row.leg == leg and row.emotion]) > 3 for leg in ("me", "them")] == [
        True
    ] * 2
    assert by_leg(replayed(folder, small_model)) == rows


def test_of_two_sources_one_of_which_is_level_only_the_other_is_replayed(
    tmp_path: Path, small_model: EmotionModel
) -> None:
    sources = [Parts("a", 16_000, [cut(16_000, 0, 4, 0)]), Parts("b", 16_000, [cut(16_000, 13, 4, 0)])]
    legs = (LegPlan("me", source=0, analysed=False), LegPlan("them", source=1))
    folder = recorded(tmp_path, sources, legs, small_model)
    assert not (folder / "sound").exists()
    rows = by_leg(read_journal(folder / "journal.jsonl").rows)
    assert by_leg(replayed(folder, small_model)) == rows


def test_sound_whose_beginning_was_removed_is_replayed_from_there(
    tmp_path: Path, small_model: EmotionModel
) -> None:
    folder = recorded(tmp_path, [Parts("a", 16_000, [cut(16_000, 0, 12, 0)])], (LegPlan(),), small_model)
    sound_files(folder)[0].path.unlink()
    sound_files(folder)[1].path.write_bytes(b"RIFF")
    _, (kept,) = kept_sounds(folder, read_session_info(folder / "session.json"))
    lost_seconds = sound_files(folder)[0].first_sample / 16_000
    assert kept.notes == [
        f"the sound of its first {lost_seconds:.1f} s was removed and is left out",
        "1 of the files of its sound cannot be read and are left out",
    ]
    rows = replayed(folder, small_model)
    assert rows[0].start == lost_seconds
    # No real time passes for what is not there.
    source = FileSource(kept, fast=False)
    first = Event()

    class Taker:
        """Notes the first block."""

        def put_waiting(self, block: AudioBlock) -> bool:
            assert block.first_sample == sound_files(folder)[0].first_sample
            first.set()
            return False

        def put(self, block: AudioBlock) -> None:
            """Nobody calls it."""

        def note_absence(self, reason: str | None) -> None:
            """Nobody calls it."""

        def close(self, error: BaseException | None = None) -> None:
            """The end."""

    source.start(Taker())
    assert first.wait(lost_seconds / 2)
    source.stop()


def test_blocks_from_any_sample_on_are_those_of_the_whole(tmp_path: Path) -> None:
    keeper = SessionAudio(folder := SessionFolder(tmp_path), 44 + 2 * 700)
    keeper.open(info := facts())
    parts = [Part(0, sound(1000)), Part(1000, sound(900, seed=1)), Part(2500, sound(800, seed=2))]
    for part in parts:
        if part.first_sample:
            keeper.handle(Gap(0.0, 0.0, 0, part.first_sample, leg="mono", cause="drop", estimated=False))
        for block in blocks(part.samples, [333, 801], part.first_sample):
            keeper.handle(Sound(block))
    keeper.close(SUMMARY)
    kept = KeptSound.open(folder.path, info, 0)
    assert kept is not None
    assert (kept.channels, kept.num_samples, kept.notes) == (1, 3300, [])
    for start in (0, 1, 699, 700, 999, 1000, 1800, 1900, 2400, 2500, 3299):
        found = list(kept.blocks(128, start))
        for first_sample, samples, is_break in found:
            part = next(part for part in reversed(parts) if part.first_sample <= first_sample)
            offset = first_sample - part.first_sample
            assert np.array_equal(samples, part.samples[offset : offset + len(samples)])
            assert is_break == (first_sample in {1000, 2500})
        assert found[0][0] == (start if start < 1900 else max(start, 2500))
        assert found[-1][0] + len(found[-1][1]) == 3300


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 3}', b" " * 1_000_001, b'{"format": 2}'])
def test_a_damaged_session_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "session.json").write_bytes(content)
    with pytest.raises(JournalError, match=r"session\.json"):
        read_session_info(tmp_path / "session.json")
