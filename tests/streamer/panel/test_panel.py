"""The panel: everything in its place at any size, nothing that jumps; and each row that belongs to no leg."""

import re
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem

from emotion.card import LABELS
from emotion.wall_clock import local
from streamer.events import State
from streamer.leg_plan import LegPlan, leg_notes
from streamer.panel.canvas import MINUS, TALK, WARNING, Canvas, big_letters, emotion_style, signed
from streamer.panel.layout import PanelView
from streamer.panel.panel import draw_alerts, draw_conversation, draw_keys, draw_panel, has_conversation
from streamer.session_info import SessionInfo
from streamer.snapshot import LegView, LogEntry, Snapshot, StripView, Tick
from streamer.terminal import TerminalColours
from tests.call_material import RULES, call_facts, calls, wandering_call
from tests.panel_material import (
    MODEL_NOTE,
    SOURCE_NOTE,
    STARTED,
    before_the_first_window,
    is_exactly,
    panel_facts,
    panel_views,
    snapshots,
    text_lines,
    wandering,
)

SIZES = [(80, 24), (80, 43), (120, 40), (200, 60), (60, 20), (40, 12), (30, 7), (20, 5), (3, 2), (1, 1)]
CLOCK = STARTED + 192.0


def shown(snapshot: Snapshot, width: int = 80, height: int = 24, seconds: float | None = None) -> list[str]:
    """Draw the panel as plain lines."""
    return text_lines(draw_panel(snapshot, panel_facts(seconds=seconds), width, height, CLOCK))


def heard(num_windows: int, *, with_spectrogram: bool = False) -> Snapshot:
    """Give the latest of so many windows."""
    return list(wandering(num_windows, with_spectrogram=with_spectrogram))[-1]


def words_of(emotion: str) -> str:
    """Give the first row of an emotion in big letters."""
    picture = big_letters(emotion)
    assert picture is not None
    return picture[0]


@given(snapshots(), st.integers(1, 220), st.integers(1, 70), st.booleans(), st.none() | st.floats(0, 1e5))
@example(before_the_first_window(), 80, 24, True, None)
@settings(deadline=None)
def test_fills_any_terminal_exactly(
    snapshot: Snapshot, width: int, height: int, coloured: bool, seconds: float | None
) -> None:
    panel = draw_panel(
        snapshot, panel_facts(seconds=seconds), width, height, CLOCK, view=PanelView(coloured=coloured)
    )
    assert is_exactly(text_lines(panel), width, height)


@pytest.mark.parametrize("with_spectrogram", [False, True])
@pytest.mark.parametrize("seconds", [None, 83.0])
def test_everything_is_visible_on_80_by_24(with_spectrogram: bool, seconds: float | None) -> None:
    snapshot = replace(
        heard(62, with_spectrogram=with_spectrogram), saving=True, overruns=3, dropped_seconds=1.25, marks=4
    )
    row = snapshot.legs[0].row
    assert row is not None
    assert row.emotion is not None
    assert row.smoothed is not None
    lines = shown(snapshot, seconds=seconds)
    text = "\n".join(lines)
    assert words_of(row.emotion) in text
    for label in LABELS:
        [bar] = [line for line in lines if label in line and " %" in line]
        assert f"{round(100 * row.smoothed[label])} %" in bar
        assert "┃" in bar
    for fact in (
        ["callmood", "Built-in Audio", "● REC", "smoothed", "this window", "dBFS", f"{MINUS}60 s", "now"]
        + ["lag", "real-time factor", "overruns!   3", "dropped!  1.2 s", "marks   4"]
        + ["model speech-classic", "win 2 s", "step 0.5 s", MODEL_NOTE, SOURCE_NOTE, "message 8"]
        + ["m mark this moment", "M note", "z zoom", "? keys", "q quit"]
        + (
            ["heard 00:32 of 01:23", "space pause"]
            if seconds
            else ["elapsed  0:03:12", "space off the record"]
        )
        + (["kHz", f"{MINUS}10 s"] if with_spectrogram else ["┃ room"])
    ):
        assert fact in text, fact


