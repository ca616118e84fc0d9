"""A network of the size of wav2vec2-base, opened with random weights and timed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from benchmarks.feature_costs import whole_windows
from benchmarks.speech import BenchSound
from benchmarks.timing import Contender
from emotion.arrays import FloatArray, Samples
from emotion.encoders import open_session
from emotion.errors import require


@dataclass(frozen=True, slots=True)
class Wav2vec2Shape:
    """How wide and how deep; by default that of wav2vec2-base."""

    convolution_width: int = 512  # channels of the seven convolutions
    width: int = 768
    num_heads: int = 12
    num_layers: int = 12
    inner_width: int = 3072  # of the feed-forward halves
    position_kernel: int = 128  # of the convolution that encodes the positions of frames
    position_groups: int = 16


BASE: Final = Wav2vec2Shape()
"""wav2vec2-base: 94 million weights."""

INPUT: Final = "sound"
OUTPUT: Final = "frames"
WAV2VEC2: Final = "wav2vec2-base"
WAV2VEC2_RATE: Final = 16_000
NUM_PARAMETERS: Final = 94_370_816
"""Those published, 94,371,712, less what only training uses: a masked frame's 768, 128 norms of weights."""

Encode: TypeAlias = Callable[[Samples], FloatArray]
"""From sound, mono float32 at 16 kHz, to frames, float32 (num_frames, width), 20 ms apart."""


def wav2vec2_encoder(shape: Wav2vec2Shape = BASE) -> Encode:
    """Make the network and open it; takes a few seconds and, for a moment, 2 GB."""
    require("onnx", "bench")
    from benchmarks.wav2vec2_graph import wav2vec2_graph  # needs the peer

    session = open_session(wav2vec2_graph(shape))

    def encode(sound: Samples) -> FloatArray:
        (frames,) = session.run([OUTPUT], {INPUT: sound[None, None]})
        return cast("FloatArray", frames)

    return encode


def wav2vec2_windows(win_seconds: float, sound: BenchSound, encode: Encode) -> Contender:
    """Encode the whole window at each step."""
    return whole_windows(WAV2VEC2, win_seconds, sound, WAV2VEC2_RATE, encode)
