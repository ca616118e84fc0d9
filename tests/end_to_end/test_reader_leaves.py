"""`callmood replay ... | head` ends when head has seen enough."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.command import command, environment, read_journal
from tests.spoken import DEMO


def test_a_session_that_keeps_nothing_ends_with_its_reader() -> None:
    with subprocess.Popen(
        command("replay", DEMO, "--plain"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as session:
        assert session.stdout is not None
        assert session.stderr is not None
        assert session.stdout.readline().startswith("session")
        session.stdout.close()
        # The recording lasts 24 s, the next line comes after 2.
        assert session.wait(timeout=15) == 0
        assert session.stderr.read() == ""


@pytest.mark.parametrize("printed", ["--plain", "--json"])
def test_one_that_keeps_something_goes_on_though_nobody_ever_read(tmp_path: Path, printed: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    words = ("replay", DEMO, "--fast", "--model", "speech-light", "--duration", "4", printed)
    with os.fdopen(writer, "wb") as nobody:
        done = subprocess.run(
            command(*words, "--journal", "call.jsonl", "--record-session"),
            cwd=tmp_path,
            stdout=nobody,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(read_journal(tmp_path / "call.jsonl").rows) == 5
    assert len(list(tmp_path.glob("recordings/*/sound/*.wav"))) == 1
