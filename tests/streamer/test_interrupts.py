"""Ctrl-C: the first asks, the second insists, and the handlers of before come back."""

import signal
import threading

import pytest

from streamer.interrupts import interrupts


def raise_in_turn(*numbers: signal.Signals) -> None:
    for number in numbers:
        signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
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
