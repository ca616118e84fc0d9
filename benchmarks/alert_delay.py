"""Measure how soon alerts come on unseen speakers: `make alert-delay`.

For each corpus: fit the recipe `speech` on all others, let every speaker of that corpus be calm and angry by
turns, with known onsets, and write docs/alert-delay.md with its picture and figures. Once the features of the
corpora are cached, a fit takes a few minutes, the analysis a tenth of the length of the calls.
"""

import argparse
import io
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.alert_calls import (
    CLIP_SECONDS,
    NUM_ANGRY,
    AlertScore,
    analyse_call,
    make_call,
    plan_calls,
    score_rule,
    spread,
)
from benchmarks.pages import DOCS, add_corpora, exit_code, page, parser, table
from benchmarks.single_thread import is_single_threaded, run_again_on_one_thread
from benchmarks.unseen_speakers import EDGE_SECONDS, NAME, fit_on, names_of_others, without_edges
from callmood.evaluation.corpora import CorporaFolder, read_corpora
from emotion.atomic_files import replace
from emotion.card import LABELS
from emotion.errors import UsageError
from emotion.model import EmotionModel, find_model
from streamer.alerts import COOLDOWN_SECONDS, AlertRule
from streamer.events import STATES
from trainer.plots import FAINT_INK, INK, matplotlib_part, new_figure, write_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class CorpusScores:
    """The results on the speakers of one corpus."""

    corpus: str
    fitted_on: tuple[str, ...]  # what the model was fitted on; empty where it was given
    scores: tuple[AlertScore, ...]  # one a rule and cool-down; those without a cool-down first
    lags: tuple[float, ...]

    @property
    def num_speakers(self) -> int:
        """One call each."""
        return len(self.scores[0].turns_by_speaker())

    @property
    def without_cooldown(self) -> tuple[AlertScore, ...]:
        """The scores without a cool-down, one a rule."""
        return tuple(score for score in self.scores if not score.cooldown_seconds)


HEAD: Final = """\
{num_speakers}, {how}
Each speaker has a call of their own, calm and angry by turns: {calm} s of neutral clips, then {angry} s of
angry ones, {num_angry} times, and calm again. The seed ({seed}) draws the order of the clips; where there are
too few they repeat in another order. Silence at their edges is cut to {edge:g} s; pauses of 0.5 to 1 s lie
between. The calls go through the `Leg` and the alerts of a session. All figures, turn by turn:
[alert-delay.json](alert-delay.json).

![Share of the angry turns with an alert by then, a line a rule, a part a corpus](alert-delay.svg)

The delay goes from the first sound of the first angry clip to the end of the window that raised the first
alert of the turn; missed turns have none. The lag, the computing time of a window, comes on top. A window of
{win:g} s counts from its start, so the shortest delay of a rule is a little more than its duration less a
window. An alert belongs to a turn if the window that raised it overlaps the turn; all others are false.

Without a cool-down, only the episode keeps a turn from a second alert: it ends with a window that shows an
emotion and too little anger. The default of 30 s is longer than the calm between two turns here, so some
turns are skipped and others alerted late. It suits a user who wants one alert for a call that goes wrong.

## What this does not show

- People on a call are neither actors nor in a studio, and do not become angry from one second to the next.
- Between the turns of anger there is only neutral speech. Joy, which is confused with anger most often, is
  missing: where people laugh, expect more false alerts than in these tables.
- Rules and alerts were not fitted to these calls. But that alerts ignore `unsure` windows was chosen on other
  streams of the same corpora ([0025](decisions/0025-alerts.md)).
"""
COLUMNS: Final = (
    *("rule", "cool-down", "one alert", "missed", "several alerts", "false an hour"),
    *("delay p10", "median", "p90", "max"),
)


def alert_page(corpora: Sequence[CorpusScores], seed: int, win_seconds: float) -> str:
    """Write docs/alert-delay.md."""
    calm, angry = (f"{least:g} to {most:g}" for least, most in CLIP_SECONDS.values())
    unseen = all(each.fitted_on for each in corpora)
    how = "each corpus with a model fitted without it." if unseen else "with a model that may know them."
    head = HEAD.format(
        num_speakers=" and ".join(f"{each.num_speakers} speakers of {each.corpus}" for each in corpora),
        how=how,
        calm=calm,
        angry=angry,
        num_angry=NUM_ANGRY,
        seed=seed,
        edge=EDGE_SECONDS,
        win=win_seconds,
    )
    return page(
        "How soon an alert comes", "alert-delay", head, *(part for each in corpora for part in _part(each))
    )


