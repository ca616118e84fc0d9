"""Noise with a given spectrum and envelope: steady noise, street, rain, breath, knocks."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def swells(
    num_samples: int, sample_rate: int, rng: np.random.Generator, rate_hz: float, depth_db: float
) -> NDArray[np.float64]:
    """Let the level wander."""
    num_points = 2 + int(num_samples / sample_rate * rate_hz)
    points = rng.standard_normal(num_points) * depth_db
    return 10.0 ** (
        np.interp(np.arange(num_samples) / sample_rate * rate_hz, np.arange(num_points), points) / 20.0
    )


def on_and_off(
    num_samples: int, sample_rate: int, on_seconds: float, off_seconds: float, edge_seconds: float = 0.005
) -> NDArray[np.float64]:
    """Switch on and off again and again, with short slopes."""
    phase = np.mod(np.arange(num_samples) / sample_rate, on_seconds + off_seconds)
    return np.clip(np.minimum(phase, on_seconds - phase) / edge_seconds, 0.0, 1.0)


def decays(
    num_samples: int, sample_rate: int, starts_seconds: NDArray[np.float64], fall_seconds: float
) -> NDArray[np.float64]:
    """Strike and let die away."""
    gains = np.zeros(num_samples)
    starts = np.floor(starts_seconds * sample_rate).astype(int)
    starts = starts[(starts >= 0) & (starts < num_samples)]
    for start, end in zip(starts, [*starts[1:], num_samples], strict=True):
        gains[start:end] = np.exp(-np.arange(end - start) / (fall_seconds * sample_rate))
    return gains


def shaped_noise(
    num_samples: int,
    sample_rate: int,
    rng: np.random.Generator,
    gain: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Make Gaussian noise with a spectrum."""
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    spectrum[0] = 0.0
    hz = np.fft.rfftfreq(num_samples, 1 / sample_rate)[1:].astype(np.float64)
    spectrum[1:] *= gain(hz)
    noise: NDArray[np.float64] = np.fft.irfft(spectrum, num_samples)
    noise /= np.sqrt(np.mean(noise**2))
    return noise


def falling(exponent: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Give the amplitudes of noise whose power falls as a power of the frequency."""
    return lambda hz: np.where(hz < 20.0, 0.0, hz ** (-exponent / 2))


def bands(
    centres_hz: list[float], widths_hz: list[float], gains: list[float]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Give the amplitudes of noise in bell-shaped bands."""

    def gain(hz: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.zeros_like(hz)
        for centre, width, height in zip(centres_hz, widths_hz, gains, strict=True):
            total += height * np.exp(-0.5 * ((hz - centre) / width) ** 2)
        return total

    return gain


def steady_noise(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """White, pink or brown noise, or something between."""
    return shaped_noise(num_samples, sample_rate, rng, falling(rng.uniform(0.0, 2.0)))


def street(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Traffic: a low rumble that swells, tyres that pass, an engine now and then, sometimes a horn."""
    seconds = num_samples / sample_rate
    times = np.arange(num_samples) / sample_rate
    sound = shaped_noise(num_samples, sample_rate, rng, falling(1.6))
    sound *= swells(num_samples, sample_rate, rng, 0.7, 4.0)
    for _ in range(rng.poisson(seconds / 4.0)):
        middle, width = rng.uniform(0, seconds), rng.uniform(0.4, 2.0)
        passing = np.exp(-0.5 * ((times - middle) / width) ** 2)
        tyres = bands([rng.uniform(500, 1200)], [rng.uniform(300, 900)], [1.0])
        sound += rng.uniform(0.5, 3.0) * passing * shaped_noise(num_samples, sample_rate, rng, tyres)
        # A motor's pitch falls as it goes by.
        pitch = rng.uniform(40, 110) * (1.0 - 0.06 * np.tanh((times - middle) / width))
        phase = 2 * np.pi * np.cumsum(pitch) / sample_rate
        motor = sum(np.sin(k * phase + k * k) / k for k in range(1, 12))
        sound += rng.uniform(0.0, 1.5) * passing * motor
    for _ in range(rng.poisson(seconds / 25.0)):
        start, length = rng.uniform(0, seconds), rng.uniform(0.2, 1.0)
        blown = ((times >= start) & (times < start + length)).astype(np.float64)
        sound += (
            rng.uniform(0.5, 3.0)
            * blown
            * (np.sin(2 * np.pi * 410 * times) + np.sin(2 * np.pi * 510 * times))
        )
    return sound


def rain(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Rain or wind: high hiss with drops, or low gusts."""
    if rng.random() < 0.5:
        gusts = shaped_noise(num_samples, sample_rate, rng, bands([rng.uniform(150, 600)], [250.0], [1.0]))
        return gusts * swells(num_samples, sample_rate, rng, rng.uniform(0.4, 2.0), 6.0)
    hiss = shaped_noise(num_samples, sample_rate, rng, lambda hz: np.minimum(hz / 3000.0, 1.0))
    drops = np.zeros(num_samples)
    where = rng.integers(0, num_samples, int(num_samples / sample_rate * rng.uniform(20, 200)))
    drops[where] = rng.standard_normal(len(where)) * rng.uniform(5, 25)
    ring = np.exp(-np.arange(160) / 25.0) * np.sin(np.arange(160) * rng.uniform(0.6, 1.6))
    return hiss * swells(num_samples, sample_rate, rng, 0.5, 2.0) + np.convolve(drops, ring)[:num_samples]


def breath(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Breathing into a microphone: noise through a mouth, in and out, without a voice."""
    sound = rng.uniform(0.001, 0.02) * rng.standard_normal(num_samples)
    position, inwards = int(rng.uniform(0, 0.5) * sample_rate), True
    while position < num_samples:
        length = int(rng.uniform(0.4, 1.8) * sample_rate)
        centres = [rng.uniform(300, 700), rng.uniform(1000, 1900), rng.uniform(2300, 3500)]
        mouth = bands(centres, [250.0, 400.0, 900.0], [1.0, rng.uniform(0.3, 1.0), rng.uniform(0.1, 0.8)])
        rise = np.hanning(length) ** rng.uniform(0.5, 1.5)
        gust = shaped_noise(length, sample_rate, rng, mouth) * rise * (0.6 if inwards else 1.0)
        end = min(num_samples, position + length)
        sound[position:end] += gust[: end - position]
        position = end + int(rng.uniform(0.1, 1.2) * sample_rate)
        inwards = not inwards
    return sound


def knocks(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Typing, steps, knocks on a door: short strokes in a quiet room."""
    seconds = num_samples / sample_rate
    rate = rng.uniform(1.0, 9.0)
    gaps = rng.gamma(4.0, 1.0 / (4.0 * rate), int(seconds * rate * 2) + 2)
    strokes = decays(num_samples, sample_rate, np.cumsum(gaps), rng.uniform(0.005, 0.06))
    body = bands([rng.uniform(100, 3000)], [rng.uniform(80, 1500)], [1.0])
    sound = shaped_noise(num_samples, sample_rate, rng, body) * strokes
    return sound * swells(num_samples, sample_rate, rng, rate, 3.0) + 0.003 * rng.standard_normal(num_samples)