@pytest.mark.parametrize("analysed", [False, True])
def test_the_law_on_staff_is_named_on_80_by_24_before_all_other_notes(analysed: bool) -> None:
    sources = panel_facts().sources
    legs = (LegPlan("customer", channel=0), LegPlan("agent", channel=1, staff=True, analysed=analysed))
    notes = (*leg_notes(legs, sources), "announced: we analyse how you sound, and you may say no at any time")
    facts = replace(call_facts(), legs=legs, notes=notes, model_notes=(MODEL_NOTE,))
    level_only = () if analysed else ("agent",)
    snapshot = list(wandering_call(20, level_only=level_only))[-1]
    text = "\n".join(text_lines(draw_panel(snapshot, facts, 80, 24, CLOCK)))
    assert notes[0] in text
    assert "AI Act art. 5(1)(f)" in notes[0]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 12), (20, 5)])
def test_silence_names_no_emotion_and_its_bars_are_empty(width: int, height: int) -> None:
    snapshot = heard(40)
    assert snapshot.legs[0].row is not None
    assert snapshot.legs[0].row.state == "silence"
    snapshot = replace(snapshot, legs=(replace(snapshot.legs[0], history=()),))
    text = "\n".join(shown(snapshot, width, height))
    assert words_of("silence") in text or "SILENCE" in text
    for emotion in LABELS:
        assert words_of(emotion) not in text
        assert emotion.upper() not in text
    assert "%" not in text
    assert "▆" not in text.replace("▆ smoothed", "")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 12), (20, 5)])
@pytest.mark.parametrize(
    ("state", "said"),
    [("noise", "sound, but no speech"), ("clipped", "too loud: turn the input down"), ("unsure", "")],
)
def test_what_is_no_emotion_is_named_and_says_what_to_do(
    state: State, said: str, width: int, height: int
) -> None:
    snapshot = heard(40)
    view = snapshot.legs[0]
    assert view.row is not None
    snapshot = replace(snapshot, legs=(replace(view, row=replace(view.row, state=state), history=()),))
    text = "\n".join(shown(snapshot, width, height))
    assert words_of(state) in text or state.upper() in text
    assert width < 80 or said in text
    assert all(words_of(emotion) not in text and emotion.upper() not in text for emotion in LABELS)


@pytest.mark.parametrize(
    ("known", "above_floor_db", "words"),
    [
        (1.0, 40.0, "happy or sad?"),
        (0.1, 40.0, "happy or sad? · voice still new"),
        (0.1, 5.0, "happy or sad? · voice still new · noisy"),
    ],
)
def test_unsure_says_between_what_and_why(known: float, above_floor_db: float, words: str) -> None:
    snapshot = heard(10)
    view = snapshot.legs[0]
    assert view.row is not None
    smoothed = {"angry": 0.1, "happy": 0.4, "neutral": 0.15, "sad": 0.35}
    level = view.floor_dbfs + above_floor_db
    row = replace(view.row, state="unsure", emotion=None, smoothed=smoothed, level_dbfs=level)
    leg = replace(view, row=row, voice_known=known)
    info = replace(panel_facts(), learns_voice=True)
    lines = text_lines(draw_panel(replace(snapshot, legs=(leg,)), info, 120, 40, CLOCK))
    [line] = [line for line in lines if "happy or sad?" in line]
    assert line.rstrip().endswith(words)


def test_before_the_first_window_is_full_it_says_how_much_was_heard() -> None:
    assert "listening… 1.2 of 2.0 s" in "\n".join(shown(before_the_first_window(1.2)))
    assert "listening… 2.0 of 2.0 s" in "\n".join(shown(before_the_first_window(9.0), 40, 12))


