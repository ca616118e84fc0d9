"""All sinks of a session, told the same; one that fails is left out and the others go on."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from emotion.errors import OutputError
from streamer.absence import Absence
from streamer.alerts.alert import Alert
from streamer.block import AudioBlock
from streamer.resting_sinks import RestingSinks
from streamer.row import Row, Said, Skip
from streamer.session_facts import SessionFacts, Summary
from streamer.sink import Sink


class SinkGroup:
    """Tells each sink, and remembers what could not be written.

    Parameters
    ----------
    sinks : sequence of Sink
        In the order in which they are told.
    clock : callable, optional
        Gives what ``time.monotonic()`` gives.
    """

    def __init__(self, sinks: Sequence[Sink], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sinks = tuple(sinks)
        self._clock = clock
        self._working: list[Sink] = []
        self._resting = RestingSinks()
        self._failures: list[str] = []
        self._line_of: dict[Sink, int] = {}

    @property
    def failures(self) -> tuple[str, ...]:
        """What could not be written, each line once, oldest first."""
        return tuple(dict.fromkeys(self._failures))

    @property
    def complaints(self) -> tuple[str, ...]:
        """What went wrong without ending a sink, one line each, sink by sink."""
        return tuple(complaint for sink in self._sinks for complaint in sink.complaints)

    @property
    def files(self) -> tuple[str, ...]:
        """What has been written so far, each once, by those that failed later as well."""
        return tuple(dict.fromkeys(file for sink in self._sinks for file in sink.files))

    @property
    def is_saving(self) -> bool:
        """True while any sink would keep sound that comes."""
        return any(sink.is_saving for sink in self._working)

    def open(self, facts: SessionFacts) -> None:
        """Open all, or none.

        Parameters
        ----------
        facts : SessionFacts
            What the session will be.

        Raises
        ------
        OutputError
            If one cannot be opened; those opened before it are closed again.
        """
        self._working = []
        try:
            for sink in self._sinks:
                sink.open(facts)
                self._working.append(sink)
        except BaseException:
            self.close(None)
            raise

    def take_block(self, block: AudioBlock, source: int = 0) -> None:
        """Hand sound over.

        Parameters
        ----------
        block : AudioBlock
            As the source delivered it, with the channels that may be kept.
        source : int
            Number of the source.
        """
        self._tell(lambda sink: sink.take_block(block, source))

    def take(self, event: Said | Alert | Absence) -> None:
        """Hand over what a leg said, or what is said of it.

        Parameters
        ----------
        event : Row, Skip, Gap, Alert or Absence
            In the order of the stream.
        """
        if isinstance(event, Row):
            self._tell(lambda sink: sink.take_row(event))
            self._resting.count_window()
        elif isinstance(event, Skip):
            self._tell(lambda sink: sink.take_skip(event))
        elif isinstance(event, Alert):
            self._tell(lambda sink: sink.take_alert(event))
        elif isinstance(event, Absence):
            self._tell(lambda sink: sink.take_absence(event))
        else:
            self._tell(lambda sink: sink.take_gap(event))

    def take_mark(self, at_seconds: float, clock: float) -> None:
        """Hand a mark over.

        Parameters
        ----------
        at_seconds : float
            Stream time, s.
        clock : float
            Seconds since the epoch.
        """
        self._tell(lambda sink: sink.take_mark(at_seconds, clock))

    def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:
        """Tell that a pause begins or ends.

        Parameters
        ----------
        at_seconds : float
            Stream time, s.
        clock : float
            Seconds since the epoch.
        paused : bool
            True where it begins.
        """
        self._tell(lambda sink: sink.take_pause(at_seconds, clock, paused=paused))

    def close(self, summary: Summary | None) -> None:
        """Close all, in the order in which they were opened; a second call does nothing.

        Parameters
        ----------
        summary : Summary or None
            The last word, where there is one; each sink is told what those before it wrote, or could not.

        Raises
        ------
        Exception
            The first one that is no OutputError, after all have been closed.
        """
        unexpected: list[Exception] = []
        unable = self._call_in(wanted=summary is not None)
        num_known = len(self._failures)
        while self._working:
            if summary is not None:
                new_failures = self._failures[num_known:]
                num_known = len(self._failures)
                summary = replace(
                    summary,
                    files=self.files,
                    failures=(*summary.failures, *new_failures),
                    complaints=tuple(dict.fromkeys((*summary.complaints, *self.complaints))),
                )
            sink = self._working[0]
            try:
                sink.close(None if sink in unable else summary)
            except OutputError as error:
                if sink not in unable:
                    self._failures.append(str(error))
            except Exception as error:  # noqa: BLE001 - raised below, once the others are closed too
                unexpected.append(error)
            # Not before: where the user insists in the middle, a second call closes this one again.
            del self._working[0]
        if unexpected:
            raise unexpected[0]

    def _tell(self, call: Callable[[Sink], None]) -> None:
        now = self._clock()
        news = [self._take_back(sink) for sink in self._resting.recovered(now)]
        for sink in tuple(self._working):
            try:
                call(sink)
            except OutputError as error:
                self._working.remove(sink)
                news += self._leave_out(sink, error, now)
        for message in news:
            self._tell_failure(message)

    def _tell_failure(self, message: str) -> None:
        # Each failure leaves one sink fewer to tell of the next: this comes to an end.
        self._tell(lambda sink: sink.take_failure(message))

    def _take_back(self, sink: Sink) -> str:
        """Let a sink that rested go on, in its old place, and say so in the line of its failure."""
        self._working = [each for each in self._sinks if each in self._working or each is sink]
        line = self._resting.line(sink)
        self._failures[self._line_of[sink]] = line
        return line

    def _leave_out(self, sink: Sink, error: OutputError, now: float) -> list[str]:
        if not sink.may_recover:
            return self._give_up(sink, error)
        self._resting.put(sink, str(error), now)
        line = self._resting.line(sink)
        is_known = line in self._failures
        if sink in self._line_of:
            self._failures[self._line_of[sink]] = line
        else:
            self._line_of[sink] = len(self._failures)
            self._failures.append(line)
        return [] if is_known else [line]

    def _give_up(self, sink: Sink, error: OutputError) -> list[str]:
        news = [str(error)]
        try:
            sink.close(None)
        except OutputError as second:
            news += [str(second)] if str(second) != str(error) else []
        self._failures += news
        return news

    def _call_in(self, *, wanted: bool) -> frozenset[Sink]:
        """Have those that rest among the others, to be closed; give those that still cannot write."""
        if wanted:
            for sink in self._resting.recovered(self._clock(), at_once=True):
                self._take_back(sink)
        unable = self._resting.release()
        self._working = [each for each in self._sinks if each in self._working or each in unable]
        return unable
