"""Moments: one clip an episode, exact, with its margins, whatever becomes of the sound and of the disk."""

import csv
import tracemalloc
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.arrays import Samples
from emotion.errors import OutputError, UsageError
from streamer.events import Absence, Alert, AudioBlock, Event, Gap, Pause, Row, Sound
from streamer.leg_plan import LegPlan
from streamer.recordings.clip_files import kind_of_clip
from streamer.recordings.clips import ClipRecorder, ClipRule
from streamer.recordings.moment_limits import MomentLimits
from streamer.recordings.moments import MOMENT_COLUMNS, MomentRecorder
from streamer.recordings.session_folder import SessionFolder
from streamer.session_info import SessionInfo
from streamer.sinks.group import SinkGroup
from tests.alert_material import alert_at_1khz
from tests.session_material import SESSION, SUMMARY, blocks, cuts, facts, silent_row, sound, speech_row

LIMITS = MomentLimits(margin_seconds=0.1, longest_seconds=1.0)
LETTERS = {"a": "angry", "h": "happy", "n": "neutral", "s": "sad"}
NUM_SAMPLES = 2000
HEARD = sound(NUM_SAMPLES)


def row_of(window: int, letter: str) -> Row:
    """The row of a window of 200 samples each 50: a letter an emotion, ``-`` silence, ``?`` unsure."""
    if letter == "-":
        return silent_row(window)
    if letter == "?":
        return replace(speech_row(window), state="unsure", emotion=None)
    return speech_row(window, emotion=LETTERS[letter], probability=0.5 + window / 1000)


def events_of(heard: Samples, letters: str, places: Iterable[int] = ()) -> list[Event]:
    """Blocks, each with the rows that it completes."""
    events: list[Event] = []
    told = 0
    for block in blocks(heard, places):
        events.append(Sound(block))
        while told < len(letters) and 50 * told + 200 <= block.end_sample:
            events.append(row_of(told, letters[told]))
            told += 1
    return events


def record(
    out_dir: Path,
    events: Iterable[Event],
    rule: str = "speech",
    head: SessionInfo | None = None,
    limits: MomentLimits = LIMITS,
) -> Path:
    recorder = MomentRecorder(SessionFolder(out_dir), ClipRule.parse(rule), limits)
    recorder.open(head or facts())
    for event in events:
        recorder.handle(event)
    recorder.close(SUMMARY)
    recorder.close(SUMMARY)
    return out_dir / SESSION


