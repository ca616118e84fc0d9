"""The page about alerts on strangers: how many, how soon, and what falls short."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emotion.labels import LABELS
from scripts.live.alert_scores import AlertScore, spread
from scripts.live.spoken_clips import EDGE_SECONDS
from scripts.live.turning_calls import CLIP_SECONDS, NUM_ANGRY
from streamer.row import STATES


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
