"""A complaint is one line that cannot play with the terminal, and it changes no address."""

from pathlib import Path

import pytest

from callmood.complaint import complain
from emotion.errors import ModelError
from emotion.printable import printable


def test_a_complaint_is_one_line_for_any_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    error = ModelError("a//b\x1b[31m is\nno model; see https://example.org/ä")
    assert complain(error) == 5
    assert capsys.readouterr().err == "callmood: a//b?[31m is no model; see https://example.org/ä\n"


@pytest.mark.parametrize("odd", ["\x07", "\udcff", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_what_cannot_be_shown_is_a_question_mark(odd: str) -> None:
    assert printable(Path(f"a{odd}b.wav")) == "a?b.wav"
