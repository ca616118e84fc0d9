"""The last words of a session, for people."""

from collections.abc import Mapping

from emotion.printable import printable
from streamer.lines.duration_text import duration_text
from streamer.session_facts import SessionFacts, Summary


def summary_text(summary: Summary, facts: SessionFacts) -> str:
    """Say what a session was.

    Parameters
    ----------
    summary : Summary
        Its figures.
    facts : SessionFacts
        Its head.

    Returns
    -------
    str
        A few lines without colour; what did not happen is left out, what failed comes last.
    """
    lines = [
        f"session   {facts.session}, {duration_text(summary.seconds)} of {printable(facts.source_name)}, "
        f"model {facts.model}",
        f"windows   {summary.windows}{_counted(': ', _seen(summary.states))}",
        f"emotions  {_counted('', _in_order(summary.emotions, facts.labels)) or 'none shown'}",
    ]
    if lost := _lost(summary):
        lines.append(f"missing   {', '.join(lost)}")
    if len(summary.talk_seconds) > 1:
        lines.append(f"talk      {_talk(summary)}")
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


def _talk(summary: Summary) -> str:
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


def _seen(counts: Mapping[str, int]) -> dict[str, int]:
    """Leave out what never was."""
    return {name: count for name, count in counts.items() if count}


def _counted(lead: str, counts: Mapping[str, int]) -> str:
    """List counts after a lead; nothing where there are none."""
    return lead + ", ".join(f"{name} {count}" for name, count in counts.items()) if counts else ""
