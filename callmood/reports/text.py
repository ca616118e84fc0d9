"""A session as text: a timeline of letters, the summary of each leg, moments, changes, alerts and limits."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rich.cells import cell_len, chop_cells, set_cell_size

from callmood.reports.analysis import (
    LED_UP_SECONDS,
    REACTION_SECONDS,
    AlertStory,
    LegAnalysis,
    Reaction,
    SessionAnalysis,
)
from callmood.reports.style import label_styles
from callmood.reports.words import RESPONSIBLE_USE, percent_text, session_facts, short_length
from emotion.errors import printable
from streamer.sinks.base import counted
from streamer.sinks.text import duration_text

DEFAULT_WIDTH: Final = 80
_NARROWEST, _WIDEST = 40, 120

_MOST_GAPS: Final = 10
_MOST_ALERTS: Final = 20
_MOST_MARKS: Final = 20
_MOST_MOMENTS: Final = 3
"""Of each emotion of a leg."""

_WEIGHT_OF_EMOTION: Final = 8.0
_TIED: Final = "\N{UNDERTIE}"
_SIGN_OF_STATE: Final[Mapping[str, str]] = {"silence": ".", "noise": "~", "clipped": "!", "unsure": "?"}


def report_text(sessions: Sequence[SessionAnalysis], width: int = DEFAULT_WIDTH) -> str:
    """Write the report of one session, or of two, one after the other on the same time axis.

    Parameters
    ----------
    sessions : sequence of SessionAnalysis
        One or two.
    width : int
        Of a line, cells; from 40 to 120 are used.

    Returns
    -------
    str
        Lines that are fit for a terminal, whatever the journal says, with a line break at the end.
    """
    width = min(_WIDEST, max(_NARROWEST, width))
    seconds = max(session.seconds for session in sessions)
    lines: list[str] = []
    for session in sessions:
        lines += _session(session, width, seconds)
    limits = dict.fromkeys(limit for session in sessions for limit in session.limits)
    lines += ["limits", *_list(limits, width), "", "responsible use", *_list(RESPONSIBLE_USE.values(), width)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _session(session: SessionAnalysis, width: int, seconds: float) -> Iterator[str]:
    journal, header = session.journal, session.journal.header
    yield from _wrapped(f"session {session.name}", width, 0)
    notes = "; ".join((f"{header.model} ({header.feature_set})", *header.model_notes))
    facts = session_facts(header) | {
        "length": duration_text(session.seconds),
        "source": header.source_name,
        "model": notes,
        "note": "; ".join(header.notes),
    }
    for name, fact in facts.items():
        if fact:
            yield from _wrapped(fact, width, 10, f"{name:<10}")
    for line in session.missing:
        yield from _wrapped(line, width, 10, "missing   ")
    yield ""
    yield from _totals(session, width)
    yield from _note_on_totals(session, width)
    yield from _timeline(session, width, seconds)
    for leg in session.legs:
        yield from _leg(leg, session.labels, width, is_only=len(session.legs) == 1)
    yield from _section(
        f"what the other leg mostly showed in the {REACTION_SECONDS:g} s before an episode -> after it",
        _reaction_lines(session.reactions),
        width,
    )
    marks = [f"{_at(mark.at_seconds)}  {mark.note or ''}" for mark in journal.marks]
    yield from _section("marks", _shortened(marks, _MOST_MARKS), width)
    gaps = [
        f"{_at(gap.start)}  {gap.end - gap.start:.1f} s of {gap.leg}: {gap.cause}"
        for gap in sorted(journal.gaps, key=lambda gap: gap.start)
    ]
    yield from _section("gaps", _shortened(gaps, _MOST_GAPS), width)


def _totals(session: SessionAnalysis, width: int) -> Iterator[str]:
    names = {leg.plan.name: _name(leg) for leg in session.legs}
    name_width = min(max([cell_len("both at once"), *map(cell_len, names.values())]), max(12, width - 60))
    columns = (*session.labels, "unsure")
    widths = [max(6, min(cell_len(printable(column)), 8)) for column in columns]
    heads = map(_right_cell, columns, widths)
    yield _fit("  ".join([_cell("leg", name_width), "talk         ", *heads]), width)
    for leg in session.legs:
        head = _cell(names[leg.plan.name], name_width)
        if not leg.plan.analysed:
            yield f"{head}  level only"
            continue
        seconds = {**leg.emotion_seconds, "unsure": leg.state_seconds["unsure"]}
        share = percent_text(leg.talk_share) if session.num_analysed > 1 else ""
        talk = f"{short_length(leg.talk_seconds):>7} {share:>5}"
        cells = (_right_cell(short_length(seconds[column]), 6) for column in columns)
        padded = (f"{cell:>{size}}" for cell, size in zip(cells, widths, strict=True))
        yield _fit("  ".join([head, talk, *padded]), width)
    if session.num_analysed > 1:
        yield f"{_cell('both at once', name_width)}  {short_length(session.overlap_seconds):>7}"


def _note_on_totals(session: SessionAnalysis, width: int) -> Iterator[str]:
    """Say why emotions can add up to more than the talk."""
    header = session.journal.header
    note = (
        f"Emotions count {header.step_seconds:g} s for each window of {header.win_seconds:g} s, which "
        "reaches beyond the talk in it: they can add up to more than the talk."
    )
    if any(leg.talk_is_estimated for leg in session.legs if leg.plan.analysed):
        note += " The talk is estimated from the windows, as the journal has no total of it."
    if session.num_analysed:
        yield from _wrapped(note, width, 0)
    yield ""


def _timeline(session: SessionAnalysis, width: int, seconds: float) -> Iterator[str]:
    legs = [leg for leg in session.legs if len(leg.starts)]
    if not legs or seconds <= 0:
        return
    name_width = min(max(cell_len(printable(leg.plan.name)) for leg in legs), 20)
    num_columns = width - name_width - 2
    signs = {label: style.letter for label, style in label_styles(session.labels).items()}
    signs |= _SIGN_OF_STATE
    # A sign stays with its meaning where the line breaks.
    legend = [f"{sign}{_TIED}{kind}" for kind, sign in signs.items()]
    if session.journal.alerts:
        legend.append(f"*{_TIED}alert")
    if session.journal.marks:
        legend.append(f"^{_TIED}mark")
    column = seconds / num_columns
    lines = _wrapped(f"timeline, {short_length(column)} a letter: {', '.join(legend)}", width, 0)
    yield from (line.replace(_TIED, " ") for line in lines)
    for leg in legs:
        letters = _letters(leg, signs, num_columns, column)
        yield f"{_cell(leg.plan.name, name_width)}  {letters}"
    ticks = _ticks(session, num_columns, column)
    if ticks.strip():
        yield f"{_cell('', name_width)}  {ticks}"
    middle, end = _at(seconds / 2), _at(seconds)
    axis = list(f"{_at(0.0)}".ljust(num_columns))
    for text, at in ((middle, num_columns // 2), (end, num_columns - len(end))):
        axis[at : at + len(text)] = text
    yield f"{_cell('', name_width)}  {''.join(axis)[:num_columns]}"
    yield ""


def _letters(leg: LegAnalysis, signs: Mapping[str, str], num_columns: int, column: float) -> str:
    """Give for each column what it mostly shows; pauses do not outvote what stands out between them."""
    seconds: list[dict[str, float]] = [{} for _ in range(num_columns)]
    for episode in leg.episodes:
        weight = 1.0 if episode.kind in _SIGN_OF_STATE else _WEIGHT_OF_EMOTION
        first, last = (min(num_columns - 1, int(at / column)) for at in (episode.start, episode.end))
        for number in range(first, last + 1):
            start, end = max(episode.start, number * column), min(episode.end, (number + 1) * column)
            if end > start:
                shown = seconds[number]
                shown[episode.kind] = shown.get(episode.kind, 0.0) + weight * (end - start)
    return "".join(signs.get(max(shown, key=shown.__getitem__), "#") if shown else " " for shown in seconds)


def _ticks(session: SessionAnalysis, num_columns: int, column: float) -> str:
    ticks = [" "] * num_columns
    stamps = [(mark.at_seconds, "^") for mark in session.journal.marks]
    stamps += [(alert.at_seconds, "*") for alert in session.journal.alerts]
    for at, sign in stamps:
        ticks[min(num_columns - 1, int(at / column))] = sign
    return "".join(ticks)


def _leg(leg: LegAnalysis, labels: Sequence[str], width: int, *, is_only: bool) -> Iterator[str]:
    if not len(leg.starts):
        return
    of = "" if is_only else f" of {leg.plan.name}"
    yield from _moments(leg, labels, f"strongest moments{of}", width)
    changes = [
        f"{_at(change.at)}  {change.before} ({change.before_seconds:.1f} s), then {change.after} "
        f"({change.after_seconds:.1f} s)"
        for change in leg.changes
    ]
    yield from _section(f"changes{of}", changes, width)
    alerts = _shortened([_alert_line(story) for story in leg.alerts], _MOST_ALERTS)
    yield from _section(f"alerts{of}", alerts, width)
    unsure = [
        f"{_at(span.start)} {span.end - span.start:7.1f} s  {_doubt(span.first, span.second)}"
        f" {', '.join(span.reasons)}"
        for span in leg.unsure
    ]
    reasons = ", ".join(f"{reason} {short_length(seconds)}" for reason, seconds in leg.unsure_seconds.items())
    total = short_length(leg.state_seconds["unsure"])
    yield from _section(f"unsure{of}: {total} in all ({reasons}); the longest", unsure, width)


def _moments(leg: LegAnalysis, labels: Sequence[str], title: str, width: int) -> Iterator[str]:
    if not leg.moments:
        return
    kinds = [moment.episode.kind for moment in leg.moments]
    kind_width = min(max(map(cell_len, kinds)), 12)
    widths = [max(5, min(cell_len(printable(label)), 8)) for label in labels]
    head = f"{_cell(title, 24 + kind_width)}  peak  " + " ".join(map(_right_cell, labels, widths))
    yield _fit(f"{head}  (mean)" if cell_len(head) + 8 <= width else head, width)
    seen: dict[str, int] = {}
    for moment in leg.moments:
        episode = moment.episode
        seen[episode.kind] = seen.get(episode.kind, 0) + 1
        if seen[episode.kind] > _MOST_MOMENTS:
            continue
        means = (percent_text(moment.probabilities.get(label)) for label in labels)
        yield _fit(
            f"  {_at(episode.start)} {episode.end - episode.start:8.1f} s  {_cell(episode.kind, kind_width)} "
            f"{percent_text(episode.peak_probability):>5}  " + " ".join(map(_right_cell, means, widths)),
            width,
        )
    yield ""


def _doubt(first: str, second: str) -> str:
    return f"{first} or {second}?" if second else ""


def _alert_line(story: AlertStory) -> str:
    alert = story.alert
    shown = f"{alert.label} {percent_text(alert.probability)} for {alert.delay_seconds:.1f} s"
    text = f"{_at(alert.at_seconds)}  {alert.leg} {shown} ({alert.rule})"
    mean = story.probabilities.get(alert.label)
    if mean is not None:
        text += f"; {alert.label} {percent_text(mean)} on average from {_at(alert.onset_seconds)} on"
    if story.before is not None:
        text += f", {percent_text(story.before)} in the {LED_UP_SECONDS:g} s before"
    return text


def _reaction_lines(reactions: Sequence[Reaction]) -> Iterator[str]:
    for reaction in reactions:
        yield (
            f"{reaction.leg} {reaction.emotion}, {counted(reaction.num_episodes, 'episode')}; "
            f"{reaction.other_leg}:"
        )
        moves = [
            f"{before} -> {after} {count}x"
            for (before, after), count in reaction.moved.items()
            if before != after
        ]
        if reaction.num_unchanged:
            moves.append(f"unchanged {reaction.num_unchanged}x")
        if reaction.num_unknown:
            moves.append(f"not known {reaction.num_unknown}x")
        yield f"  {', '.join(moves)}"


def _section(title: str, lines: Iterable[str], width: int, indent: int = 12) -> Iterator[str]:
    entries = list(lines)
    if entries:
        yield from _wrapped(title, width, 0)
        for entry in entries:
            yield from _wrapped(entry, width, indent, "  ")
        yield ""


def _shortened(lines: Sequence[str], most: int) -> list[str]:
    more = len(lines) - most
    return [*lines[:most], f"and {more} more"] if more > 0 else list(lines)


def _list(entries: Iterable[str], width: int) -> Iterator[str]:
    for entry in entries:
        yield from _wrapped(entry, width, 2, "- ")


def _wrapped(text: str, width: int, indent: int = 0, lead: str = "") -> list[str]:
    """Break a text that may hold anything into lines of at most `width` cells."""
    lines: list[str] = []
    line, is_empty = lead, True
    # Each word with the blanks before it, which align what follows.
    for word in re.findall(" *[^ ]+", printable(text)):
        rest = word.lstrip() if is_empty else word
        while rest:
            if cell_len(line) + cell_len(rest) <= width:
                line, rest, is_empty = line + rest, "", False
            elif is_empty:
                # Longer than a line: a part of it fills this one.
                part = chop_cells(rest, max(2, width - cell_len(line)))[0]
                lines.append(line + part)
                line, rest = " " * indent, rest[len(part) :]
            else:
                lines.append(line)
                line, rest, is_empty = " " * indent, rest.lstrip(), True
    return lines if is_empty and lines else [*lines, line]


def _name(leg: LegAnalysis) -> str:
    return f"{leg.plan.name} (staff)" if leg.is_staff else leg.plan.name


def _right_cell(text: str, width: int) -> str:
    text = set_cell_size(printable(text), min(width, cell_len(printable(text))))
    return " " * (width - cell_len(text)) + text


def _fit(line: str, width: int) -> str:
    return line if cell_len(line) <= width else set_cell_size(line, width)


def _cell(text: str, width: int) -> str:
    """Fill or cut a text to so many cells of the terminal."""
    return set_cell_size(printable(text), width)


def _at(seconds: float) -> str:
    return duration_text(seconds)
