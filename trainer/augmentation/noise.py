"""Noise added to speech at a given signal-to-noise ratio."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.signal import lfilter

from emotion.arrays import Samples
from emotion.signal import FLOOR_DBFS
from trainer.augmentation.channel import Change, in_passages
from trainer.synthesis.sounds import Gain, SoundMaker, falling, shaped_noise, swells

NUM_TALKERS: Final = 5
SYLLABLES_A_SECOND: Final = 4.0


def white(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Make noise of equal power at all frequencies."""
    return _falling_noise(num_samples, sample_rate, rng, 0.0)


def pink(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Make noise of equal power in all octaves (1/f) from 20 Hz up."""
    return _falling_noise(num_samples, sample_rate, rng, 1.0)


def babble(num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Make babble of a few voices, out of noise.

    Each of five is noise with the long-term spectrum of speech, roughly (flat to 500 Hz, 9 dB an octave down
    above; D. Byrne et al., JASA 96, 1994), and swells about four times a second, as syllables do.
    """
    length = _fast(num_samples)
    voices = np.zeros(num_samples)
    for _ in range(NUM_TALKERS):
        rate = SYLLABLES_A_SECOND * rng.uniform(0.75, 1.25)
        spectrum = _of_speech(500.0 * rng.uniform(0.7, 1.4))
        voice = shaped_noise(length, sample_rate, rng, spectrum)
        voices += voice[:num_samples] * swells(num_samples, sample_rate, rng, 2.0 * rate, 8.0)
    return voices


def _of_speech(corner_hz: float) -> Gain:
    return lambda hz: np.where(hz < 80.0, 0.0, np.minimum(1.0, (corner_hz / hz) ** 1.5))


def _falling_noise(
    num_samples: int, sample_rate: int, rng: np.random.Generator, exponent: float
) -> NDArray[np.float64]:
    return shaped_noise(_fast(num_samples), sample_rate, rng, falling(exponent))[:num_samples]


def _fast(num_samples: int) -> int:
    # At least a second, so that a few samples of noise have a spectrum at all.
    return int(next_fast_len(max(num_samples, 16_000), real=True))


def draw_kind(rng: np.random.Generator) -> SoundMaker:
    """Draw white noise, pink noise or babble, each as often."""
    kinds: tuple[SoundMaker, ...] = (white, pink, babble)
    return kinds[int(rng.integers(len(kinds)))]


TIME_CONSTANT_SECONDS: Final = 0.03
HANGOVER_SECONDS: Final = 0.2
MARGIN_DB: Final = 15.9
"""Speech is taken for active where its envelope is no further below the active level: P.56's own margin."""

_LOOKS_A_SECOND: Final = 1000
_THRESHOLDS_DB: Final = np.arange(-80.0, 1.0, 3.0)
_SMALLEST: Final = 1e-12


def active_level_dbfs(samples: Samples, sample_rate: int) -> float:
    """Measure the active speech level: the RMS over the parts with speech.

    ITU-T P.56 (12/2011), method B: an envelope smoothed twice with 30 ms, a hangover of 200 ms, and the
    threshold that lies 15.9 dB below the level it leads to. Two things differ: thresholds are 3 dB apart
    below the envelope's own peak, so that a gain moves the level by exactly that gain, and the envelope is
    sampled a thousand times a second.
    """
    if not len(samples):
        return FLOOR_DBFS
    sound = samples - samples.mean(dtype=np.float64)
    energy = float(np.dot(sound, sound))
    if energy <= _SMALLEST * len(sound):
        return FLOOR_DBFS
    keep = np.exp(-1.0 / (sample_rate * TIME_CONSTANT_SECONDS))
    smooth = ([1.0 - keep], [1.0, -keep])
    every = max(1, sample_rate // _LOOKS_A_SECOND)
    envelope = lfilter(*smooth, lfilter(*smooth, np.abs(sound)))[::every]
    envelope_db = 20.0 * np.log10(np.maximum(envelope, _SMALLEST))
    hangover = round(HANGOVER_SECONDS * sample_rate / every)
    before: tuple[float, float] | None = None
    for threshold in envelope_db.max() + _THRESHOLDS_DB:
        num_active = _num_active(envelope_db >= threshold, hangover) * every
        level = float(10.0 * np.log10(energy / min(num_active, len(sound))))
        above = level - float(threshold)
        if above <= MARGIN_DB:
            if before is None:
                return level
            share = (before[1] - MARGIN_DB) / (before[1] - above)
            return before[0] + share * (level - before[0])
        before = level, above
    # Peaks so rare that no threshold comes near: what reaches the highest threshold.
    return level


def _num_active(above: NDArray[np.bool_], hangover: int) -> int:
    index = np.arange(len(above))
    latest = np.maximum.accumulate(np.where(above, index, -len(above) - hangover))
    return int(np.count_nonzero(index - latest <= hangover))


def add_noise(
    samples: Samples, sample_rate: int, snr_db: float, make: SoundMaker, rng: np.random.Generator
) -> Samples:
    """Add steady noise, `snr_db` below the active level of the speech; the sum may pass full scale."""
    if not len(samples):
        return samples
    noise = make(len(samples), sample_rate, rng)
    wanted = 10.0 ** ((active_level_dbfs(samples, sample_rate) - snr_db) / 20.0)
    rms = max(float(np.sqrt(np.mean(noise**2))), 1e-12)
    noisy: Samples = (samples + noise * (wanted / rms)).astype(np.float32)
    return noisy


def noise10(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Add pink noise 10 dB below the speech of the whole stream, as evaluation does."""
    return add_noise(samples, sample_rate, 10.0, pink, rng)


def mixed_noise(snr_db: float) -> Change:
    """Give a condition for fitting: white, pink or babble, drawn for each passage."""

    @in_passages
    def noisy(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
        return add_noise(samples, sample_rate, snr_db, draw_kind(rng), rng)

    return noisy


noise5: Final = mixed_noise(5.0)
noise15: Final = mixed_noise(15.0)
noise20: Final = mixed_noise(20.0)
