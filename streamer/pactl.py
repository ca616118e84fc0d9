"""Asking the sound server, PulseAudio or PipeWire, through `pactl`."""

import atexit
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from emotion.errors import DeviceError
from streamer.background_call import ANSWER_SECONDS, NoAnswerError


def pulse_program(name: str) -> str:
    """Find one of the programs that talk to the sound server.

    Parameters
    ----------
    name : {'pactl', 'parec'}
        Both are in the same package.

    Returns
    -------
    str
        Its path.

    Raises
    ------
    DeviceError
        If it is not installed.
    """
    path = shutil.which(name)
    if path is None:
        raise DeviceError(
            f"{name} is not installed; type: sudo apt install pulseaudio-utils "
            "(it serves PulseAudio and PipeWire alike)"
        )
    return path


def english_environment() -> dict[str, str]:
    """Give an environment in which those programs say what can be read by a program.

    Returns
    -------
    dict of str to str
        Ours, with messages in English and names as they are, whatever the user's language.
    """
    # C alone would leave out of a name what is not ASCII; in another locale LANGUAGE chooses the messages.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_LOG")}
    return kept | {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}


def start_pulse_program(name: str, *arguments: str, with_words: bool = False) -> "subprocess.Popen[bytes]":
    """Start one of those programs, to read what it gives while it runs.

    Parameters
    ----------
    name : {'pactl', 'parec'}
        Which one.
    *arguments : str
        As it takes them.
    with_words : bool, optional
        Whether standard error is to be read as well.

    Returns
    -------
    Popen
        Unbuffered, and out of reach of Ctrl-C: the stop is ordered, and it ends last.

    Raises
    ------
    DeviceError
        If it is not installed or cannot be started.
    """
    program = pulse_program(name)
    try:
        with _out_of_reach():
            return subprocess.Popen(  # noqa: S603 - our own words, and names that the server knows
                [program, *arguments],
                env=english_environment(),
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if with_words else subprocess.DEVNULL,
                start_new_session=True,
            )
    except OSError as error:
        raise DeviceError(f"{name} cannot be started: {error}; try it by itself") from error


@contextmanager
def _out_of_reach() -> Iterator[None]:
    """Let Ctrl-C wait while a program is started, which is hit as well until it has its own session."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def pactl(*arguments: str) -> str:
    """Ask the sound server.

    Parameters
    ----------
    *arguments : str
        As `pactl` takes them.

    Returns
    -------
    str
        What it prints, in English.

    Raises
    ------
    NoAnswerError
        If the sound server does not answer within 3 s.
    DeviceError
        If it is not installed, or there is no sound server.
    """
    program = pulse_program("pactl")
    with _out_of_reach():
        process = subprocess.Popen(  # noqa: S603 - our own words
            [program, *arguments],
            env=english_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    with process:
        # Where we end before it does, it would wait for a server that hangs.
        atexit.register(process.kill)
        try:
            answer, complaint = process.communicate(timeout=ANSWER_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise NoAnswerError(
                f"the sound server does not answer within {ANSWER_SECONDS:g} s; start it again: "
                "systemctl --user restart pipewire-pulse, or pulseaudio --kill; pulseaudio --start"
            ) from error
        finally:
            process.kill()
            atexit.unregister(process.kill)
    if process.returncode:
        said = (complaint.strip() or f"exit code {process.returncode}").splitlines()[0]
        raise DeviceError(
            f"no sound server answers (pactl says: {said}); start it: "
            "systemctl --user start pipewire-pulse, or pulseaudio --start"
        )
    return answer


def server_answers() -> None:
    """Make sure that the sound server is there and not hung, where nothing comes from it.

    Raises
    ------
    DeviceError
        If it is not, or `pactl` is missing.
    """
    pactl("info")
