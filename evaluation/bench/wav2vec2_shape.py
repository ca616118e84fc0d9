"""How large an encoder of the kind of wav2vec 2.0 is."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Wav2vec2Shape:
    """How wide and how deep; unless given, that of wav2vec2-base.

    Attributes
    ----------
    convolution_width : int
        Channels of the seven convolutions.
    width, num_heads, num_layers, inner_width : int
        Of the transformer; the inner width is that of its feed-forward halves.
    position_kernel, position_groups : int
        Of the convolution that tells frames their places.
    """

    convolution_width: int = 512
    width: int = 768
    num_heads: int = 12
    num_layers: int = 12
    inner_width: int = 3072
    position_kernel: int = 128
    position_groups: int = 16


BASE: Final = Wav2vec2Shape()
"""wav2vec2-base: 94 million weights."""
