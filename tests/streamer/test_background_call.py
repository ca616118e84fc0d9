"""Calls that may never return: whoever waits for one waits with a limit, and the next has its turn."""

import threading

import pytest

from streamer.background_call import BackgroundCall, CallThread

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
