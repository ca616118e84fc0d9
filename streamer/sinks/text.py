"""Plain lines for people: one a window, and the summary at the end."""

from collections.abc import Mapping
from typing import Final

from emotion.errors import printable
from streamer.events import (
    Absence,
    Alert,
    Complaint,
    Event,
    Failure,
    Gap,
    LineFit,
    Mark,
    Pause,
    Row,
    Skip,
    SkipEpisodes,
)
from streamer.session_info import LegSummary, SessionInfo, Summary
from streamer.session_memory import line_message, line_text
from streamer.sinks.base import counted
from streamer.sinks.writer import LinePrinter, PrinterSink


def duration_text(seconds: float) -> str:
    """Write hours, minutes, seconds and tenths, as ``0:01:03.5``."""
    tenths = round(seconds * 10)
    hours, tenths = divmod(tenths, 36_000)
    minutes, tenths = divmod(tenths, 600)
    return f"{hours}:{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"


def clock_text(seconds: float, *, hours: bool = False) -> str:
    """Write whole seconds as ``12:03``, or as ``1:02:03`` from an hour on and where hours are asked for."""
    whole, rest = divmod(round(seconds), 3600)
    minutes = f"{rest // 60:02d}" if whole or hours else str(rest // 60)
    return f"{whole}:{minutes}:{rest % 60:02d}" if whole or hours else f"{minutes}:{rest % 60:02d}"


def summary_text(summary: Summary, info: SessionInfo) -> str:
    """Describe a session after its end, in several lines."""
    emotions = {label: summary.emotions.get(label, 0) for label in info.labels}
    lines = [
        f"session   {info.session}, {duration_text(summary.seconds)} of {printable(info.source_name)}, "
        f"model {info.model}",
        f"windows   {summary.windows}{_counts(': ', summary.states)}",
        f"emotions  {_counts('', emotions) or 'none shown'}",
    ]
    if lost := _lost(summary):
        lines.append(f"missing   {', '.join(lost)}")
    if len(summary.talk_seconds) > 1:
        lines.append(f"talk      {_talk_text(summary)}")
    lines += [f"leg       {_leg_text(leg, each)}" for leg, each in summary.legs.items()]
    if summary.alerts:
        lines.append(f"alerts    {summary.alerts}")
    if summary.marks:
        lines.append(f"marks     {summary.marks}")
    if abs(summary.slip_seconds) >= 0.1:
        lines.append(f"slip      {summary.slip_seconds:+.2f} s of sound against the clock")
    if summary.drift_seconds is not None:
        lines.append(f"drift     {summary.drift_seconds:+.3f} s of the second source behind the first")
    if info.shows_change_after_seconds is not None:
        lines.append(f"delay     shows a change after {info.shows_change_after_seconds:.1f} s, as measured")
    lines.append(
        f"speed     {summary.real_time_factor:.3f} of real time, longest lag {summary.max_lag_seconds:.3f} s"
    )
    lines += [f"written   {printable(file)}" for file in summary.files]
    lines += [f"note      {printable(complaint)}" for complaint in summary.complaints]
    lines += [f"failed    {printable(failure)}" for failure in summary.failures]
    lines += [f"hint      {hint}" for hint in summary.hints]
    return "\n".join(lines)


def _talk_text(summary: Summary) -> str:
    """Write how long each leg talked, and how long several did at once."""
    total = sum(summary.talk_seconds.values())
    legs = (
        f"{leg} {seconds:.1f} s ({seconds / total if total else 0.0:.0%})"
        for leg, seconds in summary.talk_seconds.items()
    )
    return f"{', '.join(legs)}, both {summary.overlap_seconds:.1f} s"


def _leg_text(leg: str, summary: LegSummary) -> str:
    """Write talk time, the seconds of each emotion, and the strongest moment."""
    shown = {label: seconds for label, seconds in summary.emotion_seconds.items() if seconds}
    ordered = sorted(shown, key=lambda label: -shown[label])
    texts = [f"talk {summary.talk_seconds:.1f} s"]
    texts += [", ".join(f"{label} {shown[label]:.1f} s" for label in ordered)] if ordered else []
    if moment := summary.strongest:
        texts.append(
            f"strongest {moment.emotion} {moment.peak_probability:.0%} at {duration_text(moment.start)} for "
            f"{moment.end - moment.start:.1f} s"
        )
    return f"{leg}: {'; '.join(texts)}"


def _lost(summary: Summary) -> list[str]:
    """Name each way in which sound went missing."""
    amounts = {
        counted(summary.gaps, "gap"): summary.gaps,
        counted(summary.overruns, "overrun"): summary.overruns,
        f"{counted(summary.skipped, 'window')} skipped": summary.skipped,
        f"{summary.dropped_seconds:.2f} s dropped": summary.dropped_seconds,
        f"{summary.paused_seconds:.2f} s paused": summary.paused_seconds,
        f"{summary.non_finite_samples} non-finite samples taken as 0": summary.non_finite_samples,
    }
    return [text for text, amount in amounts.items() if amount]


def _counts(lead: str, counts: Mapping[str, int]) -> str:
    """List counts that are not zero after a lead; nothing where there are none."""
    texts = [f"{name} {count}" for name, count in counts.items() if count]
    return lead + ", ".join(texts) if texts else ""


_STATE_WIDTH: Final = 8
_TIME_WIDTH: Final = 11


class PlainLines(PrinterSink):
    """One aligned line a row: clock, stream time, state or emotion, percentages, level; no colour."""

    def __init__(self, printer: LinePrinter) -> None:
        super().__init__(printer)
        self._labels: tuple[str, ...] = ()
        self._leg_width = 0
        self._skip_episodes = SkipEpisodes()

    def print_head(self, info: SessionInfo) -> None:
        """Print sources and model with their notes."""
        self._note_legs(info)
        self.printer.write(f"session   {info.session}")
        for source in info.sources:
            channels = counted(source.channels, "channel")
            self.printer.write(f"source    {printable(source.name)}, {source.sample_rate} Hz, {channels}")
        for note in info.notes:
            self.printer.write(f"          note: {note}")
        for leg, line in info.lines.items():
            who = f"{leg}: " if self._leg_width else ""
            voices = counted(line.voices, "voice")
            self.printer.write(f"line      {who}{printable(line.name)} ({printable(line.codec)}), {voices}")
        self.printer.write(
            f"model     {info.model} ({info.feature_set}), win {info.win_seconds:g} s, "
            f"step {info.step_seconds:g} s"
        )
        for note in info.model_notes:
            self.printer.write(f"          note: {note}")

    def handle(self, event: Event) -> None:
        """Print the line of an event."""
        match event:
            case Row():
                self._print_at(event.end, self._row_text(event))
            case Skip():
                if self._skip_episodes.begins_with(event):
                    self._print_at(
                        event.end, f"too slow: x{event.demand:.1f}; windows are skipped from here on"
                    )
            case Gap():
                about = "about " if event.estimated else ""
                leg = f"{event.leg}: " if self._leg_width else ""
                seconds = event.end - event.start
                self._print_at(event.start, f"{leg}gap: {about}{seconds:.3f} s not heard ({event.cause})")
            case Absence():
                self._print_at(event.at_seconds, f"waiting for {printable(event.source)}: {event.reason}")
            case LineFit():
                self._print_at(event.at_seconds, line_message(event) if self._leg_width else line_text(event))
            case Alert():
                self._print_at(event.at_seconds, f"alert: {event.text}")
            case Mark():
                note = f": {printable(event.note)}" if event.note else ""
                self._print_at(event.at_seconds, f"mark{note}", event.clock)
            case Pause():
                text = "paused: nothing is analysed or saved" if event.paused else "resumed"
                self._print_at(event.at_seconds, text, event.clock)
            case Failure():
                self.printer.write(f"failed: {event.message}")
            case Complaint():
                self.printer.write(f"note: {printable(event.message)}")

    def print_summary(self, summary: Summary, info: SessionInfo) -> None:
        """Print the summary."""
        self.printer.write(summary_text(summary, info))

    def _note_legs(self, info: SessionInfo) -> None:
        self._labels = info.labels
        self._leg_width = max(len(leg.name) for leg in info.legs) if len(info.legs) > 1 else 0

    def _row_text(self, row: Row) -> str:
        percentages = "  ".join(_percentage(label, row) for label in self._labels)
        leg = f"{row.leg:<{self._leg_width}}  " if self._leg_width else ""
        shown = row.emotion or row.state
        return f"{leg}{shown:<{_STATE_WIDTH}}  {percentages}  {row.level_dbfs:6.1f} dBFS"

    def _print_at(self, stream_seconds: float, text: str, clock: float | None = None) -> None:
        """Print a line that begins with the clock, where there is one, and the stream time."""
        time = f"{duration_text(stream_seconds):>{_TIME_WIDTH}}"
        moment = self.clock.at(stream_seconds)
        if moment is not None and clock is not None:
            moment = self.clock.key_at(stream_seconds, clock)
        self.printer.write(f"{time}  {text}" if moment is None else f"{moment:%H:%M:%S}  {time}  {text}")


class WarningLines(PlainLines):
    """Only the lines that tell of something missing or failed, each failure once."""

    def __init__(self, printer: LinePrinter) -> None:
        super().__init__(printer)
        self._printed: set[str] = set()

    def print_head(self, info: SessionInfo) -> None:
        """Print nothing."""
        self._note_legs(info)

    def handle(self, event: Event) -> None:
        """Print the line of a warning or an error."""
        if isinstance(event, Failure | Complaint):
            self._printed.add(event.message)
        if isinstance(event, Skip | Gap | Absence | LineFit | Failure | Complaint):
            super().handle(event)

    def print_summary(self, summary: Summary, info: SessionInfo) -> None:  # noqa: ARG002 - as in the base
        """Print what was found at the end."""
        for kind, messages in (("note", summary.complaints), ("failed", summary.failures)):
            for message in messages:
                if message not in self._printed:
                    self.printer.write(f"{kind}: {printable(message)}")


def _percentage(label: str, row: Row) -> str:
    """Write a label and its percentage; a dash where there is no speech."""
    share = "   -" if row.smoothed is None else f"{100 * row.smoothed[label]:3.0f}%"
    return f"{label} {share}"