def test_after_a_gap_it_waits_for_the_first_window_and_the_chart_moves_on() -> None:
    snapshot = list(wandering(30))[-1]
    before = snapshot.legs[0]
    after = replace(before, row=None, since_seconds=snapshot.stream_seconds + 10.0)
    lines = shown(replace(snapshot, stream_seconds=snapshot.stream_seconds + 10.6, legs=(after,)), 120, 40)
    assert "listening… 0.6 of 2.0 s" in "\n".join(lines)
    assert not any("%" in line for line in lines), "no probability of before the gap"


def test_off_the_record_shows_no_emotion() -> None:
    text = "\n".join(shown(replace(heard(5), paused=True)))
    assert "‖ OFF THE RECORD" in text
    assert words_of("off the record") in text
    assert "space go on the record" in text
    assert "%" not in text


def test_off_the_record_nobody_measures_the_level() -> None:
    before, after = (shown(replace(heard(5), paused=paused)) for paused in (False, True))
    (level,) = (line for line in after if line.strip().startswith("level"))
    assert "\N{EN DASH} dBFS" in level
    assert "━" not in level
    assert any("━" in line for line in before if line.strip().startswith("level"))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (20, 5)])
def test_nothing_but_zeros_is_said_at_once(width: int, height: int) -> None:
    snapshot = heard(5)
    mute = replace(snapshot, mute=(snapshot.legs[0].name,))
    text = "\n".join(shown(mute, width, height))
    assert "NO SOUND" in text or words_of("no sound") in text
    assert ("unmute it" in text) == (width == 80)


def test_the_smallest_terminal_shows_the_leading_emotion_and_the_level_only() -> None:
    snapshot = heard(5)
    row = snapshot.legs[0].row
    assert row is not None
    assert row.emotion is not None
    first, second = [line for line in shown(snapshot, 20, 5) if line.strip()]
    assert row.emotion.upper() in first
    assert "dBFS" in second


@pytest.mark.parametrize(("width", "height"), SIZES[:6])
def test_nothing_jumps_while_a_session_wanders(width: int, height: int) -> None:
    fixed = [
        "▆ smoothed",
        "dBFS",
        "elapsed",
        "lag",
        "marks",
        "factor",
        "space",
        "weights",
    ]
    places = set()
    for snapshot in wandering(130):
        lines = shown(snapshot, width, height)
        places.add(tuple((name, row, line.find(name)) for name in fixed for row, line in enumerate(lines)))
    assert len(places) == 1


def test_a_snapshot_always_gives_the_same_picture() -> None:
    snapshot = heard(30, with_spectrogram=True)
    assert draw_panel(snapshot, panel_facts(), 80, 24, CLOCK).lines() == (
        draw_panel(snapshot, panel_facts(), 80, 24, CLOCK).lines()
    )


def test_a_minute_of_drawing_costs_at_most_three_percent_of_a_core() -> None:
    session = list(wandering(120, with_spectrogram=True))
    colours = TerminalColours(ColorSystem.TRUECOLOR, coloured=True)
    tracer = sys.gettrace()
    sys.settrace(None)  # a coverage run counts lines, at a cost that no user has
    before = time.process_time()
    for frame in range(240):
        panel = draw_panel(session[frame // 2], panel_facts(), 80, 24, CLOCK + frame / 4)
        assert len([colours.line(line) for line in panel.lines()]) == 24
    seconds = time.process_time() - before
    sys.settrace(tracer)
    assert seconds <= 0.03 * 60


ALERT = "customer angry > 0.7 for 5 s"
ONE_LEG = list(wandering(30))[-1], replace(panel_facts(), alerts=RULES)
TWO_LEGS = list(wandering_call(62))[-1], call_facts(alerts=RULES)


def line(alerts: Sequence[str], width: int) -> str:
    """Draw the line of alerts."""
    canvas = Canvas(width, 1)
    draw_alerts(canvas, alerts, RULES)
    return text_lines(canvas)[0]


@pytest.mark.parametrize("session", [ONE_LEG, TWO_LEGS])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 40), (60, 20), (40, 12), (20, 5)])
def test_an_alert_changes_its_own_row_and_no_other(
    session: tuple[Snapshot, SessionInfo], width: int, height: int
) -> None:
    snapshot, facts = session
    before = draw_panel(snapshot, facts, width, height, STARTED).lines()
    after = draw_panel(replace(snapshot, alerts=(ALERT,)), facts, width, height, STARTED).lines()
    [(old, new)] = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert "".join(run.text for run in old).strip().startswith("alerts: none now")
    [alert] = [run for run in new if "▲" in run.text]
    assert alert.style == WARNING
    assert alert.text.startswith("▲ customer angry")