def index(folder: Path) -> list[dict[str, str]]:
    with (folder / "moments.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def spans(folder: Path) -> list[tuple[int, int, int, int]]:
    """Episode and clip in samples; each clip is checked to be the sound that was heard there."""
    found = []
    for line in index(folder):
        start, end, first, after = (
            round(1000 * float(line[name])) for name in ("start", "end", "clip_start", "clip_end")
        )
        clip = soundfile.read(folder / line["file"], dtype="float32")[0]
        assert np.array_equal(clip, HEARD[first:after, 0])
        found.append((start, end, first, after))
    return found


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_windows_that_touch_are_one_clip_with_its_margins(tmp_path: Path) -> None:
    letters = "------aaah?-------ss-----"
    folder = record(tmp_path, events_of(HEARD, letters, range(70, NUM_SAMPLES, 70)))
    assert spans(folder) == [(300, 700, 200, 800), (900, 1150, 800, 1250)]
    first, second = index(folder)
    assert tuple(first) == MOMENT_COLUMNS
    assert (first["leg"], first["state"], first["emotion"]) == ("mono", "speech", "angry")
    assert float(first["mean_probability"]) == pytest.approx(0.507)
    assert float(first["peak_probability"]) == 0.508
    assert first["file"].startswith("moments/")
    assert first["file"].endswith("_mono_0000006_angry.wav")
    assert kind_of_clip(Path(second["file"]).name) == "sad"


def test_labels_have_an_episode_each_that_goes_on_beneath_others(tmp_path: Path) -> None:
    folder = record(tmp_path, events_of(HEARD, "--aahhaa---------------s"), "angry,happy")
    assert [(line["emotion"], line["start"], line["end"]) for line in index(folder)] == [
        ("happy", "0.2", "0.45"),
        ("angry", "0.1", "0.55"),
    ]


def test_the_first_and_the_last_have_as_much_as_there_is(tmp_path: Path) -> None:
    letters = "a" + "-" * 30 + "aaaaaa"
    folder = record(tmp_path, events_of(HEARD, letters))
    assert spans(folder) == [(0, 200, 0, 300), (1550, 2000, 1450, 2000)]


def test_a_long_episode_goes_on_in_the_next_clip_without_a_sample_twice(tmp_path: Path) -> None:
    folder = record(tmp_path, events_of(HEARD, "-" + "a" * 35 + "-", range(33, NUM_SAMPLES, 33)))
    found = spans(folder)
    assert len(found) == 3
    assert (found[0][2], found[-1][3]) == (0, 2000)
    assert all(before[3] == after[2] for before, after in pairwise(found))
    assert all(after - first <= 1000 for *_, first, after in found)


def test_a_gap_a_pause_and_an_absence_end_it_and_nothing_is_made_up(tmp_path: Path) -> None:
    before, after = HEARD[:400], HEARD[700:]

    def rows(first: int, letters: str) -> list[Event]:
        moved = [replace(row_of(number, letter), window=number) for number, letter in enumerate(letters)]
        return [
            replace(
                row,
                start=(row.start_sample + first) / 1000,
                end=(row.end_sample + first) / 1000,
                start_sample=row.start_sample + first,
                end_sample=row.end_sample + first,
                window=row.window + first,
            )
            for row in moved
        ]

    gap = Gap(0.4, 0.7, 400, 700, leg="mono", cause="drop", estimated=False)
    ends: list[tuple[str, list[Event]]] = [
        ("gap", [gap]),
        ("pause", [Pause(0.4, 0.0, paused=True), Pause(0.4, 9.0, paused=False), gap]),
        ("absence", [Absence(0, "a source", 0.4, "unplugged"), gap]),
    ]
    for name, between in ends:
        events: list[Event] = [
            *map(Sound, blocks(before, [])),
            *rows(0, "-aaaa"),
            *between,
            *map(Sound, blocks(after, [], 700)),
            *rows(700, "aa-----"),
        ]
        folder = record(tmp_path / name, events)
        assert spans(folder) == [(50, 400, 0, 400), (700, 950, 700, 1050)], name


def test_a_pause_writes_at_once(tmp_path: Path) -> None:
    recorder = MomentRecorder(SessionFolder(tmp_path), ClipRule.parse("speech"), LIMITS)
    recorder.open(facts())
    for event in events_of(HEARD[:400], "-aaaa"):
        recorder.handle(event)
    assert recorder.num_written == 0
    recorder.handle(Pause(0.4, 0.0, paused=True))
    assert recorder.num_written == 1
    recorder.close(None)


def alert(
    onset_sample: int, end_sample: int, label: str = "angry", rule: str = "angry>0.45 for 0.3s"
) -> Alert:
    return alert_at_1khz(onset_sample, end_sample, label=label, rule=rule, probability=0.6, window=0)


RULES = ("angry>0.45 for 0.3s", "angry>0.4", "them:sad>0.4")


@pytest.mark.parametrize("alerts", [["angry>0.45 for 0.3s"], ["angry>0.45 for 0.3s", "angry>0.4"]])
def test_of_an_alert_its_episode_from_the_onset_on_is_kept_once(
    tmp_path: Path, alerts: Sequence[str]
) -> None:
    # The first two angry windows raise none; the next ones do, and go on after it.
    events = events_of(HEARD, "--aa------ss--aaaaaannnn-------")
    at = next(place for place, event in enumerate(events) if isinstance(event, Row) and event.window == 16)
    events[at + 1 : at + 1] = [alert(700, 1000, rule=rule) for rule in alerts]
    folder = record(tmp_path, events, "alerts", replace(facts(), alerts=RULES))
    (line,) = index(folder)
    assert (line["state"], line["emotion"]) == ("alert", "angry")
    assert float(line["start"]) == 0.7
    assert float(line["end"]) >= 1.15
    assert float(line["peak_probability"]) == pytest.approx(0.5 + 0.019)
    assert float(line["clip_start"]) == 0.6
    spans(folder)


@pytest.mark.parametrize(("hold", "at_window"), [(0.8, 15), (0.3, 5)])
def test_an_episode_that_is_too_long_before_its_alert_keeps_its_onset(
    tmp_path: Path, hold: float, at_window: int
) -> None:
    rule = f"angry>0.45 for {hold}s"
    events = events_of(HEARD, "---" + "a" * 20 + "n" * 3 + "-" * 8, range(100, NUM_SAMPLES, 100))
    at = next(
        place for place, event in enumerate(events) if isinstance(event, Row) and event.window == at_window
    )
    events[at + 1 : at + 1] = [alert(150, 50 * at_window + 200, rule=rule)]
    limits = MomentLimits(margin_seconds=0.05, longest_seconds=0.5)
    folder = record(tmp_path, events, "alerts", replace(facts(), alerts=(rule,)), limits)
    found = spans(folder)
    assert (found[0][0], found[0][2]) == (150, 100)
    assert all(before[3] == after[2] for before, after in pairwise(found))
    assert found[-1][1] >= 50 * 22 + 200
    assert all(after - first <= 500 for *_, first, after in found)


def test_parts_of_an_episode_that_raises_no_alert_are_not_kept(tmp_path: Path) -> None:
    rules = ("angry>0.45 for 1.5s", "sad>0.45")
    events = events_of(HEARD, "---" + "a" * 20 + "nnn" + "-" * 8)
    events.insert(-2, alert(1000, 1200, "sad", "sad>0.45"))
    limits = MomentLimits(margin_seconds=0.05, longest_seconds=0.5)
    folder = record(tmp_path, events, "alerts", replace(facts(), alerts=rules), limits)
    assert not list(folder.rglob("*.wav"))


def test_parts_of_an_episode_without_an_alert_are_not_kept_with_the_next(tmp_path: Path) -> None:
    rule = "angry>0.45 for 0.6s"
    events = events_of(HEARD, "-" + "a" * 8 + "n" * 10 + "a" * 10 + "n" * 8)
    at = next(place for place, event in enumerate(events) if isinstance(event, Row) and event.window == 27)
    events.insert(at + 1, alert(950, 1550, rule=rule))
    limits = MomentLimits(margin_seconds=0.05, longest_seconds=0.4)
    folder = record(tmp_path, events, "alerts", replace(facts(), alerts=(rule,)), limits)
    assert spans(folder)[0][0] == 950


def test_legs_whose_names_are_alike_in_files_have_all_their_moments(tmp_path: Path) -> None:
    long = "a" * 39
    names = ("anna.k", "anna-k", f"{long}.b", f"{long}.c")
    legs = tuple(LegPlan(name, channel=number) for number, name in enumerate(names))
    heard = sound(1000, 4)
    for kind, sink in (
        ("moments", MomentRecorder(SessionFolder(tmp_path / "m"), ClipRule.parse("speech"), LIMITS)),
        ("clips", ClipRecorder(SessionFolder(tmp_path / "c"), ClipRule.parse("speech"))),
    ):
        sink.open(facts(channels=4, legs=legs))
        sink.handle(Sound(AudioBlock(heard, 0, 0.0)))
        for name in names:
            sink.handle(replace(speech_row(0), leg=name))
        sink.close(SUMMARY)
        files = [path.name for path in tmp_path.glob(f"*/*/{kind}/*/*.wav")]
        assert len(files) == len(names)
        assert all(kind_of_clip(file) == "angry" for file in files)


def test_a_file_of_the_name_of_a_moment_costs_that_one_alone(tmp_path: Path) -> None:
    now = 0.0
    recorder = MomentRecorder(SessionFolder(tmp_path), ClipRule.parse("speech"), LIMITS)
    group = SinkGroup([recorder], clock=lambda: now)
    group.open(facts())
    events = events_of(HEARD, "-aaa------------hh------------s-----", range(50, NUM_SAMPLES, 50))
    others = record(tmp_path / "others", events) / index(tmp_path / "others" / SESSION)[0]["file"]
    mine = tmp_path / SESSION / others.relative_to(tmp_path / "others" / SESSION)
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    for event in events:
        group.handle(event)
        now += 0.1
    group.close(SUMMARY)
    assert mine.read_text() == "mine"
    assert [first for first, *_ in spans(tmp_path / SESSION)] == [800, 1500]
    (failure,) = group.failures
    assert "File exists" in failure
    assert failure.endswith(", without 1 moment")


def test_sound_that_would_take_too_much_memory_is_refused(tmp_path: Path) -> None:
    legs = tuple(LegPlan(f"leg{number}", channel=number) for number in range(8))
    info = facts(sample_rate=48_000, channels=8, legs=legs)
    recorder = MomentRecorder(SessionFolder(tmp_path), ClipRule.parse("speech"), MomentLimits(1.0, 600.0))
    with pytest.raises(UsageError, match=r"--longest is 600 s; .* MB of memory and 500 are the most"):
        recorder.open(info)
    assert not list(tmp_path.iterdir())
    recorder = MomentRecorder(SessionFolder(tmp_path), ClipRule.parse("speech"))
    recorder.open(info)
    recorder.close(None)


SIGNAL_LETTERS = "-aaah??----s-nn--aaaaaaaaaaaaaaaa----"


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return tree(record(tmp_path_factory.mktemp("uncut"), events_of(HEARD, SIGNAL_LETTERS)))


@settings(max_examples=min(30, settings().max_examples), deadline=None)
@given(places=cuts(NUM_SAMPLES))
def test_any_cutting_gives_the_same_files_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, uncut: dict[str, bytes], places: list[int]
) -> None:
    folder = record(tmp_path_factory.mktemp("cut"), events_of(HEARD, SIGNAL_LETTERS, places))
    assert tree(folder) == uncut


