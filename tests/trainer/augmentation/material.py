"""Sound that resembles speech enough to be measured: bursts of harmonics with pauses between."""

import numpy as np

from emotion.arrays import Samples

RATE_HZ = 16_000


def bursts(seconds: float, seed: int = 0, amplitude: float = 0.2) -> Samples:
    """Give bursts of 0.4 s of a gliding voice-like tone, each followed by 0.2 s of nothing."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch = 140.0 + 30.0 * np.sin(2 * np.pi * 0.7 * times + rng.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    voice = sum(np.sin(k * phase + k * k) / k for k in range(1, 25))
    on = np.clip(np.minimum(times % 0.6, 0.4 - times % 0.6) / 0.01, 0.0, 1.0)
    return (amplitude * voice * on).astype(np.float32)


def tone(frequency_hz: float, seconds: float = 2.0, amplitude: float = 0.3) -> Samples:
    """Give a sine."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (amplitude * np.sin(2 * np.pi * frequency_hz * times)).astype(np.float32)


def rms(samples: Samples) -> float:
    """Give the root of the mean square."""
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def delay_of(samples: Samples, reference: Samples) -> int:
    """Give the lag at which two sounds resemble each other most, in samples."""
    size = 2 * len(reference)
    product = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(reference, size))
    lag = int(np.fft.irfft(product).argmax())
    return lag if lag < size // 2 else lag - size
