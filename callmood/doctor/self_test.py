"""Ten seconds of the demo through the real path, as fast as this machine can."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import callmood
from callmood.doctor.finding import REPORT_IT, Finding

if TYPE_CHECKING:
    from streamer.session_facts import Summary

SECONDS: Final = 10.0
SPEECH: Final = Path(callmood.__file__).parent / "demo" / "speech.flac"
LEGS_OF_A_CALL: Final = 2
LIGHTER: Final = "--model speech-light costs a tenth"


def look_at_the_path() -> Iterator[Finding]:
    """Replay the beginning of the demo in a session with the default model; nothing is written.

    Yields
    ------
    Finding
        One.

    Raises
    ------
    CallmoodError
        If model or demo are damaged.
    """
    from emotion.audio_file import AudioFile
    from emotion.model_folders import DEFAULT_MODEL, find_model
    from streamer.file_source import FileSource
    from streamer.screen import Screen
    from streamer.session import Session
    from streamer.session_options import SessionOptions

    model = find_model(DEFAULT_MODEL)
    grid = model.card.grid()
    session = Session(
        [FileSource(AudioFile(SPEECH), fast=True)],
        model,
        grid,
        sinks=(),
        screen=Screen(),
        options=SessionOptions(callmood_version=callmood.__version__, duration_seconds=SECONDS),
    )
    yield judge_summary(session.run(), grid.num_windows(round(SECONDS * grid.sample_rate)), model.card.name)


def judge_summary(summary: "Summary", expected_rows: int, model: str) -> Finding:
    """Say whether this machine keeps up.

    Parameters
    ----------
    summary : Summary
        Of the session.
    expected_rows : int
        How many windows the sound has.
    model : str
        Its name.

    Returns
    -------
    Finding
        Not ok where rows are missing, no voice was heard, or processing takes as long as the sound lasts.
    """
    voiced = summary.states["speech"] + summary.states["unsure"]
    factor = summary.real_time_factor
    found = (
        f"{summary.windows} rows of {expected_rows} in {SECONDS:g} s of sound, {voiced} of them speech, with "
        f"{model}: real-time factor {factor:.3f}, longest lag {summary.max_lag_seconds:.2f} s at full speed"
    )
    if summary.windows != expected_rows or not voiced:
        return Finding("self-test", False, found, REPORT_IT)
    if factor >= 1:
        return Finding(
            "self-test", False, f"{found}: too slow to listen", f"end what else is running; {LIGHTER}"
        )
    legs = int(1 / max(factor, 1e-3))
    found += f": this machine follows {legs} leg{'s' * (legs > 1)}"
    too_few = f"a call has two legs: end what else is running; {LIGHTER}"
    return Finding("self-test", True, found, too_few if legs < LEGS_OF_A_CALL else None)
