"""A step of a feature set: the newest half second goes in, a window's vector comes out."""

from emotion.features.feature_set import FeatureSet
from emotion.window_grid import WindowGrid
from evaluation.bench.sound import STEP_SECONDS, BenchSound
from evaluation.bench.turns import Contender


def feature_steps(feature_set: FeatureSet, win_seconds: float, sound: BenchSound) -> Contender:
    """Open a stream with its first window behind it.

    Parameters
    ----------
    feature_set : FeatureSet
        One that can be streamed.
    win_seconds : float
        Its windows, s.
    sound : BenchSound
        Heard.

    Returns
    -------
    Contender
        Named ``<set> <win>``.
    """
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
    """Name a contender by what it is and how far it looks.

    Parameters
    ----------
    who : str
        A feature set or a peer.
    win_seconds : float
        Its windows, s.

    Returns
    -------
    str
        Such as ``classic 2 s``.
    """
    return f"{who} {win_seconds:g} s"
