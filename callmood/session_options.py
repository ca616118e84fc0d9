"""Options of `listen` and `replay`, and the sources that `listen` opens."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.configuration import Collected
from callmood.model_choice import MODEL_HELP
from emotion.audio_decoding import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from emotion.errors import UsageError

if TYPE_CHECKING:
    from streamer.leg_plan import LegPlan
    from streamer.sources.base import Source


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what a session can be told, wherever its sound comes from."""
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
    """Add how files are written that hold sound of people, or what was heard of them."""
    parser.add_argument(
        "--force", action="store_true", help="replace files that exist; never one that is read"
    )
    parser.add_argument(
        "--group-readable",
        action="store_true",
        help="let your group read what is written (default: only you)",
    )


PIPE: Final = "-"
DEFAULT_RATE_HZ: Final = 16_000
DEFAULT_ENCODING: Final = "s16le"
ENCODINGS: Final = ("s16le", "f32le", "mulaw", "alaw")


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be listened to."""
    parser.add_argument(
        "pipe", nargs="?", choices=(PIPE,), metavar="-", help="raw PCM on standard input, from any program"
    )
    heard = parser.add_argument_group("what is listened to")
    heard.add_argument(
        "--device",
        metavar="DEVICE",
        action=Collected,
        help="number, name or part of a name, as `callmood devices` lists them; twice for two devices",
    )
    heard.add_argument("--mic", action="store_true", help="the default microphone (this is the default)")
    heard.add_argument(
        "--system",
        action="store_true",
        help="what this machine plays: the other side of a call; with --mic, the legs are me and them",
    )
    piped = parser.add_argument_group("how sound comes on standard input")
    piped.add_argument(
        "--rate",
        type=int,
        metavar="HZ",
        help=f"sample rate, {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} (default: {DEFAULT_RATE_HZ})",
    )
    piped.add_argument(
        "--channels",
        type=int,
        metavar="N",
        help=f"channels, interleaved, at most {MAX_CHANNELS} (default: 1)",
    )
    piped.add_argument("--encoding", choices=ENCODINGS, help=f"of a sample (default: {DEFAULT_ENCODING})")


def sources_of(arguments: argparse.Namespace) -> "tuple[list[Source], tuple[LegPlan, ...]]":
    """Give the sources that the command line asks for, not started, and their default legs."""
    devices: list[str] = arguments.device or []
    of_pipe = [name for name in ("rate", "channels", "encoding") if getattr(arguments, name) is not None]
    if arguments.pipe is not None:
        if devices or arguments.mic or arguments.system:
            raise UsageError("standard input cannot be heard beside devices; leave - or the devices out")
        return [_pipe(arguments)], ()
    if of_pipe:
        raise UsageError(f"--{of_pipe[0]} is for sound on standard input; write `callmood listen -`")
    from streamer.leg_plan import LegPlan
    from streamer.sources.devices import open_input

    wanted: list[str | None] = list(devices)
    if arguments.mic or not (devices or arguments.system):
        wanted.insert(0, None)
    sources = [open_input(device, alone=len(wanted) == 1) for device in wanted]
    if arguments.system:
        from streamer.sources.system_sound import open_system_sound

        sources.append(open_system_sound())
    if len(sources) == 2 and arguments.system:
        return sources, (LegPlan("me", source=0), LegPlan("them", source=1))
    if len(sources) == 1:
        return sources, (LegPlan("them" if arguments.system else "mono"),)
    return sources, ()


def _pipe(arguments: argparse.Namespace) -> "Source":
    from streamer.sources.pcm import PcmSource

    return PcmSource(
        sys.stdin.fileno(),
        name="standard input",
        sample_rate=DEFAULT_RATE_HZ if arguments.rate is None else arguments.rate,
        channels=1 if arguments.channels is None else arguments.channels,
        encoding=arguments.encoding or DEFAULT_ENCODING,
    )
