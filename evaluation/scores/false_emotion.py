"""How often an emotion is shown where nobody speaks."""

import numpy as np
from numpy.typing import NDArray

from evaluation.scores.judged import NOTHING, Judged


def false_emotion(judged: Judged, sounds: NDArray[np.str_]) -> dict[str, float]:
    """Count windows that show an emotion, for each kind of sound.

    Parameters
    ----------
    judged : Judged
        Streams without speech.
    sounds : ndarray, shape (num_streams,), str
        What is heard in each.

    Returns
    -------
    dict of str to float
        Share of its windows, 0..1; sorted by name.
    """
    shown = judged.windows.shown != NOTHING
    of_window = sounds[judged.windows.stream]
    return {str(name): float(shown[of_window == name].mean()) for name in np.unique(of_window)}
