"""The report as text: what stands in it, and that it fits any terminal."""

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from callmood.reports.analysis import analyse
from callmood.reports.text import report_text
from callmood.reports.words import short_length
from streamer.events import Alert, Mark
from streamer.leg_plan import LegPlan
from tests.callmood.reports.test_analysis import CUSTOMER, gap, journal, rows

LABELS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


def test_the_timeline_has_a_letter_for_what_each_part_shows() -> None:
    spans = [("angry", 20), ("silence", 20), ("neutral", 20), ("unsure", 20)]
    found = analyse(journal(*rows("customer", *spans), legs=(CUSTOMER,)))
    [line] = re.findall(r"^customer  ([A-Z?.~!]+)$", report_text([found]), re.MULTILINE)
    assert re.fullmatch(r"A+[.]+N+[?]+", line)
    assert len(line) == 70
    assert all(line.count(sign) > 14 for sign in "A.N?")


def test_an_emotion_is_not_outvoted_by_the_pauses_around_it() -> None:
    spans = [("silence", 300), ("sad", 3), ("silence", 300)]
    found = analyse(journal(*rows("customer", *spans), legs=(CUSTOMER,)))
    [line] = re.findall(r"^customer  ([A-Z?.~!]+)$", report_text([found]), re.MULTILINE)
    assert re.fullmatch(r"[.]+S{1,2}[.]+", line)


def test_two_sessions_have_one_time_axis() -> None:
    short, long = (analyse(journal(*rows("customer", ("angry", count)))) for count in (20, 100))
    first, second = re.findall(r"^customer  (A+ *)$", report_text([short, long]), re.MULTILINE)
    assert len(second.rstrip()) > 4 * len(first.rstrip())


def test_moments_changes_alerts_gaps_and_marks_are_listed() -> None:
    alert = Alert(
        leg="customer", rule="angry>0.6", label="angry", onset_seconds=20.0, at_seconds=22.0, probability=0.7,
        delay_seconds=2.0, window=40, onset_sample=20_000, end_sample=22_000,
    )  # fmt: skip
    spoken = rows("customer", ("neutral", 40), ("angry", 20))
    found = analyse(
        journal(*spoken, alert, gap("customer", 40.0, 43.0), marks=(Mark(61.25, 0.0, "wants a refund"),))
    )
    text = report_text([found])
    for line in (
        "strongest moments of customer    peak  angry happy neutral   sad  (mean)",
        "  0:00:20.8     10.8 s  angry    70 %   70 %  10 %    10 %  10 %",
        "  0:00:20.8  neutral (20.8 s), then angry (10.8 s)",
        "  0:00:22.0  customer angry 70 % for 2.0 s (angry>0.6);",
        "gaps\n  0:00:40.0  3.0 s of customer: overrun",
        "marks\n  0:01:01.2  wants a refund",
        "missing   customer: 1 gap, 3.0 s of sound (overrun)",
        "responsible use",
    ):
        assert line in text, text


def test_the_time_of_a_call_is_not_that_of_its_replay() -> None:
    header = journal().header
    live = report_text([analyse(journal(header=replace(header, clock="wall", alerts=("angry>0.6",))))])
    assert re.search(r"^recorded  20\d\d-", live, re.MULTILINE)
    assert "rules     angry>0.6\n" in live
    replayed = replace(header, clock="stream", announced="We record.", alerts=None)
    text = report_text([analyse(journal(header=replayed))])
    assert "recorded  not known: a recording was replayed\n" in text
    assert "announced We record.\n" in text
    assert "rules     not known: an older callmood wrote the journal\n" in text
    assert "rules     none\n" in report_text([analyse(journal(header=replace(header, alerts=())))])


def test_a_length_is_never_sixty_seconds() -> None:
    lengths = [short_length(seconds) for seconds in (59.94, 59.97, 723.0, 3723.0)]
    assert lengths == ["59.9 s", "1:00", "12:03", "1:02:03"]


def test_a_share_of_the_talk_is_of_two_legs_at_least() -> None:
    spoken = rows("customer", ("angry", 20))
    both = report_text([analyse(journal(*spoken))])
    assert re.search(r"^customer +10\.0 s +100 %", both, re.MULTILINE)
    alone = report_text([analyse(journal(*spoken, legs=(CUSTOMER, LegPlan("x", 0, 1, analysed=False))))])
    assert re.search(r"^customer +10\.0 s +10\.0 s", alone, re.MULTILINE)


def test_what_became_of_the_other_leg_is_counted_in_pairs() -> None:
    angry = [("silence", 24), ("angry", 6), ("silence", 26)] * 3
    moved = [("neutral", 27), ("sad", 29), ("neutral", 27), ("sad", 29), ("neutral", 56)]
    text = report_text([analyse(journal(*rows("customer", *angry), *rows("partner", *moved)))])
    assert "customer angry, 3 episodes; partner:" in text
    assert "neutral -> sad 2x, unchanged 1x" in text


def test_who_may_not_be_read_is_named() -> None:
    staff = LegPlan("agent", 0, 1, analysed=False, staff=True)
    text = report_text([analyse(journal(*rows("customer", ("sad", 5)), legs=(CUSTOMER, staff)))])
    assert re.search(r"^agent \(staff\) +level only$", text, re.MULTILINE)


@settings(max_examples=25)
@given(st.integers(-5, 300), LABELS, st.lists(LABELS, min_size=1, max_size=6, unique=True))
def test_whatever_names_say_no_line_is_wider_than_the_terminal(
    width: int, name: str, labels: list[str]
) -> None:
    made = journal(*rows(name, ("unsure", 3), ("silence", 3)), legs=(LegPlan(name), LegPlan("x", 0, 1)))
    shares = dict.fromkeys(labels, 1 / len(labels))
    spoken = [replace(row, smoothed=shares, emotion=labels[0], state="speech") for row in made.rows[:3]]
    header = replace(made.header, labels=tuple(labels), model=name, notes=(name * 9,))
    text = report_text([analyse(replace(made, header=header, rows=(*spoken, *made.rows[3:])))], width)
    assert all(each.isprintable() for each in text.splitlines())
    assert max(map(cell_len, text.splitlines())) <= min(120, max(40, width))
