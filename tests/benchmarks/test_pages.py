"""Generated pages, and what their generators do with errors."""

import subprocess
import sys

import pytest

from benchmarks.pages import exit_code, page, table
from emotion.errors import UsageError


def test_a_page_has_one_head_and_a_blank_line_between_parts() -> None:
    text = page("Title", "bench", "first\n", "", table(("a", "b"), [(1, "x"), ("", 2.5)]), date="2025-01-31")
    assert text == (
        "# Title\n\nWritten by `make bench` on 2025-01-31; run it again rather than edit.\n\nfirst\n\n"
        "| a | b |\n| --- | --- |\n| 1 | x |\n|  | 2.5 |\n"
    )
    assert "Written by `make soak`; run" in page("Title", "soak")


def test_an_error_is_one_line_and_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise UsageError("no such corpus")

    assert exit_code("gate", refuse) == UsageError.exit_code
    assert capsys.readouterr().err == "gate: no such corpus\n"
    assert exit_code("gate", lambda: None) == 0
    failing = [sys.executable, "-c", "raise SystemExit(7)"]
    assert exit_code("gate", lambda: subprocess.run(failing, check=True).returncode) == 7