@pytest.mark.parametrize("session", [ONE_LEG, TWO_LEGS])
def test_nothing_is_said_of_alerts_where_none_can_come(session: tuple[Snapshot, SessionInfo]) -> None:
    snapshot, facts = session
    text = "\n".join(text_lines(draw_panel(snapshot, replace(facts, alerts=()), 80, 24, STARTED)))
    assert "alert" not in text


def test_alerts_that_do_not_fit_are_counted() -> None:
    many = (ALERT, "agent sad > 0.8 for 10 s", "agent angry > 0.7 for 5 s")
    assert line(many, 120).rstrip() == f"▲ {ALERT}   ▲ {many[1]}   ▲ {many[2]}"
    assert line(many, 80).rstrip() == f"▲ {ALERT}   ▲ {many[1]} +1 more"
    assert line(many, 50).rstrip() == f"▲ {ALERT} +2 more"
    assert line(many, 20) == "▲ customer … +2 more"


def test_what_is_watched_for_is_said() -> None:
    assert all(rule in line((), 80) for rule in RULES)


@given(st.lists(st.text(max_size=50), max_size=6), st.integers(1, 150))
def test_alerts_fit_any_width(alerts: Sequence[str], width: int) -> None:
    assert cell_len(line(alerts, width)) == width


def talking(*shares: float | None, talks: tuple[bool, ...] = (), last: int | None = None) -> Snapshot:
    """Give legs of which each has its share of the talk."""
    names = ("customer", "agent", "boss")
    legs = tuple(
        LegView(
            names[number],
            None,
            -30.0,
            -60.0,
            (),
            talks=number < len(talks) and talks[number],
            talk_share=share,
            spoke_last=number == last,
        )
        for number, share in enumerate(shares)
    )
    return replace(before_the_first_window(), legs=legs, overlap_seconds=3.5)


def drawn_conversation(snapshot: Snapshot, width: int = 76) -> str:
    """Draw the line."""
    canvas = Canvas(width, 1)
    draw_conversation(canvas, snapshot)
    return text_lines(canvas)[0]


@pytest.mark.parametrize(("share", "filled"), [(0.0, 0), (0.25, 10), (0.5, 20), (1.0, 40)])
def test_the_bar_tells_the_shares_apart_without_colour(share: float, filled: int) -> None:
    line = drawn_conversation(talking(share, 1 - share), 120)
    start, end = line.index("%") + 2, line.rindex("%") - 4
    bar = line[start:end].strip()
    assert bar.count("▆") == round(len(bar) * filled / 40)
    assert bar == "▆" * bar.count("▆") + "▃" * bar.count("▃")
    assert f"customer {round(100 * share):3d} %" in line
    assert f"{round(100 * (1 - share)):3d} % agent" in line


def test_before_anybody_has_talked_the_bar_is_empty_and_nobody_was_last() -> None:
    line = drawn_conversation(talking(None, None))
    assert "▆" not in line
    assert "customer ───" in line
    assert "spoke last \N{EN DASH}" in line


