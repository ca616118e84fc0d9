"""The page about a live session: what was played, what was heard, how long it took."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from scripts.live.answers import NO_CLIP, ClipAnswer, accuracy_words, states_without_clip
from scripts.live.places import Places
from streamer.row import STATES
from tests.command import Journal

HEAD: Final = """# Five strangers through a microphone

Written by `make live-session` on {date}; run it again rather than edit.

Five speakers of {corpus} were drawn by chance, and so were their clips and the order (seed {seed}). They were
played one after the other, at real speed, into a microphone: the monitor of a null sink of a PulseAudio
daemon. `callmood listen` ran on it as a user starts it, and was ended by Ctrl-C;
[journal.jsonl](journal.jsonl) is what it wrote. Pauses of 0.5 to 1 s lie between clips, pink noise and a
second of silence between strangers. Of the sound nothing is kept (licence of {corpus}: {licence}).

{model}

It is *one* session on one leg. What was learned of one voice goes on with the next, whom it does not fit,
until that one has been heard for a while: a call with one person on a leg is easier.

![Truth, shown emotions and smoothed probabilities over time, a line a stranger](session.png)

A window of {win:g} s is drawn at its middle; it can be shown when it is over, {half:g} s later.
✗: what was shown is not the truth.
"""
LEFT_OUT: Final = "The model is the recipe `speech`, fitted on {others}: {corpus} was left out."
GIVEN: Final = "The model is `{name}`. If it was fitted on {corpus} too, this says nothing about strangers."
SILENT: Final = """
## Where nobody spoke

Windows without a sample of any clip, by what they hold (`quiet`: silence, or a room's own noise). In the
column `speech` stand those that showed an emotion where nobody spoke.
"""
CLIPS: Final = """
## Clip by clip

Shown is the emotion of most of the windows of which more than half lies in the clip; where none showed one,
the state of most. In brackets how many said so; the others were `unsure`, or showed another emotion.

| speaker | from, s | to, s | truth | shown | |
|---|---|---|---|---|---|"""


def session_page(
    journal: Journal, places: Places, answers: Sequence[ClipAnswer], facts: Mapping[str, str]
) -> str:
    """Write it.

    Parameters
    ----------
    journal : Journal
        Of the session.
    places : Places
        The truth in stream time.
    answers : sequence of ClipAnswer
        Of all clips, in order.
    facts : mapping of str to str
        `corpus`, `licence`, `seed`, and `others`: the corpora fitted on, empty for a model that was given.

    Returns
    -------
    str
        Markdown.
    """
    header = journal.header
    model = (LEFT_OUT if facts["others"] else GIVEN).format(name=header["model"], **facts)
    win = float(header["win_seconds"])
    head = HEAD.format(date=header["started"][:10], model=model, win=win, half=win / 2, **facts)
    lines = [head, *_figures(journal, places, answers), *_silent(journal, places), CLIPS]
    return "\n".join([*lines, *map(_clip, answers), ""])


def _figures(journal: Journal, places: Places, answers: Sequence[ClipAnswer]) -> list[str]:
    summary = journal.summary
    lags = 1000 * np.percentile([row["lag_seconds"] for row in journal.rows], [50, 99])
    spoken = sum(each.clip.end - each.clip.start for each in answers)
    silent = states_without_clip(places.stretches, journal.rows).values()
    said = sum(counts["speech"] for counts in silent)
    rows = {
        "shown rightly": f"**{accuracy_words(answers)}**; chance is a quarter",
        "session": f"{summary['seconds']:.1f} s, {spoken:.0f} s of it in clips",
        "windows": f"{summary['windows']}: "
        + ", ".join(f"{state} {summary['states'].get(state, 0)}" for state in STATES),
        "an emotion where nobody spoke": f"{said} of {sum(counts.total() for counts in silent)} windows",
        "lag, p50 and p99": f"{lags[0]:.0f} and {lags[1]:.0f} ms",
        "lost": f"{summary['overruns']} overruns, {summary['gaps']} gaps, "
        f"{summary['dropped_seconds']:g} s dropped",
        "real-time factor": f"{summary['real_time_factor']:.3f}",
        "heard as played": f"correlation of each part at least {places.least_similarity:.3f}, "
        f"none shifted by more than {1000 * places.shift_seconds:.0f} ms",
    }
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]


def _silent(journal: Journal, places: Places) -> list[str]:
    counts = states_without_clip(places.stretches, journal.rows)
    lines = [SILENT, f"| windows of | all | {' | '.join(STATES)} |", "|---|---|" + "---|" * len(STATES)]
    for name in NO_CLIP:
        cells = [counts[name].total(), *(counts[name][state] for state in STATES)]
        lines.append(f"| {name} | {' | '.join(map(str, cells))} |")
    return lines


def _clip(answer: ClipAnswer) -> str:
    clip = answer.clip
    said = f"{answer.answer} ({answer.num_said} of {answer.num_windows})"
    mark = "" if answer.right else "✗"
    return f"| {clip.speaker} | {clip.start:.1f} | {clip.end:.1f} | {clip.emotion} | {said} | {mark} |"
