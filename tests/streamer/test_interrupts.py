"""Ctrl-C: the first asks, the second insists, and the handlers of before come back."""

import signal
import threading

import pytest

from streamer.interrupts import interrupts


def raise_in_turn(*numbers: signal.Signals) -> None:
    for number in numbers:
        signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_asks(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    asked: list[str] = []
    with interrupts(lambda: asked.append("once")):
        signal.raise_signal(number)
    assert asked == ["once"]
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_second_insists(first: signal.Signals, second: signal.Signals) -> None:
    before = signal.getsignal(second)
    asked: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts(lambda: asked.append("once")):
        raise_in_turn(first, second)
    assert asked == ["once"]
    assert signal.getsignal(second) is before


def test_the_handlers_come_back_after_an_error_as_well() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="broken"), interrupts(lambda: None):
        raise ValueError("broken")
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_than_the_main_one_changes_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def look() -> None:
        with interrupts(lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_terminal_that_says_twice_that_it_closes_does_not_insist() -> None:
    asked: list[str] = []
    with interrupts(lambda: asked.append("once")):
        raise_in_turn(signal.SIGINT, signal.SIGHUP, signal.SIGHUP)
    assert asked == ["once"]


def test_under_nohup_a_terminal_may_close() -> None:
    asked: list[str] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts(lambda: asked.append("once")):
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert asked == []


def load_a_library_that_is_interrupted() -> None:
    try:
        raise_in_turn(signal.SIGINT, signal.SIGINT)
    except KeyboardInterrupt as error:
        raise ImportError("initialization failed") from error


def break_after_the_first() -> None:
    signal.raise_signal(signal.SIGINT)
    raise ImportError("broken")


def test_a_library_that_makes_another_error_of_it_is_not_believed() -> None:
    with pytest.raises(KeyboardInterrupt), interrupts(lambda: None):
        load_a_library_that_is_interrupted()


def test_an_error_after_the_first_is_an_error() -> None:
    with pytest.raises(ImportError, match="broken"), interrupts(lambda: None):
        break_after_the_first()
