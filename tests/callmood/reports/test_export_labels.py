"""Exports of labels, each read back by a library of its field, or by the grammar of its specification."""

import html
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from callmood.reports.export_labels import audacity, eaf, label_studio, textgrid, vtt
from callmood.reports.export_timeline import Timeline
from streamer.events import Mark
from streamer.leg_plan import LegPlan
from streamer.recordings.journal_reader import Journal
from tests.export_material import (
    CALL,
    HOSTILE,
    Shown,
    alert,
    assert_shows,
    episodes,
    exported,
    journal,
    journals,
    row,
    shown,
    tiles,
    windows,
)
from tests.session_material import STARTED
from tests.spoiling import fuzzed

Label = tuple[int, int, str]
NOWHERE = Path("/nowhere")


def legs(of: Journal) -> list[str]:
    return [leg.name for leg in of.header.legs]


def in_ms(seconds: float | str) -> int:
    """Read a time that was written to the millisecond: nothing may be left beyond it."""
    at = float(seconds) * 1000
    assert abs(at - round(at)) < 1e-6
    return round(at)


# Audacity


def labels_of_audacity(content: bytes) -> list[Label]:
    labels = []
    for line in content.decode().splitlines():
        start, end, text = line.split("\t")
        assert re.fullmatch(r"\d+\.\d{6}", start)
        labels.append((in_ms(start), in_ms(end), text))
    assert labels == sorted(labels, key=lambda label: label[:2])
    return labels


def test_audacity_gets_episodes_alerts_and_marks_in_one_track() -> None:
    labels = labels_of_audacity(audacity(exported(CALL)))
    assert labels[:2] == [(0, 275, "clerk: silence"), (0, 375, "customer: angry")]
    assert (100, 400, "alert: customer angry 0.75 for 0.3 s (angry>0.7)") in labels
    assert [label for label in labels if label[0] == label[1]] == [
        (450, 450, "mark"),
        (450, 450, 'mark: see "item [1]" --> <b>'),
        (700, 700, "mark"),
    ]


def test_with_one_leg_labels_are_the_kinds_alone() -> None:
    alone = journal([row("mono", 0, "angry"), row("mono", 1, "sad")])
    assert [text for _, _, text in labels_of_audacity(audacity(exported(alone)))] == ["angry", "sad"]


@fuzzed(20)
@given(of=journals())
def test_audacity_reads_back_what_each_leg_showed(of: Journal) -> None:
    for wanted, is_windows in ((episodes, False), (windows, True)):
        labels = labels_of_audacity(audacity(exported(of, windows=is_windows)))
        expected = [
            (each.start_ms, each.end_ms, (f"{shown(leg)}: " if len(legs(of)) > 1 else "") + shown(each.kind))
            for leg in legs(of)
            for each in wanted(of, leg)
        ]
        # Labels of legs, alerts and marks share a track; those of this leg are found by what they say.
        left = list(labels)
        for start, end, text in expected:
            found = next(each for each in left if each[2] == text and abs(each[0] - start) <= 0.5)
            assert abs(found[1] - end) <= 0.5
            left.remove(found)
        assert len(left) == len(of.alerts) + len(of.marks)


# WebVTT

CUE = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})")
PAYLOAD = re.compile(r"(?:<v ([^\r\n<>&]|&(?:amp|lt|gt);)+>)?(?:[^<>&]|&(?:amp|lt|gt);)*")


def cues_of_vtt(content: bytes) -> list[tuple[int, int, str | None, str]]:
    """Read WebVTT as its grammar has it (W3C, section 4): blocks between empty lines, escaped text."""
    head, *blocks = content.decode("utf-8").removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    cues = []
    for block in blocks:
        lines = block.split("\n")
        if lines[0].startswith("NOTE "):
            assert "-->" not in block
            continue
        timing, payload = lines
        match = CUE.fullmatch(timing)
        assert match
        times = [int(each) for each in match.groups()]
        start, end = ((((h * 60) + m) * 60 + s) * 1000 + f for h, m, s, f in (times[:4], times[4:]))
        assert start < end
        assert PAYLOAD.fullmatch(payload)
        assert "-->" not in payload
        voice = re.match(r"<v ([^>]*)>", payload)
        text = html.unescape(payload[voice.end() :] if voice else payload)
        cues.append((start, end, html.unescape(voice[1]) if voice else None, text))
    assert cues == sorted(cues, key=lambda cue: cue[0])
    return cues


