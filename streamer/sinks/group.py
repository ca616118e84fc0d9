"""Hand every event to all sinks; suspend a sink that fails, retry it, and report what it missed."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from emotion.errors import OutputError
from streamer.alerts import Alert
from streamer.events import Absence, AudioBlock, LegEvent, Row, Skip
from streamer.session_info import SessionInfo, Summary
from streamer.sinks.base import Sink

FIRST_RETRY_SECONDS: Final = 1.0
"""How often a sink that cannot write is asked whether it could again."""

MAX_RETRY_SECONDS: Final = 600.0
"""One that fails again as soon as it is tried is tried ever more seldom, but no more seldom than this."""

STEADY_SECONDS: Final = 60.0
"""A sink that wrote for so long had recovered: its next failure is a new one."""


@dataclass(slots=True)
class _Trouble:
    """What is known of a sink that has failed.

    Attributes
    ----------
    message : str
        Of the last failure.
    since, look_at : float
        When it began, and when to look again, by ``time.monotonic()``, s.
    pause_seconds : float
        How long it rests before it is looked at.
    num_missing : int
        Of what came meanwhile, or failed, in all its failures.
    lost_seconds : float
        How long its failures lasted, but for the one that lasts, s.
    num_times : int
        How often it has failed after it had written.
    num_written : int
        By the sink when it was last tried again.
    went_on_at : float or None
        When it wrote again, by ``time.monotonic()``, s; None while the trouble lasts.
    """

    message: str
    since: float
    look_at: float
    pause_seconds: float = FIRST_RETRY_SECONDS
    num_missing: int = 0
    lost_seconds: float = 0.0
    num_times: int = 1
    num_written: int = 0
    went_on_at: float | None = None

    @property
    def what(self) -> str:
        """Its failure, and how long it lasted where it is over."""
        times = f"; {self.num_times} times" if self.num_times > 1 else ""
        over = "" if self.went_on_at is None else f"; it went on after {self.lost_seconds:.0f} s"
        return f"{self.message}{times}{over}"


class SuspendedSinks:
    """Remembers of each sink that failed one line, which grows no longer however often it fails."""

    def __init__(self) -> None:
        self._troubles: dict[Sink, _Trouble] = {}
        self._resting: list[Sink] = []
        self._tried: list[Sink] = []

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """Those that rest."""
        return tuple(self._resting)

    def have_met(self, sink: Sink) -> bool:
        """Tell whether a sink has ever failed."""
        return sink in self._troubles

    def release(self) -> frozenset[Sink]:
        """Have none rest any more."""
        released, self._resting = frozenset(self._resting), []
        return released

    def put(self, sink: Sink, message: str, now: float) -> str | None:
        """Let a sink rest."""
        lasting = [each.message for each in self._troubles.values() if each.went_on_at is None]
        trouble = self._troubles.get(sink)
        if trouble is None:
            self._troubles[sink] = _Trouble(message, now, now + FIRST_RETRY_SECONDS)
        else:
            trouble.pause_seconds = min(MAX_RETRY_SECONDS, 2 * trouble.pause_seconds)
            if trouble.went_on_at is not None:
                if now - trouble.went_on_at >= STEADY_SECONDS:
                    trouble.pause_seconds = FIRST_RETRY_SECONDS
                trouble.since, trouble.went_on_at = now, None
                trouble.num_times += 1
            trouble.message = message
            trouble.look_at = now + trouble.pause_seconds
        self._tried = [each for each in self._tried if each is not sink]
        self._resting.append(sink)
        return None if message in lasting else self._troubles[sink].what

    def miss(self, sink: Sink, event: LegEvent | Alert | Absence | None) -> None:
        """Count what a sink did not take."""
        self._troubles[sink].num_missing += sink.lacks(event)

    def to_be_tried(self, now: float, *, at_once: bool = False) -> Iterator[Sink]:
        """Ask those whose time has come."""
        for sink in self.sinks:
            trouble = self._troubles[sink]
            if now < trouble.look_at and not at_once:
                continue
            trouble.look_at = now + FIRST_RETRY_SECONDS
            if sink.recover():
                self._resting.remove(sink)
                self._tried.append(sink)
                trouble.num_written = sink.num_written
                yield sink

    def gone_on(self, now: float) -> list[Sink]:
        """Give those that have written, for the first time since they were tried again."""
        over = [sink for sink in self._tried if sink.num_written > self._troubles[sink].num_written]
        for sink in over:
            self._tried.remove(sink)
            trouble = self._troubles[sink]
            trouble.lost_seconds += now - trouble.since
            trouble.went_on_at = now
        return over

    def line(self, sink: Sink) -> str:
        """Say what became of a sink, and of all to which the same happened."""
        trouble = self._troubles[sink]
        missing = " and ".join(
            f"{each.num_missing} {other.unit}{'' if each.num_missing == 1 else 's'}"
            for other, each in self._troubles.items()
            if each.what == trouble.what and each.num_missing
        )
        if trouble.went_on_at is not None:
            return f"{trouble.what}, {f'without {missing}' if missing else 'with nothing missing'}"
        return f"{trouble.what}; missing: {missing}" if missing else trouble.what


class SinkGroup:
    """Tells each sink, and remembers what could not be written."""

    def __init__(self, sinks: Sequence[Sink], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sinks = tuple(sinks)
        self._clock = clock
        self._working: list[Sink] = []
        self._resting = SuspendedSinks()
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

    def open(self, facts: SessionInfo) -> None:
        """Open all, or none."""
        self._working = []
        try:
            for sink in self._sinks:
                sink.open(facts)
                self._working.append(sink)
        except BaseException:
            self.close(None)
            raise

    def take_block(self, block: AudioBlock, source: int = 0) -> None:
        """Hand sound over."""
        self._tell(lambda sink: sink.take_block(block, source))
        for sink in self._resting.sinks:
            sink.remember(block, source)

    def take(self, event: LegEvent | Alert | Absence) -> None:
        """Hand over what a leg said, or what is said of it."""
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
        """Hand a mark over."""
        self._tell(lambda sink: sink.take_mark(at_seconds, clock), None)

    def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:
        """Tell that a pause begins or ends."""
        self._tell(lambda sink: sink.take_pause(at_seconds, clock, paused=paused), None)

    def tell_complaints(self) -> None:
        """Tell all what went wrong since the last call, as in a thread beside the session."""
        known, self._told_complaints = self._told_complaints, self.complaints
        for line in self._told_complaints:
            if line not in known:
                self._tell_complaint(line)

    def close(self, summary: Summary | None) -> None:
        """Close all, in the order in which they were opened; a second call does nothing."""
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

    def _tell(self, call: Callable[[Sink], None], *events: LegEvent | Alert | Absence | None) -> None:
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
