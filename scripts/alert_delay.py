"""Measure how soon alerts come on strangers: python -m scripts.alert_delay [--corpus emodb] [--models DIR]

For each corpus it fits the recipe `speech` on all others, lets every speaker of that corpus be calm and angry
by turns, with known onsets, and writes docs/alert-delay.md with its picture and its figures. Once the tables
of the corpora lie in the cache, a fit takes a few minutes and hearing about a tenth of the time of the calls.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from emotion.errors import CallmoodError, UsageError
from emotion.model import EmotionModel
from emotion.model_folders import find_model
from emotion.whole_file import replace
from evaluation.bench.threads import is_single_threaded, single_thread_environment
from evaluation.protocols.corpora import CorporaFolder, read_corpora
from scripts.live.alert_figures import alert_figures
from scripts.live.alert_page import CorpusScores, alert_page, sentence
from scripts.live.alert_picture import delay_picture
from scripts.live.alert_scores import score_rule
from scripts.live.model import NAME, fit_on
from scripts.live.spoken_clips import without_edges
from scripts.live.turning_calls import CLIP_SECONDS, make_call, plan_calls
from scripts.live.watched_calls import hear_call
from streamer.alerts.alert_rule import AlertRule
from streamer.alerts.watch import COOLDOWN_SECONDS

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
        words = [sys.executable, "-m", "scripts.alert_delay", *sys.argv[1:]]
        return subprocess.run(words, env=single_thread_environment(), check=False).returncode  # noqa: S603
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
