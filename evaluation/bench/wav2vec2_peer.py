"""wav2vec2-base, the encoder that recognisers of emotion are often built on, bare: no head behind it.

Its weights are drawn at random and stay in memory: what it costs is the same. It runs as callmood's own
encoder does, by onnxruntime on the thread that asks, in float32.
"""

from collections.abc import Callable
from typing import Final, TypeAlias, cast

from emotion.arrays import FloatArray, Samples
from emotion.encoder.session import open_session
from evaluation.bench.feature_steps import contender_name
from evaluation.bench.sound import BenchSound
from evaluation.bench.turns import Contender
from evaluation.bench.wav2vec2_graph import INPUT, OUTPUT, wav2vec2_graph
from evaluation.bench.wav2vec2_shape import BASE, Wav2vec2Shape

NAME: Final = "wav2vec2-base"
SAMPLE_RATE: Final = 16_000
NUM_PARAMETERS: Final = 94_370_816
"""Those published, 94,371,712, less what only training uses: a masked frame's 768, 128 norms of weights."""

Encode: TypeAlias = Callable[[Samples], FloatArray]
"""From sound, mono float32 at 16 kHz, to frames, float32 (num_frames, width), 20 ms apart."""


def wav2vec2_encoder(shape: Wav2vec2Shape = BASE) -> Encode:
    """Make the network and open it, which takes a few seconds and, for a moment, 2 GB.

    Parameters
    ----------
    shape : Wav2vec2Shape
        Smaller ones are for tests.

    Returns
    -------
    callable
        Hears a window as a whole.

    Raises
    ------
    MissingExtraError
        If onnx or onnxruntime is not installed.
    """
    session = open_session(wav2vec2_graph(shape))

    def encode(sound: Samples) -> FloatArray:
        (frames,) = session.run([OUTPUT], {INPUT: sound[None, None]})
        return cast("FloatArray", frames)

    return encode


def wav2vec2_windows(win_seconds: float, sound: BenchSound, encode: Encode) -> Contender:
    """Hear the window of each step anew.

    Parameters
    ----------
    win_seconds : float
        The window, s.
    sound : BenchSound
        Heard at 16 kHz.
    encode : callable
        As `wav2vec2_encoder` gives it.

    Returns
    -------
    Contender
        Named ``wav2vec2-base <win>``.
    """

    def step(number: int) -> bool:
        encode(sound.latest(number, win_seconds, SAMPLE_RATE))
        return True

    return Contender(contender_name(NAME, win_seconds), step)