def test_both_talk_is_said_while_they_do_with_the_seconds_so_far() -> None:
    assert "both talked   3.5 s" in drawn_conversation(talking(0.5, 0.5, talks=(True, False)))
    canvas = Canvas(76, 1)
    draw_conversation(canvas, talking(0.5, 0.5, talks=(True, True)))
    [mark] = [run for run in canvas.lines()[0] if "both talk ▸" in run.text]
    assert mark.style == TALK
    assert "3.5 s" in mark.text
    assert "both talk ▸" not in drawn_conversation(
        replace(talking(0.5, 0.5, talks=(True, True)), paused=True)
    )
    assert "several talk ▸   3.5 s" in drawn_conversation(talking(0.5, 0.3, 0.2, talks=(True, True, False)))


def test_it_says_who_spoke_last() -> None:
    assert "spoke last agent" in drawn_conversation(talking(0.5, 0.5, last=1))
    assert "spoke last boss" in drawn_conversation(talking(0.5, 0.3, 0.2, last=2))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-0.02, f"{MINUS}0.02 s"), (0.1, "+0.10 s"), (-0.001, "+0.00 s"), (1e9, "+99.99 s")],
)
def test_drift_between_two_devices_is_said(seconds: float, words: str) -> None:
    snapshot = replace(talking(0.5, 0.5), drift_seconds=seconds)
    assert words in drawn_conversation(snapshot)
    assert "drift" not in drawn_conversation(talking(0.5, 0.5))
    alone = replace(talking(0.5), drift_seconds=seconds)
    assert has_conversation(alone)
    assert drawn_conversation(alone).strip().startswith("drift")


def test_one_leg_alone_is_no_conversation() -> None:
    assert not has_conversation(talking(1.0))
    assert has_conversation(talking(0.5, 0.5))


@given(calls(), st.integers(1, 200))
def test_the_conversation_fits_any_width(call: tuple[Snapshot, object], width: int) -> None:
    assert cell_len(drawn_conversation(call[0], width)) == width


@given(st.floats(-1e6, 1e6))
def test_differences_never_jump(value: float) -> None:
    assert len(signed(value)) == 6


SLOW_MONO = list(wandering(30))[-1], panel_facts()
SLOW_CALL = list(wandering_call(62))[-1], call_facts()


def lines_of(snapshot: Snapshot, facts: SessionInfo, size: tuple[int, int]) -> list[str]:
    return text_lines(draw_panel(snapshot, facts, *size, STARTED))


@pytest.mark.parametrize("session", [SLOW_MONO, SLOW_CALL])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 40)])
@pytest.mark.parametrize(("factor", "said"), [(1.4, "x1.4"), (12.34, "x12.3"), (1e9, "x99.9")])
def test_it_says_how_much_too_slow_and_moves_nothing(
    session: tuple[Snapshot, SessionInfo], size: tuple[int, int], factor: float, said: str
) -> None:
    snapshot, facts = session
    before = lines_of(snapshot, facts, size)
    slow = replace(snapshot, too_slow=factor, skipped=37)
    after = lines_of(slow, facts, size)
    assert "skipped" not in "\n".join(before)
    assert "skipped!  37" in "\n".join(after)
    assert f"!too slow: {said} " in "\n".join(after)
    assert "real-time factor" not in "\n".join(after)
    for old, new in zip(before, after, strict=True):
        at = old.find("real-time factor")
        changed = new if at < 0 else new[:at] + old[at : at + 22] + new[at + 22 :]
        assert changed.replace("skipped!  37", " " * len("skipped!  37")) == old
    runs = [run for line in draw_panel(slow, facts, *size, STARTED).lines() for run in line]
    assert {run.style for run in runs if "too slow" in run.text} == {WARNING}


def test_what_it_has_cost_stays_when_it_is_over() -> None:
    snapshot, facts = SLOW_MONO
    text = "\n".join(lines_of(replace(snapshot, skipped=37), facts, (80, 24)))
    assert "skipped!  37" in text
    assert "too slow" not in text


