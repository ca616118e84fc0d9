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
        # A sink stands for its line, which grows.
        self._failures: list[str | Sink] = []
        self._told_complaints: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """What could not be written, each line once, oldest first."""
        lines = (each if isinstance(each, str) else self._resting.line(each) for each in self._failures)
        return tuple(dict.fromkeys(lines))

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
        for sink in self._resting.sinks:
            sink.remember(block, source)

    def take(self, event: Said | Alert | Absence) -> None:
        """Hand over what a leg said, or what is said of it.

        Parameters
        ----------
        event : Row, Skip, Gap, Alert or Absence
            In the order of the stream.
        """
        if isinstance(event, Row):
            self._tell(lambda sink: sink.take_row(event), event)
        elif isinstance(event, Skip):
            self._tell(lambda sink: sink.take_skip(event), event)
        elif isinstance(event, Alert):
            self._tell(lambda sink: sink.take_alert(event), event)
        elif isinstance(event, Absence):
            self._tell(lambda sink: sink.take_absence(event), event)
        else:
            self._tell(lambda sink: sink.take_gap(event), event)

    def take_mark(self, at_seconds: float, clock: float) -> None:
        """Hand a mark over.

        Parameters
        ----------
        at_seconds : float
            Stream time, s.
        clock : float
            Seconds since the epoch.
        """
        self._tell(lambda sink: sink.take_mark(at_seconds, clock), None)

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
        self._tell(lambda sink: sink.take_pause(at_seconds, clock, paused=paused), None)

    def tell_complaints(self) -> None:
        """Tell all what went wrong since the last call, as in a thread beside the session."""
        known, self._told_complaints = self._told_complaints, self.complaints
        for line in self._told_complaints:
            if line not in known:
                self._tell_complaint(line)

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
        notes = () if summary is None else summary.complaints
        others = [] if summary is None else [line for line in summary.failures if line not in self.failures]
        unable = self._call_in(wanted=summary is not None)
        while self._working:
            if summary is not None:
                summary = replace(
                    summary,
                    files=self.files,
                    failures=(*self.failures, *others),
                    complaints=tuple(dict.fromkeys((*notes, *self.complaints))),
                )
            sink = self._working[0]
            if sink in unable and summary is not None:
                self._resting.miss(sink, None)
            try:
                sink.close(None if sink in unable else summary)
            except OutputError as error:
                if sink not in unable:
                    self._note_late_failure(sink, str(error))
            except Exception as error:  # noqa: BLE001 - raised below, once the others are closed too
                unexpected.append(error)
            # Not before: where the user insists in the middle, a second call closes this one again.
            del self._working[0]
        if unexpected:
            raise unexpected[0]

    def _tell(self, call: Callable[[Sink], None], *events: Said | Alert | Absence | None) -> None:
        """Tell those that work; `events` says what those that do not have missed by it."""
        now = self._clock()
        for sink in self._resting.to_be_tried(now):
            self._put_back(sink)
        news: list[str] = []
        for sink in tuple(self._working):
            try:
                call(sink)
            except OutputError as error:
                self._working.remove(sink)
                news += self._leave_out(sink, error, now)
        for event in events:
            for sink in self._resting.sinks:
                self._resting.miss(sink, event)
        over = self._resting.gone_on(now)
        news += [self._resting.line(sink) for sink in over]
        for message in dict.fromkeys(news):
            self._tell_failure(message)

    def _tell_failure(self, message: str) -> None:
        # Each failure leaves one sink fewer to tell of the next: this comes to an end.
        self._tell(lambda sink: sink.take_failure(message))

    def _tell_complaint(self, message: str) -> None:
        self._tell(lambda sink: sink.take_complaint(message))

    def _put_back(self, sink: Sink) -> None:
        """Have a sink that rested in its old place."""
        self._working = [each for each in self._sinks if each in self._working or each is sink]

    def _leave_out(self, sink: Sink, error: OutputError, now: float) -> list[str]:
        if not sink.may_recover:
            return self._give_up(sink, error)
        if not self._resting.have_met(sink):
            self._failures.append(sink)
        news = self._resting.put(sink, str(error), now)
        return [] if news is None else [news]

    def _note_late_failure(self, sink: Sink, message: str) -> None:
        """Note what failed at the end, in the line of its trouble where it has had one before."""
        if self._resting.have_met(sink):
            self._resting.put(sink, message, self._clock())
            self._resting.miss(sink, None)
        else:
            self._failures.append(message)

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
            for sink in self._resting.to_be_tried(self._clock(), at_once=True):
                self._put_back(sink)
        unable = self._resting.release()
        self._working = [each for each in self._sinks if each in self._working or each in unable]
        return unable
