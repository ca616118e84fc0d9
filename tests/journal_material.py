"""A journal in small: an event of each type, and the file that they make."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamer.events import Absence, Alert, Complaint, Event, Failure, Gap, LineFit, Mark, Pause, Skip
from streamer.session_info import Summary
from streamer.sinks.journal import JournalWriter
from tests.session_material import STARTED, SUMMARY, facts, silent_row, speech_row

SKIP = Skip(
    leg="mono", window=2, start=0.1, end=0.3, start_sample=100, end_sample=300, lag_seconds=2.5, demand=1.5
)
GAP = Gap(leg="mono", start=0.3, end=0.5, start_sample=300, end_sample=500, cause="overrun", estimated=True)
ALERT = Alert(
    leg="mono",
    rule="angry>0.7",
    label="angry",
    onset_seconds=0.05,
    at_seconds=0.25,
    probability=0.9,
    delay_seconds=0.2,
    window=1,
    onset_sample=50,
    end_sample=250,
)
ROWS = (silent_row(0), speech_row(1), replace(speech_row(3), state="unsure", emotion=None, voice_known=0.5))
EVENTS: tuple[Event, ...] = (
    ROWS[0],
    ROWS[1],
    ALERT,
    SKIP,
    GAP,
    ROWS[2],
    Mark(0.4, STARTED + 0.5),
    Pause(0.4, STARTED + 0.5, paused=True),
    Pause(0.4, STARTED + 1.5, paused=False),
    LineFit("mono", 0.45, fits=False),
    Absence(0, "a source — with ünicode", 0.5, "unplugged"),
    Failure("no room"),
    Complaint("a command failed"),
)


def written_journal(
    path: Path, events: Sequence[Event] = EVENTS, summary: Summary | None = SUMMARY, **head: Any
) -> Path:
    """Write a journal."""
    sink = JournalWriter(path)
    sink.open(facts(**head))
    for event in events:
        sink.handle(event)
    sink.close(summary)
    return path
