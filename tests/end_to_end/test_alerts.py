"""Alerts on recordings whose onsets are known to the sample: each told once, soon, and holding nothing up."""

import json
import shlex
import socket
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.arrays import Samples
from streamer.recordings.clips import BEFORE_ALERT_SECONDS
from streamer.sinks.alert_actions import COMMAND_LIMITS, POST_LIMITS
from tests.command import (
    Journal,
    Row,
    assert_one_line_of_complaint,
    callmood,
    command,
    environment,
    read_journal,
)
from tests.fed import Fed
from tests.spoken import DEMO, SAMPLE_RATE

CALM, ANGER = (0.42, 4.62), (15.41, 18.51)
"""Two sentences of the demo, s: the second begins with its first sound."""

NUM_STRETCHES = 4
WIN_SECONDS, STEP_SECONDS, HOLD_SECONDS, COOLDOWN_SECONDS = 2.0, 0.5, 3.0, 5.0
RULE = f"angry>0.6 for {HOLD_SECONDS:g}s"
WATCHED = ("--alert", RULE, "--alert-cooldown", f"{COOLDOWN_SECONDS:g}")

SHORTEST_DELAY_SECONDS = HOLD_SECONDS - WIN_SECONDS
"""The first window above the threshold has a sample of anger in it, so it ends after the onset; what the rule
asks for beyond a win comes after that."""

LONGEST_DELAY_SECONDS = SHORTEST_DELAY_SECONDS + WIN_SECONDS + 3 * STEP_SECONDS
"""The first window that is nothing but anger ends at most win and a step after the onset. Smoothing may keep
two more below the threshold."""

PATIENCE_SECONDS = 15.0
"""From the last row to the end, for a machine that is busy: much less than a command that hangs, more than
the two seconds that the session waits for it."""


@pytest.fixture(scope="module")
def demo() -> Samples:
    return np.asarray(soundfile.read(DEMO, dtype="int16")[0])


def said(demo: Samples, sentence: tuple[float, float], times: int = 1) -> Samples:
    first, last = (round(second * SAMPLE_RATE) for second in sentence)
    return np.tile(demo[first:last], times)


