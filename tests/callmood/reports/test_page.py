"""The report page as a file: what it holds, and what hostile text in a journal makes of it."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from callmood.reports.analysis import analyse
from callmood.reports.html import PageSession, write_page
from callmood.reports.style import label_styles
from callmood.reports.words import length_text, percent_text, time_text
from streamer.events import Pause
from streamer.leg_plan import LegPlan
from streamer.recordings.journal_reader import read_journal
from tests.journal_material import written_journal
from tests.page_material import (
    CUSTOMER,
    STAFF,
    between_milliseconds,
    long_session,
    page_session,
    wandering_journal,
)
from tests.session_material import SUMMARY

HOSTILE = (
    "</script ></title ></style ></script>"
    '<img src=x onerror="hacked()"><!--<script > ${title} $data & \u2028 \' " 通话 مكالمة 😀'
)


class Elements(HTMLParser):
    """Collects start tags, and the text of everything but scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open not in {"script", "style"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def data_of(page: str) -> dict[str, list[dict[str, object]]]:
    [text] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert not {"<", ">", "&", "\u2028"} & set(text)
    found: dict[str, list[dict[str, object]]] = json.loads(text)
    return found


def test_the_page_holds_its_rows_once_and_exactly() -> None:
    session = page_session(wandering_journal(60))
    [data] = data_of(write_page([session]).decode())["sessions"]
    legs = data["legs"]
    assert isinstance(legs, list)
    for leg, analysed in zip(legs, session.analysis.legs, strict=True):
        starts = np.frombuffer(base64.b64decode(leg["starts"]), "<f8")
        shares = np.frombuffer(base64.b64decode(leg["smoothed"]), np.uint8).reshape(len(starts), -1)
        np.testing.assert_array_equal(starts, analysed.starts)
        np.testing.assert_array_equal(shares[:, 0] == 255, np.isnan(analysed.smoothed[:, 0]))
        told = shares[:, 0] != 255
        np.testing.assert_allclose(shares[told] / 254, analysed.smoothed[told], atol=0.5 / 254 + 1e-6)
        levels = np.frombuffer(base64.b64decode(leg["levels"]), np.uint8).astype(np.float32)
        np.testing.assert_allclose(-levels / 2, analysed.levels, atol=0.25)


def test_the_policy_allows_the_own_script_and_style_and_no_request() -> None:
    page = write_page([page_session(wandering_journal(60))]).decode()
    elements = Elements(page)
    [policy] = [
        attributes["content"] or ""
        for tag, attributes in elements.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for name in ("script", "style"):
        [body] = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    addresses = [
        value
        for _, attributes in elements.tags
        for name, value in attributes.items()
        if name in {"src", "href", "action", "srcset", "poster"}
    ]
    assert addresses
    assert all(value is not None and value.startswith("data:") for value in addresses)


def test_hostile_text_stays_text() -> None:
    legs = (LegPlan(HOSTILE, channel=0), LegPlan("other", channel=1))
    journal = wandering_journal(240, legs=legs, rule=HOSTILE, note=HOSTILE, labels=(HOSTILE, "sad"))
    source = replace(journal.header.sources[0], name=HOSTILE)
    header = replace(
        journal.header, model=HOSTILE, model_notes=(HOSTILE,), notes=(HOSTILE,), sources=(source,),
        session=HOSTILE, announced=HOSTILE, feature_set=HOSTILE,
    )  # fmt: skip
    analysis = analyse(replace(journal, header=header), missing=(HOSTILE,))
    page = write_page([PageSession(analysis)]).decode()
    plain = write_page([page_session(wandering_journal(240), with_sound=False)]).decode()
    elements, others = Elements(page), Elements(plain)
    assert {tag for tag, _ in elements.tags} <= {tag for tag, _ in others.tags} | {"audio"}
    assert not [name for _, attributes in elements.tags for name in attributes if name.startswith("on")]
    assert [tag for tag, _ in elements.tags].count("script") == 2
    # Title, heading, lead, facts, missing, limits, tables.
    assert elements.text.count(HOSTILE) > 20
    [data] = data_of(page)["sessions"]
    assert data["labels"] == [HOSTILE, "sad"]
    assert data["marks"] == [[48.0, HOSTILE]]


def test_a_surrogate_from_a_path_does_not_stop_the_page() -> None:
    journal = wandering_journal(60, note="caf\udce9")
    assert b"caf?" in write_page([page_session(journal)])


def test_a_page_without_sound_says_so_and_has_no_dead_buttons() -> None:
    page = write_page([page_session(wandering_journal(240), with_sound=False)]).decode()
    assert "This report holds no sound" in page
    assert 'class="play' not in page.partition("<main>")[2].partition("<script")[0]
    assert "<audio" not in page


def test_a_leg_of_which_only_the_level_was_taken_says_so() -> None:
    legs = (CUSTOMER, replace(STAFF, name="agent", analysed=False, staff=True))
    text = Elements(write_page([page_session(wandering_journal(60, legs=legs))]).decode()).text
    assert "agent (staff, level only)" in text
    assert "level only: not analysed, not recorded" in text
    [row] = re.findall(r"agent \(staff, level only\)(?:\N{EN DASH})+", text)
    # Talk, shares, four emotions and four states; nobody is left to share the talk with.
    assert row.count("\N{EN DASH}") == 10
    assert "(100 %" not in text
    assert "Who reacted to whom" not in text


def test_everything_that_is_drawn_is_told_in_tables() -> None:
    session = page_session(wandering_journal(240))
    elements = Elements(write_page([session]).decode())
    for leg in session.analysis.legs:
        for seconds in leg.emotion_seconds.values():
            assert length_text(seconds) in elements.text
        for moment in leg.moments:
            assert time_text(moment.episode.start) in elements.text
            assert percent_text(moment.episode.peak_probability) in elements.text
    canvases = [attributes for tag, attributes in elements.tags if tag == "canvas"]
    assert all(each.get("aria-hidden") == "true" or each.get("aria-label") for each in canvases)
    assert "asked for the manager" in elements.text
    assert "Not all of this session is here" in elements.text
    assert [tag for tag, _ in elements.tags].count("h1") == 1
    for gap in session.analysis.journal.gaps:
        row = [time_text(gap.start), gap.leg, length_text(gap.end - gap.start), f"gap: {gap.cause}"]
        assert "".join(row) in elements.text


def test_pauses_and_marks_are_told_where_no_leg_was_analysed() -> None:
    legs = (replace(CUSTOMER, analysed=False), replace(STAFF, analysed=False))
    journal = wandering_journal(60)
    pauses = (Pause(7.0, 0.0, paused=True), Pause(9.5, 0.0, paused=False))
    header = replace(journal.header, legs=legs)
    quiet = replace(journal, header=header, rows=(), gaps=(), alerts=(), pauses=pauses)
    elements = Elements(write_page([PageSession(analyse(quiet))]).decode())
    assert "0:00:12asked for the manager" in elements.text
    assert "0:00:07all\N{EN DASH}the user paused" in elements.text
    assert "0:00:09.5all\N{EN DASH}the user went on" in elements.text
    assert not [1 for tag, each in elements.tags if tag == "button" and each.get("class") == "show"]


@pytest.mark.parametrize("legs", [(CUSTOMER,), (CUSTOMER, STAFF)], ids=["one leg", "two legs"])
def test_no_level_of_headings_is_left_out(legs: tuple[LegPlan, ...]) -> None:
    elements = Elements(write_page([page_session(wandering_journal(120, legs=legs))]).decode())
    levels = [int(tag[1]) for tag, _ in elements.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_talk_that_the_journal_does_not_total_is_called_estimated() -> None:
    journal = wandering_journal(60)
    summary = replace(SUMMARY, talk_seconds={"customer": 12.0})
    text = Elements(write_page([page_session(replace(journal, summary=summary))]).decode()).text
    assert re.search(r"customer talked for 12 s \(\d+ %\)", text)
    assert re.search(r"me talked for [\d.]+ s \(\d+ %, estimated\)", text)
    assert "count 0.5 s for each window of 2 s" in text


def test_reactions_tell_what_became_what() -> None:
    session = page_session(wandering_journal(480))
    text = Elements(write_page([session]).decode()).text
    moves = [move for reaction in session.analysis.reactions for move in reaction.moved.items()]
    assert [before for (before, after), _ in moves if before == after]
    assert [before for (before, after), _ in moves if before != after]
    for (before, after), count in moves:
        if before != after:
            assert f"{before} \N{RIGHTWARDS ARROW} {after} {count}\N{MULTIPLICATION SIGN}" in text
    for reaction in session.analysis.reactions:
        if unchanged := sum(count for (before, after), count in reaction.moved.items() if before == after):
            assert f"unchanged {unchanged}\N{MULTIPLICATION SIGN}" in text


def test_a_button_names_the_piece_it_plays_whatever_its_time_is_rounded_to() -> None:
    session = between_milliseconds(page_session(wandering_journal(240)))
    elements = Elements(write_page([session]).decode())
    buttons = [each for tag, each in elements.tags if tag == "button" and each.get("data-piece")]
    assert len(buttons) > 10
    names = [leg.plan.name for leg in session.analysis.legs]
    num_before = 0
    for button in buttons:
        audio = session.audio[names[int(button["data-leg"] or "")]]
        piece = audio.pieces[int(button["data-piece"] or "")]
        start, end = float(button["data-start"] or ""), float(button["data-end"] or "")
        assert piece.start - 0.001 < start < end < piece.end + 0.001
        num_before += start < piece.start
    assert num_before


def test_a_label_looks_the_same_in_both_sessions() -> None:
    sessions = [
        page_session(wandering_journal(60, labels=labels), with_sound=False)
        for labels in (("calm", "angry", "bored", "afraid"), ("afraid", "sad", "calm"))
    ]
    page = write_page(sessions).decode()
    looks: dict[str, set[tuple[object, ...]]] = {}
    for number, data in enumerate(data_of(page)["sessions"]):
        styles = [data[key] for key in ("labels", "letters", "colours", "patterns")]
        for place, (label, *look) in enumerate(zip(*styles, strict=True)):
            [colour] = re.findall(rf"#session-{number} \.e{place}\{{--own:(.*?)\}}", page)
            looks.setdefault(label, set()).add((*look, colour))
    assert {label: len(look) for label, look in looks.items()} == dict.fromkeys(looks, 1)
    assert len(set.union(*looks.values())) == len(looks) == 5


def test_a_session_in_which_nothing_happened_is_a_page() -> None:
    journal = replace(wandering_journal(60), rows=(), gaps=(), alerts=(), marks=())
    page = Elements(write_page([page_session(journal)]).decode())
    assert "Responsible use" in page.text


def test_a_journal_with_an_event_of_each_kind_is_a_page(tmp_path: Path) -> None:
    journal = read_journal(written_journal(tmp_path / "journal.jsonl"))
    page = Elements(write_page([page_session(journal, with_sound=False)]).decode())
    assert "speech-classic" in page.text


def test_each_label_has_a_letter_of_its_own() -> None:
    styles = label_styles(("angry", "afraid", "arrogant", "ß", "悲しい", "angry"))
    letters = {label: style.letter for label, style in styles.items()}
    assert letters == {"angry": "A", "afraid": "F", "arrogant": "R", "ß": "1", "悲しい": "2"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (4.25, "4.2 s"), (59.97, "1 min 0 s"), (728.4, "12 min 8 s"), (3_725, "1 h 02 min")],
)
def test_lengths(seconds: float, text: str) -> None:
    assert length_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-0.5, "0:00:00"), (0.04, "0:00:00"), (728.0, "0:12:08"), (3599.97, "1:00:00"), (3601.25, "1:00:01.2")],
)
def test_times(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def test_an_hour_of_two_legs_without_sound_is_small() -> None:
    assert len(write_page([long_session(1.0)])) < 1_000_000


def test_alerts_that_were_not_raised_are_told_from_rules_that_were_not_given() -> None:
    journal = replace(wandering_journal(40), alerts=())
    for rules, words in (
        (("angry>0.7",), "No rule became true.<"),
        ((), "No rule was given.<"),
        (None, "Whether one was given is not known"),
    ):
        header = replace(journal.header, alerts=rules)
        page = write_page([page_session(replace(journal, header=header), with_sound=False)])
        assert words.encode() in page
