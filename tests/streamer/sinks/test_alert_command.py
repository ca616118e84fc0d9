"""Commands for real: what they are given, and that none blocks, fails loudly or stays behind."""

import os
import select
import shlex
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emotion.errors import UsageError
from streamer.events import Alert
from streamer.session_info import SessionInfo
from streamer.sinks.alert_actions import AlertCommand
from streamer.sinks.base import BackgroundSink, DeliveryLimits
from tests.alert_material import alert
from tests.session_material import SESSION, facts

LONG_SECONDS = 30.0
"""Never reached where things work."""


def script(folder: Path, text: str) -> str:
    """Write a shell script; give the command that runs it."""
    path = folder / "on alert.sh"
    path.write_text(text)
    return f"sh {shlex.quote(str(path))}"


def opened(
    command: str, *, command_seconds: float = LONG_SECONDS, close_seconds: float = LONG_SECONDS
) -> AlertCommand:
    sink = AlertCommand(command, DeliveryLimits(command_seconds, close_seconds=close_seconds))
    sink.open(facts())
    return sink


@contextmanager
def held_pipe(folder: Path) -> Iterator[tuple[Path, int]]:
    """Make a named pipe: what opens it is under way, and its end is seen when no process holds it."""
    path = folder / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield path, reader
    finally:
        os.close(reader)


def next_bytes(reader: int) -> bytes:
    """Wait for what is written next; nothing stands for the end."""
    assert select.select([reader], [], [], LONG_SECONDS)[0], "nothing came"
    return os.read(reader, 100)


def test_a_command_finds_the_alert_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ITS_OWN", "kept")
    for name in [name for name in os.environ if name.startswith("CALLMOOD_")]:
        monkeypatch.delenv(name)
    command = script(tmp_path, 'env > "$1"')
    sink = opened(f"{command} '{tmp_path}/seen $HOME; x'")
    sink.handle(alert())
    sink.close(None)
    seen = dict(
        line.split("=", 1) for line in (tmp_path / "seen $HOME; x").read_text().splitlines() if "=" in line
    )
    clock = seen.pop("CALLMOOD_CLOCK")
    assert seen.pop("CALLMOOD_RUN")
    assert {name: value for name, value in seen.items() if name.startswith("CALLMOOD_")} == {
        "CALLMOOD_LEG": "customer",
        "CALLMOOD_LABEL": "angry",
        "CALLMOOD_PROBABILITY": "0.820",
        "CALLMOOD_RULE": "angry>0.7 for 5s",
        "CALLMOOD_ONSET_SECONDS": "10.000",
        "CALLMOOD_AT_SECONDS": "15.000",
        "CALLMOOD_SESSION": SESSION,
    }
    assert clock[13:].startswith(":00:14.250"), "15 s after the start"
    assert seen["ITS_OWN"] == "kept"
    assert sink.complaints == ()


PRY = """
import os
print("on standard output", flush=True)
os.write(2, b"on standard error")
assert os.read(0, 1) == b""
assert os.getsid(0) == os.getpid()
os.open("/dev/tty", os.O_RDWR)
"""


def test_it_has_no_input_and_no_terminal_and_its_output_goes_nowhere(
    capfd: pytest.CaptureFixture[str],
) -> None:
    program = f"{sys.executable} -c {shlex.quote(PRY)}"
    sink = opened(program)
    kept, (reader, writer) = os.dup(0), os.pipe()
    os.write(writer, b"what is typed to callmood")
    os.dup2(reader, 0)
    try:
        sink.handle(alert())
        sink.close(None)
    finally:
        os.dup2(kept, 0)
        for descriptor in (kept, reader, writer):
            os.close(descriptor)
    assert capfd.readouterr() == ("", "")
    assert "No such device or address: '/dev/tty'" in sink.complaints[0]


