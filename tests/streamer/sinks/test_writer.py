"""Whole lines in each file and pipe, whether others rotate the file or stop reading."""

import fcntl
import json
import os
import resource
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.errors import OutputError
from streamer.sinks.journal import JournalWriter
from streamer.sinks.writer import LineFile, LinePrinter
from tests.pseudo_terminal import PseudoTerminal
from tests.session_material import SUMMARY, facts, silent_row


def kinds(path: Path) -> list[str | int]:
    """What a journal's lines are: windows by their numbers, all else by its type."""
    content = path.read_text(encoding="utf-8")
    assert content.endswith("\n")
    lines = [json.loads(line) for line in content.splitlines()]
    return [line.get("window", line["type"]) for line in lines]


@contextmanager
def opened(path: Path) -> Iterator[JournalWriter]:
    """Give a journal that has heard one window, and end it."""
    journal = JournalWriter(path)
    journal.open(facts())
    journal.handle(silent_row(0))
    yield journal
    journal.close(SUMMARY)


@contextmanager
def files_of_at_most(num_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond, as on a disk that is full."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_journal_that_is_moved_goes_on_in_a_new_file_with_the_header(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    with opened(path) as journal:
        assert not journal.complaints
        for number in (1, 2):
            path.rename(tmp_path / f"call.jsonl.{number}")
            assert journal.files == (), "nothing is there by that name"
            journal.handle(silent_row(number))
        assert journal.files == (str(path),)
        assert (path.stat().st_mode & 0o777) == 0o600
    moved = [kinds(tmp_path / f"call.jsonl.{number}") for number in (1, 2)]
    assert moved == [["header", 0], ["header", 1]]
    assert kinds(path) == ["header", 2, "summary"]
    assert journal.complaints == (
        f"{path} was moved or removed 2 times; the lines go on in a new file of that name",
    )


def test_a_new_file_that_a_rotation_has_made_is_taken_with_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    with opened(path) as journal:
        path.rename(tmp_path / "call.jsonl.1")
        path.touch()
        path.chmod(0o640)
        journal.handle(silent_row(1))
    assert kinds(path) == ["header", 1, "summary"]
    assert (path.stat().st_mode & 0o777) == 0o640


def test_a_journal_that_is_removed_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    with opened(path) as journal:
        path.unlink()
        journal.handle(silent_row(1))
    assert kinds(path) == ["header", 1, "summary"]
    assert journal.files == (str(path),)


def test_a_journal_that_is_gone_at_the_end_is_not_said_to_be_written(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    with opened(path) as journal:
        pass
    path.rename(tmp_path / "call.jsonl.1")
    assert journal.files == ()
    path.write_text("theirs")
    assert journal.files == ()


def test_a_journal_that_is_truncated_goes_on_in_it(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    with opened(path) as journal:
        inode = path.stat().st_ino
        shutil.copy(path, tmp_path / "copy")
        os.truncate(path, 0)
        journal.handle(silent_row(1))
    assert kinds(tmp_path / "copy") == ["header", 0]
    assert kinds(path) == ["header", 1, "summary"]
    assert path.stat().st_ino == inode
    assert journal.complaints == (f"{path} was truncated; the lines go on in it",)


def test_what_others_cut_or_write_tears_no_line_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = LineFile(path)
    lines.write("first")
    lines.write("second")
    os.truncate(path, 8)
    lines.write("third")
    with path.open("a") as theirs:
        theirs.write("theirs")
    lines.write("fourth")
    os.truncate(path, 6)
    lines.write("fifth")
    assert path.read_text() == "first\nfifth\n"
    os.truncate(path, 2)
    lines.write("sixth")
    lines.close()
    assert path.read_text() == "fi\nsixth\n"


def test_a_line_that_fails_after_a_truncation_leaves_no_zeros(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    journal = JournalWriter(path)
    journal.open(facts())
    for window in range(20):
        journal.handle(silent_row(window))
    shutil.copy(path, tmp_path / "copy")
    os.truncate(path, 0)
    full = pytest.raises(OutputError, match="File too large")
    with files_of_at_most(100), full:
        journal.handle(silent_row(20))
    assert path.read_bytes() == b"", "not half the header"
    journal.handle(silent_row(21))
    size = path.stat().st_size
    with files_of_at_most(size + 10), full:
        journal.handle(silent_row(22))
    assert path.stat().st_size == size, "not half a line"
    journal.close(SUMMARY)
    assert kinds(tmp_path / "copy") == ["header", *range(20)]
    assert kinds(path) == ["header", 21, "summary"]


@pytest.mark.parametrize("what", ["file", "folder", "pipe"])
def test_what_has_come_in_its_place_is_left_alone(tmp_path: Path, what: str) -> None:
    path = tmp_path / "call.jsonl"
    (tmp_path / "call-2.jsonl").write_text("theirs, too")
    with opened(path) as journal:
        path.rename(tmp_path / "moved")
        if what == "file":
            path.write_text("theirs")
        elif what == "folder":
            path.mkdir()
        else:
            os.mkfifo(path)
        journal.handle(silent_row(1))
        journal.handle(silent_row(2))
    if what == "file":
        assert path.read_text() == "theirs"
    assert (tmp_path / "call-2.jsonl").read_text() == "theirs, too"
    assert kinds(tmp_path / "moved") == ["header", 0]
    numbered = tmp_path / "call-3.jsonl"
    assert kinds(numbered) == ["header", 1, 2, "summary"]
    assert journal.files == (str(numbered),)
    assert journal.complaints == (
        f"{path} was moved or removed; another file has its name now, and the lines go on in {numbered}",
    )


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    path, target = tmp_path / "call.jsonl", tmp_path / "there" / "today.jsonl"
    path.symlink_to(target)
    with opened(path) as journal:
        target.rename(tmp_path / "moved")
        journal.handle(silent_row(1))
        target.rename(tmp_path / "moved again")
        target.write_text("theirs")
        journal.handle(silent_row(2))
    assert path.readlink() == target
    assert kinds(tmp_path / "moved again") == ["header", 1]
    assert kinds(tmp_path / "there" / "today-2.jsonl") == ["header", 2, "summary"]
    assert journal.files == (str(tmp_path / "there" / "today-2.jsonl"),)


def test_without_its_folder_it_goes_on_where_it_was_moved_and_fails_where_it_was_removed(
    tmp_path: Path,
) -> None:
    folder, away = tmp_path / "folder", tmp_path / "away"
    folder.mkdir()
    with opened(folder / "call.jsonl") as journal:
        folder.rename(away)
        journal.handle(silent_row(1))
        assert journal.files == ()
        assert kinds(away / "call.jsonl") == ["header", 0, 1]
        assert journal.complaints == (
            f"{folder / 'call.jsonl'} was moved or removed; it cannot be begun anew "
            "(No such file or directory), and the lines go on in the moved file",
        )
        shutil.rmtree(away)
        with pytest.raises(OutputError, match=r"folder was removed; make it again, and the lines go on"):
            journal.handle(silent_row(2))
        assert not journal.recover()
        folder.mkdir()
        assert journal.recover()
        journal.handle(silent_row(3))
    assert kinds(folder / "call.jsonl") == ["header", 3, "summary"]


def test_a_removed_file_that_only_a_descriptor_leads_to_is_no_place_to_begin_anew(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        name = Path(f"/proc/self/fd/{out.fileno()}")
        lines = LineFile(name)
        lines.write("before")
        (tmp_path / "out").rename(tmp_path / "moved")
        lines.write("moved")
        assert lines.note is None, "as with standard output, it has not gone anywhere"
        (tmp_path / "moved").unlink()
        with pytest.raises(OutputError, match="the file was removed; choose another place"):
            lines.write("lost")
        lines.close()
    assert not list(tmp_path.iterdir())


def test_force_replaces_the_file_but_not_what_else_has_its_content(tmp_path: Path) -> None:
    path, target, other = tmp_path / "call.jsonl", tmp_path / "old.jsonl", tmp_path / "other.jsonl"
    target.write_text("old")
    target.chmod(0o644)
    other.hardlink_to(target)
    path.symlink_to(target)
    journal = JournalWriter(path, replace=True)
    journal.open(facts())
    journal.close(SUMMARY)
    assert path.readlink() == target
    assert kinds(target) == ["header", "summary"]
    assert (target.stat().st_mode & 0o777) == 0o600
    assert other.read_text() == "old"


def test_what_was_replaced_by_a_session_that_never_began_leaves_no_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    path.write_text("old")
    journal = JournalWriter(path, replace=True)
    journal.open(facts())
    journal.close(None)
    assert not list(tmp_path.iterdir())


OPERATIONS = st.lists(
    st.sampled_from(["write", "write", "move", "move and create", "copytruncate", "remove", "theirs"]),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(OPERATIONS)
def test_whatever_is_done_to_it_each_line_stands_whole_in_one_file_behind_a_header(
    operations: list[str],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, gone = Path(name), []
        path, num_windows, num_theirs = folder / "call.jsonl", 0, 0
        journal = JournalWriter(path)
        journal.open(facts())
        for number, operation in enumerate(operations):
            if operation == "write":
                journal.handle(silent_row(num_windows))
                num_windows += 1
            elif operation == "theirs" and not path.exists():
                path.write_text("theirs")
                num_theirs += 1
            elif operation != "theirs" and path.exists() and path.read_bytes() != b"theirs":
                if operation == "copytruncate":
                    shutil.copy(path, folder / f"moved.{number}")
                    os.truncate(path, 0)
                else:
                    path.rename(folder / f"moved.{number}")
                if operation == "move and create":
                    path.touch()
                elif operation == "remove":
                    gone += kinds_of_all([folder / f"moved.{number}"])
                    (folder / f"moved.{number}").unlink()
        journal.close(SUMMARY)
        ours = [file for file in folder.iterdir() if file.read_bytes() not in {b"theirs", b""}]
        assert len([file for file in folder.iterdir() if file.read_bytes() == b"theirs"]) == num_theirs
        found = [*gone, *kinds_of_all(ours)]
        assert sorted(kind for kind in found if isinstance(kind, int)) == list(range(num_windows))
        assert found.count("summary") == 1
        (written,) = journal.files
        assert kinds(Path(written))[-1] == "summary"


def kinds_of_all(files: list[Path]) -> list[str | int]:
    """Give what stands in files, each of which begins with a header and has no other, or is empty."""
    found: list[str | int] = []
    for file in files:
        assert b"\0" not in file.read_bytes()
        if file.stat().st_size:
            header, *others = kinds(file)
            assert header == "header"
            assert "header" not in others
            found += others
    return found


LONG = 3000
"""Two such lines are more than a pipe of 4096 bytes holds."""


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamer.terminal_io.WRITE_TIMEOUT_SECONDS", 0.05)


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
