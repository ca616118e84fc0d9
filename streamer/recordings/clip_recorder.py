"""Cut clips from the most recent audio of each leg and write one WAV file for each."""

from collections import deque
from typing import ClassVar, Final, NamedTuple

import numpy as np

from emotion.arrays import Samples, make_finite
from emotion.atomic_files import write_new
from emotion.errors import OutputError, output_error
from emotion.signal import mix_down
from emotion.window_grid import to_samples
from streamer.alerts import Alert
from streamer.disk_space import has_disk_space
from streamer.events import Absence, AudioBlock, LegEvent, Row
from streamer.recordings.clips import Clip, ClipIndex, ClipRule, clip_of_alert, clip_of_row, clip_path
from streamer.recordings.session_folder import SessionFolder
from streamer.recordings.wav import WavFormat
from streamer.session_info import SessionClock, SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sources.base import SourceInfo


class _RingBlock(NamedTuple):
    first_sample: int
    samples: Samples

    @property
    def end_sample(self) -> int:
        return self.first_sample + len(self.samples)


class ClipRing:
    """Mono sound with its place in the stream."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pieces: deque[_RingBlock] = deque()

    def push(self, first_sample: int, samples: Samples) -> None:
        """Add sound and let go of what is out of reach."""
        while self._pieces and self._pieces[0].end_sample <= first_sample - self._capacity:
            self._pieces.popleft()
        if len(samples):
            self._pieces.append(_RingBlock(first_sample, samples))

    def cut(self, start_sample: int, end_sample: int) -> Samples | None:
        """Take a stretch out."""
        found = []
        at = start_sample
        for piece in self._pieces:
            if piece.first_sample <= at < min(piece.end_sample, end_sample):
                found.append(piece.samples[at - piece.first_sample : end_sample - piece.first_sample])
                at += len(found[-1])
        return np.concatenate(found) if found and at == end_sample else None

    def unbroken_start(self, start_sample: int, end_sample: int) -> int:
        """Find where the sound begins that leads to a place without a gap."""
        begins = end_sample
        for piece in reversed(self._pieces):
            if piece.first_sample < end_sample:
                if piece.end_sample < begins:
                    break
                begins = piece.first_sample
        return min(end_sample, max(start_sample, begins))

    @property
    def num_samples(self) -> int:
        """Samples held."""
        return sum(len(piece.samples) for piece in self._pieces)


class LegSound:
    """Remembers one leg of the blocks of its source, and turns stretches of it into WAV files.

    A clip keeps 16 bits where the source has them in one channel; the mean of several channels needs floats
    to be exact, and as mono floats it takes no more room than 16-bit stereo.

    Attributes
    ----------
    ring : ClipRing
        The sound.
    """

    def __init__(self, source: SourceInfo, column: int | None, num_columns: int, capacity: int) -> None:
        self._column = column
        self.ring = ClipRing(capacity)
        exact = column is not None or num_columns == 1
        self._format = WavFormat(source.sample_rate, 1, source.sample_format if exact else "FLOAT")

    def push(self, block: AudioBlock) -> None:
        """Remember the sound."""
        samples = block.samples
        if self._column is not None:
            samples = samples[:, self._column : self._column + 1]
        finite, *_ = make_finite(samples)
        self.ring.push(block.first_sample, mix_down(finite))

    @property
    def sample_rate(self) -> int:
        """Of its source, Hz."""
        return self._format.sample_rate

    def wav(self, start_sample: int, end_sample: int) -> bytes | None:
        """Give a stretch as the content of a file."""
        samples = self.ring.cut(start_sample, end_sample)
        if samples is None:
            return None
        return self._format.head(len(samples)) + self._format.encode(samples)


BEFORE_ALERT_SECONDS: Final = 10.0
"""How long before its onset the clip of an alert begins, s."""

MAX_ALERT_SECONDS: Final = 60.0
"""No clip of an alert is longer: what is remembered has a bound."""

SLACK_SECONDS: Final = 2.0
"""Sound kept beyond win, s: a resampler holds a window's last samples back for a moment."""


