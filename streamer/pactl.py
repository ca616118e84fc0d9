"""Asking the sound server, PulseAudio or PipeWire, through `pactl`."""

import os
import shutil
import subprocess
from typing import Final

from emotion.errors import DeviceError

ANSWER_SECONDS: Final = 3.0


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
    DeviceError
        If it is not installed, or no sound server answers within 3 s.
    """
    program = pulse_program("pactl")
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            [program, *arguments],
            env=english_environment(),
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=ANSWER_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise DeviceError(
            f"the sound server does not answer within {ANSWER_SECONDS:g} s; start it again: "
            "systemctl --user restart pipewire-pulse, or pulseaudio --kill; pulseaudio --start"
        ) from error
    if done.returncode:
        said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[0]
        raise DeviceError(
            f"no sound server answers (pactl says: {said}); start it: "
            "systemctl --user start pipewire-pulse, or pulseaudio --start"
        )
    return done.stdout
