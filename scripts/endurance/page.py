"""The page about a soak."""

from typing import Final

from scripts.endurance.figures import Figures
from scripts.endurance.verdict import CLIP_BYTES

HEAD: Final = """# A day of sound

Written by `make soak` on {date}; run it again rather than edit. All figures and curves:
[soak.json](soak.json).

{hours:.4g} hours of sound went through the command as a user starts it, in a terminal that shows the panel:

    callmood {options}

The sound is made from a seed ({seed}): the demo's speech at many levels, up to far beyond full scale, pauses,
room, noise, tones. It stands in a pipe that is filled as fast as callmood empties it, so that all of it took
{minutes:.3g} minutes: {speed:.0f} times as fast as it would be spoken. The {num_readings} readings are what
the system says of the process, and what the journal and the folder of recordings hold then.

![Memory, handles, threads, lag and recordings over the hours](images/soak.png)

## What was demanded

| | found | demanded | |
|---|---|---|---|
"""
TAIL: Final = """
A line through the resident memory after the first {warm:.3g} minutes of sound rises by {slope} a day.
At this speed the lag tells how long a block waits behind those before it in the queue, not how long a
listener waits: see [benchmarks.md](benchmarks.md).

States of the windows: {states}; {alerts} alerts. Machine: {cpu}, {num_cores} cores, {system}, {python}.

## What grows in a week

| | a day | bounded by |
|---|---|---|
| journal | {journal:.0f} MB | nothing: it is the user's own |
| clips | up to {clips:.1f} GB, where somebody speaks all the time | `--keep`, `--max-size` |
| whole sound | {sound:.1f} GB at 16 kHz | the same |
| index.csv | up to {index:.0f} MB | the same, but only when its session goes |
| hours of clips that have gone | 24 empty folders | as index.csv |
| removed.log | a line a minute at most | itself, at 1 MB |

Recordings are held to their bounds every minute, of the clock or of the stream: between two looks they are
over them by what came meanwhile.
"""

_ROWS_A_DAY: Final = 172_800
_INDEX_LINE_BYTES: Final = 110


def page(found: Figures) -> str:
    """Write it.

    Parameters
    ----------
    found : dict
        As `scripts.endurance.figures` gives them.

    Returns
    -------
    str
        Markdown.
    """
    rows = "".join(
        f"| {each['what']} | {each['found']} | {each['demanded']} | {_word(is_met=each['is_met'])} |\n"
        for each in found["findings"]
    )
    slope = found["resident_bytes_per_day"]
    per_day = found["journal_bytes_per_day"] / 1e6
    return (
        HEAD.format(
            **found,
            minutes=found["clock_seconds"] / 60,
            speed=found["hours"] * 3600 / found["clock_seconds"],
        )
        + rows
        + TAIL.format(
            **{
                **found,
                "states": ", ".join(f"{number} {state}" for state, number in found["states"].items()),
            },
            warm=found["warm_seconds"] / 60,
            slope="nothing known" if slope is None else f"{slope / 1e6:.2f} MB",
            journal=per_day,
            index=_ROWS_A_DAY * _INDEX_LINE_BYTES / 1e6,
            clips=_ROWS_A_DAY * CLIP_BYTES / 1e9,
            sound=86_400 * 32_000 / 1e9,
        )
    )


def _word(*, is_met: bool) -> str:
    return "ok" if is_met else "**not ok**"