class Told:
    """A recording in which calm and anger take turns, and the session that watched it."""

    def __init__(self, folder: Path, demo: Samples) -> None:
        calm, anger = said(demo, CALM, times=2), said(demo, ANGER, times=2)
        self.sound = np.concatenate([calm, anger] * NUM_STRETCHES)
        period = len(calm) + len(anger)
        self.onsets = [number * period + len(calm) for number in range(NUM_STRETCHES)]
        self.first_half = self.sound[: 2 * period]
        self.anger_seconds = len(anger) / SAMPLE_RATE
        self.folder = folder
        soundfile.write(folder / "call.wav", self.sound, SAMPLE_RATE)
        tell = "echo $CALLMOOD_LEG $CALLMOOD_ONSET_SECONDS $CALLMOOD_AT_SECONDS >> told"
        keep = ("--journal", "call.jsonl", "--record", "alerts", "--out", "recordings")
        done = callmood(
            "replay", "call.wav", "--fast", "--json", *WATCHED, *keep, "--on-alert",
            f"sh -c {shlex.quote(tell)}", cwd=folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.printed = done.stdout.splitlines()
        self.journal = read_journal(folder / "call.jsonl")
        self.alerts = alerts_of(self.journal)


def alerts_of(journal: Journal) -> list[Row]:
    return [line for line in journal.others if line["type"] == "alert"]


@pytest.fixture(scope="module")
def told(demo: Samples, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("alerts"), demo)


def test_each_stretch_of_anger_is_told_once_and_soon(told: Told) -> None:
    assert len(told.alerts) == told.journal.summary["alerts"] == NUM_STRETCHES
    delays = [
        alert["at"] - onset / SAMPLE_RATE for alert, onset in zip(told.alerts, told.onsets, strict=True)
    ]
    assert min(delays) > SHORTEST_DELAY_SECONDS
    assert max(delays) <= LONGEST_DELAY_SECONDS < told.anger_seconds, delays


def test_the_journal_says_what_was_printed_and_it_follows_from_the_rows(told: Told) -> None:
    lines = [json.loads(line) for line in told.printed]
    assert [line for line in lines if line["type"] == "alert"] == told.alerts
    rows = {row["window"]: row for row in told.journal.rows}
    for alert in told.alerts:
        row = rows[alert["window"]]
        assert (alert["at"], alert["probability"]) == (row["end"], row["smoothed"]["angry"])
        assert (alert["leg"], alert["rule"], alert["label"]) == ("mono", RULE, "angry")
        assert alert["delay_seconds"] == alert["at"] - alert["onset"] >= HOLD_SECONDS
        held = [each for each in told.journal.rows if alert["onset"] <= each["start"] < row["end"]]
        assert held[0]["smoothed"]["angry"] > 0.6
        # Its line comes with the row that raised it, before the next one.
        place = next(number for number, line in enumerate(lines) if line == alert)
        assert lines[place - 1]["window"] == alert["window"]


def test_a_command_is_told_of_each_in_their_order(told: Told) -> None:
    heard = [line.split() for line in (told.folder / "told").read_text().splitlines()]
    assert heard == [[each["leg"], f"{each['onset']:.3f}", f"{each['at']:.3f}"] for each in told.alerts]
    assert told.journal.summary["complaints"] == []


def test_clips_begin_ten_seconds_before_and_end_with_the_alert(told: Told) -> None:
    clips = sorted(told.folder.glob("recordings/*/clips/*/*.wav"))
    assert len(clips) == NUM_STRETCHES
    begins = [
        max(0, each["onset_sample"] - round(BEFORE_ALERT_SECONDS * SAMPLE_RATE)) for each in told.alerts
    ]
    assert begins[0] == 0 < begins[1], "one from the beginning, the others from within"
    for clip, begin, alert in zip(clips, begins, told.alerts, strict=True):
        samples, sample_rate = soundfile.read(clip, dtype="int16")
        assert sample_rate == SAMPLE_RATE
        np.testing.assert_array_equal(samples, told.sound[begin : alert["end_sample"]])


def test_a_command_that_hangs_or_fails_delays_nothing(told: Told, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "call.wav", told.first_half, SAMPLE_RATE)
    words = ["replay", "call.wav", "--fast", "--json", *WATCHED, "--journal", "call.jsonl"]
    with subprocess.Popen(
        command(*words, "--on-alert", "sleep 60", "--on-alert", "false"),
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as session:
        assert session.stdout is not None
        last_row = time.monotonic()
        for line in session.stdout:
            if json.loads(line)["type"] == "row":
                last_row = time.monotonic()
        assert session.wait(60) == 0
        assert time.monotonic() - last_row < PATIENCE_SECONDS
    journal = read_journal(tmp_path / "call.jsonl")
    assert journal.rows_without_lag == told.journal.rows_without_lag[: len(journal.rows)]
    assert len(journal.rows) == (len(told.first_half) - 2 * SAMPLE_RATE) // (SAMPLE_RATE // 2) + 1
    first, second = alerts_of(journal)
    assert [first, second] == told.alerts[:2]
    assert journal.summary["failures"] == []
    assert journal.summary["max_lag_seconds"] < COMMAND_LIMITS.delivery_seconds, (
        "none waited until the command was killed"
    )
    complaints = journal.summary["complaints"]
    hung = [line for line in complaints if "sleep" in line]
    failed = [line for line in complaints if "false" in line]
    # Killed at the end of the session, or, on a machine that is busy, after ten seconds.
    assert [line for line in hung if f"alert at {first['at']:.1f} s: killed" in line]
    assert [line for line in hung if f"alert at {second['at']:.1f} s: " in line]
    assert [line.partition(", ")[2] for line in failed[:-1]] == [
        f"alert at {each['at']:.1f} s: exit status 1" for each in (first, second)
    ]
    assert [line.partition(": ")[2] for line in complaints if " of " in line] == [
        "2 of 2 alerts not delivered"
    ] * 2
    assert (len(hung), len(complaints)) == (3, 6)


def test_what_could_not_be_delivered_is_told_at_once_with_no_more_sound(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        posts = ("--alert", "angry>0.05", "--post-alerts", f"{url}/secret", "--journal", "j.jsonl")
        with Fed(tmp_path, *posts, env={"no_proxy": "*"}) as session:
            session.feed_until(lambda lines: any(line["type"] == "alert" for line in lines))
            # Not one second more is heard: the server takes the alert, and answers nothing.
            session.wait_for(lambda lines: any(line["type"] == "complaint" for line in lines))
            (told,) = [line for line in session.lines if line["type"] == "complaint"]
            at = next(line["at"] for line in session.lines if line["type"] == "alert")
            seconds = POST_LIMITS.delivery_seconds
            assert told["message"] == (
                f"alert post to {url}, alert at {at:.1f} s: no complete answer within {seconds:g} s"
            )
            assert session.end() == 0
    journal = read_journal(tmp_path / "j.jsonl")
    assert told in journal.others
    assert journal.summary["complaints"] == [
        told["message"],
        f"alert post to {url}: 1 of 1 alert not delivered",
    ]


def test_a_rule_for_a_leg_watches_that_one_only(demo: Samples, tmp_path: Path) -> None:
    calm, anger = said(demo, CALM), said(demo, ANGER, times=2)
    call = np.stack([np.concatenate([calm, anger]), np.concatenate([anger, calm])], axis=1)
    soundfile.write(tmp_path / "call.wav", call, SAMPLE_RATE)
    rules = ("--alert", "customer:angry>0.6", "--alert", "angry>=60% for 2s")
    done = callmood(
        "replay", "call.wav", "--fast", "--plain", "--legs", "left=customer,right=friend", *rules,
        "--journal", "call.jsonl", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    alerts = alerts_of(read_journal(tmp_path / "call.jsonl"))
    assert [(each["rule"], each["leg"]) for each in alerts] == [
        ("angry>=60% for 2s", "friend"),
        ("customer:angry>0.6", "customer"),
        ("angry>=60% for 2s", "customer"),
    ]
    assert alerts[0]["at"] < len(calm) / SAMPLE_RATE < alerts[1]["at"]
    printed = [line.split("alert: ")[1] for line in done.stdout.splitlines() if "alert: " in line]
    assert printed == [
        f"{each['leg']} angry {each['probability']:.2f} for {each['delay_seconds']:.1f} s ({each['rule']})"
        for each in alerts
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--on-alert", "true"), ("--on-alert", "--alert 'angry>0.7 for 5s'")),
        (("--record", "alerts"), ("--record alerts", "--alert 'angry>0.7 for 5s'")),
        (("--alert", "boss:angry>0.6"), ("'boss'", "those analysed are mono")),
    ],
)
def test_what_cannot_come_true_is_refused_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = callmood("replay", DEMO, "--fast", "--json", *arguments, cwd=tmp_path)
    assert_one_line_of_complaint(done, *words)
    assert done.stdout == ""
