"""The options of `listen` and `replay`, their checks, and the sources that `listen` opens."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callmood.configuration import Collected, FromAnybody
from callmood.model_choice import add_model_argument
from emotion.atomic_files import GROUP_READABLE, PRIVATE, Access, is_file
from emotion.errors import UsageError
from emotion.window_grid import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE

if TYPE_CHECKING:
    from datetime import datetime

    from streamer.analysis.predict import Recording
    from streamer.leg_plan import LegPlan
    from streamer.lines import LineKey
    from streamer.sources.base import Source, SourceInfo

PIPE: Final = "-"
DEFAULT_RATE_HZ: Final = 16_000
DEFAULT_ENCODING: Final = "s16le"
ENCODINGS: Final = ("s16le", "f32le", "mulaw", "alaw")
STANDARD_OUTPUT: Final = "-"
"""As a journal: a file of that name is ./-."""
SESSION_FOLDER: Final = "auto"
"""As a journal: only the one in the session's folder; a file of that name is ./auto."""

LONGEST_SECONDS: Final = 1.0e9
"""Thirty years: the samples of more would not fit the counters."""
LONGEST_ANNOUNCEMENT: Final = 500
_SOUND_SUFFIXES: Final = frozenset(
    (".aif", ".aiff", ".au", ".caf", ".flac", ".m4a", ".mp3", ".mp4", ".ogg", ".opus", ".w64", ".wav")
)


def add_device_argument(parser: argparse._ActionsContainer, use: str = "", **options: Any) -> None:
    """Add `--device`; `use` says what the command does with it."""
    parser.add_argument(
        "-d",
        "--device",
        metavar="DEVICE",
        help=f"device: number, name or part of a name, as `callmood devices` lists them{use} (default: the "
        "default microphone)",
        **options,
    )


def add_recordings_folder(parser: argparse._ActionsContainer, *names: str) -> None:
    """Add `--out` for commands that write or read recordings; other `names` leave out its short one."""
    parser.add_argument(
        *(names or ("-o", "--out")),
        metavar="DIR",
        default="recordings",
        help="folder of recordings (default: %(default)s)",
    )


def add_output_arguments(parser: argparse._ActionsContainer) -> None:
    """Add how files are written that hold sound of people, or what was classified of them."""
    parser.add_argument(
        "--force", action="store_true", help="replace files that exist, but never one that is read"
    )
    parser.add_argument(
        "--group-readable",
        action="store_true",
        help="let your group read what is written (default: only you)",
    )


