"""Calls that may never return are waited for with a limit; file descriptor 2 is put back after a call."""

import os
import threading

import pytest

from streamer.blocking_calls import BackgroundCall, CallThread, loud_stderr, quiet_stderr

PATIENCE_SECONDS = 10.0


def test_calls_are_made_one_after_the_other_in_one_thread() -> None:
    calls = CallThread("test")
    made: list[tuple[int, int]] = []
    begun = [
        calls.begin(lambda number=number: made.append((number, threading.get_ident())))  # type: ignore[misc]
        for number in range(20)
    ]
    assert all(call.wait(PATIENCE_SECONDS) for call in begun)
    assert [number for number, _ in made] == list(range(20))
    assert len({thread for _, thread in made}) == 1
    assert threading.get_ident() not in {thread for _, thread in made}


def test_one_that_hangs_holds_up_those_after_it_and_nobody_who_waits() -> None:
    calls, answers = CallThread("test"), threading.Event()
    hangs = calls.begin(lambda: answers.wait(PATIENCE_SECONDS))
    dropped = calls.begin(lambda: pytest.fail("nobody wants it"))
    kept = calls.begin(lambda: "released")
    assert not hangs.wait(0.01)
    assert not kept.wait(0.01)
    assert not calls.is_idle
    dropped.drop()
    answers.set()
    assert kept.wait(PATIENCE_SECONDS)
    assert (hangs.result(), kept.result()) == (True, "released")
    with pytest.raises(IndexError):
        dropped.result()
    assert calls.begin(lambda: None).wait(PATIENCE_SECONDS)


def test_what_it_raises_is_raised_where_the_result_is_asked_for() -> None:
    call: BackgroundCall[None] = BackgroundCall([].pop)
    call.start("test")
    assert call.wait(PATIENCE_SECONDS)
    with pytest.raises(IndexError, match="pop from empty list"):
        call.result()


def write(words: str) -> None:
    """Write as a library does, past `sys.stderr`."""
    os.write(2, f"{words}\n".encode())


def test_what_libraries_say_goes_nowhere_until_the_last_has_ended(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_stderr():
        write("a")
        with quiet_stderr():
            write("b")
        write("c")
    write("d")
    assert capfd.readouterr().err == "d\n"


def test_what_has_to_be_shown_is_while_a_library_hangs(capfd: pytest.CaptureFixture[str]) -> None:
    is_quiet, answers = threading.Event(), threading.Event()

    def hang() -> None:
        with quiet_stderr():
            is_quiet.set()
            assert answers.wait(PATIENCE_SECONDS)

    hangs = threading.Thread(target=hang)
    hangs.start()
    assert is_quiet.wait(PATIENCE_SECONDS)
    write("discarded")
    with loud_stderr():
        write("error")
    with quiet_stderr():
        write("discarded, too")
    answers.set()
    hangs.join(PATIENCE_SECONDS)
    write("afterwards")
    assert capfd.readouterr().err == "error\nafterwards\n"


def test_what_a_library_puts_in_its_place_is_taken_away_where_it_hangs(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet_stderr(redirected=False):
        write("shown")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        write("hidden")
    write("shown again")
    assert capfd.readouterr().err == "shown\nshown again\n"