def test_subtitles_have_a_voice_a_leg_and_none_where_nobody_speaks() -> None:
    cues = cues_of_vtt(vtt(exported(CALL)))
    assert cues[0] == (0, 375, "customer", "customer: angry")
    assert not [cue for cue in cues if "silence" in cue[3]]
    assert (400, 5400, "clerk", 'alert: clerk angry 0.75 for 0.2 s ("=cmd">0.6)') in cues
    assert (450, 2450, None, 'mark: see "item [1]" --> <b>') in cues


@fuzzed(20)
@given(of=journals())
def test_subtitles_read_back_what_each_leg_showed(of: Journal) -> None:
    for wanted, is_windows in ((episodes, False), (tiles, True)):
        cues = cues_of_vtt(vtt(exported(of, windows=is_windows)))
        expected = [
            (each.start_ms, (f"{shown(leg)}: " if len(legs(of)) > 1 else "") + shown(each.kind))
            for leg in legs(of)
            for each in wanted(of, leg)
            if each.kind not in {"silence", "noise", "clipped"}
        ]
        left = list(cues)
        for start, text in expected:
            left.remove(next(each for each in left if each[3] == text and abs(each[0] - start) <= 0.5))
        assert len(left) == len(of.alerts) + len(of.marks)


def test_hours_of_subtitles_have_as_many_digits_as_they_need() -> None:
    late = journal(marks=[Mark(3600 * 123 + 61.5, STARTED)])
    assert cues_of_vtt(vtt(exported(late)))[0][0] == (3600 * 123 + 61) * 1000 + 500
    assert b"123:01:01.500 -->" in vtt(exported(late))


# Praat


def tiers_of_textgrid(content: bytes, path: Path) -> dict[str, list[Any]]:
    praat = pytest.importorskip("praatio.textgrid")
    path.write_bytes(content)
    grid = praat.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="error")
    return {name: list(grid.getTier(name).entries) for name in grid.tierNames}


def for_praat(text: str) -> str:
    """What praatio takes for the beginning of a tier is written with other brackets and quotes."""
    text = shown(text).replace("item [", "item (").replace("item[", "item(")
    return text.replace('"IntervalTier"', "'IntervalTier'").replace('"TextTier"', "'TextTier'")


def test_a_textgrid_has_a_tier_a_leg_and_points_for_alerts_and_marks(tmp_path: Path) -> None:
    tiers = tiers_of_textgrid(textgrid(exported(CALL)), tmp_path / "call.TextGrid")
    assert list(tiers) == ["customer", "clerk", "agent", "alerts", "marks"]
    assert [tuple(each) for each in tiers["clerk"]] == [
        (0.0, 0.275, "silence"), (0.275, 0.55, "=cmd"), (1.0, 1.3, "=cmd"),
    ]  # fmt: skip
    assert tiers["agent"] == []
    assert [tuple(each) for each in tiers["alerts"]] == [
        (0.4, 'clerk angry 0.75 for 0.2 s ("=cmd">0.6); customer angry 0.75 for 0.3 s (angry>0.7)')
    ]
    assert [tuple(each) for each in tiers["marks"]] == [
        (0.45, 'mark; mark: see "item (1]" --> <b>'),
        (0.7, "mark"),
    ]


