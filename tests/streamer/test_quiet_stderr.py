"""File descriptor 2 while libraries are quiet: put back in the end, or for whoever has to be heard."""

import os
import threading

import pytest

from streamer.quiet_stderr import loud_stderr, quiet_stderr

PATIENCE_SECONDS = 10.0


def say(words: str) -> None:
    """Write as a library does, past `sys.stderr`."""
    os.write(2, f"{words}\n".encode())


def test_what_libraries_say_goes_nowhere_until_the_last_has_ended(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_stderr():
        say("a")
        with quiet_stderr():
            say("b")
        say("c")
    say("d")
    assert capfd.readouterr().err == "d\n"


def test_whoever_has_to_be_heard_is_while_a_library_hangs(capfd: pytest.CaptureFixture[str]) -> None:
    is_quiet, answers = threading.Event(), threading.Event()

    def hang() -> None:
        with quiet_stderr():
            is_quiet.set()
            assert answers.wait(PATIENCE_SECONDS)

    hangs = threading.Thread(target=hang)
    hangs.start()
    assert is_quiet.wait(PATIENCE_SECONDS)
    say("nobody hears this")
    with loud_stderr():
        say("error")
    with quiet_stderr():
        say("nor this")
    answers.set()
    hangs.join(PATIENCE_SECONDS)
    say("afterwards")
    assert capfd.readouterr().err == "error\nafterwards\n"


def test_what_a_library_puts_in_its_place_is_taken_away_where_it_hangs(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet_stderr(redirected=False):
        say("heard")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        say("not heard")
    say("heard again")
    assert capfd.readouterr().err == "heard\nheard again\n"
