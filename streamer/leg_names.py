"""`--legs` and `--analyse`: what the user calls the legs, and which of them are analysed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from emotion.errors import UsageError
from streamer.leg_plan import LegPlan
from streamer.source import SourceInfo

SIDES: Final = MappingProxyType({"left": 0, "right": 1})
MAX_LEGS: Final = 8

_NAME: Final = re.compile(r"[^\W_][\w.-]{0,39}")
_EXAMPLE: Final = "such as --legs left=customer,right=agent"


def named_legs(text: str, sources: Sequence[SourceInfo]) -> tuple[LegPlan, ...]:
    """Read `--legs`.

    Parameters
    ----------
    text : str
        ``left=customer,right=agent``, or channels by number, from 1: ``1=ann,2=bob,3=eve``; or names alone,
        ``customer,agent``: one for each source, or for each channel of the only one. A channel without a name
        is not heard.
    sources : sequence of SourceInfo
        Of the session.

    Returns
    -------
    tuple of LegPlan
        All analysed, in the order given.

    Raises
    ------
    UsageError
        If a name cannot be one, comes twice, or there is no such channel.
    """
    entries = [entry.strip() for entry in text.split(",")]
    names = [entry.rpartition("=")[2].strip() for entry in entries]
    keys = [entry.rpartition("=")[0].strip() for entry in entries]
    if strange := [name for name in names if not _NAME.fullmatch(name)]:
        raise UsageError(
            f"--legs has {strange[0]!r} as a name; take letters, digits, dots and hyphens, {_EXAMPLE}"
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
    """Give the legs of sources that nobody named: the sides of a stereo recording, or each source as one.

    A device with two channels is one leg: most microphones of two channels hear one person twice.

    Parameters
    ----------
    sources : sequence of SourceInfo
        Of the session.

    Returns
    -------
    tuple of LegPlan
        `left` and `right` of a single source with two channels that is not live; else one leg a source, all
        its channels mixed down.
    """
    if len(sources) == 1:
        if sources[0].channels == len(SIDES) and not sources[0].live:
            return tuple(LegPlan(side, channel=channel) for side, channel in SIDES.items())
        return (LegPlan(),)
    return tuple(LegPlan(f"leg{number + 1}", source=number) for number in range(len(sources)))


def only_analysed(legs: Sequence[LegPlan], text: str) -> tuple[LegPlan, ...]:
    """Read `--analyse`.

    Parameters
    ----------
    legs : sequence of LegPlan
        Of the session.
    text : str
        Names of legs with commas between them.

    Returns
    -------
    tuple of LegPlan
        The same legs, those not named left out of the analysis.

    Raises
    ------
    UsageError
        If a name is of no leg.
    """
    wanted = {name.strip().casefold() for name in text.split(",")}
    known = {leg.name.casefold() for leg in legs}
    if strange := sorted(wanted - known):
        raise UsageError(
            f"--analyse names {strange[0]!r}, but the legs are {', '.join(leg.name for leg in legs)}; "
            "name some of them, or call them otherwise with --legs"
        )
    return tuple(replace(leg, analysed=leg.name.casefold() in wanted) for leg in legs)


def _in_order(names: Sequence[str], sources: Sequence[SourceInfo]) -> tuple[LegPlan, ...]:
    """Give names to the sources, or to the channels of the only one."""
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
