"""`callmood replay ... | head` ends when head has seen enough."""

import subprocess

from tests.command import command, environment
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
