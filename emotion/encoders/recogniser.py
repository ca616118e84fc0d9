"""The recogniser's encoder: its taps, and which samples a frame is made of.

Three convolutions without padding stand before its first layer: 127 samples every 64, 7 of those every 3, 3
of those every 2. Frames are therefore 64 * 3 * 2 = 384 samples apart (24 ms), and each sees 895 samples
(56 ms): 3 values of the second layer, so 2 * 3 + 7 = 13 of the first, so 12 * 64 + 127 samples. n samples
give ``(n - 895) // 384 + 1`` frames; 2 s give 82. In the layers behind, every frame attends to every other.
"""

from typing import Final

FOLDER: Final = "encoder"
"""Below ``models/``."""
TAP_NAMES: Final = ("layer1_mid", "layer1", "layer2")
"""Layers count from 0; ``mid`` is behind the layer's attention, before its second half."""
TAP_WIDTH: Final = 288
"""Values a frame, of each tap."""

SAMPLE_RATE: Final = 16_000
"""Hz."""
FRAME_LENGTH: Final = 895
"""Samples that a frame sees before the first layer."""
FRAME_HOP: Final = 384
"""Samples between frame starts; the first frame starts at the first sample."""
FRAME_MIDDLE: Final = (FRAME_LENGTH - FRAME_HOP + 1) // 2
"""Where the middle 384 samples of a frame begin: those of one frame end where those of the next begin."""


def num_frames(num_samples: int) -> int:
    """Count the frames that the encoder gives.

    Parameters
    ----------
    num_samples : int
        Of the sound, at 16 kHz.

    Returns
    -------
    int
        0 for less than `FRAME_LENGTH` samples.
    """
    return max(0, (num_samples - FRAME_LENGTH) // FRAME_HOP + 1)