@settings(max_examples=min(40, settings().max_examples), deadline=None)
@given(
    letters=st.text("ahs?-", min_size=1, max_size=37),
    places=cuts(NUM_SAMPLES),
    limits=st.builds(MomentLimits, st.sampled_from([0.0, 0.05, 0.1, 0.3]), st.sampled_from([0.8, 1.0, 60.0])),
    rule=st.sampled_from(["all", "speech", "angry,sad"]),
)
def test_every_window_that_is_wanted_is_in_a_clip_and_none_is_too_long(
    tmp_path_factory: pytest.TempPathFactory,
    letters: str,
    places: list[int],
    limits: MomentLimits,
    rule: str,
) -> None:
    longest = limits.longest_seconds
    folder = record(tmp_path_factory.mktemp("any"), events_of(HEARD, letters, places), rule, limits=limits)
    wanted = [
        row
        for number, letter in enumerate(letters)
        if ClipRule.parse(rule).wants(row := row_of(number, letter))
    ]
    found = spans(folder) if wanted else []
    assert (folder / "moments.csv").exists() == bool(wanted)
    assert all(after - first <= 1000 * longest for *_, first, after in found)
    covered = {sample for *_, first, after in found for sample in range(first, after)}
    assert {sample for row in wanted for sample in range(row.start_sample, row.end_sample)} <= covered
    assert all(first <= start < end <= after or longest < 60 for start, end, first, after in found)
    if rule == "all":
        assert sum(after - first for *_, first, after in found) == len(covered), "no sample twice"