def drawn_keys(width: int, *, paused: bool = False, held: bool = False, is_replay: bool = False) -> str:
    """Draw the keys."""
    canvas = Canvas(width, 1)
    draw_keys(canvas, paused=paused, held=held, is_replay=is_replay)
    return text_lines(canvas)[0]


@pytest.mark.parametrize(
    ("width", "paused", "line"),
    [
        (80, False, "space off the record     m mark this moment  M note  z zoom  ? keys  q quit"),
        (80, True, "space go on the record   m mark this moment  M note  z zoom  ? keys  q quit"),
        (60, False, "space off the record     m mark  z zoom  ? keys  q quit"),
        (50, False, "space off the record  m mark  ? keys  q quit"),
        (41, False, "space off record  m mark  ? keys  q quit"),
        (36, True, "space on   m mark  ? keys  q quit"),
        (28, True, "space on   m mark  q quit"),
    ],
)
def test_they_say_what_they_do(width: int, paused: bool, line: str) -> None:
    assert drawn_keys(width, paused=paused).split() == line.split()


def test_in_a_replay_space_pauses() -> None:
    going, held = drawn_keys(80, is_replay=True), drawn_keys(80, held=True, is_replay=True)
    assert going.startswith("space pause  m mark")
    assert held.startswith("space go on  m mark")


@given(st.integers(25, 200))
def test_none_moves_in_a_pause_and_none_is_cut(width: int) -> None:
    going, paused = drawn_keys(width, paused=False), drawn_keys(width, paused=True)
    assert going.index(" m mark") == paused.index(" m mark")
    assert going.rstrip().endswith("q quit")
    assert paused.rstrip().endswith("q quit")


@given(snapshots(), panel_views, st.integers(1, 220), st.integers(1, 70), st.none() | st.floats(1, 1e5))
def test_whatever_the_user_does_it_fills_any_terminal(
    snapshot: Snapshot, view: PanelView, width: int, height: int, seconds: float | None
) -> None:
    panel = draw_panel(snapshot, panel_facts(seconds=seconds), width, height, CLOCK, view=view)
    assert is_exactly(text_lines(panel), width, height)


def remembering(num_windows: int = 62) -> Snapshot:
    """Give a snapshot with a past."""
    snapshot = list(wandering(num_windows))[-1]
    entries = (
        LogEntry(3.0, "angry 4 s", "episode", emotion="angry"),
        LogEntry(5.0, "drop: 0.50 s missing", "gap", "drop at 5.0 s: 0.50 s of sound is missing"),
        LogEntry(9.0, "mark: asks for money back", "mark"),
    )
    ticks = (
        Tick(snapshot.stream_seconds - 20.0, "mark"),
        Tick(snapshot.stream_seconds - 10.0, "alert", "mono"),
    )
    strip = StripView(
        1.0, {"mono": ("angry",) * 10 + ("silence",) * 5 + ("gap",) * 5 + ("unsure",) * 12}, ticks
    )
    messages = ("drop at 5.0 s: 0.50 s of sound is missing", "the disk is full")
    return replace(snapshot, log=entries, ticks=ticks, strip=strip, messages=messages)


def test_an_episode_in_the_log_has_the_colour_of_its_emotion_whatever_its_leg_is_called() -> None:
    entry = LogEntry(3.0, "angry sad 4.0 s", "episode", emotion="sad")
    snapshot = replace(remembering(), log=(entry,))
    lines = draw_panel(snapshot, panel_facts(), 120, 40, CLOCK).lines()
    [run] = [run for line in lines for run in line if entry.text in run.text]
    assert run.style == emotion_style("sad") != emotion_style("angry")


