"""Show a live session with unseen speakers: `make live-session`.

Fits the recipe `speech` on all corpora but one, plays five speakers of that one into a microphone while
`callmood listen` runs on it, and writes the journal, a picture and a page. With --model nothing is fitted: a
quick look, but no figure about unseen speakers. A few minutes, once the features of the corpora are cached.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
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
from benchmarks.pages import DOCS, ROOT, add_corpora, exit_code, page, parser, table
from benchmarks.unseen_speakers import fit_on, names_of_others, plan_speakers
from callmood.evaluation.corpora import CorporaFolder, read_corpora
from callmood.evaluation.streams import STREAM_RATE_HZ
from emotion.arrays import Samples
from emotion.atomic_files import replace
from emotion.audio_io import read_mono
from emotion.card import LABELS
from emotion.errors import DeviceError, OutputError
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
    """
    if missing := missing_programs():
        raise DeviceError(f"no {', '.join(missing)} on this machine; type: {WHAT_TO_INSTALL}")
    words = ["listen", "--device", "pulse", "--model", model, "--journal", JOURNAL]
    words += ["--record-session", "--out", RECORDINGS]
    output = folder / "output.txt"
    # Into a file: a pipe that nobody reads would stop the command when it is full.
    with (
        pulse_server() as pulse,
        output.open("w", encoding="utf-8") as lines,
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
            raise DeviceError(f"no session: {_last(output) or error}") from error
        finally:
            listener.kill()
    sessions = list((folder / RECORDINGS).glob("*"))
    if listener.returncode or len(sessions) != 1:
        raise DeviceError(f"callmood listen ended with {listener.returncode}, saying: {_last(output)}")
    return sessions[0]


def refuse_paths(journal: str, places: Sequence[Path]) -> None:
    """Refuse a journal that names a folder of this machine: it is published."""
    for each in places:
        if len(each.parts) > 1 and str(each) in journal:
            raise OutputError(f"the journal names {each}; it would be published")


def _last(output: Path) -> str:
    return " / ".join(output.read_text(encoding="utf-8", errors="replace").splitlines()[-2:])


def session_sound(session: Path) -> Samples:
    """Read what `--record-session` recorded, each file at its place in the stream; gaps are silence."""
    pieces: list[Samples] = []
    at, rate = 0, STREAM_RATE_HZ
    for file in sound_files(session):
        sound = read_mono(file.path)
        rate = sound.sample_rate
        pieces += [np.zeros(file.first_sample - at, np.float32), sound.samples]
        at = file.first_sample + len(sound.samples)
    return resample(np.concatenate(pieces), rate, STREAM_RATE_HZ)


HEAD: Final = """\
Five speakers of {corpus}, their clips and the order were drawn at random (seed {seed}). They were played one
after the other, in real time, into a microphone: the monitor of a null sink of a PulseAudio daemon.
`callmood listen` ran on it as a user starts it, and was ended by Ctrl-C; [journal.jsonl](journal.jsonl) is
what it wrote. Pauses of 0.5 to 1 s lie between clips, pink noise and a second of silence between speakers.
The sound is not published (licence of {corpus}: {licence}).

{model}

This is *one* session on one leg. The speaker baseline of one voice carries over to the next, whom it does not
fit, until enough of the new voice was heard: a call with one person on a leg is easier.

![Truth, shown emotions and smoothed probabilities over time, a line a speaker](session.png)

A window of {win:g} s is drawn at its middle; it can be shown when it is over, {half:g} s later.
✗: what was shown is not the truth.
"""
LEFT_OUT: Final = "The model is the recipe `speech`, fitted on {others}: {corpus} was left out."
GIVEN: Final = (
    "The model is `{name}`. If it was fitted on {corpus} too, this says nothing about unseen speakers."
)
SILENT: Final = """\
## Where nobody spoke

Windows without a sample of any clip, by what they hold (`quiet`: silence, or a room's own noise). The column
`speech` counts those that showed an emotion.
"""
CLIPS: Final = """\
## Clip by clip

Shown is the emotion of most of the windows of which more than half lies in the clip; where none showed one,
the state of most. In brackets the number of these windows; the others were `unsure`, or showed another
emotion.
"""


def session_page(
    journal: Journal, places: Places, answers: Sequence[ClipAnswer], facts: Mapping[str, str]
) -> str:
    """Write the page.

    `facts` holds `corpus`, `licence`, `seed`, and `others`: the corpora fitted on, empty for a given model.
    """
    header = journal.header
    model = (LEFT_OUT if facts["others"] else GIVEN).format(name=header["model"], **facts)
    win = float(header["win_seconds"])
    silent = states_without_clip(places.segments, journal.rows)
    no_clip = [(name, silent[name].total(), *(silent[name][state] for state in STATES)) for name in NO_CLIP]
    return page(
        "Five unseen speakers through a microphone",
        "live-session",
        HEAD.format(model=model, win=win, half=win / 2, **facts),
        table(("", ""), _figures(journal, places, answers, silent)),
        SILENT,
        table(("windows of", "all", *STATES), no_clip),
        CLIPS,
        table(("speaker", "from, s", "to, s", "truth", "shown", ""), map(_clip, answers)),
        date=header["started"][:10],
    )


def _figures(
    journal: Journal, places: Places, answers: Sequence[ClipAnswer], silent: Mapping[str, Counter[str]]
) -> list[tuple[str, str]]:
    summary = journal.summary
    lags = 1000 * np.percentile([row["lag_seconds"] for row in journal.rows], [50, 99])
    spoken = sum(each.clip.end - each.clip.start for each in answers)
    shown = sum(counts["speech"] for counts in silent.values())
    states = ", ".join(f"{state} {summary['states'].get(state, 0)}" for state in STATES)
    return [
        ("shown rightly", f"**{accuracy_words(answers)}**; chance is a quarter"),
        ("session", f"{summary['seconds']:.1f} s, {spoken:.0f} s of it in clips"),
        ("windows", f"{summary['windows']}: {states}"),
        (
            "an emotion where nobody spoke",
            f"{shown} of {sum(counts.total() for counts in silent.values())} windows",
        ),
        ("lag, p50 and p99", f"{lags[0]:.0f} and {lags[1]:.0f} ms"),
        (
            "lost",
            f"{summary['overruns']} overruns, {summary['gaps']} gaps, "
            f"{summary['dropped_seconds']:g} s dropped",
        ),
        ("real-time factor", f"{summary['real_time_factor']:.3f}"),
        (
            "recorded as played",
            f"correlation of each part at least {places.least_similarity:.3f}, "
            f"none shifted by more than {1000 * places.shift_seconds:.0f} ms",
        ),
    ]


def _clip(answer: ClipAnswer) -> tuple[str, ...]:
    clip = answer.clip
    shown = f"{answer.answer} ({answer.num_said} of {answer.num_windows})"
    mark = "" if answer.right else "✗"
    return clip.speaker, f"{clip.start:.1f}", f"{clip.end:.1f}", str(clip.emotion), shown, mark


TRUTH: Final = (1.32, 0.24)
SHOWN: Final = (1.06, 0.20)
"""Bottom and height of the bands; probabilities lie from 0 to 1."""

QUIET: Final[dict[str, Any]] = {"facecolor": "#f1f3f5", "linewidth": 0}
NOISE: Final = QUIET | {"edgecolor": "#9aa5b1", "hatch": "////"}
UNSURE: Final = {"facecolor": "white", "edgecolor": "#7b8794", "linewidth": 0.6, "linestyle": ":"}
LOOKS: Final = {"noise": NOISE, "unsure": UNSURE, "silence": QUIET, "room": QUIET, "clipped": NOISE}

SECONDS_A_LETTER: Final = 0.24
"""Where the longest line of a speaker fills the picture, about 40 s."""


def session_picture(
    answers: Sequence[ClipAnswer],
    segments: Sequence[SceneSegment],
    rows: Sequence[Row],
    titles: tuple[str, str],
) -> bytes:
    """Draw truth, shown emotions and probabilities over time, a line a speaker, as PNG."""
    step = min(after["start"] - row["start"] for row, after in pairwise(rows))
    numbers = sorted({part.speaker_number for part in segments})
    parts = [[part for part in segments if part.speaker_number == number] for number in numbers]
    width = max(own[-1].end - own[0].start for own in parts)
    figure = new_figure(14.0, 1.15 + 1.95 * len(numbers))
    lines = figure.subplots(len(numbers), 1, squeeze=False)[:, 0]
    for number, own, axes in zip(numbers, parts, lines, strict=True):
        start, end = own[0].start, own[-1].end
        _draw_truth(axes, own, [each for each in answers if each.clip.speaker_number == number])
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


def _draw_truth(axes: "Axes", segments: Sequence[SceneSegment], answers: Sequence[ClipAnswer]) -> None:
    for part in segments:
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
    """Give runs of adjacent windows that show the same: what, start, end."""
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


def show(found: CorporaFolder, arguments: argparse.Namespace, folder: Path) -> str:
    """Plan, fit, listen, read back, write; give the result in a line."""
    (corpus,) = found.scored
    others = names_of_others(found)
    scene = make_scene(plan_speakers(corpus.clips, arguments.seed), arguments.seed)
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
    answers = [answer_of(part, journal.rows) for part in places.segments if part.kind == "clip"]
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
    picture = session_picture(answers, places.segments, journal.rows, titles)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    replace(out / "session.png", picture)
    replace(out / "README.md", session_page(journal, places, answers, facts).encode())
    replace(out / JOURNAL, text.encode())
    return f"{accuracy_words(answers)}; see {out}/README.md"


def main() -> int:
    """Read the command line, and make journal, picture and page."""
    options = parser(__doc__)
    add_corpora(options)
    options.add_argument(
        "--corpus", default="emodb", metavar="NAME", help="whose speakers are played (default: %(default)s)"
    )
    options.add_argument("--model", metavar="NAME", help="use this model instead of fitting one")
    options.add_argument(
        "--seed", type=int, default=0, metavar="N", help="for speakers, clips, noise (default: %(default)s)"
    )
    options.add_argument(
        "--out", type=Path, default=DOCS / "live-session", metavar="DIR",
        help="where the files go (default: docs/live-session)",
    )  # fmt: skip
    return exit_code("live_session", partial(_run, options.parse_args()))


def _run(arguments: argparse.Namespace) -> None:
    found = read_corpora(arguments.corpora, only=[arguments.corpus])
    with tempfile.TemporaryDirectory(prefix="callmood-live-") as folder:
        print(show(found, arguments, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