def test_each_leg_has_moments_of_its_own_channel(tmp_path: Path) -> None:
    heard = np.concatenate([HEARD[:1000], HEARD[1000:]], axis=1)
    legs = (LegPlan("me", channel=0), LegPlan("them", channel=1))
    events: list[Event] = [Sound(block) for block in blocks(heard, [])]
    events += [replace(row_of(number, letter), leg="me") for number, letter in enumerate("aa----------")]
    events += [replace(row_of(number, letter), leg="them") for number, letter in enumerate("------ss----")]
    folder = record(tmp_path, events, head=facts(channels=2, legs=legs))
    for line, channel, span in zip(index(folder), (0, 1), ((0, 350), (200, 650)), strict=True):
        assert line["leg"] == legs[channel].name
        clip = soundfile.read(folder / line["file"], dtype="float32")[0]
        assert np.array_equal(clip, heard[slice(*span), channel])


def test_clips_and_moments_are_kept_side_by_side(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path)
    rule = ClipRule.parse("speech")
    sinks = (MomentRecorder(folder, rule, LIMITS), ClipRecorder(folder, rule))
    for sink in sinks:
        sink.open(facts())
    for event in events_of(HEARD, "-aaa----"):
        for sink in sinks:
            sink.handle(event)
    for sink in sinks:
        sink.close(SUMMARY)
    assert [sink.num_written for sink in sinks] == [1, 3]
    assert len(list(folder.path.glob("moments/*/*.wav"))) == 1
    assert len(list(folder.path.glob("clips/*/*.wav"))) == 3


def test_a_disk_that_was_full_for_a_while_costs_nothing_whose_sound_is_still_there(tmp_path: Path) -> None:
    # A file in the place of the folder of moments stands for a disk that cannot be written.
    now = 0.0
    recorder = MomentRecorder(SessionFolder(tmp_path), ClipRule.parse("speech"), LIMITS)
    group = SinkGroup([recorder], clock=lambda: now)
    group.open(facts())
    obstacle = tmp_path / SESSION / "moments"
    obstacle.write_bytes(b"")
    events = events_of(HEARD, "-aaa------------hh------------s-----", range(50, NUM_SAMPLES, 50))
    half = next(place for place, event in enumerate(events) if isinstance(event, Row) and event.window == 22)
    for event in events[:half]:
        group.handle(event)
    assert recorder.num_written == 0
    assert len(group.failures) == 1
    obstacle.unlink()
    now = 2.0
    for event in events[half:]:
        group.handle(event)
    group.close(SUMMARY)
    assert spans(tmp_path / SESSION) == [(50, 350, 0, 450), (800, 1050, 700, 1150), (1500, 1700, 1400, 1800)]
    assert group.failures[0].endswith("; it went on after 2 s, with nothing missing")


