"""Measure how soon alerts come on unseen speakers.

    python -m benchmarks.alert_delay [--corpus emodb] [--models DIR]

For each corpus it fits the recipe `speech` on all others, lets every speaker of that corpus be calm and angry
by turns, with known onsets, and writes docs/alert-delay.md with its picture and its figures. Once the tables
of the corpora are cached, a fit takes a few minutes, the analysis a tenth of the length of the calls.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.alert_calls import (
    CLIP_SECONDS,
    NUM_ANGRY,
    AlertScore,
    hear_call,
    make_call,
    plan_calls,
    score_rule,
    spread,
)
from benchmarks.single_thread import is_single_threaded, single_thread_environment
from benchmarks.strangers import EDGE_SECONDS, NAME, fit_on, without_edges
from callmood.evaluation.corpora import CorporaFolder, read_corpora
from emotion.atomic_files import replace
from emotion.card import LABELS
from emotion.errors import CallmoodError, UsageError
from emotion.model import EmotionModel
from emotion.model_folders import find_model
from streamer.alerts import COOLDOWN_SECONDS, AlertRule
from streamer.events import STATES
from trainer.plots import FAINT_INK, INK, matplotlib_part, new_figure, write_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class CorpusScores:
    """What came out on the speakers of one corpus.

    Attributes
    ----------
    corpus : str
        Their corpus.
    fitted_on : tuple of str
        The corpora that the model had heard; empty where it was given.
    scores : tuple of AlertScore
        One a rule and cool-down; those without a cool-down first.
    lags : tuple of float
        Of all rows, s.
    """

    corpus: str
    fitted_on: tuple[str, ...]
    scores: tuple[AlertScore, ...]
    lags: tuple[float, ...]

    @property
    def num_speakers(self) -> int:
        """How many calls there were."""
        return len(self.scores[0].once_by_speaker())

    @property
    def without_cooldown(self) -> tuple[AlertScore, ...]:
        """One a rule."""
        return tuple(score for score in self.scores if not score.cooldown_seconds)


HEAD: Final = """# How soon an alert comes

Written by `make alert-delay`; run it again rather than edit.

{voices}
Each speaks a call of their own, calm and angry by turns: {calm} s of neutral clips, then
{angry} s of angry ones, {num_angry} times, and calm again. The seed ({seed}) decides which clip comes when;
where there are too few they come again in another order. Silence at their edges is cut to {edge:g} s,
pauses of 0.5 to 1 s lie between. The calls go through the `Leg` and the alerts of a session. All figures,
turn by turn: [alert-delay.json](alert-delay.json).

![Share of the angry turns told by then, a line a rule, a part a corpus](alert-delay.svg)

The delay goes from the first sound of the first angry clip to the end of the window that raised the first
alert of the turn; turns that were missed have none. The lag, the time that the computer takes for a window,
comes on top. A window of {win:g} s counts from its start, so the shortest delay that a rule allows is what it
asks for less a window, and a little. An alert belongs to a turn of anger if the window that raised it
overlaps the turn, else it is false.

Without a cool-down only the episode keeps a turn from being told twice: it ends with a window that shows an
emotion and too little anger. The default of 30 s is longer than the calm between two turns here, so some
turns are passed over and others told late: it is made for being told once that a call goes wrong.

## What this does not show

- People on a call are neither actors nor in a studio, and do not become angry from one second to the next.
- Between the turns of anger there is neutral speech alone. Joy, which anger is mixed up with most, is not
  heard: where people laugh, expect more false alerts than in these tables.
- Rules and watch were not fitted to these calls. But that a watch passes over `unsure` windows was chosen on
  other streams of the same corpora ([0025](decisions/0025-alerts.md)).
"""
PART: Final = """
## {corpus}

{model} {speakers} speakers, {turns} turns of anger, {minutes:.0f} minutes without anger.

| rule | cool-down | told once | missed | told more often | false an hour | delay p10 | median | p90 | max |
|---|---|---|---|---|---|---|---|---|---|"""
SHOWN: Final = """
What the windows of anger showed, in %, those of turns told and of turns missed (no cool-down):