class ClipRecorder(Sink):
    """Writes what was heard in a window of a leg, at the source's own rate, as the model heard it.

    A clip appears whole or not at all, and only then its line in index.csv.

    Attributes
    ----------
    num_clips : int
        Clips written.
    """

    unit: ClassVar[str] = "clip"

    def __init__(self, folder: SessionFolder, rule: ClipRule) -> None:
        self.num_clips = 0
        self._num_lost = 0
        self._folder = folder
        self._rule = rule
        self._clock = SessionClock.from_epoch(0.0)
        self._sounds: dict[int, dict[str, LegSound]] = {}
        self._is_open = False
        self._index: ClipIndex | None = None
        self._last_alert: tuple[str, int, str] | None = None

    def open(self, facts: SessionInfo) -> None:
        """Make the session's folder."""
        self._folder.open(facts)
        self._is_open = True
        self._clock = SessionClock.from_epoch(facts.started)
        remembered = MAX_ALERT_SECONDS if self._rule.kind == "alerts" else facts.win_seconds
        for leg in facts.legs:
            if leg.analysed:
                source, kept = facts.sources[leg.source], facts.kept_channels(leg.source)
                column = None if leg.channel is None else kept.index(leg.channel)
                capacity = to_samples(remembered + SLACK_SECONDS, source.sample_rate)
                sound = LegSound(source, column, len(kept), capacity)
                self._sounds.setdefault(leg.source, {})[leg.name] = sound

    def take_block(self, block: AudioBlock, source: int = 0) -> None:
        """Remember the sound for the rows to come, as the model hears it."""
        self.remember(block, source)

    def remember(self, block: AudioBlock, source: int = 0) -> None:
        """Have the sound of the first windows after a failure, too."""
        for sound in self._sounds.get(source, {}).values():
            sound.push(block)

    def take_row(self, row: Row) -> None:
        """Write the clip of a window that the rule wants, and its line in the index."""
        sound = self._sound_of(row.leg)
        if sound is None or not self._rule.wants(row):
            return
        content = sound.wav(row.start_sample, row.end_sample)
        if content is None:
            self._num_lost += 1
            return
        self._write(clip_of_row(row), content)

    def take_alert(self, alert: Alert) -> None:
        """Write what led to an alert, where the rule wants it: from ten seconds before its onset.

        It begins later where a gap, a pause or the beginning of the session lies between, and is a minute
        long at most.
        """
        sound = self._sound_of(alert.leg)
        if sound is None or self._rule.kind != "alerts":
            return
        rate = sound.sample_rate
        wanted = alert.onset_sample - to_samples(BEFORE_ALERT_SECONDS, rate)
        longest = alert.end_sample - to_samples(MAX_ALERT_SECONDS, rate)
        begins = sound.ring.unbroken_start(max(0, wanted, longest), alert.end_sample)
        content = sound.wav(begins, alert.end_sample)
        clip = clip_of_alert(alert, alert.at_seconds - (alert.end_sample - begins) / rate)
        # Two rules may come true in the same window: it is the same sound.
        key = (clip.leg, clip.window, clip.kind)
        if content is not None and key != self._last_alert:
            self._last_alert = key
            self._write(clip, content)

    def _sound_of(self, leg: str) -> LegSound | None:
        return next((legs[leg] for legs in self._sounds.values() if leg in legs), None)

    def _write(self, clip: Clip, content: bytes) -> None:
        file = clip_path(clip, self._clock.at(clip.start))
        path = self._folder.path / file
        try:
            # One folder at a time: a session's folder that was taken away must not be made again.
            self._folder.access.make_folder(path.parent.parent, parents=False)
            self._folder.access.make_folder(path.parent, parents=False)
            write_new(path, content, self._folder.access)
        except OSError as error:
            raise self._folder.explained(output_error(path, error)) from error
        try:
            if self._index is None:
                self._index = ClipIndex(self._folder.path, self._folder.access)
            self._index.add(clip, str(file))
        except OutputError:
            # Missing is what is not in the index; no clip beside it may be there that was said to be missing.
            path.unlink(missing_ok=True)
            raise
        self.num_clips += 1

    @property
    def may_recover(self) -> bool:
        """True: each clip is a file of its own."""
        return True

    def recover(self) -> bool:
        """Look for the session's folder, with room in it."""
        return has_disk_space(self._folder.path)

    @property
    def num_written(self) -> int:
        """Clips written."""
        return self.num_clips

    def lacks(self, event: LegEvent | Alert | Absence | None) -> bool:
        """True for a window or an alert that would have become a clip."""
        if isinstance(event, Alert):
            return self._rule.kind == "alerts"
        return isinstance(event, Row) and self._rule.wants(event)

    @property
    def complaints(self) -> tuple[str, ...]:
        """What others did to the index."""
        note = None if self._index is None else self._index.note
        return () if note is None else (note,)

    @property
    def files(self) -> tuple[str, ...]:
        """The session's folder, once there is a clip in it."""
        return (f"{self._folder.path}/",) if self.num_clips else ()

    @property
    def is_saving(self) -> bool:
        """True while a window may become a clip."""
        return self._is_open

    def close(self, summary: Summary | None) -> None:
        """Close the index and leave the summary in the session's folder; a second call does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        self._sounds = {}
        if self._index is not None:
            self._index.close()
        self._folder.close(summary)
        if self._num_lost:
            raise OutputError(
                f"clips missing in {self._folder.path}: {self._num_lost}; their sound was gone before their "
                "rows came: please report it, and meanwhile keep the whole sound with --record-session"
            )
