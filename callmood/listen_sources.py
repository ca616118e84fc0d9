"""What `listen` listens to: devices, the machine's own sound, or a pipe."""

import argparse
import sys
from typing import TYPE_CHECKING, Final

from callmood.collected import Collected
from emotion.errors import UsageError
from emotion.sound_bounds import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE

if TYPE_CHECKING:
    from streamer.leg_plan import LegPlan
    from streamer.source import Source

PIPE: Final = "-"
DEFAULT_RATE_HZ: Final = 16_000
DEFAULT_ENCODING: Final = "s16le"
ENCODINGS: Final = ("s16le", "f32le", "mulaw", "alaw")


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be listened to.

    Parameters
    ----------
    parser : ArgumentParser
        That of the command; options are added to it.
    """
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
    """Give the sources that the command line asks for, not started, and what their legs are usually called.

    Parameters
    ----------
    arguments : Namespace
        As `add_source_arguments` declares them.

    Returns
    -------
    list of Source, tuple of LegPlan
        The legs are empty where nothing is usual.

    Raises
    ------
    UsageError
        If a pipe and devices are asked for at once, or options of a pipe without one.
    DeviceError
        If a device is unknown, or the machine's own sound cannot be had.
    """
    devices: list[str] = arguments.device or []
    of_pipe = [name for name in ("rate", "channels", "encoding") if getattr(arguments, name) is not None]
    if arguments.pipe is not None:
        if devices or arguments.mic or arguments.system:
            raise UsageError("standard input cannot be heard beside devices; leave - or the devices out")
        return [_pipe(arguments)], ()
    if of_pipe:
        raise UsageError(f"--{of_pipe[0]} is for sound on standard input; write `callmood listen -`")
    from streamer.inputs import open_input
    from streamer.leg_plan import LegPlan

    wanted: list[str | None] = list(devices)
    if arguments.mic or not (devices or arguments.system):
        wanted.insert(0, None)
    sources = [open_input(device, alone=len(wanted) == 1) for device in wanted]
    if arguments.system:
        from streamer.system_source import open_system_sound

        sources.append(open_system_sound())
    if len(sources) == 2 and arguments.system:
        return sources, (LegPlan("me", source=0), LegPlan("them", source=1))
    if len(sources) == 1:
        return sources, (LegPlan("them" if arguments.system else "mono"),)
    return sources, ()


def _pipe(arguments: argparse.Namespace) -> "Source":
    from streamer.pcm_source import PcmSource

    return PcmSource(
        sys.stdin.fileno(),
        name="standard input",
        sample_rate=DEFAULT_RATE_HZ if arguments.rate is None else arguments.rate,
        channels=1 if arguments.channels is None else arguments.channels,
        encoding=arguments.encoding or DEFAULT_ENCODING,
    )