def test_alerts_are_delivered_one_after_the_other(tmp_path: Path) -> None:
    sink = opened(script(tmp_path, f'echo "$CALLMOOD_AT_SECONDS" >> {shlex.quote(str(tmp_path / "seen"))}'))
    for number in range(5):
        sink.handle(alert(float(number)))
    sink.close(None)
    assert (tmp_path / "seen").read_text().split() == [f"{number}.000" for number in range(5)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("exit 3", "exit status 3"),
        ("echo first >&2; printf 'no \\033[2Jscreen\\n\\n' >&2; exit 1", "exit status 1: no ?[2Jscreen"),
        ("kill -TERM $$", "ended by SIGTERM"),
        ("kill -35 $$", "ended by signal 35"),
        ("exec 2>&-; exit 4", "exit status 4"),
        ("printf 'caf\\351\\n' >&2; exit 6", "exit status 6: caf\ufffd"),
        ("printf '%0500d' 0 >&2; exit 5", f"exit status 5: {'0' * 200}"),
    ],
)
def test_a_command_that_fails_is_complained_of_and_the_next_one_runs(
    tmp_path: Path, text: str, what: str
) -> None:
    seen = tmp_path / "seen"
    sink = opened(script(tmp_path, f"test -e {seen} && exit 0\n: > {seen}\n{text}"))
    sink.handle(alert())
    sink.handle(alert(60.0))
    sink.close(None)
    complaint, count = sink.complaints
    assert complaint.startswith("alert command /")
    assert complaint.endswith(f"/sh, alert at 15.0 s: {what}")
    assert count.endswith("/sh: 1 of 2 alerts not delivered")


def test_a_command_that_says_very_much_is_read_to_its_end(tmp_path: Path) -> None:
    sink = opened(script(tmp_path, "head -c 300000 /dev/zero | tr '\\0' '\\n' >&2; echo last >&2; exit 1"))
    sink.handle(alert())
    sink.close(None)
    assert sink.complaints[0].endswith("exit status 1: last")


def test_a_command_that_vanished_is_complained_of(tmp_path: Path) -> None:
    program = tmp_path / "notify"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    sink = opened(str(program))
    program.unlink()
    sink.handle(alert())
    sink.close(None)
    assert "cannot be started: [Errno 2] No such file or directory" in sink.complaints[0]


@pytest.mark.parametrize(
    "hang",
    [
        "exec sleep 60",
        "sleep 60 & wait",
        "(trap '' TERM HUP INT; sleep 60; sleep 60) & wait",
        "sleep 60 & exit 0",
        "exec 2>&-; exec sleep 60",
        "env -i sleep 60 & wait",
        "setsid sleep 60",
        "setsid sleep 60 2> /dev/null & wait",
        "setsid sh -c 'sleep 60 & sleep 60 &' 2> /dev/null; sleep 60",
        "setsid sleep 60 & exit 0",
    ],
    ids=[
        "itself",
        "its child",
        "a stubborn child",
        "a child left behind",
        "itself, with nothing to say",
        "a child without its environment",
        "a child in a session of its own",
        "a child in a session of its own, with nothing to say",
        "children of a child in a session of its own, which has ended",
        "a child left behind in a session of its own",
    ],
)
def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path, hang: str) -> None:
    with held_pipe(tmp_path) as (pipe, reader):
        sink = opened(script(tmp_path, f"exec 3> {pipe}\n{hang}"), command_seconds=0.3)
        sink.handle(alert())
        sink.close(None)
        assert next_bytes(reader) == b"", "some process is left"
    assert sink.complaints[0].endswith(
        "killed after 0.3 s with what was found of what it had started; let it end sooner"
    )


def test_what_was_sent_off_on_purpose_is_left_alone(tmp_path: Path) -> None:
    with held_pipe(tmp_path) as (pipe, reader):
        go = tmp_path / "go"
        os.mkfifo(go)
        child = f"(exec 3> {pipe}; read line < {go}; echo went on >&3)"
        sink = opened(script(tmp_path, f"{child} 2> /dev/null &"))
        sink.handle(alert())
        sink.close(None)
        go.write_text("\n")
        assert next_bytes(reader) == b"went on\n"
    assert sink.complaints == ()


