"""What a clip is called, and where it lies."""

import re
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from streamer.recorder.clip import Clip

CLIPS_FOLDER: Final = "clips"

_NAME: Final = re.compile(r"[0-9-]{8}\.[0-9]{3}_[\w-]*_[0-9]{7,}_(?P<kind>[a-z]+)\.wav")


def clip_path(clip: Clip, begins: datetime) -> PurePosixPath:
    """Name a clip so that names sort by time and carry the emotion.

    Parameters
    ----------
    clip : Clip
        What it is of.
    begins : datetime
        The wall clock at its first sample.

    Returns
    -------
    PurePosixPath
        From the session's folder, as ``clips/2026-11-23T14/14-05-31.500_mono_0000123_angry.wav``: a folder
        an hour; then the time, the leg, the window, and the emotion or, without one, the state. No colon.
    """
    # Cut, not rounded: 59.9996 s must not become the next minute's 00.000.
    time = f"{begins:%H-%M-%S}.{begins.microsecond // 1000:03d}"
    name = f"{time}_{_fit_for_a_name(clip.leg)}_{clip.window:07d}_{clip.kind}.wav"
    return PurePosixPath(CLIPS_FOLDER, f"{begins:%Y-%m-%dT%H}", name)


def kind_of_clip(name: str) -> str | None:
    """Read the emotion, or the state, from the name of a clip.

    Parameters
    ----------
    name : str
        As `clip_path` gives it, without its folders.

    Returns
    -------
    str or None
        What stands behind the last underscore; None where the name is not one of ours.
    """
    match = _NAME.fullmatch(name)
    return match["kind"] if match else None


def _fit_for_a_name(leg: str) -> str:
    """Leave letters, digits and hyphens; the index has the leg as it is."""
    return re.sub(r"[\W_]+", "-", leg)[:40]
