"""What is done with each block, in the worker's thread: leg, sinks, counts."""

import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from streamer.block import AudioBlock
from streamer.leg import Leg
from streamer.row import Gap, Row
from streamer.sink_group import SinkGroup
from streamer.slip import Slip
from streamer.snapshot import LegView
from streamer.tally import Tally
from streamer.trend import Trend
from streamer.user_commands import UserCommand

NUM_MESSAGES: Final = 4


class Listening:
    """Hands sound to the leg and the sinks, in the order of the stream, and keeps count.

    Parameters
    ----------
    leg : Leg
        Makes the rows.
    labels : sequence of str
        In the model's order.
    sinks : SinkGroup
        Told everything.
    sample_rate : int
        That of the source, Hz.
    live : bool
        Hold the samples against the clock.
    end_sample : int, optional
        Where to stop, in the numbers of the stream.
    """

    def __init__(
        self,
        leg: Leg,
        labels: Sequence[str],
        sinks: SinkGroup,
        sample_rate: int,
        *,
        live: bool,
        end_sample: int | None = None,
    ) -> None:
        self.tally = Tally()
        self.messages: deque[str] = deque(maxlen=NUM_MESSAGES)
        self.position = 0
        self.paused = False
        self.slip = Slip(sample_rate)
        self._leg = leg
        self._sinks = sinks
        self._sample_rate = sample_rate
        self._live = live
        self._end_sample = end_sample
        self._trend = Trend(labels)
        self._row: Row | None = None
        self._num_failures_said = 0

    @property
    def is_over(self) -> bool:
        """True once the stream has reached the end that was asked for."""
        return self._end_sample is not None and self.position >= self._end_sample

    @property
    def stream_seconds(self) -> float:
        """Stream time so far, s."""
        return self.position / self._sample_rate

    @property
    def real_time_factor(self) -> float:
        """Processing time over audio time; 0 before anything was heard."""
        heard_seconds = self.tally.heard_samples / self._sample_rate
        return self.tally.processing_seconds / heard_seconds if heard_seconds else 0.0

    @property
    def saving(self) -> bool:
        """True while sound is being kept on disk."""
        return self._sinks.is_saving and not self.paused

    @property
    def leg_view(self) -> LegView:
        """What the screen may know of the leg."""
        leg = self._leg
        return LegView(leg.name, self._row, leg.level_dbfs, leg.floor_dbfs, self._trend.points)

    def take(self, block: AudioBlock) -> None:
        """Analyse a block and hand it on, or keep it out while the user pauses.

        Parameters
        ----------
        block : AudioBlock
            The next one; what lies past the end asked for is left out.
        """
        began = time.perf_counter()
        if self._live and (line := self.slip.take(block)):
            self.messages.append(line)
        heard = self._before_end(block)
        if self.paused:
            self.tally.paused_samples += len(heard.samples)
        elif len(heard.samples):
            self._tell(self._leg.gap_before(heard))
            self._sinks.take_block(heard)
            self._tell(self._leg.push(heard))
            self.tally.heard_samples += len(heard.samples)
        self.position = heard.end_sample
        self._say_failures()
        self.tally.processing_seconds += time.perf_counter() - began

    def obey(self, command: UserCommand) -> None:
        """Do what the user asked for.

        Parameters
        ----------
        command : UserCommand
            All sound before it has been taken, none after it.
        """
        at_seconds = command.at_sample / self._sample_rate
        if command.kind == "mark":
            self.tally.marks += 1
            self._sinks.take_mark(at_seconds, command.clock)
        else:
            self.paused = not self.paused
            if self.paused:
                self._tell(self._leg.pause())
            self._sinks.take_pause(at_seconds, command.clock, paused=self.paused)
        self._say_failures()

    def finish(self) -> None:
        """Give the rows that the end of the sound completes."""
        self._tell(self._leg.finish())
        self._say_failures()

    def _before_end(self, block: AudioBlock) -> AudioBlock:
        if self._end_sample is None or block.end_sample <= self._end_sample:
            return block
        first_sample = min(block.first_sample, self._end_sample)
        samples = block.samples[: self._end_sample - first_sample]
        return AudioBlock(samples, first_sample, block.arrived, overrun=block.overrun)

    def _tell(self, events: Sequence[Row | Gap]) -> None:
        for event in events:
            self.tally.count(event)
            if isinstance(event, Row):
                self._row = event
                self._trend.take(event)
            elif event.cause != "pause":
                missing = event.end - event.start
                self.messages.append(
                    f"{event.cause} at {event.start:.1f} s: {missing:.2f} s of sound is missing"
                )
            self._sinks.take(event)

    def _say_failures(self) -> None:
        failures = self._sinks.failures
        self.messages.extend(failures[self._num_failures_said :])
        self._num_failures_said = len(failures)
