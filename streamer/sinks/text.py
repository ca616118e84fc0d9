"""Plain lines for people: one a window, and the summary at the end."""

from collections.abc import Mapping
from typing import Final

from emotion.errors import OutputError
from emotion.untrusted_text import printable
from streamer.alerts import Alert
from streamer.events import Absence, Gap, Row, Skip, SkipEpisodes
from streamer.session_info import SessionClock, SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.sinks.writer import LinePrinter


def duration_text(seconds: float) -> str:
    """Write a stretch of time."""
    tenths = round(seconds * 10)
    hours, tenths = divmod(tenths, 36_000)
    minutes, tenths = divmod(tenths, 600)
    return f"{hours}:{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"


def summary_text(summary: Summary, facts: SessionInfo) -> str:
    """Say what a session was."""
    lines = [
        f"session   {facts.session}, {duration_text(summary.seconds)} of {printable(facts.source_name)}, "
        f"model {facts.model}",
        f"windows   {summary.windows}{_counted(': ', _nonzero(summary.states))}",
        f"emotions  {_counted('', _in_order(summary.emotions, facts.labels)) or 'none shown'}",
    ]
    if lost := _lost(summary):
        lines.append(f"missing   {', '.join(lost)}")
    if len(summary.talk_seconds) > 1:
        lines.append(f"talk      {_talk_text(summary)}")
    if summary.alerts:
        lines.append(f"alerts    {summary.alerts}")
    if summary.marks:
        lines.append(f"marks     {summary.marks}")
    if abs(summary.slip_seconds) >= 0.1:
        lines.append(f"slip      {summary.slip_seconds:+.2f} s of sound against the clock")
    if summary.drift_seconds is not None:
        lines.append(f"drift     {summary.drift_seconds:+.3f} s of the second source behind the first")
    if facts.shows_change_after_seconds is not None:
        lines.append(f"delay     shows a change after {facts.shows_change_after_seconds:.1f} s, as measured")
    lines.append(
        f"speed     {summary.real_time_factor:.3f} of real time, longest lag {summary.max_lag_seconds:.3f} s"
    )
    lines += [f"written   {printable(file)}" for file in summary.files]
    lines += [f"note      {printable(complaint)}" for complaint in summary.complaints]
    lines += [f"failed    {printable(failure)}" for failure in summary.failures]
    return "\n".join(lines)


def _talk_text(summary: Summary) -> str:
    """Say how long each leg talked, and how long several did."""
    total = sum(summary.talk_seconds.values())
    legs = (
        f"{leg} {seconds:.1f} s ({seconds / total if total else 0.0:.0%})"
        for leg, seconds in summary.talk_seconds.items()
    )
    return f"{', '.join(legs)}, both {summary.overlap_seconds:.1f} s"


def _lost(summary: Summary) -> list[str]:
    """Name each way in which sound went missing."""
    lost = []
    if summary.gaps:
        lost.append(f"{summary.gaps} {'gap' if summary.gaps == 1 else 'gaps'}")
    if summary.overruns:
        lost.append(f"{summary.overruns} {'overrun' if summary.overruns == 1 else 'overruns'}")
    if summary.skipped:
        lost.append(f"{summary.skipped} {'window' if summary.skipped == 1 else 'windows'} skipped")
    if summary.dropped_seconds:
        lost.append(f"{summary.dropped_seconds:.2f} s dropped")
    if summary.paused_seconds:
        lost.append(f"{summary.paused_seconds:.2f} s paused")
    if summary.non_finite_samples:
        lost.append(f"{summary.non_finite_samples} non-finite samples taken as 0")
    return lost


def _in_order(counts: Mapping[str, int], labels: tuple[str, ...]) -> dict[str, int]:
    """Put counts into the model's order and leave out what never led."""
    return {label: counts[label] for label in labels if counts.get(label)}


def _nonzero(counts: Mapping[str, int]) -> dict[str, int]:
    """Leave out what never was."""
    return {name: count for name, count in counts.items() if count}


def _counted(lead: str, counts: Mapping[str, int]) -> str:
    """List counts after a lead; nothing where there are none."""
    return lead + ", ".join(f"{name} {count}" for name, count in counts.items()) if counts else ""


_WIDTH_OF_STATE: Final = 8
_WIDTH_OF_TIME: Final = 11


class PlainLines(Sink):
    """One aligned line a row: clock, stream time, state or emotion, percentages, level; no colour."""

    def __init__(self, printer: LinePrinter) -> None:
        self._printer = printer
        self._facts: SessionInfo | None = None
        self._spells = SkipEpisodes()
        self._clock = SessionClock.from_epoch(0.0)

    def open(self, facts: SessionInfo) -> None:
        """Print the head; a reader that has gone already is found out with the first row."""
        self._facts = facts
        self._clock = SessionClock.from_epoch(facts.started)
        try:
            self._print_head(facts)
        except OutputError:
            if not self._printer.reader_gone:
                raise

    def _print_head(self, facts: SessionInfo) -> None:
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
