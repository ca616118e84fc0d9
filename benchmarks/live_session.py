"""Show a live session with unseen speakers.

    python -m benchmarks.live_session [--corpus emodb] [--model NAME]

It fits the recipe `speech` on all corpora but one, plays five speakers of that one into a microphone while
`callmood listen` runs on it, and writes the journal, a picture and a page. With --model nothing is fitted: a
quick look, but no figure about unseen speakers. A few minutes, once the tables of the corpora are cached.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import soundfile

from benchmarks.live_scene import (
    NO_CLIP,
    ClipAnswer,
    Places,
    SceneSegment,
    accuracy_words,
    answer_of,
    make_scene,
    place,
    states_without_clip,
)
from benchmarks.strangers import fit_on, plan_strangers
from callmood.evaluation.corpora import CorporaFolder, read_corpora
from callmood.evaluation.streams import STREAM_RATE_HZ
from emotion.arrays import Samples
from emotion.atomic_files import replace
from emotion.audio_io import read_mono
from emotion.card import LABELS
from emotion.errors import CallmoodError, DeviceError, OutputError
from emotion.signal import resample
from streamer.events import STATES
from streamer.panel.canvas import EMOTION_COLOURS
from streamer.recordings.session_audio import sound_files
from tests.command import Journal, Row, command, environment, read_journal
from tests.pulse import WHAT_TO_INSTALL, missing_programs, pulse_server
from trainer.model_card import licence_of
from trainer.plots import INK, matplotlib_part, new_figure, png_of, write_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
        subprocess.Popen(  # our own command
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


def session_sound(session: Path) -> Samples:
    """Read what `--record-session` kept, each file in its place in the stream; gaps are silence.

    Parameters
    ----------
    session : Path
        The session's folder in recordings, with sound in it.

    Returns
    -------
    ndarray, shape (n,), float32
        Mono at `STREAM_RATE_HZ`, from the first sample of the stream on.

    Raises
    ------
    AudioFileError
        If a file cannot be read.
    """
    pieces: list[Samples] = []
    at = 0
    rate = STREAM_RATE_HZ
    for file in sound_files(session):
        sound = read_mono(file.path)
        rate = sound.sample_rate
        pieces += [np.zeros(file.first_sample - at, np.float32), sound.samples]
        at = file.first_sample + len(sound.samples)
    return resample(np.concatenate(pieces), rate, STREAM_RATE_HZ)


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


TRUTH: Final = (1.32, 0.24)
SHOWN: Final = (1.06, 0.20)
"""Bottom and height of the bands; probabilities lie from 0 to 1."""

QUIET: Final[dict[str, Any]] = {"facecolor": "#f1f3f5", "linewidth": 0}
NOISE: Final = QUIET | {"edgecolor": "#9aa5b1", "hatch": "////"}
UNSURE: Final = {"facecolor": "white", "edgecolor": "#7b8794", "linewidth": 0.6, "linestyle": ":"}
LOOKS: Final = {"noise": NOISE, "unsure": UNSURE, "silence": QUIET, "room": QUIET, "clipped": NOISE}

SECONDS_A_LETTER: Final = 0.24
"""Where the longest line of a stranger fills the picture, about 40 s."""


def session_picture(
    answers: Sequence[ClipAnswer],
    stretches: Sequence[SceneSegment],
    rows: Sequence[Row],
    titles: tuple[str, str],
) -> bytes:
    """Draw it.

    Parameters
    ----------
    answers : sequence of ClipAnswer
        Of all clips.
    stretches : sequence of SceneSegment
        In stream time, all of the session.
    rows : sequence of dict
        Of the journal.
    titles : tuple of str
        Title and subtitle.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    step = min(after["start"] - row["start"] for row, after in pairwise(rows))
    strangers = sorted({part.stranger for part in stretches})
    parts = [[part for part in stretches if part.stranger == stranger] for stranger in strangers]
    width = max(own[-1].end - own[0].start for own in parts)
    figure = new_figure(14.0, 1.15 + 1.95 * len(strangers))
    lines = figure.subplots(len(strangers), 1, squeeze=False)[:, 0]
    for stranger, own, axes in zip(strangers, parts, lines, strict=True):
        start, end = own[0].start, own[-1].end
        _draw_truth(axes, own, [each for each in answers if each.clip.stranger == stranger])
        # A window stands for the sound about its middle: there it is drawn, as wide as a step.
        _draw_rows(axes, [row for row in rows if start <= (row["start"] + row["end"]) / 2 < end], step)
        axes.set(xlim=(start, start + width), ylim=(0, sum(TRUTH) + 0.02))
        axes.set_yticks([0, 0.5, 1, SHOWN[0] + SHOWN[1] / 2, TRUTH[0] + TRUTH[1] / 2])
        axes.set_yticklabels(["0", ".5", "1", "shown", "truth"])
        axes.set_xticks(np.arange(np.ceil(start / 5) * 5, end, 5))
        axes.set_ylabel(f"speaker {own[0].speaker}", color=INK, fontsize=9)
        axes.tick_params(colors=INK, labelsize=8.5, length=2)
        axes.spines[:].set_visible(False)
    lines[-1].set_xlabel("time in the session [s]", color=INK)
    write_titles(lines[0], *titles)
    patch = matplotlib_part("patches").Patch
    handles = [patch(facecolor=EMOTION_COLOURS[label], label=label) for label in LABELS]
    handles += [patch(label=state, **LOOKS[state]) for state in ("unsure", "noise", "silence")]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9)
    return png_of(figure)


