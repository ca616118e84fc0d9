"""What C code prints is discarded while it is asked for, and then shown again."""

import ctypes
import os
import platform
import threading

import pytest

from emotion.quiet_stdio import quiet_stdio

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")


def _print(words: bytes) -> None:
    ctypes.CDLL(None).perror(words)


def test_only_what_is_printed_meanwhile_is_discarded(capfd: pytest.CaptureFixture[str]) -> None:
    _print(b"before")
    with quiet_stdio():
        _print(b"meanwhile")
        os.write(2, b"of Python\n")
    _print(b"after")
    lines = capfd.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["before", "of Python", "after"]


def test_threads_that_overlap_leave_it_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    begun, ended = threading.Event(), threading.Event()

    def longer() -> None:
        with quiet_stdio():
            begun.set()
            ended.wait(10)
            _print(b"still quiet")

    thread = threading.Thread(target=longer)
    with quiet_stdio():
        thread.start()
        begun.wait(10)
    ended.set()
    thread.join()
    _print(b"after")
    assert capfd.readouterr().err.startswith("after")
