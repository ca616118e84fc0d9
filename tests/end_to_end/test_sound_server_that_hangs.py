"""Sound servers that hang or crash: nothing waits for them for long, and what is lost is told."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.command import Journal, command, environment, read_journal
from tests.pulse import PulseServer, pulse_server
from tests.running import Lines, running

PATIENCE_SECONDS = 30.0
DEVICE = 4
"""The exit code of a DeviceError."""

BY_SERVER, BY_PORTAUDIO = "by the sound server", "by PortAudio"
WAYS = (BY_SERVER, BY_PORTAUDIO)
DURATION_SECONDS = 4.0


@pytest.fixture
def server(pulse: PulseServer) -> Iterator[PulseServer]:
    assert pulse.environment, "where the other server cannot be had this one cannot either"
    with pulse_server() as made:
        yield made


def surroundings(server: PulseServer, folder: Path, way: str) -> Mapping[str, str]:
    """Give the environment in which the server is asked by pactl, or by PortAudio alone."""
    hidden = {"PATH": str(folder / "empty")} if way == BY_PORTAUDIO else {}
    return environment(server.environment | {"PYTHONUNBUFFERED": "1"} | hidden)


@contextmanager
def started(server: PulseServer, folder: Path, *words: str, way: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a command in a folder of its own."""
    folder.mkdir()
    with subprocess.Popen(
        command(*words),
        cwd=folder,
        env=surroundings(server, folder, way),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again and again: what a process waits for, nobody tells."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def is_asking(process: "subprocess.Popen[str]", way: str) -> bool:
    """Tell whether it waits for the sound server: has started pactl, or holds a socket."""
    if way == BY_SERVER:
        return bool(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # Closed since.
            if str(link.readlink()).startswith("socket:"):
                return True
    return False


def test_whoever_starts_while_it_hangs_is_told_in_one_line(server: PulseServer, tmp_path: Path) -> None:
    # No more than it lets wait at its door.
    commands = (
        (BY_SERVER, ("devices",)),
        (BY_SERVER, ("listen", "--plain")),
        (BY_SERVER, ("listen", "--plain", "--system")),
        (BY_PORTAUDIO, ("listen", "--plain")),
    )
    server.hang()
    with ExitStack() as all_of_them:
        begun = [
            all_of_them.enter_context(started(server, tmp_path / str(number), *words, way=way))
            for number, (way, words) in enumerate(commands)
        ]
        for process in begun:
            output, errors = process.communicate(timeout=PATIENCE_SECONDS)
            assert (process.returncode, output) == (DEVICE, ""), errors
            assert "does not answer within 3 s" in errors
            assert len(errors.splitlines()) == 1, errors


def test_whoever_will_not_wait_for_it_need_not(server: PulseServer, tmp_path: Path) -> None:
    server.hang()
    with ExitStack() as all_of_them:
        for way in WAYS:
            for number in (signal.SIGINT, signal.SIGTERM):
                folder = tmp_path / f"{way} {number}"
                process = all_of_them.enter_context(started(server, folder, "listen", "--plain", way=way))
                wait_until(partial(is_asking, process, way))
                process.send_signal(number)
                output, errors = process.communicate(timeout=PATIENCE_SECONDS)
                # Had it waited, this would be the exit code of a DeviceError, and its line.
                assert (process.returncode, output, errors) == (130, "", "")


@contextmanager
def listening(server: PulseServer, folder: Path, *words: str, way: str) -> Iterator[Lines]:
    """Listen for as long as the block lasts; plain lines are read, and a journal is written."""
    folder.mkdir()
    listen = command("listen", *words, "--model", "speech-light", "--plain", "--journal", "call.jsonl")
    with running(listen, surroundings(server, folder, way), pipe="both", folder=folder) as listener:
        yield listener


def ended(listener: Lines, folder: Path) -> tuple[int, Journal]:
    """Give the exit code and the journal of a session that comes to its end."""
    code = listener.process.wait(PATIENCE_SECONDS)
    return code, read_journal(folder / "call.jsonl")


def assert_lost_to_the_end(journal: Journal) -> None:
    absence, gap = journal.others
    assert (absence["type"], gap["type"], gap["cause"]) == ("absence", "gap", "away")
    assert (gap["start"], gap["end"]) == (absence["at"], journal.summary["seconds"])
    assert journal.summary["gaps"] == 1
    assert "was away at the end" in " ".join(journal.summary["complaints"])


def test_one_that_hangs_meanwhile_is_a_gap(server: PulseServer, tmp_path: Path) -> None:
    with (
        listening(
            server, tmp_path / "a", "--system", "--duration", str(DURATION_SECONDS), way=BY_SERVER
        ) as timed,
        listening(server, tmp_path / "b", way=BY_PORTAUDIO) as stopped,
        listening(server, tmp_path / "c", way=BY_SERVER) as patient,
    ):
        for listener in (timed, stopped, patient):
            listener.wait_for("silence", timeout_seconds=PATIENCE_SECONDS)
        server.hang()
        hung = time.monotonic()
        stopped.wait_for("waiting for", timeout_seconds=PATIENCE_SECONDS)
        stopped.process.send_signal(signal.SIGINT)
        away_seconds = time.monotonic() - hung
        stopped.wait_for("s not heard (away)", timeout_seconds=PATIENCE_SECONDS)
        code, journal = ended(stopped, tmp_path / "b")
        assert code == DEVICE
        assert_lost_to_the_end(journal)
        gap = journal.others[-1]
        assert gap["end"] - gap["start"] == pytest.approx(away_seconds, abs=1.0)

        timed.wait_for("waiting for", "s not heard (away)", timeout_seconds=PATIENCE_SECONDS)
        code, journal = ended(timed, tmp_path / "a")
        assert (code, journal.summary["seconds"]) == (DEVICE, DURATION_SECONDS)
        assert_lost_to_the_end(journal)

        patient.wait_for("waiting for", timeout_seconds=PATIENCE_SECONDS)
        server.go_on()
        patient.wait_for("s not heard (away)", timeout_seconds=PATIENCE_SECONDS)
        patient.wait_for("silence", timeout_seconds=PATIENCE_SECONDS)
        patient.process.send_signal(signal.SIGINT)
        code, journal = ended(patient, tmp_path / "c")
        assert (code, journal.summary["gaps"], journal.summary["complaints"]) == (0, 1, []), "it is back"


def test_one_that_crashes_is_a_gap(server: PulseServer, tmp_path: Path) -> None:
    with (
        listening(server, tmp_path / "a", way=BY_SERVER) as by_server,
        listening(server, tmp_path / "b", way=BY_PORTAUDIO) as by_portaudio,
    ):
        for listener in (by_server, by_portaudio):
            listener.wait_for("silence", timeout_seconds=PATIENCE_SECONDS)
        server.crash()
        for listener, name in ((by_server, "a"), (by_portaudio, "b")):
            listener.wait_for("waiting for", timeout_seconds=PATIENCE_SECONDS)
            listener.process.send_signal(signal.SIGINT)
            code, journal = ended(listener, tmp_path / name)
            assert code == DEVICE
            assert_lost_to_the_end(journal)