def test_a_command_that_hangs_delays_nothing_and_is_killed_at_the_end(tmp_path: Path) -> None:
    with held_pipe(tmp_path) as (pipe, reader):
        sink = opened(script(tmp_path, f"exec 3> {pipe}\necho here >&3\nsleep 60 & wait"), close_seconds=0.2)
        sink.handle(alert(0.0))
        assert next_bytes(reader) == b"here\n"
        began = time.monotonic()
        for number in range(1, 20):
            sink.handle(alert(float(number)))
        assert time.monotonic() - began < 1.0
        assert [line.partition(", ")[2] for line in sink.complaints] == [
            f"alert at {number}.0 s: not delivered: 16 are waiting already" for number in (17, 18, 19)
        ]
        sink.close(None)
        sink.close(None)
        assert time.monotonic() - began < 3.0
        assert next_bytes(reader) == b"", "some process is left"
    assert len(sink.complaints) == 10
    assert sink.complaints[3].endswith("alert at 1.0 s: not delivered: the session ended before its turn")
    more, _, last = sink.complaints[8].partition(", the last: ")
    assert more == "12 more of this kind", "11 that waited and the one that was killed"
    assert last.endswith("alert at 0.0 s: killed, as the session ended before it did")
    assert sink.complaints[9].endswith("/sh: 20 of 20 alerts not delivered")


def test_the_one_killed_at_the_end_is_complained_of(tmp_path: Path) -> None:
    sink = opened(script(tmp_path, "sleep 60"), close_seconds=0.0)
    sink.handle(alert())
    sink.close(None)
    complaint, count = sink.complaints
    assert count.endswith("/sh: 1 of 1 alert not delivered")
    assert complaint.endswith(
        ("killed, as the session ended before it did", "not delivered: the session ended before its turn")
    )


def test_a_sink_without_alerts_ends_at_once_and_leaves_no_thread() -> None:
    sink = opened("true")
    daemons = {thread.daemon for thread in threading.enumerate() if thread.name == "callmood-alerts"}
    assert daemons == {True}, "it keeps no program from ending"
    sink.close(None)
    never_opened = AlertCommand("true")
    never_opened.close(None)
    assert sink.complaints == never_opened.complaints == ()


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("", "names no program"),
        ("  ", "names no program"),
        ("'' x", "names no program"),
        ("notify 'angry", "No closing quotation"),
        ("no-such-program-here x", "there is no program 'no-such-program-here'"),
        ("/etc/passwd", "make it executable"),
        ("true\0", "there is no program 'true\\\\x00'"),
    ],
)
def test_what_cannot_be_run_is_refused_before_the_session(command: str, what: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        AlertCommand(command)
    assert str(caught.value).startswith(f"--on-alert {command!r}")
    assert str(caught.value).isprintable()


class Broken(BackgroundSink):
    def __init__(self) -> None:
        super().__init__("broken", DeliveryLimits(30.0, close_seconds=30.0))
        self.delivered: list[float] = []

    def deliver(self, alert: Alert, info: SessionInfo) -> None:
        self.delivered.append(alert.at_seconds)
        raise ZeroDivisionError(alert.at_seconds)


def test_a_bug_in_a_delivery_is_complained_of_and_the_next_one_is_tried() -> None:
    sink = Broken()
    sink.open(facts())
    sink.handle(alert(1.0))
    sink.handle(alert(2.0))
    sink.close(None)
    assert sink.delivered == [1.0, 2.0]
    assert sink.complaints == (
        "broken, alert at 1.0 s: ZeroDivisionError(1.0)",
        "broken, alert at 2.0 s: ZeroDivisionError(2.0)",
        "broken: 2 of 2 alerts not delivered",
    )
