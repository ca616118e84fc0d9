"""The report of one or two sessions as one HTML file that opens offline."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from callmood import __version__
from callmood.reports.analysis import strength
from callmood.reports.html_sections import Playable, session_article
from callmood.reports.style import NEUTRAL, LabelStyle, label_styles
from callmood.reports.words import RESPONSIBLE_USE
from streamer.session_info import SessionClock

if TYPE_CHECKING:
    from callmood.reports.analysis import LegAnalysis, SessionAnalysis
    from callmood.reports.sound import LegAudio

_RESPONSIBLE: Final = (
    '<section class="responsible" aria-labelledby="responsible">\n'
    '<h2 id="responsible">Responsible use</h2>\n<ul>\n'
    + "".join(f"<li><strong>{name}.</strong> {words}</li>\n" for name, words in RESPONSIBLE_USE.items())
    + "</ul>\n</section>"
)
_SCALE: Final = 254
_NONE: Final = 255
"""Stands for no probability; else `_SCALE` is 1."""


@dataclass(frozen=True, slots=True, eq=False)
class PageSession:
    """A session with what the page embeds of it.

    Attributes
    ----------
    analysis : SessionAnalysis
        What is told of it.
    audio : mapping of str to LegAudio
        The sound of each leg that has any.
    spectrograms : mapping of str to bytes
        A PNG for each leg that has one, from 0 to the length of the session, without axes.
    why_silent : str
        Why there is no audio, for the end of a sentence.
    """

    analysis: "SessionAnalysis"
    audio: "Mapping[str, LegAudio]" = field(default_factory=dict)
    spectrograms: Mapping[str, bytes] = field(default_factory=dict)
    why_silent: str = "none was kept"


def write_page(sessions: Sequence[PageSession]) -> bytes:
    """Write the page.

    Nothing is fetched: styles, script, sound and pictures are in the page, and its policy forbids all else.
    Whatever text a journal holds is shown as text.

    Parameters
    ----------
    sessions : sequence of PageSession
        One, or two to compare on the same axes.

    Returns
    -------
    bytes
        HTML in UTF-8.
    """
    folder = files("callmood.reports") / "page"
    styles = label_styles(label for session in sessions for label in session.analysis.labels)
    script = (folder / "report.js").read_text("utf-8")
    style = (folder / "report.css").read_text("utf-8") + _colour_rules(sessions, styles)
    names = " and ".join(session.analysis.name for session in sessions)
    page = Template((folder / "report.html").read_text("utf-8")).substitute(
        policy=(
            f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
            "img-src data:; media-src data:; base-uri 'none'; form-action 'none'"
        ),
        version=escape(__version__),
        title=f"{escape(names)} · callmood",
        layout="pair" if len(sessions) > 1 else "single",
        style=style,
        script=script,
        sessions="\n".join(
            session_article(number, each.analysis, _playable(each), each.spectrograms, each.why_silent)
            for number, each in enumerate(sessions)
        ),
        responsible=_RESPONSIBLE,
        audio="\n".join(_audio_elements(sessions)),
        data=_json({"sessions": [_session_data(session, styles) for session in sessions]}),
    )
    return page.encode("utf-8", "replace")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _playable(session: PageSession) -> Playable:
    return {leg: [(piece.start, piece.end) for piece in audio.pieces] for leg, audio in session.audio.items()}


def _audio_elements(sessions: Sequence[PageSession]) -> Iterator[str]:
    for number, session in enumerate(sessions):
        for leg_number, leg in enumerate(session.analysis.legs):
            if audio := session.audio.get(leg.plan.name):
                source = f"data:{escape(audio.mime)};base64,{base64.b64encode(audio.data).decode()}"
                yield f'<audio id="audio-{number}-{leg_number}" preload="none" src="{source}"></audio>'


def _colour_rules(sessions: Sequence[PageSession], styles: Mapping[str, LabelStyle]) -> str:
    """Give each session's labels their colours: in the style, since the policy allows none elsewhere."""
    return "".join(
        f"#session-{number} .e{place}{{--own:{styles[label].colour}}}\n"
        for number, session in enumerate(sessions)
        for place, label in enumerate(session.analysis.labels)
    )


def _json(value: object) -> str:
    """Write JSON that cannot end the element it stands in; U+2028 and U+2029 are escaped as all non-ASCII."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _packed(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def _session_data(session: PageSession, styles: Mapping[str, LabelStyle]) -> dict[str, Any]:
    """Give what the script draws; report.js has the other side."""
    analysis = session.analysis
    journal, labels = analysis.journal, analysis.labels
    neutral = labels.index(NEUTRAL) if NEUTRAL in labels else -1
    started = SessionClock.of(journal.header).at(0.0)
    emotional = [
        moment.episode for leg in analysis.legs for moment in leg.moments if moment.episode.kind != NEUTRAL
    ]
    strongest = max(emotional, key=strength, default=None)
    return {
        "seconds": analysis.seconds,
        # Where the cursor stands at first: at something worth reading.
        "cursor": 0.0 if strongest is None else strongest.peak_seconds,
        # As if the session's own offset from UTC were none: the page needs no time zone then.
        "clock": None if started is None else started.replace(tzinfo=UTC).timestamp() * 1000,
        "win": journal.header.win_seconds,
        "step": journal.header.step_seconds,
        "labels": labels,
        "letters": [styles[label].letter for label in labels],
        "colours": [styles[label].colour for label in labels],
        "patterns": [styles[label].pattern for label in labels],
        # From below: a strong emotion is read from zero.
        "order": sorted(range(len(labels)), key=lambda number: number == neutral),
        "neutral": neutral,
        "marks": [[mark.at_seconds, mark.note or ""] for mark in journal.marks],
        "legs": [_leg_data(session, leg) for leg in analysis.legs],
    }


def _leg_data(session: PageSession, leg: "LegAnalysis") -> dict[str, Any]:
    name = leg.plan.name
    shares = np.round(np.clip(leg.smoothed, 0.0, 1.0) * _SCALE)
    levels = np.clip(np.round(-2.0 * np.nan_to_num(leg.levels, nan=-120.0)), 0, 240)
    gaps = [(gap.start, gap.end, gap.cause) for gap in session.analysis.journal.gaps if gap.leg == name]
    audio = session.audio.get(name)
    return {
        "name": name,
        "analysed": leg.plan.analysed,
        "starts": _packed(leg.starts.astype("<f8")),
        "ends": _packed(leg.ends.astype("<f8")),
        "states": _packed(leg.states),
        "emotions": _packed(leg.emotions),
        "smoothed": _packed(np.where(np.isnan(shares), _NONE, shares).astype(np.uint8)),
        "levels": _packed(levels.astype(np.uint8)),
        "gaps": sorted(gaps),
        "alerts": [[story.alert.at_seconds, story.alert.rule] for story in leg.alerts],
        "pieces": [(each.start, each.end, each.offset_seconds) for each in (audio.pieces if audio else ())],
    }
