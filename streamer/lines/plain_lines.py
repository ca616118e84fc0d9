"""One plain line a window, for people off a terminal."""

from typing import Final

from emotion.errors import OutputError
from emotion.printable import printable
from streamer.absence import Absence
from streamer.alerts.alert import Alert
from streamer.lines.duration_text import duration_text
from streamer.lines.line_printer import LinePrinter
from streamer.lines.summary_text import summary_text
from streamer.row import Gap, Row, Skip
from streamer.session_clock import SessionClock
from streamer.session_facts import SessionFacts, Summary
from streamer.sink import Sink
from streamer.skip_spells import SkipSpells

_WIDTH_OF_STATE: Final = 8
_WIDTH_OF_TIME: Final = 11


class PlainLines(Sink):
    """Clock, stream time, state or emotion, the smoothed percentages, the level: aligned and without colour.

    Parameters
    ----------
    printer : LinePrinter
        Usually to standard output.
    """

    def __init__(self, printer: LinePrinter) -> None:
        self._printer = printer
        self._facts: SessionFacts | None = None
        self._spells = SkipSpells()
        self._clock = SessionClock.from_epoch(0.0)

    def open(self, facts: SessionFacts) -> None:
        """Print the head; a reader that has gone already is found out with the first row."""
        self._facts = facts
        self._clock = SessionClock.from_epoch(facts.started)
        try:
            self._print_head(facts)
        except OutputError:
            if not self._printer.reader_gone:
                raise

    def _print_head(self, facts: SessionFacts) -> None:
        """Print source and model with all that must be said of them."""
        self._printer.write(f"session   {facts.session}")
        for source in facts.sources:
            channels = "1 channel" if source.channels == 1 else f"{source.channels} channels"
            self._printer.write(f"source    {printable(source.name)}, {source.sample_rate} Hz, {channels}")
        for note in facts.notes:
            self._printer.write(f"          note: {note}")
        self._printer.write(
            f"model     {facts.model} ({facts.feature_set}), win {facts.win_seconds:g} s, "
            f"step {facts.step_seconds:g} s"
        )
        for note in facts.model_notes:
            self._printer.write(f"          note: {note}")

    def take_row(self, row: Row) -> None:
        """Print the line of a window."""
        labels, legs = (self._facts.labels, self._facts.legs) if self._facts else ((), ())
        percentages = "  ".join(_percentage(label, row) for label in labels)
        leg = f"{row.leg:<{max(len(each.name) for each in legs)}}  " if len(legs) > 1 else ""
        shown = row.emotion or row.state
        self._write_at(row.end, f"{leg}{shown:<{_WIDTH_OF_STATE}}  {percentages}  {row.level_dbfs:6.1f} dBFS")

    def take_skip(self, skip: Skip) -> None:
        """Print where skipping begins."""
        if self._spells.begins_with(skip):
            self._write_at(skip.end, f"too slow: x{skip.demand:.1f}; windows are skipped from here on")

    def take_gap(self, gap: Gap) -> None:
        """Print that sound is missing."""
        about = "about " if gap.estimated else ""
        leg = f"{gap.leg}: " if self._facts is not None and len(self._facts.legs) > 1 else ""
        self._write_at(gap.start, f"{leg}gap: {about}{gap.end - gap.start:.3f} s not heard ({gap.cause})")

    def take_absence(self, absence: Absence) -> None:
        """Print that a device has gone."""
        self._write_at(absence.at_seconds, f"waiting for {printable(absence.source)}: {absence.reason}")

    def take_alert(self, alert: Alert) -> None:
        """Print an alert."""
        self._write_at(alert.at_seconds, f"alert: {alert.text}")

    def take_mark(self, at_seconds: float, clock: float) -> None:
        """Print a mark."""
        self._write_at(at_seconds, "mark", clock)

    def take_pause(self, at_seconds: float, clock: float, *, paused: bool) -> None:
        """Print where a pause begins or ends."""
        self._write_at(at_seconds, "paused: nothing is analysed or saved" if paused else "resumed", clock)

    def take_failure(self, message: str) -> None:
        """Print that another sink was given up."""
        self._printer.write(f"failed: {message}")

    def take_complaint(self, message: str) -> None:
        """Print what went wrong beside the session."""
        self._printer.write(f"note: {printable(message)}")

    @property
    def may_recover(self) -> bool:
        """True as long as there is a reader."""
        return not self._printer.reader_gone

    def recover(self) -> bool:
        """Look whether the reader reads."""
        return self._printer.is_ready()

    @property
    def num_written(self) -> int:
        """Lines printed."""
        return self._printer.num_written

    def close(self, summary: Summary | None) -> None:
        """Print the summary, once."""
        facts, self._facts = self._facts, None
        if summary is not None and facts is not None:
            self._printer.write(summary_text(summary, facts))

    def _write_at(self, stream_seconds: float, text: str, clock: float | None = None) -> None:
        """Print a line that begins with the clock and the stream time."""
        wall = self._clock.at(stream_seconds) if clock is None else self._clock.read(clock)
        time = duration_text(stream_seconds)
        self._printer.write(f"{wall:%H:%M:%S}  {time:>{_WIDTH_OF_TIME}}  {text}")


def _percentage(label: str, row: Row) -> str:
    """Give a label and its percentage; a dash where there is no speech."""
    share = "   -" if row.smoothed is None else f"{100 * row.smoothed[label]:3.0f}%"
    return f"{label} {share}"
