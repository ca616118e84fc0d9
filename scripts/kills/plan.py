"""When a session is killed, and what it was doing then."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

Kind: TypeAlias = Literal["speaking", "two legs", "flood", "tidied", "starting", "opening", "stopping"]

KINDS: Final[tuple[Kind, ...]] = (
    "speaking", "two legs", "speaking", "flood", "starting",
    "speaking", "two legs", "stopping", "tidied", "opening",
)  # fmt: skip
"""What comes in turn: a session at the speed of speech more often than the rest."""

LONGEST: Final[dict[Kind, float]] = {
    "speaking": 6.0,
    "two legs": 6.0,
    "flood": 2.0,
    "tidied": 3.0,
    "starting": 2.5,
    "opening": 0.03,
    "stopping": 3.0,
}
"""The kill comes no later, s: after the header, after the start of the process for `starting`, and after
there is a folder of recordings for `opening`."""

STOPPING_SECONDS: Final = 0.15


@dataclass(frozen=True, slots=True)
class Kill:
    """One of many.

    Attributes
    ----------
    number : int
        Draws all the rest, with the seed.
    kind : str
        speaking: sound as fast as it is spoken; two legs: the same in two channels; flood: as fast as it is
        heard; tidied: a flood, and the folder is full; starting: from the first moment of the process;
        opening: while the first files are made; stopping: after Ctrl-C.
    seconds : float
        From then to the kill, or to Ctrl-C, s.
    stopping_seconds : float
        From Ctrl-C to the kill, s.
    start_sample : int
        Where in the speech the sound begins.
    """

    number: int
    kind: Kind
    seconds: float
    stopping_seconds: float
    start_sample: int

    @property
    def channels(self) -> int:
        """How many the sound has."""
        return 2 if self.kind == "two legs" else 1

    @property
    def has_begun(self) -> bool:
        """Whether sound is heard when the kill comes."""
        return self.kind not in {"starting", "opening"}

    @property
    def is_paced(self) -> bool:
        """Whether sound comes as fast as it is spoken."""
        return self.kind not in {"flood", "tidied"}


def plan_kill(number: int, seed: int, kind: Kind | None = None) -> Kill:
    """Draw a moment.

    Parameters
    ----------
    number : int
        From 0.
    seed : int
        Of all kills together.
    kind : str, optional
        Unless given, the kinds take turns.

    Returns
    -------
    Kill
        The same for the same number and seed.
    """
    draw = np.random.default_rng((seed, number))
    kind = kind or KINDS[number % len(KINDS)]
    return Kill(
        number=number,
        kind=kind,
        seconds=float(draw.uniform(0.0, LONGEST[kind])),
        stopping_seconds=float(draw.uniform(0.0, STOPPING_SECONDS)),
        start_sample=int(draw.integers(400_000)),
    )
