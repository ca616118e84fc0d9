"""What a training run says."""

import io
import re

from rich.console import Console

from trainer.training_log import TrainingLog


def test_lines_and_steps_are_shown_and_kept_with_their_time() -> None:
    shown = io.StringIO()
    log = TrainingLog(Console(file=shown, width=40))
    log.say("a line that is longer than forty columns is not broken, [square] brackets stay")
    with log.step("count", total=3) as advance:
        for _ in range(3):
            advance(1)
    first, second = shown.getvalue().splitlines()
    assert first == "a line that is longer than forty columns is not broken, [square] brackets stay"
    assert re.fullmatch(r"count: done in \d+\.\d s", second)
    head, *kept = log.text.splitlines()
    assert head.startswith("# ")
    assert [line[10:] for line in kept] == [first, second]
    assert all(re.match(r" +\d+\.\d  ", line) for line in kept)


def test_a_bar_is_drawn_on_a_terminal_only() -> None:
    for terminal in (True, False):
        shown = io.StringIO()
        log = TrainingLog(Console(file=shown, force_terminal=terminal, width=80))
        with log.step("count", total=2) as advance:
            advance(2)
        assert ("\x1b[" in shown.getvalue()) is terminal


def test_a_step_that_took_less_than_is_worth_a_line_gets_none() -> None:
    log = TrainingLog()
    with log.step("quick", worth_seconds=60.0):
        pass
    with log.step("always"):
        pass
    assert "quick" not in log.text
    assert "always: done in" in log.text