def test_moments_that_a_full_disk_cost_are_counted_and_memory_has_a_bound(tmp_path: Path) -> None:
    recorder = MomentRecorder(SessionFolder(tmp_path), ClipRule.parse("speech"), LIMITS)
    group = SinkGroup([recorder], clock=lambda: 0.0)
    group.open(facts())
    (tmp_path / SESSION / "moments").write_bytes(b"")
    heard = sound(60_000)
    letters = ("aa" + "-" * 18) * 60
    for event in events_of(heard, letters[:1190], range(50, 60_000, 50)):
        group.handle(event)
    group.close(SUMMARY)
    (failure,) = group.failures
    assert failure.endswith("; missing: 60 moments")
    assert not list(tmp_path.rglob("*.wav"))


def test_memory_has_the_sound_of_the_longest_clip_and_little_more(tmp_path: Path) -> None:
    recorder = MomentRecorder(SessionFolder(tmp_path), ClipRule.parse("sad"), LIMITS)
    recorder.open(facts())
    tracemalloc.start()
    for number in range(3_000):
        block = np.zeros((100, 1), np.float32)
        recorder.handle(Sound(AudioBlock(block, 100 * number, 0.0)))
        if number:
            recorder.handle(row_of(2 * number - 2, "a"))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    recorder.close(SUMMARY)
    # 1 s, a window, a step and 2 s at 1 kHz are 13 kB of samples in 33 blocks.
    assert kept < 60_000


def test_a_failure_at_the_very_end_names_how_many_are_missing(tmp_path: Path) -> None:
    recorder = MomentRecorder(SessionFolder(tmp_path), ClipRule.parse("angry,happy"), LIMITS)
    group = SinkGroup([recorder])
    group.open(facts())
    for event in events_of(HEARD[:400], "-aahh"):
        group.handle(event)
    (tmp_path / SESSION / "moments").write_bytes(b"")
    group.close(SUMMARY)
    (failure,) = group.failures
    assert failure.startswith(f"cannot write {tmp_path / SESSION / 'moments'}/")
    assert failure.endswith("; missing: 2 moments")
    assert not recorder.is_saving


def test_sound_that_is_gone_is_told_of_and_never_half(tmp_path: Path) -> None:
    recorder = MomentRecorder(SessionFolder(tmp_path), ClipRule.parse("speech"), LIMITS)
    recorder.open(facts())
    for block in blocks(sound(9000), range(100, 9000, 100)):
        recorder.handle(Sound(block))
    for row in (speech_row(0), silent_row(1), silent_row(10)):
        recorder.handle(row)
    with pytest.raises(OutputError, match=r"moments missing in .*: 1; .*report it"):
        recorder.close(SUMMARY)
    assert not list(tmp_path.rglob("*.wav"))


def test_names_are_stream_time_in_a_replay_and_the_clock_where_there_is_one(tmp_path: Path) -> None:
    heard = sound(3_700_000)
    row = replace(speech_row(9), start=3661.5, end=3661.7, start_sample=3_661_500, end_sample=3_661_700)
    events: list[Event] = [Sound(AudioBlock(heard[3_660_000:3_665_000], 3_660_000, 0.0)), row]
    for name, head, file in (
        ("replay", replace(facts(), clock="stream"), "hour-0001/01-01-01.400_mono_0000009_angry.wav"),
        (
            "started",
            replace(facts(), started=0.0, clock="given", utc_offset_seconds=7200.0),
            "1970-01-01T03/03-01-01.400_mono_0000009_angry.wav",
        ),
    ):
        folder = record(tmp_path / name, events, head=head)
        assert [line["file"] for line in index(folder)] == [f"moments/{file}"]
        assert kind_of_clip(file.rpartition("/")[2]) == "angry"


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (MomentLimits(-1.0), "--margin is -1 s; give 0 or more"),
        (MomentLimits(float("nan")), "--margin is nan s"),
        (
            MomentLimits(1.0, 3.9),
            "--longest is 3.9 s; a window of 2 s with a --margin of 1 s on both sides needs 4",
        ),
        (MomentLimits(1.0, float("nan")), "--longest is nan s; 600 is the most"),
        (MomentLimits(1.0, 601.0), "--longest is 601 s; 600 is the most"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limits: MomentLimits, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        limits.check(2.0)
    MomentLimits(1.0, 4.0).check(2.0)
