"""openSMILE's eGeMAPS, version 02: 88 functionals of the whole window.

openSMILE is source-available for research only; callmood measures itself against it and uses it nowhere else.
F. Eyben et al., "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and affective
computing", IEEE Trans. Affective Computing 7(2), 2016.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from emotion.arrays import FloatArray, Samples
from emotion.extras import require
from evaluation.bench.feature_steps import contender_name
from evaluation.bench.sound import BenchSound
from evaluation.bench.turns import Contender

NAME: Final = "openSMILE eGeMAPS"
SAMPLE_RATE: Final = 16_000
NUM_FUNCTIONALS: Final = 88


def egemaps_functionals() -> Callable[[Samples], FloatArray]:
    """Set openSMILE up.

    Returns
    -------
    callable
        From sound, mono float32 at 16 kHz, to 88 values. It goes past the data frame that openSMILE's
        Python package would wrap them in, which costs a little more.

    Raises
    ------
    MissingExtraError
        If opensmile is not installed.
    """
    opensmile = require("opensmile", "bench")
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
        num_workers=1,
    )

    def functionals(samples: Samples) -> FloatArray:
        values: FloatArray = np.asarray(smile(samples, SAMPLE_RATE), dtype=np.float32).reshape(
            NUM_FUNCTIONALS
        )
        return values

    return functionals


def egemaps_windows(win_seconds: float, sound: BenchSound) -> Contender:
    """Compute the window of each step anew.

    Parameters
    ----------
    win_seconds : float
        The window, s.
    sound : BenchSound
        Heard at 16 kHz.

    Returns
    -------
    Contender
        Named ``openSMILE eGeMAPS <win>``.

    Raises
    ------
    MissingExtraError
        If opensmile is not installed.
    """
    functionals = egemaps_functionals()

    def step(number: int) -> bool:
        functionals(sound.latest(number, win_seconds, SAMPLE_RATE))
        return True

    return Contender(contender_name(NAME, win_seconds), step)
