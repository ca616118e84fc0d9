"""Which sound is which leg: a name, a source, a channel, and whether it is analysed."""

from collections.abc import Sequence
from dataclasses import dataclass

from emotion.arrays import Samples
from emotion.mixing import mix_down, mixing_note
from streamer.source import SourceInfo

MONO: str = "mono"
"""The leg of a source that is heard as one."""


@dataclass(frozen=True, slots=True)
class LegPlan:
    """One side of a call, as it was asked for.

    Attributes
    ----------
    name : str
        As `customer`, `agent`, `me`, `them`; `mono` where there is but one.
    source : int
        Number of its source among the session's, from 0.
    channel : int or None
        Its channel among the source's, from 0; None mixes all of them down to one.
    analysed : bool
        False takes nothing of it but the level: it is neither classified nor recorded.
    """

    name: str = MONO
    source: int = 0
    channel: int | None = None
    analysed: bool = True


def kept_channels(legs: Sequence[LegPlan], source: int, channels: int) -> tuple[int, ...]:
    """Name the channels of a source that sinks may have: those of the legs analysed, and no other.

    Parameters
    ----------
    legs : sequence of LegPlan
        Of the session.
    source : int
        Number of the source.
    channels : int
        How many it delivers.

    Returns
    -------
    tuple of int
        In order; empty where nothing of the source is analysed.
    """
    own = [leg for leg in legs if leg.source == source and leg.analysed]
    if any(leg.channel is None for leg in own):
        return tuple(range(channels))
    return tuple(sorted({leg.channel for leg in own if leg.channel is not None}))


def sound_of(leg: LegPlan, samples: Samples) -> Samples:
    """Take the sound of a leg out of its source's.

    Parameters
    ----------
    leg : LegPlan
        Of this source.
    samples : ndarray, shape (n, channels), float32
        All that the source delivered.

    Returns
    -------
    ndarray, shape (n, 1) or (n, channels), float32
        Its channel, contiguous, as a source of one channel would have delivered it; all of them where they
        are mixed down later.
    """
    if leg.channel is None or samples.shape[1] == 1:
        return samples
    return mix_down(samples[:, leg.channel : leg.channel + 1])[:, None]


def leg_notes(legs: Sequence[LegPlan], sources: Sequence[SourceInfo]) -> tuple[str, ...]:
    """Say what becomes of channels, where that is not plain.

    Parameters
    ----------
    legs : sequence of LegPlan
        Of the session.
    sources : sequence of SourceInfo
        By number.

    Returns
    -------
    tuple of str
        One line for each thing mixed down or not analysed.
    """
    mixed = [
        note for leg in legs if leg.channel is None for note in mixing_note(sources[leg.source].channels)
    ]
    level_only = [leg.name for leg in legs if not leg.analysed]
    if not level_only:
        return tuple(dict.fromkeys(mixed))
    return (*dict.fromkeys(mixed), f"{', '.join(level_only)}: level only, neither analysed nor recorded")