def _draw_truth(axes: "Axes", stretches: Sequence[SceneSegment], answers: Sequence[ClipAnswer]) -> None:
    for part in stretches:
        if part.emotion is None:
            axes.broken_barh([(part.start, part.end - part.start)], TRUTH, **LOOKS[part.kind])
    for each in answers:
        clip = each.clip
        _band(axes, (clip.start, clip.end), TRUTH, str(clip.emotion), "" if each.right else " ✗")


def _draw_rows(axes: "Axes", rows: Sequence[Row], step: float) -> None:
    middles = [(row["start"] + row["end"]) / 2 - step / 2 for row in rows]
    for row, at in zip(rows, middles, strict=True):
        if row["smoothed"] is not None:
            bottom = 0.0
            for label in LABELS:
                share = row["smoothed"].get(label, 0.0)
                axes.bar(at, share, step, bottom, align="edge", color=EMOTION_COLOURS[label], alpha=0.75)
                bottom += share
    for word, start, end in _runs(rows, middles, step):
        _band(axes, (start, end), SHOWN, word, "")
        axes.hlines([0.5], start, end, color="white", linewidth=0.5)


def _runs(rows: Sequence[Row], at: Sequence[float], step: float) -> Iterator[tuple[str, float, float]]:
    """Give what was shown in runs of windows that follow each other and show the same."""
    words = [row["emotion"] or row["state"] for row in rows]
    # After a gap windows begin anew, off the grid of those before.
    grids = [round(start - index * step, 3) for index, start in enumerate(at)]
    for (word, _), run in groupby(range(len(rows)), key=lambda index: (words[index], grids[index])):
        indices = list(run)
        yield word, at[indices[0]], at[indices[-1]] + step


def _band(axes: "Axes", span: tuple[float, float], height: tuple[float, float], word: str, mark: str) -> None:
    look = LOOKS.get(word) or {"facecolor": EMOTION_COLOURS[word], "edgecolor": "white", "linewidth": 0.8}
    axes.broken_barh([(span[0], span[1] - span[0])], height, **look)
    if word in EMOTION_COLOURS:
        # The whole word where there is room for it, else its first letter: no colour stands alone.
        text = (word if span[1] - span[0] >= SECONDS_A_LETTER * len(word) else word[0]) + mark
        middle = (sum(span) / 2, height[0] + height[1] / 2 - 0.01)
        axes.text(*middle, text, ha="center", va="center", fontsize=8, color="white", fontweight="bold")


ROOT: Final = Path(__file__).parents[1]


def show(found: CorporaFolder, arguments: argparse.Namespace, folder: Path) -> str:
    """Plan, fit, listen, read back, write.

    Parameters
    ----------
    found : CorporaFolder
        With the strangers' corpus as the only one to be scored.
    arguments : Namespace
        Of the command line.
    folder : Path
        For what is not kept: the model, the sound.

    Returns
    -------
    str
        What came out.

    Raises
    ------
    CallmoodError
        If there is too little to play, or it was not heard.
    """
    (corpus,) = found.scored
    others = tuple(each.name for each in found.learned_from if each.name != corpus.name)
    scene = make_scene(plan_strangers(corpus.clips, arguments.seed), arguments.seed)
    seconds = len(scene.samples) / STREAM_RATE_HZ
    soundfile.write(folder / "scene.wav", scene.samples, STREAM_RATE_HZ, subtype="FLOAT")
    model = arguments.model or str(fit_on(arguments.corpora, others, folder / "models"))
    if Path(model).is_dir():
        model = str(Path(model).resolve())
    print(f"{seconds:.0f} s are played", flush=True)
    session = listen_while_playing(folder / "scene.wav", seconds, model, folder)
    text = (folder / JOURNAL).read_text(encoding="utf-8")
    refuse_paths(text, (folder, ROOT, arguments.corpora.resolve(), Path.home()))
    journal = read_journal(folder / JOURNAL)
    places = place(scene, session_sound(session), journal.summary["seconds"])
    answers = [answer_of(part, journal.rows) for part in places.stretches if part.kind == "clip"]
    facts = {
        "corpus": corpus.name,
        "licence": licence_of(corpus.name).terms,
        "seed": str(arguments.seed),
        "others": "" if arguments.model else ", ".join(others),
    }
    fitted = (
        f"recipe speech fitted on {facts['others']}"
        if facts["others"]
        else f"model {journal.header['model']}"
    )
    titles = (
        f"Five strangers of {corpus.name} through a microphone: {accuracy_words(answers)}",
        f"callmood listen, {fitted}; ✗: shown as another",
    )
    picture = session_picture(answers, places.stretches, journal.rows, titles)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    replace(out / "session.png", picture)
    replace(out / "README.md", session_page(journal, places, answers, facts).encode())
    replace(out / JOURNAL, text.encode())
    return f"{accuracy_words(answers)}; see {out}/README.md"


def main() -> int:
    """Make them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    corpora = Path(os.environ.get("CALLMOOD_CORPORA", "../shared/corpora"))
    parser.add_argument("--corpora", type=Path, default=corpora, metavar="DIR")
    parser.add_argument("--corpus", default="emodb", metavar="NAME", help="whose speakers are the strangers")
    parser.add_argument("--model", metavar="NAME", help="listen with this model, and fit none")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="draws speakers, clips and noise")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "live-session", metavar="DIR")
    arguments = parser.parse_args()
    try:
        found = read_corpora(arguments.corpora, only=[arguments.corpus])
        with tempfile.TemporaryDirectory(prefix="callmood-live-") as folder:
            print(show(found, arguments, Path(folder)))
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    except CallmoodError as error:
        sys.stderr.write(f"live_session: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
