"""A complaint is one line that cannot play with the terminal, and it changes no address."""

from pathlib import Path

import pytest

from callmood.messages import complain
from emotion.errors import ModelError
from emotion.untrusted_text import MAX_LINE_CHARACTERS, printable


def test_a_complaint_is_one_line_for_any_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    error = ModelError("a//b\x1b[31m is\nno model; see https://example.org/ä")
    assert complain(error) == 5
    assert capsys.readouterr().err == "callmood: a//b?[31m is no model; see https://example.org/ä\n"


@pytest.mark.parametrize("num_characters", [MAX_LINE_CHARACTERS + 1, 100_000])
def test_of_a_long_complaint_the_middle_is_left_out(
    num_characters: int, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = "--model '' is none; name another"
    error = ModelError(frame.replace("''", f"'{'a' * (num_characters - len(frame))}'"))
    complain(error)
    line = capsys.readouterr().err
    assert line.startswith("callmood: --model 'aaa")
    assert line.endswith("aaa' is none; name another\n")
    assert len(line) <= MAX_LINE_CHARACTERS + len("callmood: \n")


def test_a_complaint_that_is_not_too_long_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    complain(ModelError("a" * MAX_LINE_CHARACTERS))
    assert capsys.readouterr().err == f"callmood: {'a' * MAX_LINE_CHARACTERS}\n"


@pytest.mark.parametrize("odd", ["\x07", "\udcff", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_what_cannot_be_shown_is_a_question_mark(odd: str) -> None:
    assert printable(Path(f"a{odd}b.wav")) == "a?b.wav"