def output_access(arguments: argparse.Namespace) -> Access:
    """Give who may read what is written, as `--group-readable` says."""
    return GROUP_READABLE if arguments.group_readable else PRIVATE


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a session, wherever its sound comes from."""
    add_model_argument(parser)
    parser.add_argument(
        "--win", type=float, metavar="S", help="window length in seconds (default: the model's)"
    )
    parser.add_argument(
        "--step", type=float, metavar="S", help="seconds between window starts (default: the model's)"
    )
    parser.add_argument(
        "--duration", type=float, metavar="S", help="stop after S seconds of sound (default: at its end)"
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="take defaults for any option from FILE (default: ./callmood.toml, for options of analysis and "
        "display only, then callmood/callmood.toml in your configuration folder, for any option)",
    )
    legs = parser.add_argument_group("legs of a call")
    legs.add_argument(
        "-l",
        "--legs",
        metavar="NAMES",
        help="name the legs: left=customer,right=agent, or one name for each source; a single name mixes "
        "all channels down (default: left and right for a stereo recording, else one leg for each source)",
    )
    legs.add_argument(
        "--analyse",
        metavar="LEGS",
        help="analyse and record only these legs; of the others only the level is shown (default: all but "
        "staff)",
    )
    legs.add_argument(
        "--staff",
        metavar="LEGS",
        help="take only the level of these legs, unless --analyse names them: EU law prohibits inferring "
        "emotions of employees at work (default: legs called agent, employee or staff)",
    )
    legs.add_argument(
        "--announce",
        metavar="TEXT",
        help="write into the journal what you told the people you listen to, see `callmood notice` (default: "
        "nothing)",
    )
    analysis = parser.add_argument_group("analysis")
    analysis.add_argument(
        "--voice",
        metavar="[LEG=]NAME",
        action=Collected,
        help="start from the speaker baseline saved as NAME and save it at the end, see `callmood enroll` "
        "(default: start without, save nothing)",
    )
    analysis.add_argument(
        "--line",
        metavar="[LEG=]NAME",
        action=Collected,
        help="correct for what is usual on this microphone, trunk or room, saved as NAME, and add this voice "
        "to it at the end, see `callmood voices` (default: correct for nothing, save nothing)",
    )
    analysis.add_argument("--no-baseline", action="store_true", help="do not adapt to the speaker")
    analysis.add_argument(
        "--never-unsure", action="store_true", help="name an emotion for all speech, never `unsure`"
    )
    display = parser.add_argument_group("display")
    display.add_argument(
        "--json", action="store_true", help="print JSON lines on standard output instead of the panel"
    )
    display.add_argument("--plain", action="store_true", help="print one line a row instead of the panel")
    display.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="print no rows and show no panel, only warnings and errors on standard error",
    )
    display.add_argument(
        "--spectrogram", action="store_true", help="show a rolling mel spectrogram under the bars"
    )
    alerts = parser.add_argument_group("alerts")
    alerts.add_argument(
        "--alert",
        metavar="RULE",
        action=Collected,
        help="raise an alert, as by 'angry>0.7 for 5s' or 'customer:sad>60%% for 8s', counted from the start "
        "of the first window; repeat for more rules (default: none)",
    )
    alerts.add_argument(
        "--alert-cooldown",
        type=float,
        metavar="S",
        default=30.0,
        help="least seconds between two alerts of one rule (default: %(default)g)",
    )
    alerts.add_argument(
        "--on-alert",
        metavar="CMD",
        action=Collected,
        help="run CMD at each alert, without a shell, with the alert in CALLMOOD_... variables "
        "(default: none)",
    )
    alerts.add_argument(
        "--post-alerts",
        metavar="URL",
        action=Collected,
        help="send each alert as JSON to URL (default: none)",
    )
    files = parser.add_argument_group("files")
    files.add_argument(
        "--journal",
        metavar="FILE",
        help="write one JSON line a row to FILE at once, and to journal.jsonl in the session's folder in "
        "--out; auto writes only that, - only standard output, as --json (default: none)",
    )
    files.add_argument(
        "--moments",
        metavar="RULE",
        help="save a clip an episode, that is windows that touch: speech, labels such as angry,sad, all, or "
        "alerts (default: none)",
    )
    files.add_argument(
        "--margin",
        type=float,
        metavar="S",
        help="seconds of sound before and after each episode in --moments (default: 1)",
    )
    files.add_argument(
        "--longest",
        type=float,
        metavar="S",
        help="longest clip in --moments, seconds; longer episodes go on in the next (default: 60)",
    )
    files.add_argument(
        "--record",
        metavar="RULE",
        help="save a clip a window: all, speech, labels such as angry,sad, or alerts, from 10 s before each "
        "(default: none)",
    )
    files.add_argument("--record-session", action="store_true", help="save the whole sound, a file an hour")
    add_recordings_folder(files)
    files.add_argument(
        "--spectrogram-png",
        metavar="FILE",
        type=Path,
        help="draw the session's spectrogram into FILE at the end (default: none)",
    )
    files.add_argument(
        "--keep",
        metavar="AGE",
        help="delete recordings in --out that last changed longer ago: 36h, 7d or 2w (default: keep all)",
    )
    files.add_argument(
        "--max-size",
        metavar="SIZE",
        help="delete the oldest recordings in --out beyond 500MB or 2GB (default: keep all)",
    )
    files.add_argument(
        "--keep-journals",
        metavar="AGE",
        help="keep journals in --out for AGE, such as 180d, when --keep or --max-size delete the rest of "
        "their sessions (default: delete them with the rest)",
    )
    files.add_argument(
        "--no-audio", action="store_true", help="write no sound, and no picture of it, to the disk"
    )
    add_output_arguments(files)


class _StandardInput(argparse.Action):
    """Takes the place of devices that a configuration file names."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002 - argparse calls it so
    ) -> None:
        """Take the word."""
        setattr(namespace, self.dest, values)
        if values == PIPE:
            for name, without in (("device", None), ("mic", False), ("system", False)):
                if getattr(namespace, name) is parser.get_default(name):
                    setattr(namespace, name, without)


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sources of `listen`."""
    parser.add_argument(
        "pipe", nargs="?", metavar="-", action=_StandardInput, help="read raw PCM from standard input"
    )
    sources = parser.add_argument_group("sources")
    add_device_argument(sources, "; repeat for two devices", action=Collected)
    # 1, which is not the `true` of a file: what was typed is told from what a file says.
    typed: dict[str, Any] = {"action": "store_const", "const": 1, "default": False}
    sources.add_argument("--mic", **typed, help="listen to the default microphone")
    sources.add_argument(
        "--system",
        **typed,
        help="listen to what this machine plays: the other side of a call; with --mic, the legs are me and "
        "them",
    )
    piped = parser.add_argument_group("standard input")
    piped.add_argument(
        "--rate",
        type=int,
        metavar="HZ",
        help=f"sample rate, {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} (default: {DEFAULT_RATE_HZ})",
    )
    piped.add_argument(
        "--channels", type=int, metavar="N", help=f"interleaved channels, at most {MAX_CHANNELS} (default: 1)"
    )
    piped.add_argument(
        "--encoding",
        choices=ENCODINGS,
        help=f"encoding of a sample: {', '.join(ENCODINGS)} (default: {DEFAULT_ENCODING})",
        metavar="NAME",
    )


def replay_hint(word: str) -> str:
    """Give the command for a recording that was named where none is expected; empty for other words."""
    if Path(word).suffix.lower() not in _SOUND_SUFFIXES and not is_file(word):
        return ""
    return f"to analyse a recording: callmood replay {shlex.quote(word)}"


def check_announcement(text: str | None) -> None:
    """Refuse an announcement that is empty, too long for a journal, or no line of text."""
    if text is None:
        return
    if not text.strip() or not text.isprintable():
        raise UsageError(
            f"--announce is {text!r:.60}; give one line of text, such as 'This call is analysed'"
        )
    if len(text) > LONGEST_ANNOUNCEMENT:
        raise UsageError(
            f"--announce has {len(text)} characters; {LONGEST_ANNOUNCEMENT} are the most, so give the gist"
        )


def check_duration(seconds: float | None) -> None:
    """Refuse a session of no length, or of more than the counters hold."""
    if seconds is not None and not 0 < seconds <= LONGEST_SECONDS:
        raise UsageError(f"duration is {seconds:g} s; give a positive number of seconds, such as 60")


def parse_started(text: str) -> "datetime":
    """Parse `--started`: ISO 8601 with a time of day; without an offset it is local time."""
    from datetime import datetime, timedelta

    from emotion.wall_clock import utc

    # Python reads a date alone as midnight.
    with suppress(ValueError, OverflowError, OSError):
        if ":" in text or "T" in text:
            moment = datetime.fromisoformat(text.strip())
            moment = moment.astimezone() if moment.tzinfo is None else moment
            # A year that the clock does not have would be another one.
            if abs(utc(moment.timestamp()) - moment) < timedelta(milliseconds=1):
                return moment
    raise UsageError(
        f"--started is {text!r:.60}; give date and time as ISO 8601, such as 2026-07-01T07:12:00, which is "
        "local time, or 2026-07-01T07:12:00+02:00"
    )


def check_ended(started: "datetime", seconds: float) -> None:
    """Refuse a start after which a recording of this length would end in the future."""
    from emotion import wall_clock

    if started.timestamp() + seconds > wall_clock.now():
        raise UsageError(
            f"--started is {started.isoformat()}: {seconds:.0f} s of sound since then would end in the "
            "future; give when the recording began"
        )


def check_cooldown(seconds: float) -> None:
    """Refuse a cooldown of alerts that is no time."""
    if not (isfinite(seconds) and seconds >= 0):
        raise UsageError(f"--alert-cooldown is {seconds:g} s; give 0 or more, such as 30")


def legs_of(
    named: str | None,
    analysed: str | None,
    sources: "Sequence[SourceInfo]",
    usual: "Sequence[LegPlan]" = (),
    staff: str | None = None,
) -> "tuple[LegPlan, ...]":
    """Give the legs that `--legs`, `--analyse` and `--staff` ask for.

    A leg that has sound of one that is staff in `usual`, the legs of a recorded session, is staff under any
    name.
    """
    from dataclasses import replace

    from streamer.leg_plan import choose_analysed, named_legs, side_legs

    if named is None:
        legs = tuple(usual) or side_legs(sources)
    else:
        staff_legs = [leg for leg in usual if leg.staff]
        legs = tuple(
            replace(leg, staff=any(_share_sound(leg, other) for other in staff_legs))
            for leg in named_legs(named, sources)
        )
    legs = choose_analysed(legs, analysed, staff)
    if isinstance(analysed, FromAnybody) and any(leg.staff and leg.analysed for leg in legs):
        raise UsageError(
            f"./callmood.toml has --analyse {analysed}, which is staff; only you can have staff analysed: "
            f"type --analyse {analysed}"
        )
    return legs


def _share_sound(one: "LegPlan", other: "LegPlan") -> bool:
    """Tell whether two legs have a channel in common; a leg without one has all of its source."""
    is_same = one.channel == other.channel or None in {one.channel, other.channel}
    return one.source == other.source and is_same


def legs_of_recording(
    audio: "Recording", name: str, named: str | None, analysed: str | None, staff: str | None = None
) -> "tuple[LegPlan, ...]":
    """Give the legs of a recording; two channels that are the same are one leg."""
    from streamer.leg_plan import LegPlan
    from streamer.sources.base import SourceInfo
    from streamer.sources.file import are_channels_same

    usual = (LegPlan(),) if named is None and audio.channels > 1 and are_channels_same(audio) else ()
    info = SourceInfo(name, audio.sample_rate, audio.channels, "FLOAT", None, live=False)
    return legs_of(named, analysed, [info], usual, staff)


def voices_of(given: Sequence[str], legs: "Sequence[LegPlan]") -> dict[str, str]:
    """Give the voice of each leg that `--voice` names."""
    return _names_of_legs("voice", given, legs)


def lines_of(
    given: Sequence[str], legs: "Sequence[LegPlan]", sample_rates: Sequence[int]
) -> "dict[str, LineKey]":
    """Give the line of each leg that `--line` names, with the codec of its source; rates are of sources."""
    from streamer.lines import LineKey, codec_of

    codecs = {leg.name: codec_of(sample_rates[leg.source]) for leg in legs}
    return {leg: LineKey(name, codecs[leg]) for leg, name in _names_of_legs("line", given, legs).items()}


def _names_of_legs(noun: str, given: Sequence[str], legs: "Sequence[LegPlan]") -> dict[str, str]:
    """Give the name for each leg that `--voice` or `--line` has."""
    analysed = [leg.name for leg in legs if leg.analysed]
    names: dict[str, str] = {}
    for text in given:
        leg, _, name = text.rpartition("=")
        if not leg and len(analysed) > 1:
            raise UsageError(
                f"--{noun} {text!r} does not say whose it is; write --{noun} {analysed[0]}={text}"
            )
        leg = leg.strip() or analysed[0]
        if leg not in analysed:
            raise UsageError(
                f"--{noun} {text!r} is of no leg that is analysed; these are {', '.join(analysed)}"
            )
        if leg in names:
            raise UsageError(f"--{noun} gives {leg} two {noun}s, {names[leg]} and {name}; give one")
        names[leg] = name
    return names


@dataclass(frozen=True, slots=True)
class LiveInput:
    """The sources of `listen`, checked and not opened.

    Attributes
    ----------
    devices : tuple of str or None
        As the user names them; None is the default microphone.
    system : bool
        Whether to listen to what the machine plays, after the devices.
    pipe : Source or None
        Standard input, in place of both.
    """

    devices: tuple[str | None, ...]
    system: bool
    pipe: "Source | None" = None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "LiveInput":
        """Read the command line."""
        devices: list[str] = arguments.device or []
        if arguments.pipe not in {None, PIPE}:
            advice = (
                replay_hint(arguments.pipe) or f"to name a device: --device {shlex.quote(arguments.pipe)}"
            )
            raise UsageError(f"listen takes devices or -, not {arguments.pipe!r}; {advice}")
        if arguments.pipe is not None:
            if devices or arguments.mic or arguments.system:
                raise UsageError("standard input cannot be heard beside devices; leave - or the devices out")
            return cls((), system=False, pipe=_pipe(arguments))
        for name in ("rate", "channels", "encoding"):
            if getattr(arguments, name) is not None:
                raise UsageError(f"--{name} is for sound on standard input; write `callmood listen -`")
        with_default = arguments.mic or not (devices or arguments.system)
        return cls((*([None] if with_default else []), *devices), system=arguments.system)

    @property
    def usual_legs(self) -> "tuple[LegPlan, ...]":
        """The legs unless `--legs` names others; empty for one leg a source."""
        from streamer.leg_plan import LegPlan

        if self.pipe is not None:
            return ()
        if self.system and len(self.devices) == 1:
            return (LegPlan("me", source=0), LegPlan("them", source=1))
        if self.system and not self.devices:
            return (LegPlan("them"),)
        return (LegPlan(),) if len(self.devices) == 1 and not self.system else ()

    def check_legs(self, arguments: argparse.Namespace) -> None:
        """Check legs, voices and alert rules against each other, as far as that needs no device."""
        from streamer.alerts import AlertRule

        expected = self._expected(arguments)
        legs = legs_of(arguments.legs, arguments.analyse, expected, self.usual_legs, arguments.staff)
        voices_of(arguments.voice or (), legs)
        lines_of(arguments.line or (), legs, [each.sample_rate for each in expected])
        for rule in arguments.alert or ():
            AlertRule.parse(rule).watched_legs([leg.name for leg in legs if leg.analysed])

    def open(self) -> "list[Source]":
        """Find the devices; their sound is not asked for yet."""
        if self.pipe is not None:
            return [self.pipe]
        from streamer.sources.devices import open_input, open_system_sound

        alone = len(self.devices) == 1
        sources = [open_input(device, alone=alone) for device in self.devices]
        if self.system:
            sources.append(open_system_sound())
        return sources

    def _expected(self, arguments: argparse.Namespace) -> "list[SourceInfo]":
        """Describe the sources; a device is taken to have the channels that `--legs` asks for."""
        from streamer.sources.base import SourceInfo

        if self.pipe is not None:
            return [self.pipe.info]
        legs = arguments.legs or ""
        channels = MAX_CHANNELS if "=" in legs else legs.count(",") + 1
        names = [*(device or "the default microphone" for device in self.devices), *["system"] * self.system]
        return [SourceInfo(name, DEFAULT_RATE_HZ, channels, "PCM_16", None, live=True) for name in names]


def _pipe(arguments: argparse.Namespace) -> "Source":
    from streamer.sources.pcm import PcmSource

    return PcmSource(
        sys.stdin.fileno(),
        name="standard input",
        sample_rate=DEFAULT_RATE_HZ if arguments.rate is None else arguments.rate,
        channels=1 if arguments.channels is None else arguments.channels,
        encoding=arguments.encoding or DEFAULT_ENCODING,
    )
