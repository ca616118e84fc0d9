"""Sounds that are not speech, by name: noise, tones of machines, music."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import Samples

SoundMaker: TypeAlias = Callable[[int, int, np.random.Generator], NDArray[np.float64]]
"""From a number of samples, their rate in Hz and a generator to sound of any level."""

Gain: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From frequencies in Hz, all above 0, to amplitudes."""


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
    gain: Gain,
) -> NDArray[np.float64]:
    """Make Gaussian noise with a spectrum."""
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    spectrum[0] = 0.0
    hz = np.fft.rfftfreq(num_samples, 1 / sample_rate)[1:].astype(np.float64)
    spectrum[1:] *= gain(hz)
    noise: NDArray[np.float64] = np.fft.irfft(spectrum, num_samples)
    noise /= np.sqrt(np.mean(noise**2))
    return noise


def falling(exponent: float) -> Gain:
    """Give the amplitudes of noise whose power falls as a power of the frequency."""
    return lambda hz: np.where(hz < 20.0, 0.0, hz ** (-exponent / 2))


def bands(centres_hz: list[float], widths_hz: list[float], gains: list[float]) -> Gain:
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


_DIALLED_ROWS_HZ = (697.0, 770.0, 852.0, 941.0)
_DIALLED_COLUMNS_HZ = (1209.0, 1336.0, 1477.0, 1633.0)


