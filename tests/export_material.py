"""Sessions to export: what their legs showed, names that break formats, and what exports must show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from hypothesis import strategies as st

from callmood.reports.export_timeline import Timeline, timeline
from emotion.errors import printable
from streamer.events import Alert, Gap, Mark, Row, State
from streamer.leg_plan import LegPlan
from streamer.recordings.journal_reader import Journal
from streamer.recordings.lookup import StoredSession
from tests.session_material import STARTED, facts, speech_row

HOSTILE = (
    "=cmd|' /C calc'!A0", "+1", "-1", "@sum(1)", "a\tb", 'say "hi"', "x\ny", "a,b;c", "-->", "<v x>&amp;</v>",
    "客户", "عميل", "🎧 Ünï", "item [1]:", "intervals [2]:", '"IntervalTier"', "../../etc/passwd", "alerts",
    "a  b", " ", "\\", "None", "1.5", "=", "]]>", "'quoted'", "\u202eevil", "＝1",  # noqa: RUF001
)  # fmt: skip
"""Names and notes that mean something to some program."""

LABELS = ("angry", "=cmd", "sad", "客户")
LONGEST_LINE = 30


def shown(text: str) -> str:
    """Give a text as an export of one line holds it."""
    return printable(" ".join(text.split()))


def row(
    leg: str, window: int, kind: str, *, step_ms: int = 50, win_ms: int = 200, labels: Sequence[str] = LABELS
) -> Row:
    """Give a window of a leg: an emotion, or a state without one; a sample is a millisecond."""
    start = window * step_ms
    shares = dict.fromkeys(labels, 0.1) | ({kind: 0.7} if kind in labels else {})
    is_spoken = kind in labels or kind == "unsure"
    return replace(
        speech_row(),
        leg=leg,
        window=window,
        start=start / 1000,
        end=(start + win_ms) / 1000,
        start_sample=start,
        end_sample=start + win_ms,
        state="speech" if kind in labels else cast("State", kind),
        emotion=kind if kind in labels else None,
        probabilities=shares if is_spoken else None,
        smoothed=shares if is_spoken else None,
    )


def gap(leg: str, start_ms: int, end_ms: int) -> Gap:
    """Give missing sound."""
    return Gap(
        leg=leg, start=start_ms / 1000, end=end_ms / 1000, start_sample=start_ms, end_sample=end_ms,
        cause="pause", estimated=False,
    )  # fmt: skip


def alert(leg: str, onset: float, at: float, rule: str = "angry>0.7") -> Alert:
    """Give an alert."""
    return Alert(
        leg=leg, rule=rule, label="angry", onset_seconds=onset, at_seconds=at, probability=0.75,
        delay_seconds=at - onset, window=0, onset_sample=0, end_sample=0,
    )  # fmt: skip


def journal(
    rows: Sequence[Row] = (),
    *,
    legs: Sequence[LegPlan] = (LegPlan(),),
    labels: Sequence[str] = LABELS,
    gaps: Sequence[Gap] = (),
    alerts: Sequence[Alert] = (),
    marks: Sequence[Mark] = (),
    **head: Any,
) -> Journal:
    """Give a journal, as if read; without a summary, as of a session that was killed."""
    source = replace(facts().sources[0], channels=8)
    header = replace(facts(legs=legs), labels=tuple(labels), sources=(source,), **head)
    return Journal(
        path=Path("call.jsonl"), header=header, rows=tuple(rows), skips=(), gaps=tuple(gaps), absences=(),
        alerts=tuple(alerts), marks=tuple(marks), pauses=(), failures=(), complaints=(), summary=None,
    )  # fmt: skip


def exported(of: Journal, *, windows: bool = False, name: str = "call", audio: str | None = None) -> Timeline:
    """Prepare a journal that lies in no session's folder."""
    return timeline(StoredSession(name, None, of.path), of, is_windows=windows, audio=audio)


CALL = journal(
    [
        *(row("customer", window, "angry") for window in range(6)),
        *(row("customer", window, "unsure") for window in range(6, 8)),
        *(row("customer", window, "sad") for window in range(8, 11)),
        *(row("clerk", window, kind) for window, kind in enumerate(["silence"] * 4 + ["=cmd"] * 4)),
        *(row("clerk", window, "=cmd") for window in range(20, 23)),
    ],
    legs=(LegPlan("customer", 0, 0), LegPlan("clerk", 0, 1), LegPlan("agent", 0, 2, analysed=False)),
    gaps=[gap("clerk", 550, 1000)],
    alerts=[alert("customer", 0.1, 0.4), alert("clerk", 0.2, 0.4, '"=cmd">0.6')],
    marks=[Mark(0.45, STARTED, 'see "item [1]" --> <b>'), Mark(0.45, STARTED), Mark(0.7, STARTED)],
)  # fmt: skip
"""Two legs that were analysed, with a gap, and one that was not."""


