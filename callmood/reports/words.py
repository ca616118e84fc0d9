"""The wording that all reports share: times, lengths, shares, and what is said of a session at its top."""

import math
from collections.abc import Mapping
from typing import Final

from streamer.session_info import SessionClock, SessionInfo
from streamer.sinks.text import clock_text, duration_text

DASH: Final = "\N{EN DASH}"

NO_TIME: Final = "not known: a recording was replayed"
"""In the place of the time of the call."""
_ALERTS_NOT_KNOWN: Final = "not known: an older callmood wrote the journal"

RESPONSIBLE_USE: Final[Mapping[str, str]] = {
    "Consent": (
        "Tell everyone on a call what you analyse and keep, and get their agreement first. A report can hold "
        "their voices: keep it as you keep a recording, and delete it with the session."
    ),
    "Limits": (
        "The models of callmood learned from actors. They do not know what people feel and are often wrong "
        "about strangers. Do not base decisions about people on a report."
    ),
    "Law": (
        "In the EU, inferring the emotions of employees or pupils is prohibited except for medical or safety "
        "reasons: AI Act, article 5(1)(f). For everyone else in the EU, article 50(3) requires that you tell "
        "them."
    ),
}


def time_text(seconds: float) -> str:
    """Write a time of the stream, as ``0:12:08``; with a tenth where it is not a whole second."""
    return duration_text(max(0.0, seconds)).removesuffix(".0")


def length_text(seconds: float) -> str:
    """Write a length in words, as ``4.5 s`` or ``1 h 02 min``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s".replace(".0 ", " ")
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def short_length(seconds: float) -> str:
    """Write a length in a few cells, as ``4.5 s``, ``12:03`` or ``1:02:03``."""
    return f"{seconds:.1f} s" if seconds < 59.95 else clock_text(seconds)


def percent_text(share: float | None) -> str:
    """Write a probability or a share, as ``82 %``."""
    return DASH if share is None or math.isnan(share) else f"{100 * share:.0f} %"


def session_facts(header: SessionInfo) -> dict[str, str]:
    """Say when the call was, what the parties were told, and by which rules it was watched."""
    started = SessionClock.of(header).at(0.0)
    facts = {"recorded": NO_TIME if started is None else f"{started:%Y-%m-%d %H:%M:%S %z}"}
    if header.announced:
        facts["announced"] = header.announced
    rules = "none" if not header.alerts else "; ".join(header.alerts)
    facts["rules"] = _ALERTS_NOT_KNOWN if header.alerts is None else rules
    return facts