@fuzzed(20)
@given(of=journals())
def test_a_textgrid_reads_back_what_each_leg_showed(
    of: Journal, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.TextGrid"
    for wanted, is_windows in ((episodes, False), (tiles, True)):
        tiers = list(tiers_of_textgrid(textgrid(exported(of, windows=is_windows)), path).values())
        for leg, tier in zip(legs(of), tiers, strict=False):
            found = [(in_ms(each.start), in_ms(each.end), each.label) for each in tier]
            expected = [Shown(each.start_ms, each.end_ms, for_praat(each.kind)) for each in wanted(of, leg)]
            assert_shows(found, expected)
        moments = {in_ms(each.at_seconds) for each in of.alerts}
        assert {in_ms(each.time) for each in tiers[len(legs(of))]} == moments


# ELAN


def tiers_of_eaf(content: bytes, path: Path) -> dict[str, list[Label]]:
    elan = pytest.importorskip("pympi.Elan")
    path.write_bytes(content)
    document = elan.Eaf(str(path))
    return {name: sorted(document.get_annotation_data_for_tier(name)) for name in document.get_tier_names()}


def test_an_eaf_has_a_tier_a_leg_and_tiers_of_alerts_and_marks(tmp_path: Path) -> None:
    content = eaf(exported(CALL, audio="calls/call 1.wav"), NOWHERE)
    tiers = tiers_of_eaf(content, tmp_path / "call.eaf")
    assert list(tiers) == ["customer", "clerk", "agent", "alerts", "marks"]
    assert tiers["customer"] == [(0, 375, "angry"), (375, 475, "unsure"), (475, 700, "sad")]
    assert [(start, end) for start, end, _ in tiers["alerts"]] == [(100, 400)]
    assert tiers["marks"] == [(450, 700, 'mark; mark: see "item [1]" --> <b>'), (700, 1200, "mark")]


@pytest.mark.parametrize(
    ("audio", "address", "relative"),
    [
        ("calls/call 1.wav", "file:///nowhere/calls/call%201.wav", "./calls/call 1.wav"),
        ("../客.wav", "file:///%E5%AE%A2.wav", "./../客.wav"),
        ("/calls/call#1.wav", "file:///calls/call%231.wav", None),
        ("10:30 call.wav", "file:///nowhere/10%3A30%20call.wav", "./10:30 call.wav"),
        ("https://example.com/call.wav?a=1", "https://example.com/call.wav?a=1", None),
    ],
)
def test_an_eaf_links_the_recording(audio: str, address: str, relative: str | None) -> None:
    """ELAN takes the relative path first; an address has none."""
    content = eaf(exported(CALL, audio=audio), NOWHERE)
    descriptor = ET.fromstring(content).find("HEADER/MEDIA_DESCRIPTOR")  # noqa: S314 - we wrote it
    assert descriptor is not None
    assert descriptor.attrib == {"MEDIA_URL": address, "MIME_TYPE": "audio/x-wav"} | (
        {} if relative is None else {"RELATIVE_MEDIA_URL": relative}
    )


def test_time_slots_are_in_order_of_time() -> None:
    document = ET.fromstring(eaf(exported(CALL), NOWHERE))  # noqa: S314 - we wrote it
    times = [int(slot.attrib["TIME_VALUE"]) for slot in document.iter("TIME_SLOT")]
    assert times == sorted(times)
    assert len(times) == 2 * sum(1 for _ in document.iter("ALIGNABLE_ANNOTATION"))


def test_alerts_that_overlap_follow_each_other_in_their_tier(tmp_path: Path) -> None:
    of = journal(alerts=[alert("mono", 0.0, 4.0), alert("mono", 1.0, 2.0), alert("mono", 3.999, 4.0, "b")])
    tiers = tiers_of_eaf(eaf(exported(of), NOWHERE), tmp_path / "call.eaf")
    assert [(start, end) for start, end, _ in tiers["alerts"]] == [(1000, 2000), (2000, 4000)]


@fuzzed(20)
@given(of=journals())
def test_an_eaf_reads_back_what_each_leg_showed(
    of: Journal, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.eaf"
    for wanted, is_windows in ((episodes, False), (tiles, True)):
        tiers = list(tiers_of_eaf(eaf(exported(of, windows=is_windows), NOWHERE), path).values())
        for leg, tier in zip(legs(of), tiers, strict=False):
            assert_shows(tier, wanted(of, leg))
        for tier in tiers:
            assert all(before[1] <= after[0] for before, after in pairwise(tier))
        assert [end for _, end, _ in tiers[-2]] == sorted(
            {max(1, in_ms(each.at_seconds)) for each in of.alerts}
        )


# Label Studio


def test_label_studio_gets_a_task_for_each_leg_that_was_analysed() -> None:
    tasks = json.loads(label_studio(exported(CALL, audio="https://example.com/call.wav"), NOWHERE))
    assert [(task["data"]["leg"], task["data"]["audio"]) for task in tasks] == [
        ("customer", "https://example.com/call.wav"),
        ("clerk", "https://example.com/call.wav"),
    ]
    [prediction] = tasks[1]["predictions"]
    assert prediction["model_version"] == "speech-classic"
    assert prediction["result"][1] == {
        "id": "1-1", "from_name": "emotion", "to_name": "audio", "type": "labels", "original_length": 1.3,
        "value": {"start": 0.275, "end": 0.55, "channel": 1, "labels": ["=cmd"]}, "score": 0.7,
    }  # fmt: skip
    assert "score" not in prediction["result"][0]
    assert tasks[0]["data"]["alerts"] == [
        {"start": 0.1, "end": 0.4, "text": "customer angry 0.75 for 0.3 s (angry>0.7)"}
    ]
    assert tasks[0]["data"]["marks"][0]["text"] == 'mark: see "item [1]" --> <b>'


def test_a_path_is_one_below_the_document_root_of_label_studio() -> None:
    for audio, seen in (("a call#1.wav", "a%20call%231.wav"), ("calls/客.wav", "calls/%E5%AE%A2.wav")):
        [task] = json.loads(label_studio(exported(journal(), audio=audio), NOWHERE))
        assert task["data"]["audio"] == f"/data/local-files/?d={seen}"


@fuzzed(20)
@given(of=journals())
def test_label_studio_reads_back_what_each_leg_showed(of: Journal) -> None:
    for wanted, is_windows in ((episodes, False), (windows, True)):
        tasks = json.loads(label_studio(exported(of, windows=is_windows), NOWHERE))
        for number, (leg, task) in enumerate(zip(legs(of), tasks, strict=True)):
            [prediction] = task["predictions"]
            results = prediction["result"]
            assert len({each["id"] for each in results}) == len(results)
            assert all(each["value"]["channel"] == number for each in results)
            found = [
                (in_ms(value["start"]), in_ms(value["end"]), value["labels"][0])
                for value in (each["value"] for each in results)
            ]
            assert_shows(found, wanted(of, leg))


# All of them

Writer = Callable[[Timeline], bytes]
WRITERS: Sequence[Writer] = (
    audacity,
    vtt,
    textgrid,
    lambda timeline: eaf(timeline, NOWHERE),
    lambda timeline: label_studio(timeline, NOWHERE),
)


@pytest.mark.parametrize("is_analysed", [True, False])
def test_a_leg_without_windows_has_no_labels(is_analysed: bool, tmp_path: Path) -> None:
    """An empty session, and a leg of which only the level is taken."""
    timeline = exported(journal(legs=[LegPlan("agent", analysed=is_analysed)]))
    assert labels_of_audacity(audacity(timeline)) == []
    assert cues_of_vtt(vtt(timeline)) == []
    assert tiers_of_textgrid(textgrid(timeline), tmp_path / "a.TextGrid") == {"agent": [], "alerts": []}
    assert tiers_of_eaf(eaf(timeline, NOWHERE), tmp_path / "a.eaf") == {
        "agent": [],
        "alerts": [],
        "marks": [],
    }
    tasks = json.loads(label_studio(timeline, NOWHERE))
    assert [task["predictions"][0]["result"] for task in tasks] == ([[]] if is_analysed else [])


@pytest.mark.parametrize("name", [name for name in HOSTILE if shown(name)])
@pytest.mark.parametrize("write", WRITERS)
def test_no_name_adds_a_line(write: Writer, name: str) -> None:
    """Legs, labels, sessions, recordings and notes: each stays in its place, whatever it is called."""

    def lines(called: str) -> int:
        rows = [row(called, window, called, labels=[called, "sad"]) for window in range(3)]
        of = journal(rows, legs=[LegPlan(called)], labels=[called, "sad"], marks=[Mark(0.1, STARTED, called)])
        return len(write(exported(of, name=called, audio=called)).split(b"\n"))

    assert lines(name) == lines("plain")


def test_journals_with_rows_out_of_order_are_put_in_order() -> None:
    rows = [row("mono", window, "angry") for window in (3, 1, 2, 0)]
    labels = labels_of_audacity(audacity(exported(journal(rows))))
    assert labels == [(0, 350, "angry")]


def test_the_name_of_the_session_is_in_the_subtitles() -> None:
    of = exported(CALL, name="20261123T025959Z-0abc")
    assert b"NOTE session 20261123T025959Z-0abc, model speech-classic" in vtt(of)
