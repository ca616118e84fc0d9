"""What is written to a file descriptor behind our back is kept, shown, and written out afterwards."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from streamer.terminal.stderr_capture import StderrCapture


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    """A descriptor that stands for standard error; what reaches it lies in a file."""
    opened = os.open(tmp_path / "stderr", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    yield opened
    os.close(opened)


def wait_for(capture: StderrCapture, line: str) -> None:
    """Wait until a line has been captured."""
    seen = threading.Event()
    for _ in range(1000):
        if line in capture.recent(60.0):
            return
        seen.wait(0.01)
    pytest.fail(f"{line!r} never came; {capture.recent(60.0)}")


def test_lines_are_shown_while_it_runs_and_written_out_after(descriptor: int, tmp_path: Path) -> None:
    os.write(descriptor, b"before\n")
    capture = StderrCapture(descriptor)
    with closing(capture):
        capture.open()
        os.write(descriptor, b"ALSA lib pcm.c:2642: Unknown")
        os.write(descriptor, b" PCM\n\nsecond\nunfinished")
        wait_for(capture, "second")
        assert capture.recent(60.0) == ("ALSA lib pcm.c:2642: Unknown PCM", "second")
        assert capture.recent(0.0) == ()
        assert (tmp_path / "stderr").read_text() == "before\n"
    os.write(descriptor, b"after\n")
    capture.close()
    assert (tmp_path / "stderr").read_text() == (
        "before\nALSA lib pcm.c:2642: Unknown PCM\nsecond\nunfinished\nafter\n"
    )


def test_the_real_standard_error_is_captured_past_python() -> None:
    program = (
        "import os, sys\n"
        "from streamer.terminal.stderr_capture import StderrCapture\n"
        "capture = StderrCapture()\n"
        "capture.open()\n"
        "try:\n"
        "    os.write(2, b'from a library\\n')\n"
        "    print('from python', file=sys.stderr)\n"
        "    os.write(1, b'on the panel\\n')\n"
        "    raise SystemExit(7)\n"
        "finally:\n"
        "    capture.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (7, "on the panel\n")
    assert done.stderr == "from a library\nfrom python\n"


def test_writers_in_many_threads_lose_nothing_and_never_wait(descriptor: int, tmp_path: Path) -> None:
    capture = StderrCapture(descriptor)
    with closing(capture):
        capture.open()
        writers = [
            threading.Thread(
                target=lambda name=name: [
                    os.write(descriptor, f"{name} {number}\n".encode()) for number in range(20)
                ]
            )
            for name in range(8)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(timeout=10.0)
            assert not writer.is_alive()
    written = (tmp_path / "stderr").read_text().splitlines()
    assert sorted(written) == sorted(f"{name} {number}" for name in range(8) for number in range(20))


def test_memory_is_bounded_and_what_went_is_counted(descriptor: int, tmp_path: Path) -> None:
    capture = StderrCapture(descriptor)
    with closing(capture):
        capture.open()
        for number in range(1000):
            os.write(descriptor, f"{number} ".encode() + b"x" * 2000 + b"\n")
    lines = (tmp_path / "stderr").read_text().splitlines()
    assert lines[0] == "… 800 lines before these were not kept"
    assert [line.split()[0] for line in lines[1:]] == [str(number) for number in range(800, 1000)]
    assert max(map(len, lines)) == 500


def test_a_child_that_keeps_the_pipe_open_does_not_hold_up_the_end(descriptor: int) -> None:
    capture = StderrCapture(descriptor)
    capture.open()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stderr=descriptor) as child:
        closer = threading.Thread(target=capture.close)
        closer.start()
        closer.join(timeout=10.0)
        assert not closer.is_alive()
        assert child.poll() is None
