"""Why a window of speech may be unsure, in words; for the panel, and for reports after the call."""

from typing import Final

KNOWN_FROM: Final = 0.6
"""Of `voice_known`: a voice under it is new, which may be why the model is unsure."""
NOISY_DB: Final = 12.0
"""Speech that stands out of the background by less than this is noisy."""
SHORT_SECONDS: Final = 1.0
"""Speech that began less than this ago says little."""

VOICE_NEW: Final = "voice still new"
TOO_SHORT: Final = "too short"
NOISY: Final = "noisy"


def doubt_reasons(
    *, voice_known: float | None, spoken_seconds: float, above_background_db: float | None
) -> tuple[str, ...]:
    """Give the reasons that hold.

    Parameters
    ----------
    voice_known : float or None
        How far the speaker baseline is trusted, 0..1; None where none is learned.
    spoken_seconds : float
        For how long speech has gone on, s.
    above_background_db : float or None
        By how much speech stands out of the background, dB; None where that is not known.

    Returns
    -------
    tuple of str
        Of `VOICE_NEW`, `TOO_SHORT` and `NOISY`, in this order; empty where none holds.
    """
    holds = {
        VOICE_NEW: voice_known is not None and voice_known < KNOWN_FROM,
        TOO_SHORT: spoken_seconds < SHORT_SECONDS,
        NOISY: above_background_db is not None and above_background_db < NOISY_DB,
    }
    return tuple(reason for reason, is_true in holds.items() if is_true)
