"""`acoustic`: energy, timbre, voice, rhythm and modulation of speech, whatever its level."""

from emotion.arrays import FloatArray
from emotion.features.acoustic_frames import COLUMNS, FRAME_HOP, FRAME_LENGTH, SAMPLE_RATE, AcousticFrames
from emotion.features.acoustic_window import FEATURES, AcousticWindow
from emotion.features.streamed_set import StreamedSet


class AcousticRecipe:
    """Mel levels, spectral balance, loudness and pitch of each frame; statistics of many kinds of a window.

    The decisions are told in ``docs/decisions/0014-acoustic.md``.
    """

    features = FEATURES
    num_columns = len(COLUMNS)

    def __init__(self) -> None:
        self._frames = AcousticFrames()
        self._window = AcousticWindow()

    def describe(self, frames: FloatArray) -> FloatArray:
        """Describe frames, each by itself.

        Parameters
        ----------
        frames : ndarray, shape (num_frames, 960), float32
            Sound at 16 kHz, each frame 160 samples after the one before it.

        Returns
        -------
        ndarray, shape (num_frames, num_columns), float32
            In the order of `COLUMNS`.
        """
        return self._frames(frames)

    def vector(self, rows: FloatArray) -> FloatArray:
        """Sum up a window, its level taken out.

        Parameters
        ----------
        rows : ndarray, shape (n, num_columns), float32
            Of the window's frames, oldest first; n >= 1.

        Returns
        -------
        ndarray, shape (len(features),), float32
            In the order of `features`.
        """
        return self._window(rows)


def acoustic() -> StreamedSet:
    """Make the set `acoustic`, version 1.

    Returns
    -------
    StreamedSet
        16 kHz, frames of 960 samples every 160.
    """
    return StreamedSet(
        "acoustic",
        version=1,
        sample_rate=SAMPLE_RATE,
        frame_length=FRAME_LENGTH,
        frame_hop=FRAME_HOP,
        recipe=AcousticRecipe(),
    )
