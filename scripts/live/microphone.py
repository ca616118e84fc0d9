"""The real `callmood listen` on a microphone into which a recording is played, ended by Ctrl-C."""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from emotion.errors import DeviceError, OutputError
from tests.command import command, environment
from tests.pulse import WHAT_TO_INSTALL, missing_programs, pulse_server

JOURNAL: Final = "journal.jsonl"
RECORDINGS: Final = "recordings"
START_TIMEOUT_SECONDS: Final = 60.0
STOP_TIMEOUT_SECONDS: Final = 120.0


def listen_while_playing(recording: Path, seconds: float, model: str, folder: Path) -> Path:
    """Listen from before the first sample of a recording until after its last.

    The microphone is that of the end-to-end tests: the monitor of a null sink of a PulseAudio daemon of its
    own; the user's daemon and its settings are not touched.

    Parameters
    ----------
    recording : Path
        What is played, at real speed.
    seconds : float
        Its length, s.
    model : str
        Name, or the whole path of a folder.
    folder : Path
        Where the command runs, without any configuration, and leaves `JOURNAL` and `RECORDINGS`.

    Returns
    -------
    Path
        The session's folder in recordings.

    Raises
    ------
    DeviceError
        If there is no PulseAudio, or the command does not end as it should.
    """
    if missing := missing_programs():
        raise DeviceError(f"no {', '.join(missing)} on this machine; type: {WHAT_TO_INSTALL}")
    words = ["listen", "--device", "pulse", "--model", model, "--journal", JOURNAL]
    words += ["--record-session", "--out", RECORDINGS]
    said = folder / "said.txt"
    # Into a file: a pipe that nobody reads would stop the command when it is full.
    with (
        pulse_server() as pulse,
        said.open("w", encoding="utf-8") as lines,
        subprocess.Popen(  # noqa: S603  # our own command
            command(*words),
            cwd=folder,
            env=environment(pulse.environment),
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=subprocess.STDOUT,
        ) as listener,
    ):
        try:
            pulse.wait_for_listener(timeout_seconds=START_TIMEOUT_SECONDS)
            pulse.speak(recording, timeout_seconds=2 * seconds + 60)
            listener.send_signal(signal.SIGINT)
            listener.wait(STOP_TIMEOUT_SECONDS)
        except (AssertionError, subprocess.SubprocessError) as error:
            raise DeviceError(f"no session: {_last(said) or error}") from error
        finally:
            listener.kill()
    sessions = list((folder / RECORDINGS).glob("*"))
    if listener.returncode or len(sessions) != 1:
        raise DeviceError(f"callmood listen ended with {listener.returncode}, saying: {_last(said)}")
    return sessions[0]


def refuse_paths(journal: str, places: Sequence[Path]) -> None:
    """Refuse a journal that names a place of this machine: it is to be shown to everybody.

    Parameters
    ----------
    journal : str
        Its text.
    places : sequence of Path
        Folders that it must not name.

    Raises
    ------
    OutputError
        If it names one.
    """
    for each in places:
        if len(each.parts) > 1 and str(each) in journal:
            raise OutputError(f"the journal names {each}; it would tell where it was made")


def _last(said: Path) -> str:
    return " / ".join(said.read_text(encoding="utf-8", errors="replace").splitlines()[-2:])
