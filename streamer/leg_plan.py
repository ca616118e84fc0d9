"""Which channel of which source is which leg: the defaults, `--legs` and `--analyse`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from emotion.arrays import Samples
from emotion.errors import UsageError
from emotion.signal import mix_down, mixing_note
from streamer.sources.base import SourceInfo

MONO: Final[str] = "mono"
"""Name of the only leg, unless `--legs` names it."""
MAX_LEGS: Final = 8
SIDES: Final = MappingProxyType({"left": 0, "right": 1})

_NAME: Final = re.compile(r"[^\W_][\w.-]{0,39}")
_EXAMPLE: Final = "such as --legs left=customer,right=agent"


@dataclass(frozen=True, slots=True)
class LegPlan:
    """Where the sound of a leg comes from, and what is done with it.

    `source` and `channel` count from 0; without a channel all of them are mixed down to one. Of a leg that is
    not `analysed` only the level is taken: it is neither classified nor recorded.
    """

    name: str = MONO
    source: int = 0
    channel: int | None = None
    analysed: bool = True


def kept_channels(legs: Sequence[LegPlan], source: int, channels: int) -> tuple[int, ...]:
    """Give the channels of a source that sinks may receive: those of its analysed legs."""
    own = [leg for leg in legs if leg.source == source and leg.analysed]
    if any(leg.channel is None for leg in own):
        return tuple(range(channels))
    return tuple(sorted({leg.channel for leg in own if leg.channel is not None}))


def sound_of(leg: LegPlan, samples: Samples) -> Samples:
    """Extract the sound of a leg from a block of its source."""
    if leg.channel is None or samples.shape[1] == 1:
        return samples
    return mix_down(samples[:, leg.channel : leg.channel + 1])[:, None]


def leg_notes(legs: Sequence[LegPlan], sources: Sequence[SourceInfo]) -> tuple[str, ...]:
    """Report channels that are mixed down, and legs that are not analysed."""
    notes = [
        note for leg in legs if leg.channel is None for note in mixing_note(sources[leg.source].channels)
    ]
    if level_only := [leg.name for leg in legs if not leg.analysed]:
        notes.append(f"{', '.join(level_only)}: level only, neither analysed nor recorded")
    return tuple(dict.fromkeys(notes))


def named_legs(text: str, sources: Sequence[SourceInfo]) -> tuple[LegPlan, ...]:
    """Parse `--legs`."""
    entries = [entry.strip() for entry in text.split(",")]
    names = [entry.rpartition("=")[2].strip() for entry in entries]
    keys = [entry.rpartition("=")[0].strip() for entry in entries]
    if invalid := [name for name in names if not _NAME.fullmatch(name)]:
        raise UsageError(
            f"--legs has {invalid[0]!r} as a name; take letters, digits, dots and hyphens, {_EXAMPLE}"
        )
    if len(names) > MAX_LEGS:
        raise UsageError(f"--legs names {len(names)} legs; {MAX_LEGS} are the most")
    if len({name.casefold() for name in names}) < len(names):
        raise UsageError(f"--legs {text!r} has a name twice; each leg needs its own")
    if not any(keys):
        return _in_order(names, sources)
    if not all(keys):
        raise UsageError(f"--legs {text!r} says of some names which channel they are, not of all; {_EXAMPLE}")
    if len(sources) > 1:
        raise UsageError(
            f"--legs {text!r} names channels, but there are {len(sources)} sources; give a name for each"
        )
    return tuple(
        LegPlan(name, channel=_channel(key, sources[0])) for key, name in zip(keys, names, strict=True)
    )


def side_legs(sources: Sequence[SourceInfo]) -> tuple[LegPlan, ...]:
    """Give the legs without `--legs`: the two sides of a stereo recording, otherwise one leg a source.

    A device with two channels is one leg: most such microphones record one person twice.
    """
    if len(sources) == 1:
        if sources[0].channels == len(SIDES) and not sources[0].live:
            return tuple(LegPlan(side, channel=channel) for side, channel in SIDES.items())
        return (LegPlan(),)
    return tuple(LegPlan(f"leg{number + 1}", source=number) for number in range(len(sources)))


def only_analysed(legs: Sequence[LegPlan], text: str) -> tuple[LegPlan, ...]:
    """Parse `--analyse`."""
    wanted = {name.strip().casefold() for name in text.split(",")}
    known = {leg.name.casefold() for leg in legs}
    if unknown := sorted(wanted - known):
        raise UsageError(
            f"--analyse names {unknown[0]!r}, but the legs are {', '.join(leg.name for leg in legs)}; "
            "name some of them, or call them otherwise with --legs"
        )
    return tuple(replace(leg, analysed=leg.name.casefold() in wanted) for leg in legs)


def _in_order(names: Sequence[str], sources: Sequence[SourceInfo]) -> tuple[LegPlan, ...]:
    """Assign names to the sources, or to the channels of the only one."""
    if len(sources) > 1:
        if len(names) != len(sources):
            raise UsageError(f"--legs has {len(names)} names for {len(sources)} sources; give one for each")
        return tuple(LegPlan(name, source=number) for number, name in enumerate(names))
    if len(names) == 1:
        return (LegPlan(names[0]),)
    if len(names) != sources[0].channels:
        raise UsageError(
            f"--legs has {len(names)} names, but {sources[0].name} has {_channels(sources[0])}; "
            f"give one for each, or say which channel is who, {_EXAMPLE}"
        )
    return tuple(LegPlan(name, channel=channel) for channel, name in enumerate(names))


def _channel(key: str, source: SourceInfo) -> int:
    side = key.casefold()
    channel = SIDES[side] if side in SIDES else int(key) - 1 if key.isascii() and key.isdecimal() else -1
    if not 0 <= channel < source.channels:
        raise UsageError(
            f"--legs names channel {key!r}, but {source.name} has {_channels(source)}; "
            "they are left and right, or numbers from 1"
        )
    return channel


def _channels(source: SourceInfo) -> str:
    return "one channel" if source.channels == 1 else f"{source.channels} channels"
