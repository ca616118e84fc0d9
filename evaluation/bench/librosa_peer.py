"""librosa as the article calls it: eight families and the RMS, each by itself, over the whole window."""

from emotion.extras import require
from emotion.features.catalogue import feature_set
from evaluation.bench.feature_steps import contender_name
from evaluation.bench.sound import BenchSound
from evaluation.bench.turns import Contender

NAME = "librosa"


def librosa_windows(win_seconds: float, sound: BenchSound) -> Contender:
    """Compute the window of each step anew, by the set `classic-33`, which is the article's code in ours.

    Parameters
    ----------
    win_seconds : float
        The window, s.
    sound : BenchSound
        Heard at 22 050 Hz.

    Returns
    -------
    Contender
        Named ``librosa <win>``.

    Raises
    ------
    MissingExtraError
        If librosa is not installed.
    """
    require("librosa.feature", "bench")
    article = feature_set("classic-33")

    def step(number: int) -> bool:
        article.clip_vector(sound.latest(number, win_seconds, article.sample_rate))
        return True

    return Contender(contender_name(NAME, win_seconds), step)
