"""The turn encoder: its taps, and which samples a frame is made of.

Its input is a log mel spectrogram with columns of 400 samples (25 ms) every 160 (10 ms). Two convolutions,
the second with a stride of two columns, stand before its first layer, so frames are 320 samples (20 ms)
apart; 2 s give 99. In the layers behind, every frame attends to every other.
"""

from typing import Final

FOLDER: Final = "turn-encoder"
"""Below ``models/``."""
TAP_NAMES: Final = ("turn0_mid", "turn0", "turn1")
"""Layers count from 0; ``mid`` is behind the layer's attention, before its second half."""
TAP_WIDTH: Final = 384
"""Values a frame, of each tap."""

SAMPLE_RATE: Final = 16_000
"""Hz."""
COLUMN_LENGTH: Final = 400
"""Samples of a column of the spectrogram."""
COLUMN_HOP: Final = 160
"""Samples between the starts of columns; the first starts at the first sample."""
FRAME_HOP: Final = 2 * COLUMN_HOP
"""Samples between frames."""
FRAME_MIDDLE: Final = (COLUMN_LENGTH - FRAME_HOP) // 2
"""Where the middle 320 samples of a frame begin, which those of the next one follow."""
MAX_FRAMES: Final = 400
"""What the network has places for: 8 s."""


def num_columns(num_samples: int) -> int:
    """Count the columns of the spectrogram.

    Parameters
    ----------
    num_samples : int
        Of the sound, at 16 kHz.

    Returns
    -------
    int
        0 for less than `COLUMN_LENGTH` samples.
    """
    return max(0, (num_samples - COLUMN_LENGTH) // COLUMN_HOP + 1)


def num_frames(num_samples: int) -> int:
    """Count the frames that the encoder gives.

    Parameters
    ----------
    num_samples : int
        Of the sound, at 16 kHz.

    Returns
    -------
    int
        Half the columns, rounded up.
    """
    return (num_columns(num_samples) + 1) // 2