def sentence(each: CorpusScores, score: AlertScore) -> str:
    """Give the result of a rule in one sentence."""
    delay = spread(score.first_delays)
    after = f"{delay['median']:.1f} s after its first sound (p90 {delay['p90']:.1f} s), " if delay else ""
    cooldown = f"cool-down {score.cooldown_seconds:g} s" if score.cooldown_seconds else "no cool-down"
    false = f"{score.num_false} false alert{'s' * (score.num_false != 1)}"
    return (
        f"{each.num_speakers} unseen speakers of {each.corpus}, `{score.rule}`, {cooldown}: "
        f"{score.num_once} of {len(score.turns)} angry turns raised one alert, {after}{score.num_missed} "
        f"none, {score.num_doubled} several; {false} in {score.calm_seconds / 60:.0f} minutes of calm."
    )


def _part(each: CorpusScores) -> list[str]:
    model = "A model that was given."
    if each.fitted_on:
        model = f"The recipe `speech`, fitted on {', '.join(each.fitted_on)}."
    first = each.scores[0]
    words = [*LABELS, *(state for state in STATES if state != "speech")]
    shown = [line for score in each.without_cooldown for line in _shown(score, words)]
    lag = {name: f"{1000 * value:.0f} ms" for name, value in spread(each.lags).items()}
    return [
        f"## {each.corpus}",
        f"{model} {each.num_speakers} speakers, {len(first.turns)} turns of anger, "
        f"{first.calm_seconds / 60:.0f} minutes without anger.",
        table(COLUMNS, map(_figures, each.scores)),
        "What the windows of anger showed, in %, of turns with an alert and of missed turns (no cool-down):",
        table(("rule", "turns", "windows", *words), shown),
        "Limits, without a cool-down:",
        "\n".join(map(_remark, each.without_cooldown)),
        "Lag of all rows: median {median}, p90 {p90}, longest {max}.".format(**lag),
    ]


def _figures(score: AlertScore) -> list[str]:
    counts = (score.num_once, score.num_missed, score.num_doubled)
    shares = [f"{count} ({100 * count / len(score.turns):.0f} %)" for count in counts]
    false = f"{score.false_per_hour:.1f} ({score.num_false})"
    delays = [f"{value:.1f} s" for value in spread(score.first_delays).values()] or [""] * 4
    cooldown = f"{score.cooldown_seconds:g} s" if score.cooldown_seconds else "none"
    return [f"`{score.rule}`", cooldown, *shares, false, *delays]


def _shown(score: AlertScore, words: Sequence[str]) -> Iterator[list[str]]:
    for name, missed in (("alerted", False), ("missed", True)):
        shown = score.shown(missed=missed)
        if total := shown.total():
            shares = (f"{100 * shown[word] / total:.0f}" for word in words)
            yield [f"`{score.rule}`", name, str(total), *shares]


def _remark(score: AlertScore) -> str:
    by = score.turns_by_speaker()
    whole = sum(all(len(turn.delays) == 1 for turn in own) for own in by.values())
    alerted = {speaker: sum(bool(turn.delays) for turn in own) for speaker, own in by.items()}
    few = [f"{who} ({num} of {len(by[who])})" for who, num in alerted.items() if 2 * num < len(by[who])]
    words = [f"one alert for every turn of only {whole} of {len(by)} speakers"]
    words.append(f"fewer than half alerted of {', '.join(few)}" if few else "at least half alerted of each")
    if score.num_late:
        words.append(f"{score.num_late} alerted after the turn")
    if score.num_began_before:
        words.append(f"{score.num_began_before} alerted early, in an episode from before")
    return f"- `{score.rule}`: {'; '.join(words)}."