def test_where_rows_are_free_the_panel_remembers() -> None:
    lines = [line.strip() for line in shown(remembering(), 120, 40)]
    [strip] = [line for line in lines if line.startswith("session")]
    assert re.sub(r"(.)\1+", r"\1", strip.split()[1]) == "a▆·/?"
    at = lines.index(f"{clock_at(9.0)} ◆ mark: asks for money back")
    assert lines[at - 2 : at] == [f"{clock_at(3.0)} angry 4 s", f"{clock_at(5.0)} drop: 0.50 s missing"]
    assert any(line.startswith("the disk is full") for line in lines)
    assert not any("sound is missing" in line for line in lines), "the log has it"


def clock_at(seconds: float) -> str:
    """Give the time of day at a stream time."""
    return f"{local(STARTED + seconds):%H:%M:%S}"


def test_without_rows_for_the_log_its_messages_are_shown() -> None:
    snapshot = remembering()
    one = replace(snapshot, messages=snapshot.messages[:1], overruns=0, dropped_seconds=0.0)
    text = "\n".join(shown(one))
    assert "drop at 5.0 s: 0.50 s of sound is missing" in text
    assert "money back" not in text


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_marks_and_alerts_are_ticks_on_the_axis(width: int, height: int) -> None:
    lines = shown(remembering(), width, height)
    [axis] = [line for line in lines if f"{MINUS}60 s" in line]
    assert axis.count("◆") == 1
    assert axis.count("▲") == 1
    assert axis.index("◆") < axis.index("▲")


def test_a_replay_that_is_paused_says_so_and_is_not_off_the_record() -> None:
    lines = shown(replace(heard(62), held=True), seconds=83.0)
    assert "‖ PAUSED" in lines[0]
    assert "OFF THE RECORD" not in "\n".join(lines)
    assert "space go on" in lines[-1]


@pytest.mark.parametrize(
    ("zoom", "label"), [(60.0, f"{MINUS}60 s"), (600.0, f"{MINUS}10 min"), (3600.0, f"{MINUS}60 min")]
)
def test_the_axis_says_the_zoom(zoom: float, label: str) -> None:
    panel = draw_panel(heard(62), panel_facts(), 80, 24, CLOCK, view=PanelView(zoom_seconds=zoom))
    assert label in "\n".join(text_lines(panel))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (30, 7), (12, 3)])
def test_a_note_shows_its_end_where_not_all_fits(width: int, height: int) -> None:
    view = PanelView(note="a long note that goes on for a while, and then the end")
    last = text_lines(draw_panel(heard(62), panel_facts(), width, height, CLOCK, view=view))[-1].strip()
    assert last.startswith("note: ")
    assert "end▁" in last


def test_the_keys_are_shown_over_the_panel() -> None:
    view = PanelView(shows_keys=True)
    lines = text_lines(draw_panel(heard(62), panel_facts(), 80, 24, CLOCK, view=view))
    text = "\n".join(lines)
    for said in ("off the record, and on again", "mark it with a note", "any key closes this", "? unsure"):
        assert said in text
    assert "callmood" in lines[0], "the panel stands behind it"
    replayed = "\n".join(
        text_lines(draw_panel(heard(62), panel_facts(seconds=83.0), 80, 24, CLOCK, view=view))
    )
    assert "10 s back or on" in replayed


def test_counters_come_at_the_right_and_move_nothing() -> None:
    before = lines_of(*SLOW_MONO, (80, 24))
    counted = replace(SLOW_MONO[0], overruns=3, dropped_seconds=1.25, skipped=7)
    none = lines_of(replace(counted, overruns=0, dropped_seconds=0.0, skipped=0), SLOW_MONO[1], (80, 24))
    after = lines_of(counted, SLOW_MONO[1], (80, 24))
    assert len(before) == len(after)
    [(old, new)] = [(old, new) for old, new in zip(none, after, strict=True) if old != new]
    assert new.rstrip().endswith("overruns!   3  dropped!  1.2 s  skipped!   7")
    assert new.startswith(old.rstrip())
