"""Lines for a reader that stops reading: the worker hardly waits, and no line is ever cut in two."""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from emotion.errors import OutputError
from streamer.lines.line_file import LineFile
from streamer.lines.line_printer import LinePrinter
from tests.pseudo_terminal import PseudoTerminal

LONG = 3000
"""Two such lines are more than a pipe of 4096 bytes holds."""


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamer.lines.patient_write.PATIENCE_SECONDS", 0.05)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe of one page; whoever reads does not wait."""
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(ours, False)
    yield ours, theirs
    for end in (ours, theirs):
        with suppress(OSError):
            os.close(end)


def read_all(descriptor: int) -> str:
    heard = b""
    with suppress(BlockingIOError):
        while part := os.read(descriptor, 65_536):
            heard += part
    return heard.decode()


def numbered(number: int, length: int = LONG) -> str:
    return f"{number} ".ljust(length, "x")


def test_a_printer_gives_up_and_goes_on_with_whole_lines(pipe: tuple[int, int]) -> None:
    ours, theirs = pipe
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        printer = LinePrinter(stream)
        printer.write(numbered(0))
        for number in (1, 2):
            with pytest.raises(OutputError, match=r"has taken nothing for 0\.05 s; let it read"):
                printer.write(numbered(number))
        assert not printer.is_ready()
        heard = read_all(ours)
        assert printer.is_ready(), "what it owed of a line has gone out first"
        printer.write("3 end")
        heard += read_all(ours)
    lines = heard.splitlines()
    assert {len(line) for line in lines[:-1]} == {LONG}
    assert [line.split()[0] for line in lines] in (["0", "3"], ["0", "1", "3"])
    assert lines[-1] == "3 end"


def test_a_line_longer_than_the_pipe_is_finished_before_the_next(pipe: tuple[int, int]) -> None:
    ours, theirs = pipe
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        printer = LinePrinter(stream)
        with pytest.raises(OutputError):
            printer.write(numbered(0, 10_000))
        with pytest.raises(OutputError):
            printer.write("1 lost")
        heard = ""
        while not printer.is_ready():
            heard += read_all(ours)
        printer.write("2 end")
        heard += read_all(ours)
    assert heard.splitlines() == [numbered(0, 10_000), "2 end"]


def test_a_reader_that_has_gone_is_no_reader_that_waits(pipe: tuple[int, int]) -> None:
    ours, theirs = pipe
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        printer = LinePrinter(stream)
        os.close(ours)
        with pytest.raises(OutputError, match="nobody reads"):
            printer.write("lost")
        assert printer.reader_gone
        assert not printer.is_ready()


def test_a_terminal_that_was_halted_holds_nobody_up() -> None:
    with PseudoTerminal() as terminal:
        with os.fdopen(os.dup(terminal.theirs), "w", encoding="utf-8") as stream:
            printer = LinePrinter(stream)
            printer.write("before")
            assert terminal.wait_for(lambda text: "before" in text)
            terminal.type(b"\x13")  # Ctrl-S
            halted = False
            for number in range(100_000):
                try:
                    printer.write(f"{number}")
                except OutputError:
                    halted = True
                    break
            assert halted
            assert not printer.is_ready()
            terminal.type(b"\x11")  # Ctrl-Q
            while not printer.is_ready():
                assert terminal.wait_for(bool)
            printer.write("after")
        assert terminal.wait_for(lambda text: text.endswith("after\r\n"))


def test_a_journal_on_a_full_pipe_goes_on_when_it_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "journal")
    ours = os.open(tmp_path / "journal", os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, 4096)
    lines = LineFile(tmp_path / "journal")
    with pytest.raises(OutputError, match="let it read"):
        lines.write(numbered(0, 10_000))
    assert not lines.is_ready()
    heard = ""
    while not lines.is_ready():
        heard += read_all(ours)
    lines.write("1 end")
    heard += read_all(ours)
    assert heard.splitlines() == [numbered(0, 10_000), "1 end"]
    os.close(ours)


def test_a_journal_goes_on_with_another_reader(tmp_path: Path) -> None:
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN
    os.mkfifo(tmp_path / "journal")
    ours = os.open(tmp_path / "journal", os.O_RDONLY | os.O_NONBLOCK)
    lines = LineFile(tmp_path / "journal")
    os.close(ours)
    with pytest.raises(OutputError, match="its reader has left"):
        lines.write("lost")
    assert not lines.is_ready()
    ours = os.open(tmp_path / "journal", os.O_RDONLY | os.O_NONBLOCK)
    assert lines.is_ready()
    lines.write("heard")
    assert read_all(ours) == "heard\n"
    os.close(ours)
    lines.close()
