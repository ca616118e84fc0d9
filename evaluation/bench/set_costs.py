"""What a step of a feature set costs, against a peer and against the bare FFTs of its frames."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from emotion.features import acoustic_frames, classic
from emotion.features.catalogue import feature_set
from evaluation.bench import egemaps_peer, librosa_peer
from evaluation.bench.bare_transform import BARE, bare_transform
from evaluation.bench.feature_steps import contender_name, feature_steps
from evaluation.bench.sound import BenchSound
from evaluation.bench.turns import Advance, Contender, Ratio, alone_in_bursts, take_turns

WINS_SECONDS: Final = (1.0, 2.0, 3.0, 5.0)
HEADLINE_WIN_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Peer:
    """What a set is held against.

    Attributes
    ----------
    name : str
        As its contenders are called.
    windows : callable
        Makes the contender for a win in seconds and a sound.
    transform_length : int
        Samples that the set's own spectrum is made of, in each frame.
    """

    name: str
    windows: Callable[[float, BenchSound], Contender]
    transform_length: int


PEERS: Final = MappingProxyType(
    {
        "classic": Peer(librosa_peer.NAME, librosa_peer.librosa_windows, classic.FRAME_LENGTH),
        "acoustic": Peer(egemaps_peer.NAME, egemaps_peer.egemaps_windows, acoustic_frames.SPECTRUM_LENGTH),
    }
)
"""By the set that is measured against it."""


@dataclass(frozen=True, slots=True)
class SetCosts:
    """A step of 0.5 s of one feature set.

    Attributes
    ----------
    name, version, num_features, sample_rate, frame_length, frame_hop : str, int, int, int, int, int
        The set.
    transform_length : int
        Of the bare FFTs.
    peer : str
        What it was held against.
    step_ms, peer_ms, against_peer : dict
        By win in seconds: a step, the peer's whole window, and how many times cheaper the step is.
    fft_ms : float
        The bare FFTs of the step's new frames, in turns with the step alone.
    against_fft : Ratio
        Step over bare FFTs, these two in turns.
    against_fft_among_all : Ratio
        The same with the peer and the other wins between them: all caches cold.
    against_fft_alone : Ratio
        The same, each many steps in a row: all caches warm.
    win5_vs_win1 : Ratio
        A step at win 5 s over one at 1 s.
    """

    name: str
    version: int
    num_features: int
    sample_rate: int
    frame_length: int
    frame_hop: int
    transform_length: int
    peer: str
    step_ms: dict[float, float]
    peer_ms: dict[float, float]
    against_peer: dict[float, Ratio]
    fft_ms: float
    against_fft: Ratio
    against_fft_among_all: Ratio
    against_fft_alone: Ratio
    win5_vs_win1: Ratio


def steps_in_set_costs(num_rounds: int) -> int:
    """Count how often `set_costs` calls `advance`.

    Parameters
    ----------
    num_rounds : int
        Its own.

    Returns
    -------
    int
        Three kinds of turns.
    """
    return 3 * num_rounds


def set_costs(name: str, sound: BenchSound, num_rounds: int, advance: Advance = lambda _: None) -> SetCosts:
    """Measure one set.

    Parameters
    ----------
    name : str
        A set of `PEERS`.
    sound : BenchSound
        Heard by all.
    num_rounds : int
        Steps of each that count.
    advance : callable
        Told of each round.

    Returns
    -------
    SetCosts
        Medians, and ratios by rounds.

    Raises
    ------
    MissingExtraError
        If the peer is not installed.
    """
    measured, peer = feature_set(name), PEERS[name]
    ours = {win: feature_steps(measured, win, sound) for win in WINS_SECONDS}
    theirs = {win: peer.windows(win, sound) for win in WINS_SECONDS}
    bare = bare_transform(measured, peer.transform_length, sound)
    step = ours[HEADLINE_WIN_SECONDS]
    among_all = take_turns([*ours.values(), *theirs.values(), bare], num_rounds, advance)
    two = take_turns([step, bare], num_rounds, advance)
    alone = alone_in_bursts([step, bare], num_rounds, advance)
    return SetCosts(
        name=name,
        version=measured.version,
        num_features=len(measured.feature_names),
        sample_rate=measured.sample_rate,
        frame_length=measured.frame_length,
        frame_hop=measured.frame_hop,
        transform_length=peer.transform_length,
        peer=peer.name,
        step_ms={win: among_all.median_ms(each.name) for win, each in ours.items()},
        peer_ms={win: among_all.median_ms(each.name) for win, each in theirs.items()},
        against_peer={win: among_all.ratio(theirs[win].name, ours[win].name) for win in WINS_SECONDS},
        fft_ms=two.median_ms(BARE),
        against_fft=two.ratio(step.name, BARE),
        against_fft_among_all=among_all.ratio(step.name, BARE),
        against_fft_alone=alone.ratio(step.name, BARE),
        win5_vs_win1=among_all.ratio(contender_name(name, 5.0), contender_name(name, 1.0)),
    )
