"""From `--legs`, `--analyse` and `--voice` to the legs of a session and their voices."""

import argparse
from collections.abc import Sequence

from emotion.errors import UsageError
from streamer.leg_names import named_legs, only_analysed, side_legs
from streamer.leg_plan import LegPlan
from streamer.source import SourceInfo


def legs_of(
    arguments: argparse.Namespace, sources: Sequence[SourceInfo], usual: Sequence[LegPlan] = ()
) -> tuple[LegPlan, ...]:
    """Give the legs that the command line asks for.

    Parameters
    ----------
    arguments : Namespace
        With `legs` and `analyse`.
    sources : sequence of SourceInfo
        Of the session.
    usual : sequence of LegPlan, optional
        What they are unless named.

    Returns
    -------
    tuple of LegPlan
        In the order in which they are shown.

    Raises
    ------
    UsageError
        If a name cannot be one, comes twice, or is of nothing there is.
    """
    if arguments.legs is not None:
        legs = named_legs(arguments.legs, sources)
    else:
        legs = tuple(usual) or side_legs(sources)
    return legs if arguments.analyse is None else only_analysed(legs, arguments.analyse)


def voices_of(given: Sequence[str], legs: Sequence[LegPlan]) -> dict[str, str]:
    """Read `--voice`.

    Parameters
    ----------
    given : sequence of str
        Each ``NAME``, where a single leg is analysed, or ``LEG=NAME``.
    legs : sequence of LegPlan
        Of the session.

    Returns
    -------
    dict of str to str
        The voice's name by leg.

    Raises
    ------
    UsageError
        If it is not plain whose voice it is, or a leg has two.
    """
    analysed = [leg.name for leg in legs if leg.analysed]
    voices: dict[str, str] = {}
    for text in given:
        leg, _, name = text.rpartition("=")
        if not leg and len(analysed) > 1:
            raise UsageError(f"--voice {text!r} does not say whose it is; write --voice {analysed[0]}={text}")
        leg = leg.strip() or analysed[0]
        if leg not in analysed:
            raise UsageError(
                f"--voice {text!r} is of no leg that is analysed; these are {', '.join(analysed)}"
            )
        if leg in voices:
            raise UsageError(f"--voice gives {leg} two voices, {voices[leg]} and {name}; give one")
        voices[leg] = name
    return voices