def alert_figures(corpora: Sequence[CorpusScores], seed: int) -> dict[str, Any]:
    """Give all figures and every turn of anger, as JSON can hold them; seconds rounded to milliseconds."""
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
            [each.speaker, *_milliseconds(each.turn.start, each.turn.end), _milliseconds(*each.delays)]
            for each in score.turns
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
    """Draw the share of turns with an alert over the delay, as SVG; the same scores give the same bytes."""
    figure = new_figure(9.6, 0.9 + 3.0 * len(scores))
    parts = figure.subplots(len(scores), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (corpus, own) in zip(parts, scores.items(), strict=True):
        _draw_lines(axes, own)
        axes.set(xlim=(0, LONGEST_SECONDS), ylim=(0, 1.02))
        axes.set_yticks(np.linspace(0, 1, 5), ["0 %", "25 %", "50 %", "75 %", "100 %"])
        axes.set_xticks(np.arange(0, LONGEST_SECONDS + 1, 1))
        axes.set_ylabel(f"{corpus}: turns with an alert", color=INK)
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
    """Move labels apart that would overlap, from the lowest up."""
    order = np.argsort(places, kind="stable")
    moved = np.array(places, dtype=np.float64)
    for below, above in pairwise(order):
        moved[above] = max(moved[above], moved[below] + LABEL_SHARE)
    return [float(place) for place in moved]


def _svg_of(figure: "Figure") -> bytes:
    picture = io.BytesIO()
    # Ids inside an SVG are random unless salted; a date would make each file different.
    with matplotlib_part("style").context({"svg.hashsalt": _SALT}):
        matplotlib_part("backends.backend_svg").FigureCanvasSVG(figure).print_svg(
            picture, metadata={"Date": None, "Creator": None}
        )
    return picture.getvalue()


CORPORA: Final = ("emodb", "ravdess")
RULES: Final = ("angry>0.5 for 3s", "angry>0.7 for 3s", "angry>0.7 for 5s")
COOLDOWNS: Final = (0.0, 10.0, COOLDOWN_SECONDS)


def measure(found: CorporaFolder, arguments: argparse.Namespace, folder: Path) -> tuple[CorpusScores, float]:
    """Fit, analyse, score; give the scores and the length of a window, s."""
    (corpus,) = found.scored
    others = names_of_others(found)
    clips = [clip for clip in corpus.clips if clip.emotion in CLIP_SECONDS]
    plans = plan_calls(without_edges(clips, folder / corpus.name), arguments.seed)
    model = _model(arguments, corpus.name, others, folder)
    rules = [AlertRule.parse(text) for text in RULES]
    analysed = []
    for plan in plans:
        analysed.append(analyse_call(make_call(plan), model, rules, COOLDOWNS))
        print(f"{corpus.name}, {plan.speaker}", flush=True)
    scores = tuple(score_rule(analysed, rule, seconds) for seconds in COOLDOWNS for rule in RULES)
    lags = tuple(row.lag_seconds for each in analysed for row in each.rows)
    fitted_on = () if arguments.model else others
    return CorpusScores(corpus.name, fitted_on, scores, lags), float(model.card.win_seconds or 0)


def write(corpora: list[CorpusScores], win_seconds: float, arguments: argparse.Namespace) -> None:
    """Write page, picture and figures."""
    num_turns = sum(len(each.scores[0].turns) for each in corpora)
    titles = (
        f"How soon {num_turns} angry turns of unseen speakers raised an alert",
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
    """Read the command line and measure, in a process started for one thread."""
    options = parser(__doc__)
    add_corpora(options)
    options.add_argument(
        "--corpus", action="append", metavar="NAME",
        help=f"whose speakers are heard; may be repeated (default: {' and '.join(CORPORA)})",
    )  # fmt: skip
    options.add_argument(
        "--model", metavar="NAME", help="use this model instead of fitting one: a quick look"
    )
    options.add_argument(
        "--models", type=Path, metavar="DIR", help="keep fitted models in this folder, and use those in it"
    )
    options.add_argument(
        "--seed", type=int, default=0, metavar="N", help="for clips and pauses (default: %(default)s)"
    )
    options.add_argument(
        "--out", type=Path, default=DOCS, metavar="DIR", help="where the files go (default: docs)"
    )
    arguments = options.parse_args()
    if not is_single_threaded():
        return run_again_on_one_thread("benchmarks.alert_delay")  # as sessions are
    return exit_code("alert_delay", partial(_run, arguments))


def _run(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="callmood-alerts-") as folder:
        measured = [
            measure(read_corpora(arguments.corpora, only=[name]), arguments, Path(folder))
            for name in arguments.corpus or CORPORA
        ]
    scores = [each for each, _ in measured]
    write(scores, measured[0][1], arguments)
    for each in scores:
        print(*(sentence(each, score) for score in each.scores), sep="\n")


def _model(arguments: argparse.Namespace, corpus: str, others: tuple[str, ...], folder: Path) -> EmotionModel:
    """Fit a model without a corpus, or take the one that was kept."""
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
