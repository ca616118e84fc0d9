"""The written part of the HTML report: what the tables of a session say, without a script."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

from callmood.reports.words import DASH, NO_TIME, length_text, percent_text, time_text
from streamer.events import STATES
from streamer.session_info import SessionClock
from streamer.sinks.base import counted

if TYPE_CHECKING:
    from callmood.reports.analysis import AlertStory, Change, LegAnalysis, Moment, Reaction, SessionAnalysis
    from streamer.episodes import Episode

_HEARD_SECONDS: Final = 2.0
"""So much of a long span is worth a button: reports embed parts of it."""

Playable: TypeAlias = Mapping[str, Sequence[tuple[float, float]]]
"""By leg: the spans of stream time, s, whose sound the page holds."""

MOST_ROWS: Final = 200
"""Of a table: `callmood export` gives them all."""
_STAFF: Final = '<span class="chip">staff</span>'
_MINUS: Final = "\N{MINUS SIGN}"
_TIMES: Final = "\N{MULTIPLICATION SIGN}"
OPEN_ROWS: Final = 12
"""Of what was unsure: more must be opened."""
CHANGE_SECONDS: Final = 4.0
"""Played before and after a change."""

_TOOLBAR: Final = f"""\
<div class="toolbar" role="group" aria-label="View of the timeline">
<button type="button" data-command="out" aria-label="Zoom out" title="Zoom out (-)">{_MINUS}</button>
<button type="button" data-command="in" aria-label="Zoom in" title="Zoom in (+)">+</button>
<button type="button" data-command="back" aria-label="Earlier" title="Earlier (Shift + ←)">←</button>
<button type="button" data-command="on" aria-label="Later" title="Later (Shift + →)">→</button>
<button type="button" data-command="whole" title="Whole session (0)">Whole session</button>
<span class="span"></span>
</div>"""

_KEYS: Final = """\
Point at the timeline to read values. Drag to move. Zoom with Ctrl + wheel, or pinch; after a click the wheel
alone zooms. Keys: <kbd>←</kbd> <kbd>→</kbd> cursor, with <kbd>Shift</kbd> the view; <kbd>+</kbd>
<kbd>-</kbd> zoom; <kbd>0</kbd> whole session; <kbd>Home</kbd> <kbd>End</kbd>; <kbd>Esc</kbd> stops the
sound. Where many windows share a pixel, the strongest emotion is drawn, so no peak is lost."""


def session_article(
    number: int,
    analysis: "SessionAnalysis",
    playable: Playable,
    spectrograms: Mapping[str, bytes],
    why_silent: str,
) -> str:
    """Write all of a session.

    Parameters
    ----------
    number : int
        Of the session on the page.
    analysis : SessionAnalysis
        What is told.
    playable : mapping of str to sequence of (float, float)
        What can be heard.
    spectrograms : mapping of str to bytes
        PNG by leg.
    why_silent : str
        Why nothing can be heard, where that is so.

    Returns
    -------
    str
        An ``article`` element; text of the session is escaped.
    """
    writer = _Writer(number, analysis, playable, why_silent)
    sections = chain(
        writer.timeline(spectrograms),
        writer.legs(),
        writer.moments(),
        writer.changes(),
        writer.alerts(),
        writer.marks(),
        writer.gaps(),
        writer.reactions(),
        writer.unsure(),
        writer.limits(),
    )
    top, rest = "\n".join(writer.head()), "\n".join(sections)
    # Two parts, so that the timelines of two sessions begin at the same height.
    return (
        f'<article class="session" id="session-{number}" aria-labelledby="name-{number}">\n'
        f"<div>\n{top}\n</div>\n<div>\n{rest}\n</div>\n</article>"
    )


def _times(count: int) -> str:
    return f"{count}{_TIMES}"


def _isolated(text: str) -> str:
    """Write text of unknown direction."""
    return f"<bdi>{escape(text)}</bdi>"


def _bar(shares: Iterable[tuple[str, float]]) -> str:
    """Draw shares side by side; numbers stand beside it."""
    rectangles, left = [], 0.0
    for kind, share in shares:
        width = 100 * min(1.0, max(0.0, share))
        rectangles.append(f'<rect class="{kind}" x="{left:.1f}" width="{width:.1f}" height="10"/>')
        left += width
    head = '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
    return f"{head}{''.join(rectangles)}</svg>"


def _table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """Write a table; cells are HTML, the first one heads its row."""
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    body = "\n".join(
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>"
        for row in rows[:MOST_ROWS]
    )
    more = len(rows) - MOST_ROWS
    rest = (
        f'<p class="note">{more} more: <code>callmood export</code> gives them all.</p>' if more > 0 else ""
    )
    # Who has no mouse scrolls a wide table once it has the focus; narrow ones are no stop on the way.
    region = f' tabindex="0" role="region" aria-label="{caption}"' if len(columns) > 3 else ""
    return (
        f'<div class="scroll"{region}><table class="{kind}">'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>{rest}"
    )


class _Writer:
    """Writes the sections of one session."""

    def __init__(self, number: int, analysis: "SessionAnalysis", playable: Playable, why_silent: str) -> None:
        self._why_silent = why_silent
        self._number = number
        self._analysis = analysis
        self._header = analysis.journal.header
        self._playable = playable
        self._kinds = {label: f"e{index}" for index, label in enumerate(analysis.labels)}
        self._leg_numbers = {leg.plan.name: index for index, leg in enumerate(analysis.legs)}
        self._analysed = [leg for leg in analysis.legs if leg.plan.analysed]
        self._estimated = {leg.plan.name for leg in self._analysed if leg.talk_is_estimated}

    def head(self) -> Iterator[str]:
        """When, how long, who, by which model; what is missing."""
        analysis, header = self._analysis, self._header
        started = SessionClock.of(header).at(0.0)
        if started is None:
            title, when = _isolated(header.source_name), NO_TIME
        else:
            title = f"{started.day} {started:%B %Y, %H:%M}"
            when = f'<time datetime="{started.isoformat()}">{started:%Y-%m-%d %H:%M:%S %z}</time>'
        sources = ", ".join(_isolated(source.name) for source in header.sources)
        notes = "".join(f" · {_isolated(note)}" for note in header.model_notes)
        facts = [
            ("Recorded", when),
            ("Length", length_text(analysis.seconds)),
            ("Legs", ", ".join(self._role(leg) for leg in analysis.legs)),
            ("Sound from", sources),
            ("Model", f"{_isolated(header.model)}{notes}<br>{escape(' '.join(analysis.limits[:1]))}"),
        ]
        if header.announced:
            facts.append(("Announced", _isolated(header.announced)))
        if header.alerts:
            facts.append(("Alert rules", "<br>".join(_isolated(rule) for rule in header.alerts)))
        if header.notes:
            facts.append(("Notes", "<br>".join(_isolated(note) for note in header.notes)))
        yield f'<header><h1 id="name-{self._number}">{title}</h1>'
        yield f'<p class="id">Session {_isolated(analysis.name)}</p>'
        yield f'<p class="lead">{self._lead()}</p>'
        yield "<dl>"
        for name, value in facts:
            kind = ' class="wide"' if len(value) > 60 else ""
            yield f"<div{kind}><dt>{name}</dt><dd>{value}</dd></div>"
        yield "</dl></header>"
        if analysis.missing:
            lines = "".join(f"<li>{self._line(line)}</li>" for line in analysis.missing)
            yield f'<aside class="notice"><h2>Not all of this session is here</h2><ul>{lines}</ul></aside>'

    def _line(self, line: str) -> str:
        """Write a line in English that may begin with the name of a leg."""
        name, colon, rest = line.partition(": ")
        is_name = bool(colon) and name in self._leg_numbers
        return f"{_isolated(name)}: {escape(rest)}" if is_name else escape(line)

    def _lead(self) -> str:
        """The session in a few sentences."""
        analysis = self._analysis
        sentences = []
        for leg in self._analysed:
            mostly = f", mostly {_isolated(leg.dominant_emotion)}" if leg.dominant_emotion else ""
            sentences.append(f"{_isolated(leg.plan.name)} talked for {self._talk(leg)}{mostly}.")
        if analysis.overlap_seconds:
            sentences.append(f"Several talked at once for {length_text(analysis.overlap_seconds)}.")
        if alerts := analysis.journal.alerts:
            sentences.append(
                f"There {'was' if len(alerts) == 1 else 'were'} {counted(len(alerts), 'alert')}."
            )
        return " ".join(sentences)

    def timeline(self, spectrograms: Mapping[str, bytes]) -> Iterator[str]:
        """What the script draws on, and the table of the cursor."""
        number, labels = self._number, self._analysis.labels
        yield f'<section class="timeline" aria-labelledby="timeline-{number}">'
        yield f'<h2 id="timeline-{number}">Timeline</h2>'
        yield self._legend()
        yield _TOOLBAR
        yield (
            '<canvas class="overview" aria-hidden="true"></canvas>'
            '<div class="plots" tabindex="0" role="application" aria-label="Timeline of all legs" '
            f'aria-describedby="keys-{number}"><canvas class="axis" aria-hidden="true"></canvas>'
        )
        for leg in self._analysis.legs:
            yield self._figure(leg, spectrograms.get(leg.plan.name))
        yield '<div class="line cursor" hidden></div><div class="line head" hidden></div></div>'
        columns = ["Leg", "Shown", *(self._short_heading(label) for label in labels), "dBFS"]
        head = "".join(f'<th scope="col">{column}</th>' for column in columns)
        cells = f"<td>{DASH}</td>" * (len(columns) - 1)
        rows = "".join(
            f'<tr><th scope="row">{_isolated(leg.plan.name)}</th>{cells}</tr>' for leg in self._analysis.legs
        )
        yield (
            '<div class="scroll"><table class="readout"><caption>At the cursor: <span class="at"></span>'
            f"</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )
        if not any(self._playable.values()):
            yield (f'<p class="note">This report holds no sound: {escape(self._why_silent)}.</p>')
        yield f'<p class="note" id="keys-{number}">{_KEYS}</p></section>'

    def _legend(self) -> str:
        kinds = [(str(index), label) for index, label in enumerate(self._analysis.labels)]
        kinds += [(str(100 + index), state) for index, state in enumerate(STATES) if state != "speech"]
        items = "".join(
            f'<li><canvas class="swatch" width="18" height="12" data-session="{self._number}" '
            f'data-kind="{kind}" aria-hidden="true"></canvas>{_isolated(name)}</li>'
            for kind, name in kinds
        )
        return f'<ul class="legend" aria-label="Colours">{items}<li><i class="speech"></i>speech</li></ul>'

    def _figure(self, leg: "LegAnalysis", spectrogram: bytes | None) -> str:
        name = _isolated(leg.plan.name)
        index = self._leg_numbers[leg.plan.name]
        head = (
            f'<figure class="leg"><figcaption><strong>{name}</strong>{" " + _STAFF if leg.is_staff else ""}'
        )
        if not leg.plan.analysed:
            return f"{head} level only: not analysed, not recorded</figcaption></figure>"
        words = [f"talks {self._talk(leg)}"]
        if leg.dominant_emotion:
            words.append(f"mostly {_isolated(leg.dominant_emotion)}")
        button = ""
        if self._playable.get(leg.plan.name):
            button = (
                f'<button type="button" class="play here" aria-pressed="false" data-session="{self._number}" '
                f'data-leg="{index}" aria-label="Play {escape(leg.plan.name)} from the cursor">'
                "from the cursor</button>"
            )
        image = ""
        if spectrogram is not None:
            source = base64.b64encode(spectrogram).decode()
            image = f'<img alt="" hidden src="data:image/png;base64,{source}">'
        label = (
            f"Timeline of {escape(leg.plan.name)}: smoothed probability of each emotion, states, gaps, alerts"
            f"{', spectrogram' * bool(image)}. The tables below hold the same results."
        )
        return (
            f"{head} <span>{' · '.join(words)}</span>{button}</figcaption>"
            f'<canvas role="img" aria-label="{label}"></canvas>{image}</figure>'
        )

    def _role(self, leg: "LegAnalysis") -> str:
        remarks = ["staff"] * leg.is_staff + ["level only"] * (not leg.plan.analysed)
        return _isolated(leg.plan.name) + (f" ({', '.join(remarks)})" if remarks else "")

    def _talk(self, leg: "LegAnalysis") -> str:
        """Write how long an analysed leg talked; its share where others talked too."""
        share = [percent_text(leg.talk_share)] if len(self._analysed) > 1 else []
        remarks = [*share, *["estimated"] * (leg.plan.name in self._estimated)]
        return length_text(leg.talk_seconds) + (f" ({', '.join(remarks)})" if remarks else "")

    def _counted_windows(self) -> str:
        """Say why emotions can add up to more than the talk."""
        win, step = length_text(self._header.win_seconds), length_text(self._header.step_seconds)
        words = (
            f"Talk is the time with speech. Emotions and states count {step} for each window of {win}, which "
            "reaches beyond the speech in it, so they can add up to more."
        )
        if self._estimated:
            words += " Talk is estimated from the windows where the journal has no total."
        return words

    def legs(self) -> Iterator[str]:
        """Who talked how long, and what was shown how long."""
        analysis = self._analysis
        names = [*self._kinds, *(state for state in STATES if state != "speech")]
        rows = []
        for leg in analysis.legs:
            if not leg.plan.analysed:
                rows.append([self._role(leg), *[DASH] * (2 + len(names))])
                continue
            seconds = {**leg.emotion_seconds, **leg.state_seconds}
            total = sum(seconds[name] for name in names) or 1.0
            bar = _bar((self._kinds.get(name, name), seconds[name] / total) for name in names)
            times = (length_text(seconds[name]) for name in names)
            rows.append([self._role(leg), self._talk(leg), bar, *times])
        yield f'<section aria-labelledby="legs-{self._number}">'
        yield f'<h2 id="legs-{self._number}">Who talked, and how</h2>'
        if len(self._analysed) > 1:
            yield f"<p>Several talked at once for {length_text(analysis.overlap_seconds)}.</p>"
        columns = ["Leg", "Talk", "Shares", *(self._heading(name) for name in names)]
        yield _table("Talk time, and seconds of each emotion and state", columns, rows, "legs")
        yield f'<p class="note">{self._counted_windows()}</p>'
        yield "</section>"

    def _heading(self, kind: str) -> str:
        return f'<i class="dot {self._kinds.get(kind, kind)}"></i>{_isolated(kind)}'

    def _short_heading(self, label: str) -> str:
        """A label whose colour a narrow screen shows below it."""
        kind = self._kinds[label]
        return f'<i class="dot {kind}"></i><span class="{kind}">{_isolated(label)}</span>'

    def moments(self) -> Iterator[str]:
        """The strongest moments of each emotion, leg by leg."""
        yield f'<section aria-labelledby="moments-{self._number}">'
        yield f'<h2 id="moments-{self._number}">Strongest moments</h2>'
        for leg in self._analysed:
            if len(self._analysed) > 1:
                yield f"<h3>{_isolated(leg.plan.name)}</h3>"
            yield '<div class="columns">'
            level = 4 if len(self._analysed) > 1 else 3
            for label in self._analysis.labels:
                found = [moment for moment in leg.moments if moment.episode.kind == label]
                rows = [self._moment(leg, moment) for moment in found]
                yield f'<div class="emotion {self._kinds[label]}">'
                yield f"<h{level}>{self._heading(label)}</h{level}>"
                caption = f"Strongest moments of {escape(label)}, {escape(leg.plan.name)}"
                columns = ["When", "Sound", "Probabilities"]
                yield _table(caption, columns, rows, "moments") if rows else '<p class="note">none</p>'
                yield "</div>"
            yield "</div>"
        yield "</section>"

    def _moment(self, leg: "LegAnalysis", moment: "Moment") -> list[str]:
        episode = moment.episode
        when = (
            f"{self._show(leg, episode.start, episode.end, cursor=episode.peak_seconds)}"
            f"<span>{length_text(episode.end - episode.start)}</span>"
            f"<span>peak {percent_text(episode.peak_probability)}</span>"
        )
        bars = "".join(
            f'<div class="{self._kinds[label]}"><dt>{_isolated(label)}</dt>'
            f"<dd>{_bar([('own', share)])}{percent_text(share)}</dd></div>"
            for label, share in moment.probabilities.items()
        )
        return [when, self._play(leg, episode.start, episode.end), f'<dl class="bars">{bars}</dl>']

    def changes(self) -> Iterator[str]:
        """Where an emotion replaced another."""
        rows = [
            self._change(leg, change)
            for leg, change in sorted(
                ((leg, change) for leg in self._analysed for change in leg.changes),
                key=lambda each: each[1].at,
            )
        ]
        yield from self._section(
            "changes",
            "Changes",
            "The clearest changes from one emotion to another, by how long and how probable both were.",
            _table("Changes of emotion", ["When", "Sound", "Leg", "From", "To"], rows) if rows else "",
            "No emotion was followed by another that lasted.",
        )

    def _change(self, leg: "LegAnalysis", change: "Change") -> list[str]:
        start, end = max(0.0, change.at - CHANGE_SECONDS), change.at + CHANGE_SECONDS
        return [
            self._show(leg, start, end, change.at),
            self._play(leg, start, end),
            _isolated(leg.plan.name),
            f"{self._heading(change.before)} for {length_text(change.before_seconds)}",
            f"{self._heading(change.after)} for {length_text(change.after_seconds)}",
        ]

    def alerts(self) -> Iterator[str]:
        """Alerts with what led to them."""
        stories = sorted(
            ((leg, story) for leg in self._analysed for story in leg.alerts),
            key=lambda each: each[1].alert.at_seconds,
        )
        rows = [self._alert(leg, story) for leg, story in stories]
        columns = ["When", "Sound", "Leg", "Rule", "What led to it"]
        nothing = "No rule became true." if self._header.alerts else "No rule was given."
        if self._header.alerts is None:
            nothing = "No rule became true. Whether one was given is not known: an older callmood wrote this."
        table = _table("Alerts", columns, rows, "alerts") if rows else ""
        yield from self._section("alerts", "Alerts", "", table, nothing)

    def _alert(self, leg: "LegAnalysis", story: "AlertStory") -> list[str]:
        alert = story.alert
        sentences = []
        if story.before is not None:
            before = percent_text(story.before)
            sentences.append(f"In the 10 s before: {_isolated(alert.label)} {before} on average.")
        if story.probabilities:
            shares = sorted(story.probabilities.items(), key=lambda each: -each[1])
            listed = ", ".join(f"{_isolated(label)} {percent_text(share)}" for label, share in shares)
            sentences.append(f"From {time_text(alert.onset_seconds)} to the alert: {listed}.")
        if story.episodes:
            path = " → ".join(self._episode(episode) for episode in story.episodes[-8:])
            sentences.append(f"Shown: {path}.")
        return [
            self._show(leg, alert.onset_seconds, alert.at_seconds, alert.at_seconds),
            self._play(leg, alert.onset_seconds, alert.at_seconds),
            _isolated(leg.plan.name),
            f"{_isolated(alert.rule)}<br>{_isolated(alert.label)} {percent_text(alert.probability)}",
            "<br>".join(sentences) or DASH,
        ]

    def _episode(self, episode: "Episode") -> str:
        return f"{_isolated(episode.kind)} {length_text(episode.end - episode.start)}"

    def marks(self) -> Iterator[str]:
        """What the user marked."""
        marks = self._analysis.journal.marks
        if not marks:
            return
        rows = [[self._moment_of_all(mark.at_seconds), _isolated(mark.note or "no note")] for mark in marks]
        yield from self._section("marks", "Marks", "", _table("Marks", ["When", "Note"], rows), "")

    def gaps(self) -> Iterator[str]:
        """Sound that is missing, and what the user paused."""
        journal = self._analysis.journal
        rows = [
            (
                gap.start,
                self._show(leg, gap.start, gap.end),
                _isolated(gap.leg),
                length_text(gap.end - gap.start) + " (estimated)" * gap.estimated,
                f"gap: {escape(gap.cause)}",
            )
            for leg in self._analysed
            for gap in journal.gaps
            if gap.leg == leg.plan.name
        ]
        rows += [
            (
                pause.at_seconds,
                self._moment_of_all(pause.at_seconds),
                "all",
                DASH,
                "the user paused" if pause.paused else "the user went on",
            )
            for pause in journal.pauses
        ]
        if rows:
            ordered = [row[1:] for row in sorted(rows, key=lambda row: row[0])]
            table = _table("Gaps and pauses", ["When", "Leg", "Length", "What"], ordered)
            if len(ordered) > OPEN_ROWS:
                table = f"<details><summary>{len(ordered)} gaps and pauses</summary>{table}</details>"
            yield from self._section("gaps", "Gaps and pauses", "", table, "")

    def _moment_of_all(self, at: float) -> str:
        """Write a time that belongs to no leg; a click shows it where a leg has a timeline."""
        return self._show(self._analysed[0], at, at) if self._analysed else time_text(at)

    def reactions(self) -> Iterator[str]:
        """What the other leg showed around the episodes of an emotion."""
        if len(self._analysed) < 2:
            return
        reactions = self._analysis.reactions
        rows = [self._reaction(reaction) for reaction in reactions]
        columns = ["Episodes of", "Count", "Other leg", "10 s before", "10 s after", "Before → after"]
        most = max(reactions, key=lambda each: each.num_episodes, default=None)
        words = (
            "The table counts what the other leg mostly showed in the 10 s before and after each episode, "
            "and how often one became the other. That is no proof of a cause."
        )
        if most is not None and most.after:
            words = (
                f"{_isolated(most.leg)} was {_isolated(most.emotion)} {_times(most.num_episodes)}; in the "
                f"10 s after, {_isolated(most.other_leg)} was mostly {self._counts(most.after)}. {words}"
            )
        table = _table("Reactions", columns, rows, "reactions") if rows else ""
        nothing = "No episode but neutral ones was shown."
        yield from self._section("reactions", "Who reacted to whom", words, table, nothing)

    def _reaction(self, reaction: "Reaction") -> list[str]:
        return [
            f"{self._heading(reaction.emotion)}, {_isolated(reaction.leg)}",
            str(reaction.num_episodes),
            _isolated(reaction.other_leg),
            self._counts(reaction.before) or "nothing",
            self._counts(reaction.after) or "nothing",
            self._moves(reaction),
        ]

    def _moves(self, reaction: "Reaction") -> str:
        moves = [
            f"{_isolated(before)} → {_isolated(after)} {_times(count)}"
            for (before, after), count in reaction.moved.items()
            if before != after
        ]
        rest = (("unchanged", reaction.num_unchanged), ("not known", reaction.num_unknown))
        return ", ".join([*moves, *(f"{word} {_times(count)}" for word, count in rest if count)])

    def _counts(self, counts: Mapping[str, int]) -> str:
        ordered = sorted(counts.items(), key=lambda each: -each[1])
        return ", ".join(f"{_isolated(kind)} {_times(count)}" for kind, count in ordered)

    def unsure(self) -> Iterator[str]:
        """What the model could not decide, and why."""
        spans = sorted(
            ((leg, span) for leg in self._analysed for span in leg.unsure), key=lambda each: each[1].start
        )
        rows = [
            [
                self._show(leg, span.start, span.end),
                self._play(leg, span.start, span.end),
                _isolated(leg.plan.name),
                length_text(span.end - span.start),
                f"{' or '.join(_isolated(label) for label in (span.first, span.second) if label)}?",
                escape(", ".join(span.reasons)),
            ]
            for leg, span in spans
        ]
        words = " ".join(self._unsure_words(leg) for leg in self._analysed if leg.state_seconds["unsure"])
        columns = ["When", "Sound", "Leg", "Length", "Between", "Why"]
        table = _table("The longest spans that were unsure", columns, rows) if rows else ""
        if len(rows) > OPEN_ROWS:
            table = f"<details><summary>The longest {len(rows)} spans</summary>{table}</details>"
        yield from self._section("unsure", "What was unsure", words, table, "Nothing was unsure.")

    def _unsure_words(self, leg: "LegAnalysis") -> str:
        reasons = ", ".join(f"{reason} {length_text(time)}" for reason, time in leg.unsure_seconds.items())
        because = f" ({escape(reasons)})" if reasons else ""
        return f"{_isolated(leg.plan.name)}: {length_text(leg.state_seconds['unsure'])}{because}."

    def limits(self) -> Iterator[str]:
        """The model's own limits."""
        lines = "".join(f"<li>{_isolated(line)}</li>" for line in self._analysis.limits)
        yield f'<section aria-labelledby="limits-{self._number}">'
        yield f'<h2 id="limits-{self._number}">Limits of the model {_isolated(self._header.model)}</h2>'
        yield f"<ul>{lines}</ul></section>"

    def _section(self, key: str, title: str, words: str, table: str, nothing: str) -> Iterator[str]:
        yield f'<section aria-labelledby="{key}-{self._number}"><h2 id="{key}-{self._number}">{title}</h2>'
        if table and words:
            yield f"<p>{words}</p>"
        yield table or f'<p class="note">{nothing}</p>'
        yield "</section>"

    def _show(
        self,
        leg: "LegAnalysis",
        start: float,
        end: float,
        at: float | None = None,
        *,
        cursor: float | None = None,
    ) -> str:
        """Write a time; a click shows the span in the timeline, with the cursor at the time or elsewhere."""
        at = start if at is None else at
        text = time_text(at)
        place = f'{self._place(leg, start, end)} data-at="{at if cursor is None else cursor:.3f}"'
        return f'<button type="button" class="show" {place} title="Show in the timeline">{text}</button>'

    def _play(self, leg: "LegAnalysis", start: float, end: float) -> str:
        """Write a button where there is sound of half a span, or of `_HEARD_SECONDS` of a long one."""
        parts = [
            (min(end, last) - max(start, first), number, max(start, first))
            for number, (first, last) in enumerate(self._playable.get(leg.plan.name, ()))
        ]
        length, piece, begin = max(parts, key=lambda part: part[0], default=(0.0, 0, 0.0))
        if length > 0 and length >= min((end - start) / 2, _HEARD_SECONDS):
            label = f"Play {escape(leg.plan.name)} at {time_text(begin)}"
            # The piece by its number: a time that was rounded can lie before it.
            place = f'{self._place(leg, begin, begin + length)} data-piece="{piece}" aria-label="{label}"'
            return f'<button type="button" class="play" aria-pressed="false" {place}></button>'
        return '<span class="none">no sound</span>'

    def _place(self, leg: "LegAnalysis", start: float, end: float) -> str:
        index = self._leg_numbers[leg.plan.name]
        span = f'data-start="{start:.3f}" data-end="{end:.3f}"'
        return f'data-session="{self._number}" data-leg="{index}" {span}'
