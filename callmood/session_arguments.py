"""The options that `listen` and `replay` share."""

import argparse
from pathlib import Path

from callmood.collected import Collected
from callmood.model_choice import MODEL_HELP


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what a session can be told, wherever its sound comes from.

    Parameters
    ----------
    parser : ArgumentParser
        That of the command; options are added to it.
    """
    parser.add_argument("--model", metavar="MODEL", help=f"{MODEL_HELP} (default: speech)")
    parser.add_argument(
        "--win", type=float, metavar="S", help="window length in seconds (default: the model's)"
    )
    parser.add_argument(
        "--step", type=float, metavar="S", help="seconds between windows (default: the model's)"
    )
    parser.add_argument("--duration", type=float, metavar="S", help="stop after so many seconds of sound")
    called = parser.add_argument_group("the legs of a call")
    called.add_argument(
        "--legs",
        metavar="NAMES",
        help="who is who: left=customer,right=agent, or a name for each source; one name mixes all down",
    )
    called.add_argument(
        "--analyse",
        metavar="LEGS",
        help="analyse and record these legs only; of the others nothing but the level is taken",
    )
    judged = parser.add_argument_group("how it is judged")
    judged.add_argument(
        "--voice",
        metavar="[LEG=]NAME",
        action=Collected,
        help="go on with what is known of a voice, and save it at the end (see `callmood enroll`)",
    )
    judged.add_argument("--no-baseline", action="store_true", help="do not learn what is usual for the voice")
    judged.add_argument(
        "--never-unsure", action="store_true", help="always name an emotion for speech, never `unsure`"
    )
    shown = parser.add_argument_group("what is shown")
    shown.add_argument(
        "--json", action="store_true", help="JSON lines on standard output instead of the panel"
    )
    shown.add_argument("--plain", action="store_true", help="one plain line a window instead of the panel")
    shown.add_argument("--spectrogram", action="store_true", help="a rolling mel spectrogram under the bars")
    alerts = parser.add_argument_group("alerts")
    alerts.add_argument(
        "--alert",
        metavar="RULE",
        action=Collected,
        help="such as 'angry>0.7 for 5s' or 'customer:sad>60%% for 8s'; may be given several times",
    )
    alerts.add_argument(
        "--alert-cooldown",
        type=float,
        metavar="S",
        default=30.0,
        help="seconds from one alert of a rule to its next at least (default: 30)",
    )
    alerts.add_argument(
        "--on-alert",
        metavar="CMD",
        action=Collected,
        help="run a command at each alert, without a shell; CALLMOOD_... in its environment tells of it",
    )
    alerts.add_argument(
        "--post-alerts", metavar="URL", action=Collected, help="send each alert as JSON to a URL"
    )
    kept = parser.add_argument_group("what is kept")
    kept.add_argument(
        "--journal",
        metavar="FILE",
        help="write one JSON line a window to FILE, as it happens; - is standard output, as --json",
    )
    kept.add_argument(
        "--record",
        metavar="RULE",
        help="save clips: all, speech, labels such as angry,sad, or alerts (from 10 s before each)",
    )
    kept.add_argument("--record-session", action="store_true", help="keep the whole sound, a file an hour")
    kept.add_argument(
        "--out", metavar="DIR", default="recordings", help="where recordings go (default: recordings)"
    )
    kept.add_argument(
        "--spectrogram-png", metavar="FILE", type=Path, help="draw the session's spectrogram at the end"
    )
    kept.add_argument(
        "--keep",
        metavar="AGE",
        help="remove recordings from --out that were last changed longer ago: 36h, 7d or 2w",
    )
    kept.add_argument(
        "--max-size",
        metavar="SIZE",
        help="remove the oldest recordings from --out, so that they take no more than 500MB or 2GB",
    )
    kept.add_argument(
        "--no-audio", action="store_true", help="no sound, and no picture of it, is written to the disk"
    )
    add_output_arguments(kept)
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="take defaults for any option from FILE (default: ./callmood.toml, for how sound is heard and "
        "shown only; without it callmood/callmood.toml in your configuration folder, for any option)",
    )


def add_output_arguments(parser: argparse._ActionsContainer) -> None:
    """Add how files are written that hold sound of people, or what was heard of them.

    Parameters
    ----------
    parser : ArgumentParser or argument group
        That of the command; options are added to it.
    """
    parser.add_argument(
        "--force", action="store_true", help="replace files that exist; never one that is read"
    )
    parser.add_argument(
        "--group-readable",
        action="store_true",
        help="let your group read what is written (default: only you)",
    )
