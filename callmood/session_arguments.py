"""The options that `listen` and `replay` share."""

import argparse

from callmood.collected import Collected


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what a session can be told, wherever its sound comes from.

    Parameters
    ----------
    parser : ArgumentParser
        That of the command; options are added to it.
    """
    parser.add_argument(
        "--model", metavar="NAME", help="a model's name or folder (default: the speech model)"
    )
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
    kept.add_argument("--journal", metavar="FILE", help="write one JSON line a window to FILE, as it happens")
    kept.add_argument(
        "--record",
        metavar="RULE",
        help="save clips: all, speech, labels such as angry,sad, or alerts (from 10 s before each)",
    )
    kept.add_argument("--record-session", action="store_true", help="keep the whole sound, a file an hour")
    kept.add_argument(
        "--out", metavar="DIR", default="recordings", help="where recordings go (default: recordings)"
    )
    kept.add_argument("--spectrogram-png", metavar="FILE", help="draw the session's spectrogram at the end")
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
    parser.add_argument(
        "--config", metavar="FILE", help="defaults for these options (default: callmood.toml)"
    )
