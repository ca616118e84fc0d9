"""Tables of figures on a terminal."""

import pytest

from callmood.terminal_tables import print_tables
from evaluation.scores.report import Table


def test_every_cell_is_drawn_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    head = ("stream", "condition", "baseline", "mean")
    print_tables([Table("UAR [of clips]", head, (("balanced", "clean", "with", ".780"),))])
    drawn = capsys.readouterr().out
    assert drawn.splitlines()[0].strip() == "UAR [of clips]"
    assert [cell for line in drawn.splitlines()[1:] for cell in line.split() if cell.strip("─ ")] == [
        *head,
        *("balanced", "clean", "with", ".780"),
    ]