| rule | turns | windows | {columns} |
|---|---|---|{lines}|"""


def alert_page(corpora: Sequence[CorpusScores], seed: int, win_seconds: float) -> str:
    """Write it.

    Parameters
    ----------
    corpora : sequence of CorpusScores
        At least one.
    seed : int
        Of the calls.
    win_seconds : float
        Length of a window, s.

    Returns
    -------
    str
        Markdown.
    """
    calm, angry = (f"{least:g} to {most:g}" for least, most in CLIP_SECONDS.values())
    named = " and ".join(f"{each.num_speakers} speakers of {each.corpus}" for each in corpora)
    strange = all(each.fitted_on for each in corpora)
    how = "each corpus by a model fitted without it." if strange else "by a model that may know them."
    head = HEAD.format(
        voices=f"Heard are {named}, {how}",
        calm=calm,
        angry=angry,
        num_angry=NUM_ANGRY,
        seed=seed,
        edge=EDGE_SECONDS,
        win=win_seconds,
    )
    return "\n".join([head.rstrip(), *(line for each in corpora for line in _part(each))]) + "\n"


def sentence(each: CorpusScores, score: AlertScore) -> str:
    """Say in one sentence how a rule did.

    Parameters
    ----------
    each : CorpusScores
        Of a corpus.
    score : AlertScore
        One of its scores.

    Returns
    -------
    str
        With a full stop.
    """
    delay = spread(score.first_delays)
    after = f"{delay['median']:.1f} s after its first sound (p90 {delay['p90']:.1f} s), " if delay else ""
    cooldown = f"cool-down {score.cooldown_seconds:g} s" if score.cooldown_seconds else "no cool-down"
    false = f"{score.num_false} false alert{'s' * (score.num_false != 1)}"
    return (
        f"{each.num_speakers} strangers of {each.corpus}, `{score.rule}`, {cooldown}: {score.num_once} of "
        f"{len(score.turns)} angry turns were told once, {after}{score.num_missed} missed, "
        f"{score.num_doubled} told more often; {false} in {score.calm_seconds / 60:.0f} minutes of calm."
    )


def _part(each: CorpusScores) -> list[str]:
    model = "A model that was given."
    if each.fitted_on:
        model = f"The recipe `speech`, fitted on {', '.join(each.fitted_on)}."
    head = PART.format(
        corpus=each.corpus,
        model=model,
        speakers=each.num_speakers,
        turns=len(each.scores[0].turns),
        minutes=each.scores[0].calm_seconds / 60,
    )
    words = [*LABELS, *(state for state in STATES if state != "speech")]
    shown = [line for score in each.without_cooldown for line in _shown(score, words)]
    lag = {name: f"{1000 * value:.0f} ms" for name, value in spread(each.lags).items()}
    beyond = "Lag of all rows, whatever else the machine did: median {median}, p90 {p90}, longest {max}."
    return [
        head,
        *(_figures(score) for score in each.scores),
        SHOWN.format(columns=" | ".join(words), lines="|".join("---" for _ in words)),
        *shown,
        "\nWhere it falls short, without a cool-down:\n",
        *(_remark(score) for score in each.without_cooldown),
        "",
        beyond.format(**lag),
    ]


def _figures(score: AlertScore) -> str:
    counts = (score.num_once, score.num_missed, score.num_doubled)
    shares = [f"{count} ({100 * count / len(score.turns):.0f} %)" for count in counts]
    false = f"{score.false_per_hour:.1f} ({score.num_false})"
    delays = [f"{value:.1f} s" for value in spread(score.first_delays).values()] or [""] * 4
    cooldown = f"{score.cooldown_seconds:g} s" if score.cooldown_seconds else "none"
    return f"| `{score.rule}` | {' | '.join([cooldown, *shares, false, *delays])} |"


def _shown(score: AlertScore, words: Sequence[str]) -> list[str]:
    lines = []
    for name, missed in (("told", False), ("missed", True)):
        shown = score.shown(missed=missed)
        if total := shown.total():
            shares = [f"{100 * shown[word] / total:.0f}" for word in words]
            lines.append(f"| `{score.rule}` | {name} | {' | '.join([str(total), *shares])} |")
    return lines


def _remark(score: AlertScore) -> str:
    by = score.once_by_speaker()
    whole = sum(once == of for once, of in by.values())
    told = score.told_by_speaker()
    few = [f"{speaker} ({num} of {of})" for speaker, (num, of) in told.items() if 2 * num < of]
    words = [f"every turn is told exactly once of {whole} of {len(by)} speakers only"]
    words.append(f"fewer than half are told of {', '.join(few)}" if few else "of nobody half are missed")
    if score.num_late:
        words.append(f"{score.num_late} told when the turn was over")
    if score.num_began_before:
        words.append(f"{score.num_began_before} told early, of an episode from before")
    return f"- `{score.rule}`: {'; '.join(words)}."


def alert_figures(corpora: Sequence[CorpusScores], seed: int) -> dict[str, Any]:
    """Give all figures, and every turn of anger.

    Parameters
    ----------
    corpora : sequence of CorpusScores
        At least one.
    seed : int
        Of the calls.

    Returns
    -------
    dict
        What JSON can hold; seconds rounded to milliseconds. ``false_alerts`` are those of no turn.
    """
    return {
        "seed": seed,
        "corpora": [
            {
                "corpus": each.corpus,
                "fitted_on": list(each.fitted_on),
                "speakers": each.num_speakers,
                "row_lag_seconds": _rounded(spread(each.lags)),
                "rules": [_of_rule(score) for score in each.scores],
            }
            for each in corpora
        ],
    }


def _of_rule(score: AlertScore) -> dict[str, Any]:
    return {
        "rule": score.rule,
        "cooldown_seconds": score.cooldown_seconds,
        "turns": len(score.turns),
        "told_once": score.num_once,
        "missed": score.num_missed,
        "told_more_often": score.num_doubled,
        "told_when_over": score.num_late,
        "told_of_an_episode_from_before": score.num_began_before,
        "false_alerts": score.num_false,
        "calm_seconds": round(score.calm_seconds, 3),
        "false_per_hour": round(score.false_per_hour, 3),
        "delay_seconds": _rounded(spread(score.first_delays)),
        "lag_seconds": _rounded(spread(score.lags)),
        # speaker, first sound, last sound, delays of all alerts
        "each_turn": [
            [told.speaker, *_milliseconds(told.turn.start, told.turn.end), _milliseconds(*told.delays)]
            for told in score.turns
        ],
    }


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in values.items()}


def _milliseconds(*seconds: float) -> list[float]:
    return [round(each, 3) for each in seconds]


LONGEST_SECONDS: Final = 16.0
LOOKS: Final = (("#e58a95", "-"), ("#cb2c40", "-"), ("#6d1420", "--"))
"""Colours and styles of the rules, in their order."""

LABEL_SHARE: Final = 0.065
"""Names of lines stand at least so far from each other."""

_SALT: Final = "callmood"


def delay_picture(scores: Mapping[str, Sequence[AlertScore]], titles: tuple[str, str]) -> bytes:
    """Draw it.

    Parameters
    ----------
    scores : mapping of str to sequence of AlertScore
        By corpus, one a rule, at most as many as `LOOKS`.
    titles : tuple of str
        Title and subtitle.

    Returns
    -------
    bytes
        An SVG file; the same scores give the same bytes.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    figure = new_figure(9.6, 0.9 + 3.0 * len(scores))
    parts = figure.subplots(len(scores), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (corpus, own) in zip(parts, scores.items(), strict=True):
        _draw_lines(axes, own)
        axes.set(xlim=(0, LONGEST_SECONDS), ylim=(0, 1.02))
        axes.set_yticks(np.linspace(0, 1, 5), ["0 %", "25 %", "50 %", "75 %", "100 %"])
        axes.set_xticks(np.arange(0, LONGEST_SECONDS + 1, 1))
        axes.set_ylabel(f"{corpus}: turns told", color=INK)
        axes.grid(color="#e4e7eb", linewidth=0.7)
        axes.tick_params(colors=INK, labelsize=9, length=2)
        axes.spines[:].set_visible(False)
    parts[-1].set_xlabel("from the first sound of the angry turn to the alert [s]", color=INK)
    write_titles(parts[0], *titles)
    return _svg_of(figure)


def _draw_lines(axes: "Axes", scores: Sequence[AlertScore]) -> None:
    ends = [len(score.first_delays) / len(score.turns) for score in scores]
    for score, end, place, (colour, style) in zip(scores, ends, _apart(ends), LOOKS, strict=False):
        delays = np.sort(score.first_delays)
        shares = np.arange(len(delays) + 1) / len(score.turns)
        axes.step(
            [0.0, *delays, LONGEST_SECONDS], [*shares, end], where="post", color=colour, linestyle=style, lw=2
        )
        axes.text(
            LONGEST_SECONDS + 0.15,
            place,
            f"{score.rule}: {100 * end:.0f} %",
            va="center",
            fontsize=9,
            color=colour,
        )
    axes.axvspan(0, 2, color=FAINT_INK, alpha=0.07, linewidth=0)


def _apart(places: Sequence[float]) -> list[float]:
    """Push names apart that would lie on each other, from the lowest up."""
    order = np.argsort(places, kind="stable")
    moved = np.array(places, dtype=np.float64)
    for below, above in pairwise(order):
        moved[above] = max(moved[above], moved[below] + LABEL_SHARE)
    return [float(place) for place in moved]


def _svg_of(figure: "Figure") -> bytes:
    picture = io.BytesIO()
    # Names of clips inside an SVG are drawn by chance unless salted; its date would make it another file.
    with matplotlib_part("style").context({"svg.hashsalt": _SALT}):
        matplotlib_part("backends.backend_svg").FigureCanvasSVG(figure).print_svg(
            picture, metadata={"Date": None, "Creator": None}
        )
    return picture.getvalue()


ROOT: Final = Path(__file__).parents[1]
CORPORA: Final = ("emodb", "ravdess")
RULES: Final = ("angry>0.5 for 3s", "angry>0.7 for 3s", "angry>0.7 for 5s")
COOLDOWNS: Final = (0.0, 10.0, COOLDOWN_SECONDS)


def measure(found: CorporaFolder, arguments: argparse.Namespace, folder: Path) -> tuple[CorpusScores, float]:
    """Fit, hear, count.

    Parameters
    ----------
    found : CorporaFolder
        With the strangers' corpus as the only one to be scored.
    arguments : Namespace
        Of the command line.
    folder : Path
        For what is not kept.

    Returns
    -------
    scores : CorpusScores
        Of that corpus.
    win_seconds : float
        Of the model, s.

    Raises
    ------
    CallmoodError
        If there is too little to hear, or a model that is kept knows the corpus.
    """
    (corpus,) = found.scored
    others = tuple(each.name for each in found.learned_from if each.name != corpus.name)
    clips = [clip for clip in corpus.clips if clip.emotion in CLIP_SECONDS]
    plans = plan_calls(without_edges(clips, folder / corpus.name), arguments.seed)
    model = _model(arguments, corpus.name, others, folder)
    rules = [AlertRule.parse(text) for text in RULES]
    watched = []
    for plan in plans:
        watched.append(hear_call(make_call(plan), model, rules, COOLDOWNS))
        print(f"{corpus.name}, {plan.speaker}: heard", flush=True)
    scores = tuple(score_rule(watched, rule, seconds) for seconds in COOLDOWNS for rule in RULES)
    lags = tuple(row.lag_seconds for each in watched for row in each.rows)
    fitted_on = () if arguments.model else others
    return CorpusScores(corpus.name, fitted_on, scores, lags), float(model.card.win_seconds or 0)


def write(corpora: list[CorpusScores], win_seconds: float, arguments: argparse.Namespace) -> None:
    """Write page, picture and figures.

    Parameters
    ----------
    corpora : list of CorpusScores
        In the order in which they are shown.
    win_seconds : float
        Length of a window, s.
    arguments : Namespace
        Of the command line.
    """
    num_turns = sum(len(each.scores[0].turns) for each in corpora)
    titles = (
        f"How soon {num_turns} angry turns of strangers were told",
        "from their first sound; no window of 2 s lies wholly in the anger before the shade ends",
    )
    picture = delay_picture({each.corpus: each.without_cooldown for each in corpora}, titles)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    replace(out / "alert-delay.svg", picture)
    values = json.dumps(alert_figures(corpora, arguments.seed), allow_nan=False)
    replace(out / "alert-delay.json", f"{values}\n".encode())
    replace(out / "alert-delay.md", alert_page(corpora, arguments.seed, win_seconds).encode())


def main() -> int:
    """Make them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    corpora = Path(os.environ.get("CALLMOOD_CORPORA", "../shared/corpora"))
    parser.add_argument("--corpora", type=Path, default=corpora, metavar="DIR")
    parser.add_argument(
        "--corpus",
        action="append",
        metavar="NAME",
        help="whose speakers are the strangers; may be given twice",
    )
    parser.add_argument("--model", metavar="NAME", help="hear with this model, and fit none: a quick look")
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help="keep fitted models here, and take those that are here"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="draws clips and pauses")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", metavar="DIR")
    arguments = parser.parse_args()
    if not is_single_threaded():
        # As sessions are; and libraries read the number of threads when they are loaded.
        words = [sys.executable, "-m", "benchmarks.alert_delay", *sys.argv[1:]]
        return subprocess.run(words, env=single_thread_environment(), check=False).returncode
    try:
        with tempfile.TemporaryDirectory(prefix="callmood-alerts-") as folder:
            measured = [
                measure(read_corpora(arguments.corpora, only=[name]), arguments, Path(folder))
                for name in arguments.corpus or CORPORA
            ]
        scores = [each for each, _ in measured]
        write(scores, measured[0][1], arguments)
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    except CallmoodError as error:
        sys.stderr.write(f"alert_delay: {error}\n")
        return error.exit_code
    for each in scores:
        print(*(sentence(each, score) for score in each.scores), sep="\n")
    return 0


def _model(arguments: argparse.Namespace, corpus: str, others: tuple[str, ...], folder: Path) -> EmotionModel:
    """Fit a model to which a corpus is strange, or take the one that was kept."""
    if arguments.model:
        return find_model(arguments.model)
    kept = (arguments.models or folder / "models") / corpus
    model = find_model(
        str(kept / NAME if (kept / NAME).is_dir() else fit_on(arguments.corpora, others, kept))
    )
    if {each.name for each in model.card.data} != set(others):
        raise UsageError(
            f"{model.folder} was not fitted on {', '.join(others)}; name another folder with --models"
        )
    return model


if __name__ == "__main__":
    sys.exit(main())
