"""Which channel of which source is which leg, and which legs are analysed."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
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
STAFF_LAW: Final[str] = "AI Act art. 5(1)(f)"
STAFF_NAMES: Final = frozenset({"agent", "agents", "employee", "employees", "staff"})

_WORD: Final = re.compile(r"[^\W\d_]+")
_EXAMPLE: Final = "such as --legs left=customer,right=agent"


@dataclass(frozen=True, slots=True)
class LegPlan:
    """Where the sound of a leg comes from, and what is done with it.

    `source` and `channel` count from 0; without a channel all of them are mixed down to one. Of a leg that is
    not `analysed` only the level is taken: it is neither classified nor recorded. A leg of an employee is
    `staff`, and analysed only where `--analyse` names it.
    """

    name: str = MONO
    source: int = 0
    channel: int | None = None
    analysed: bool = True
    staff: bool = False


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
    """Report channels that are mixed down, legs that are not analysed, and staff that is."""
    notes = [
        note for leg in legs if leg.channel is None for note in mixing_note(sources[leg.source].channels)
    ]
    if level_only := _names(leg for leg in legs if not leg.analysed and not leg.staff):
        notes.append(f"{level_only}: level only, neither analysed nor recorded")
    if spared := _names(leg for leg in legs if leg.staff and not leg.analysed):
        notes.append(f"{spared}: staff, level only ({STAFF_LAW}); --analyse overrides")
    if analysed_staff := _names(leg for leg in legs if leg.staff and leg.analysed):
        notes.append(f"{analysed_staff}: staff, analysed by --analyse; {STAFF_LAW} prohibits this")
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


def is_staff_name(name: str) -> bool:
    """Tell whether a leg's name says that it is an employee.

    True for a name with a word of `STAFF_NAMES` in it, whatever its case, digits and separators: ``Agent``,
    ``agent2``, ``support-agent``, but neither ``management`` nor ``agency``.
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", name).casefold())
    return not STAFF_NAMES.isdisjoint(words)


def choose_analysed(
    legs: Sequence[LegPlan], analyse: str | None = None, staff: str | None = None
) -> tuple[LegPlan, ...]:
    """Decide which legs are staff, and which are analysed.

    Inferring the emotions of employees at work is prohibited in the EU (AI Act, article 5(1)(f)): staff is
    level-only unless `analyse` names it.

    Parameters
    ----------
    legs : sequence of LegPlan
        All legs.
    analyse : str, optional
        `--analyse`: analyse these legs and no other; by default all but those of staff.
    staff : str, optional
        `--staff`: legs of staff beside those that are called so.

    Returns
    -------
    tuple of LegPlan
        The legs in their order, at least one of them analysed.

    Raises
    ------
    UsageError
        If a name is no leg, or all legs are staff and none is named.
    """
    named_staff = _among(legs, "--staff", staff)
    wanted = _among(legs, "--analyse", analyse)
    planned = []
    for leg in legs:
        name = leg.name.casefold()
        is_staff = leg.staff or name in named_staff or is_staff_name(name)
        analysed = leg.analysed and not is_staff if analyse is None else name in wanted
        planned.append(replace(leg, staff=is_staff, analysed=analysed))
    if not any(leg.analysed for leg in planned):
        raise UsageError(
            f"there is nobody to analyse but staff ({_names(planned)}); {STAFF_LAW} prohibits inferring "
            f"emotions at work in the EU; where it is lawful: --analyse {planned[0].name}"
        )
    return tuple(planned)


def _among(legs: Sequence[LegPlan], option: str, text: str | None) -> frozenset[str]:
    """Parse a list of legs; give their names in lower case."""
    wanted = frozenset() if text is None else frozenset(name.strip().casefold() for name in text.split(","))
    if unknown := sorted(wanted - {leg.name.casefold() for leg in legs}):
        raise UsageError(
            f"{option} names {unknown[0]!r}, but the legs are {_names(legs)}; "
            "name some of them, or call them otherwise with --legs"
        )
    return wanted


def _names(legs: Iterable[LegPlan]) -> str:
    return ", ".join(leg.name for leg in legs)


def _in_order(names: Sequence[str], sources: Sequence[SourceInfo]) -> tuple[LegPlan, ...]:
    """Assign names to the sources, or to the channels of the only one."""
    if len(sources) > 1:
        if len(names) != len(sources):
            raise UsageError(f"--legs has {len(names)} names for {len(sources)} sources; give one for each")
        return tuple(LegPlan(name, source=number) for number, name in enumerate(names))
    if len(names) == 1:
        return (LegPlan(names[0]),)
    if len(names) != sources[0].channels:
        if sources[0].channels == 1:
            advice = f"give one name, such as --legs {names[0]}"
        elif sources[0].channels == len(SIDES):
            advice = f"give one for each, or say which channel is who, {_EXAMPLE}"
        else:
            advice = f"give one for each, or say which is who, such as --legs 1={names[0]},2={names[1]}"
        raise UsageError(
            f"--legs has {len(names)} names, but {sources[0].name} has {_channels(sources[0])}; {advice}"
        )
    return tuple(LegPlan(name, channel=channel) for channel, name in enumerate(names))


def _channel(key: str, source: SourceInfo) -> int:
    side = key.casefold()
    channel = SIDES[side] if side in SIDES else int(key) - 1 if key.isascii() and key.isdecimal() else -1
    if not 0 <= channel < source.channels:
        raise UsageError(
            f"--legs names channel {key!r}, but {source.name} has {_channels(source)}; "
            f"{'its number is 1' if source.channels == 1 else 'they are left and right, or numbers from 1'}"
        )
    return channel


def _channels(source: SourceInfo) -> str:
    return "one channel" if source.channels == 1 else f"{source.channels} channels"
