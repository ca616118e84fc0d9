"""Sound of any length that holds every state of a window: speech, silence, noise, clipped, unsure."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

Steps: TypeAlias = NDArray[np.int16]
"""``(n,)``: 16-bit samples, mono."""

DEMO_SPEECH: Final = Path(__file__).parents[2] / "callmood" / "demo" / "speech.flac"

RATE_HZ: Final = 16_000

KINDS: Final = ("speech", "pause", "speech", "room", "loud", "noise", "speech", "tone")
"""What comes in each round, every time in another order."""

_NOISE_SECONDS: Final = 20


class EndlessSound:
    """Endless random scenes; the same seed gives the same samples."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)
        speech, rate_hz = soundfile.read(DEMO_SPEECH, dtype="float32")
        if rate_hz != RATE_HZ:
            raise ValueError(f"{DEMO_SPEECH} has {rate_hz} Hz, not {RATE_HZ}")
        self._speech = speech
        # Made once: noise of a day would take longer than hearing it.
        self._noise = self._draw.standard_normal(_NOISE_SECONDS * RATE_HZ).astype(np.float32)

    def scenes(self, num_samples: int) -> Iterator[Steps]:
        """Give scenes of 1 to 15 s, `num_samples` together."""
        left = num_samples
        while left > 0:
            for kind in self._draw.permutation(KINDS):
                scene = self._scene(str(kind))[:left]
                left -= len(scene)
                if len(scene):
                    yield np.rint(np.clip(scene, -1.0, 1.0) * 32767).astype(np.int16)

    def _scene(self, kind: str) -> NDArray[np.float32]:
        draw = self._draw
        if kind in {"speech", "loud"}:
            # Loud is beyond full scale, and cut there.
            gain_db = draw.uniform(-18.0, 0.0) if kind == "speech" else draw.uniform(30.0, 36.0)
            sound = _part(self._speech, int(draw.integers(len(self._speech))), draw.uniform(4.0, 15.0))
        elif kind == "tone":
            hz = draw.uniform(100.0, 3000.0)
            gain_db = draw.uniform(-30.0, -12.0)
            sound = np.sin(2 * np.pi * hz / RATE_HZ * np.arange(int(4 * RATE_HZ)))
        else:
            gain_db = {"pause": -200.0, "room": -62.0, "noise": -26.0}[kind]
            sound = _part(self._noise, int(draw.integers(len(self._noise))), draw.uniform(3.0, 8.0))
        return np.asarray(sound * 10.0 ** (gain_db / 20.0), dtype=np.float32)


def _part(sound: NDArray[np.float32], start: int, seconds: float) -> NDArray[np.float32]:
    """Take a part of a loop."""
    return np.take(sound, np.arange(start, start + int(seconds * RATE_HZ)), mode="wrap")