def steady_tone(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One pitch held, a sine or with harmonics."""
    phase = 2 * np.pi * 50.0 * 2 ** rng.uniform(0, 6) * np.arange(num_samples) / sample_rate
    num_harmonics = int(rng.integers(1, 10))
    slope = rng.uniform(0.5, 2.0)
    sound = np.zeros(num_samples)
    for harmonic in range(1, num_harmonics + 1):
        if harmonic * phase[1] < np.pi:
            sound += np.sin(harmonic * phase + rng.uniform(0, 6)) / harmonic**slope
    return sound


def beeps(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A line that rings or is busy, a machine that beeps: tones switched on and off."""
    on_seconds, off_seconds = rng.uniform(0.05, 1.5), rng.uniform(0.05, 1.5)
    switch = on_and_off(num_samples, sample_rate, on_seconds, off_seconds)
    return steady_tone(num_samples, sample_rate, rng) * switch


def telephone(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Dialling, then a line that is free or busy (ITU-T E.180 and Q.23)."""
    times = np.arange(num_samples) / sample_rate
    key = np.minimum((times / 0.2).astype(int), 9)
    rows = rng.choice(_DIALLED_ROWS_HZ, 10)[key]
    columns = rng.choice(_DIALLED_COLUMNS_HZ, 10)[key]
    dialling = times < 2.0
    pairs = np.sin(2 * np.pi * rows * times) + np.sin(2 * np.pi * columns * times)
    pairs *= on_and_off(num_samples, sample_rate, 0.1, 0.1)
    on_seconds, off_seconds = ((1.0, 4.0), (0.48, 0.48), (2.0, 4.0), (0.24, 0.24))[int(rng.integers(4))]
    first_hz, second_hz = ((425.0, 425.0), (440.0, 480.0), (350.0, 440.0))[int(rng.integers(3))]
    line = np.sin(2 * np.pi * first_hz * times) + np.sin(2 * np.pi * second_hz * times)
    line *= on_and_off(num_samples, sample_rate, on_seconds, off_seconds)
    return np.where(dialling, pairs, line)


def siren(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A pitch that rises and falls, smoothly or in steps."""
    swing = np.sin(2 * np.pi * rng.uniform(0.1, 4.0) * np.arange(num_samples) / sample_rate)
    if rng.random() < 0.5:
        swing = np.sign(swing)
    pitch = rng.uniform(300, 1500) * 2 ** (swing * rng.uniform(0.1, 0.7))
    phase = 2 * np.pi * np.cumsum(pitch) / sample_rate
    return np.sin(phase) + rng.uniform(0, 0.5) * np.sin(2 * phase) + rng.uniform(0, 0.3) * np.sin(3 * phase)


def hum(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Mains hum, a fan, a vacuum cleaner: low harmonics and a hiss."""
    phase = 2 * np.pi * rng.choice([50.0, 60.0, rng.uniform(70, 300)]) * np.arange(num_samples) / sample_rate
    sound = np.zeros(num_samples)
    for harmonic in range(1, int(rng.integers(3, 20))):
        sound += rng.random() * np.sin(harmonic * phase + rng.uniform(0, 6)) / harmonic ** rng.uniform(0, 1)
    sound += rng.uniform(0.01, 1.0) * rng.standard_normal(num_samples)
    return sound * swells(num_samples, sample_rate, rng, 1.0, rng.uniform(0, 2))


_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))


def music(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Melody, chords, bass and drums, drawn at random."""
    beat = 60.0 / rng.uniform(60, 170)
    num_beats = int(num_samples / sample_rate / beat)
    scale, key_hz = _SCALES[int(rng.integers(3))], 110.0 * 2 ** rng.uniform(0, 1)
    play = partial(_voice, num_samples, sample_rate, rng, scale=scale)
    sound = np.zeros(num_samples)
    voices = rng.random(4) < (0.8, 0.7, 0.6, 0.6)
    if not voices.any():
        voices[0] = True
    if voices[0]:
        for octave in range(int(rng.integers(1, 3))):
            lengths = beat * rng.choice([0.25, 0.5, 0.5, 1.0, 2.0], num_beats * 4 + 4)
            sound += play(lengths_seconds=lengths, root_hz=key_hz * 2 ** (1 + octave))
    if voices[1]:
        bars = np.full(int(num_samples / sample_rate / beat / 4) + 2, 4 * beat)
        state = rng.bit_generator.state
        for third in range(3):
            # The same draws give the same roots: the voices of a chord move together.
            rng.bit_generator.state = state
            sound += 0.5 * play(lengths_seconds=bars, root_hz=key_hz, shift=2 * third)
    if voices[2]:
        lengths = beat * rng.choice([0.5, 1.0, 2.0], num_beats * 2 + 4)
        sound += play(lengths_seconds=lengths, root_hz=key_hz / 2)
    if voices[3]:
        sound += rng.uniform(0.3, 1.5) * _drums(num_samples, sample_rate, rng, beat)
    return sound


def _voice(
    num_samples: int,
    sample_rate: int,
    rng: np.random.Generator,
    *,
    lengths_seconds: NDArray[np.float64],
    root_hz: float,
    scale: tuple[int, ...],
    shift: int = 0,
) -> NDArray[np.float64]:
    starts = np.concatenate([[0.0], np.cumsum(lengths_seconds)[:-1]])
    walk = np.clip(np.cumsum(rng.integers(-2, 3, len(starts))), -5, 8) + shift
    semitones = np.asarray(scale)[walk % len(scale)] + 12 * (walk // len(scale))
    note = np.searchsorted(starts, np.arange(num_samples) / sample_rate, side="right") - 1
    times = np.arange(num_samples) / sample_rate
    vibrato = 1.0 + rng.choice([0.0, 0.004, 0.012]) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * times)
    phase = 2 * np.pi * np.cumsum(root_hz * 2 ** (semitones[note] / 12) * vibrato) / sample_rate
    slope, only_odd = rng.uniform(0.7, 2.5), rng.random() < 0.25
    tone = np.zeros(num_samples)
    for harmonic in range(1, 14, 2 if only_odd else 1):
        tone += np.sin(harmonic * phase) / harmonic**slope * (np.abs(harmonic * np.gradient(phase)) < np.pi)
    if rng.random() < 0.5:
        tone *= decays(num_samples, sample_rate, starts, rng.uniform(0.1, 1.0))
        return tone
    since = np.arange(num_samples) / sample_rate - starts[note]
    left = lengths_seconds[note] - since
    tone *= np.clip(np.minimum(since / 0.03, left / rng.uniform(0.02, 0.1)), 0.0, 1.0)
    return tone


def _drums(num_samples: int, sample_rate: int, rng: np.random.Generator, beat: float) -> NDArray[np.float64]:
    strokes = np.arange(0.0, num_samples / sample_rate, beat / 2)
    hiss = shaped_noise(num_samples, sample_rate, rng, bands([6000.0], [2000.0], [1.0]))
    snare = shaped_noise(num_samples, sample_rate, rng, falling(0.5))
    kick = np.sin(2 * np.pi * rng.uniform(45, 80) * np.arange(num_samples) / sample_rate)
    drums: NDArray[np.float64] = (
        0.4 * hiss * decays(num_samples, sample_rate, strokes, 0.03)
        + 0.7 * snare * decays(num_samples, sample_rate, strokes[2::4], 0.08)
        + 2.0 * kick * decays(num_samples, sample_rate, strokes[::4], 0.12)
    )
    return drums


KINDS: Final[Mapping[str, SoundMaker]] = MappingProxyType(
    {
        "steady noise": steady_noise,
        "street": street,
        "rain and wind": rain,
        "breath": breath,
        "knocks": knocks,
        "tones": steady_tone,
        "beeps": beeps,
        "telephone tones": telephone,
        "sirens": siren,
        "hum": hum,
        "synthesised music": music,
    }
)


def synthesise_sound(
    kind: str, seconds: float, sample_rate: int, seed: int, rms_dbfs: float = -26.0
) -> Samples:
    """Make a sound without speech."""
    rng = np.random.default_rng([seed, *kind.encode()])
    sound = KINDS[kind](round(seconds * sample_rate), sample_rate, rng)
    sound *= 10.0 ** (rms_dbfs / 20.0) / np.sqrt(np.mean(sound**2) + 1e-20)
    loudest = np.abs(sound).max()
    scaled: Samples = (sound / max(1.0, loudest / 0.98)).astype(np.float32)
    return scaled
