"""Ctrl-C ends a session with its summary and exit code 0; a second one insists, and ends it as cleanly."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import soundfile

from tests.command import command, environment, read_journal
from tests.spoken import DEMO


@contextmanager
def _replaying(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Replay at real speed, and give the process as soon as its first row is out."""
    with subprocess.Popen(
        command("replay", DEMO, "--json", "--journal", "j.jsonl", "--record-session", "--record", "all"),
        cwd=folder,
        env=environment({"PYTHONUNBUFFERED": "1"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            while '"row"' not in process.stdout.readline():
                assert process.poll() is None, process.communicate()
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_ends_with_the_summary(tmp_path: Path, presses: int) -> None:
    with _replaying(tmp_path) as process:
        for _ in range(presses):
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert "Traceback" not in out + err
    # A second press insists, with the exit code that shells give, unless the first has ended it before.
    assert process.returncode in ({0} if presses == 1 else {0, 130})
    journal = read_journal(tmp_path / "j.jsonl")
    assert 1 <= journal.summary["windows"] == len(journal.rows)
    assert journal.summary["seconds"] < soundfile.info(str(DEMO)).duration


def test_everything_written_before_is_whole(tmp_path: Path) -> None:
    with _replaying(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    journal = read_journal(tmp_path / "j.jsonl")
    (session,) = (tmp_path / "recordings").iterdir()
    (sound,) = session.glob("sound/*.wav")
    assert soundfile.info(str(sound)).duration == pytest.approx(journal.summary["seconds"])
    clips = sorted(session.glob("clips/*/*.wav"))
    assert len(clips) == len(journal.rows)
    assert {soundfile.info(str(clip)).duration for clip in clips} == {2.0}