@dataclass(frozen=True)
class Shown:
    """What an export must show of a leg: a kind from a time to another, ms."""

    start_ms: float
    end_ms: float
    kind: str


def episodes(of: Journal, leg: str) -> list[Shown]:
    """Work out the episodes of a leg by their definition: runs of one kind that touch, borders in between."""
    rows = sorted((each for each in of.rows if each.leg == leg), key=lambda each: each.window)
    runs: list[list[Row]] = []
    for each in rows:
        before = runs[-1][-1] if runs else None
        same = before is not None and _kind(before) == _kind(each) and before.end_sample >= each.start_sample
        runs[-1].append(each) if same else runs.append([each])
    return _bordered(runs)


def tiles(of: Journal, leg: str) -> list[Shown]:
    """Work out the windows of a leg, each as far as the middle of its overlap with the next."""
    rows = sorted((each for each in of.rows if each.leg == leg), key=lambda each: each.window)
    return _bordered([[each] for each in rows])


def windows(of: Journal, leg: str) -> list[Shown]:
    """Give the windows of a leg as they are."""
    rows = sorted((each for each in of.rows if each.leg == leg), key=lambda each: each.window)
    return [Shown(each.start_sample, each.end_sample, _kind(each)) for each in rows]


def _bordered(runs: Sequence[Sequence[Row]]) -> list[Shown]:
    starts = [run[0].start_sample for run in runs]
    ends = [run[-1].end_sample for run in runs]
    spans: list[list[float]] = [[start, end] for start, end in zip(starts, ends, strict=True)]
    for before, after in pairwise(spans):
        if before[1] > after[0]:
            before[1] = after[0] = (before[1] + after[0]) / 2
    return [Shown(start, end, _kind(run[0])) for (start, end), run in zip(spans, runs, strict=True)]


def _kind(each: Row) -> str:
    return each.emotion or each.state


def assert_shows(found: Sequence[tuple[int, int, str]], wanted: Sequence[Shown]) -> None:
    """Check labels of an export, with times of ms, against what a leg showed, to half a millisecond."""
    assert [label for _, _, label in found] == [shown(each.kind) for each in wanted]
    for (start, end, _), each in zip(found, wanted, strict=True):
        assert abs(start - each.start_ms) <= 0.5
        assert abs(end - each.end_ms) <= 0.5


names = st.sampled_from(HOSTILE) | st.text(max_size=LONGEST_LINE)


@st.composite
def journals(draw: st.DrawFn) -> Journal:
    """Give any journal of one to three legs with any names, labels, gaps, alerts and marks."""
    called = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    labels = draw(st.lists(names.filter(shown), min_size=2, max_size=4, unique_by=shown))
    labels = [label for label in labels if label not in {"silence", "noise", "clipped", "unsure"}] or ["sad"]
    step = draw(st.integers(20, 333))
    win = step * draw(st.integers(1, 5)) + draw(st.integers(0, 7))
    kinds = st.sampled_from([*labels, "silence", "noise", "clipped", "unsure"])
    rows, gaps = [], []
    for leg in called:
        at = 0
        for run, pause in draw(
            st.lists(st.tuples(st.lists(kinds, max_size=12), st.integers(0, 3)), max_size=3)
        ):
            rows += [
                row(leg, at + number, kind, step_ms=step, win_ms=win, labels=labels)
                for number, kind in enumerate(run)
            ]
            if not run:
                continue
            end = (at + len(run) - 1) * step + win
            at = -(-end // step) + pause + 1
            gaps.append(gap(leg, end, at * step))
    times = st.integers(0, 5000).map(lambda at: at / 1000)
    alerts = [
        alert(leg, min(onset, at), max(onset, at), rule)
        for leg, onset, at, rule in draw(
            st.lists(st.tuples(st.sampled_from(called), times, times, names), max_size=4)
        )
    ]
    marks = [
        Mark(at, STARTED, note)
        for at, note in draw(st.lists(st.tuples(times, st.none() | names), max_size=4))
    ]
    plans = [LegPlan(leg, 0, number) for number, leg in enumerate(called)]
    return journal(rows, legs=plans, labels=labels, gaps=gaps, alerts=alerts, marks=marks)
