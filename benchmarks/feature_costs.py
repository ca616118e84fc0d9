"""What a step of a feature set costs, against librosa, openSMILE and the bare FFTs of its frames."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from benchmarks.speech import STEP_SECONDS, BenchSound
from benchmarks.timing import Advance, Contender, Ratio, alone_in_bursts, take_turns
from emotion.arrays import FloatArray, Samples
from emotion.errors import require
from emotion.features import acoustic as acoustic_frames
from emotion.features.base import FeatureSet
from emotion.features.catalogue import feature_set
from emotion.features.spectrum import hann_taper
from emotion.window_grid import WindowGrid, to_samples


def feature_steps(feature_set: FeatureSet, win_seconds: float, sound: BenchSound) -> Contender:
    """Open a stream with its first window behind it."""
    rate = feature_set.sample_rate
    grid = WindowGrid.from_seconds(win_seconds, STEP_SECONDS, rate)
    stream = feature_set.open(grid)
    first = sound.latest(0, win_seconds, rate)
    stream.push(first[: grid.first_piece])
    for start in range(grid.first_piece, grid.win, grid.step):
        stream.push(first[start : start + grid.step])

    def step(number: int) -> bool:
        stream.push(sound.latest(number, STEP_SECONDS, rate))
        stream.vector()
        return True

    return Contender(contender_name(feature_set.name, win_seconds), step)


def contender_name(who: str, win_seconds: float) -> str:
    """Name a contender by what it computes and its win."""
    return f"{who} {win_seconds:g} s"


BARE: Final = "bare FFTs"


def bare_transform(feature_set: FeatureSet, transform_length: int, sound: BenchSound) -> Contender:
    """Transform the new frames of each step by ``scipy.fft.rfft``, float32, in one batch, cut beforehand."""
    rfft = require("scipy.fft", "bench").rfft
    rate, length, hop = feature_set.sample_rate, feature_set.frame_length, feature_set.frame_hop
    frames = np.lib.stride_tricks.sliding_window_view(sound.at_rate(rate), length)[::hop]
    first = (length - transform_length) // 2
    frames = frames[:, first : first + transform_length]
    taper = hann_taper(transform_length)
    step_length = to_samples(STEP_SECONDS, rate)

    def num_complete(num_samples: int) -> int:
        return (num_samples - length) // hop + 1

    def step(number: int) -> bool:
        end = sound.end_of_step(number, rate)
        new = frames[num_complete(end - step_length) : num_complete(end)]
        rfft(new * taper, axis=1, overwrite_x=True)
        return True

    return Contender(BARE, step)


def whole_windows(
    who: str, win_seconds: float, sound: BenchSound, sample_rate: int, compute: Callable[[Samples], object]
) -> Contender:
    """Compute the whole window at each step, as peers do."""

    def step(number: int) -> bool:
        compute(sound.latest(number, win_seconds, sample_rate))
        return True

    return Contender(contender_name(who, win_seconds), step)


LIBROSA = "librosa"


def librosa_windows(win_seconds: float, sound: BenchSound) -> Contender:
    """Compute by `classic-33`, the article's features."""
    require("librosa.feature", "bench")
    article = feature_set("classic-33")
    return whole_windows(LIBROSA, win_seconds, sound, article.sample_rate, article.clip_vector)


EGEMAPS: Final = "openSMILE eGeMAPS"
EGEMAPS_RATE: Final = 16_000
NUM_FUNCTIONALS: Final = 88


def egemaps_functionals() -> Callable[[Samples], FloatArray]:
    """Open openSMILE: from mono float32 at 16 kHz to the 88 values, without the data frame around them."""
    opensmile = require("opensmile", "bench")
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
        num_workers=1,
    )

    def functionals(samples: Samples) -> FloatArray:
        values: FloatArray = np.asarray(smile(samples, EGEMAPS_RATE), dtype=np.float32).reshape(
            NUM_FUNCTIONALS
        )
        return values

    return functionals


def egemaps_windows(win_seconds: float, sound: BenchSound) -> Contender:
    """Compute by openSMILE."""
    return whole_windows(EGEMAPS, win_seconds, sound, EGEMAPS_RATE, egemaps_functionals())


WINS_SECONDS: Final = (1.0, 2.0, 3.0, 5.0)
HEADLINE_WIN_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Peer:
    """What a set is compared with."""

    name: str
    # Makes the contender for a win in seconds and a sound.
    windows: Callable[[float, BenchSound], Contender]
    transform_length: int  # samples that the set's own spectrum is made of, in each frame


PEERS: Final = MappingProxyType(
    {
        "classic": Peer(LIBROSA, librosa_windows, feature_set("classic").frame_length),
        "acoustic": Peer(EGEMAPS, egemaps_windows, acoustic_frames.SPECTRUM_LENGTH),
    }
)
"""By the set that is measured against it."""


@dataclass(frozen=True, slots=True)
class SetCosts:
    """A step of 0.5 s of one feature set."""

    name: str
    version: int
    num_features: int
    sample_rate: int
    frame_length: int
    frame_hop: int
    transform_length: int
    peer: str
    # By win in seconds: a step, the peer's whole window, and how many times cheaper the step is.
    step_ms: dict[float, float]
    peer_ms: dict[float, float]
    against_peer: dict[float, Ratio]
    fft_ms: float  # the bare FFTs of the step's new frames, in turns with the step alone
    against_fft: Ratio  # step over bare FFTs, these two in turns
    against_fft_among_all: Ratio  # the same with the peer and the other wins between them: all caches cold
    against_fft_alone: Ratio  # the same, each many steps in a row: all caches warm
    win5_vs_win1: Ratio  # A step at win 5 s over one at 1 s


def set_costs(name: str, sound: BenchSound, num_rounds: int, advance: Advance = lambda _: None) -> SetCosts:
    """Measure one set; `advance` is told of three times `num_rounds` rounds."""
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
