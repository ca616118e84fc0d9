"""How varied a voice has been: what tells a caller in many moods from one in a single mood."""

import math
from typing import Final

EVIDENCE: Final = ("spread", "restlessness", "variety", "evenness", "doubt")
"""What `voice_evidence` gives, in this order."""

_PRIOR_WINDOWS: Final = 3.0
_PRIOR_SPREAD: Final = 4.0
_PRIOR_STEPS: Final = 2.0
"""What is believed before anything was heard, and how many windows it weighs."""


def voice_evidence(
    *,
    windows: float,
    spread: float,
    step_squares: float,
    mean_entropy: float,
    raw_entropy: float,
    own_entropy: float,
) -> tuple[float, ...]:
    """Weigh what was heard of a voice.

    Parameters
    ----------
    windows : float
        How many were heard, at least 1.
    spread : float
        Variance of their own margins, summed over labels.
    step_squares : float
        Sum over windows of half the squared distance of their margins from those of the window before.
    mean_entropy : float
        Entropy of the mean of the raw opinions, nat.
    raw_entropy, own_entropy : float
        Mean entropy of the raw and of the own opinions, nat.

    Returns
    -------
    tuple of float
        As `EVIDENCE` names them: the spread of margins (log), the same against their steps from window to
        window (log), what is left of the raw opinions' entropy once they are known (the mutual information
        of window and label), the entropy of their mean, and the doubt of the own opinion.
    """
    held = (windows * spread + _PRIOR_WINDOWS * _PRIOR_SPREAD) / (windows + _PRIOR_WINDOWS)
    step = (step_squares + _PRIOR_STEPS * 2.0) / (max(windows - 1.0, 0.0) + _PRIOR_STEPS)
    return (
        math.log(held) - 2.0,
        math.log(held / step) - 1.0,
        3.0 * (mean_entropy - raw_entropy - 0.3),
        2.0 * (mean_entropy - 1.0),
        2.0 * (own_entropy - 0.8),
    )
