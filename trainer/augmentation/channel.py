"""What a channel does to speech: room, level, overload, telephone band and codecs."""

import io
from collections.abc import Callable
from functools import wraps
from typing import Final, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import firwin, oaconvolve

from emotion.arrays import Samples
from emotion.signal import resample

Change: TypeAlias = Callable[[Samples, int, np.random.Generator], Samples]
"""From mono samples, shape (n,), full scale ±1, their rate in Hz and a generator to changed samples."""

SHORTEST_SECONDS: Final = 20.0
LONGEST_SECONDS: Final = 40.0
"""Length of a passage: far longer than a window, so that few windows contain a change."""


def in_passages(change: Change) -> Change:
    """Decorate a change: it acts on one passage after another, each with fresh draws."""

    @wraps(change)
    def changed(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
        parts, rest = [], samples
        while len(rest):
            length = round(rng.uniform(SHORTEST_SECONDS, LONGEST_SECONDS) * sample_rate)
            if len(rest) - length < SHORTEST_SECONDS * sample_rate:
                length = len(rest)
            parts.append(change(rest[:length], sample_rate, rng))
            rest = rest[length:]
        return np.concatenate(parts) if parts else samples

    return changed


LOWEST_DB: Final = -30.0
HIGHEST_DB: Final = 10.0


@in_passages
def gain(samples: Samples, _: int, rng: np.random.Generator) -> Samples:
    """Change the level by -30 to 10 dB, drawn for each passage; clip at full scale, as a sound card would."""
    factor = np.float32(10.0 ** (rng.uniform(LOWEST_DB, HIGHEST_DB) / 20.0))
    return (samples * factor).clip(-1.0, 1.0).astype(np.float32)


LEAST_SHARE: Final = 0.005
GREATEST_SHARE: Final = 0.05
"""Of all samples of a passage, pauses included."""


@in_passages
def clip(samples: Samples, _: int, rng: np.random.Generator) -> Samples:
    """Clip the peaks: a half to five percent of the samples, drawn for each passage.

    The level stays as it was, as behind a preamplifier that was overdriven and turned down afterwards.
    """
    ceiling = np.float32(np.quantile(np.abs(samples), 1.0 - rng.uniform(LEAST_SHARE, GREATEST_SHARE)))
    return samples.clip(-ceiling, ceiling)


SHORTEST_RT60_SECONDS: Final = 0.15
LONGEST_RT60_SECONDS: Final = 1.0
DIRECT_TO_REVERBERANT_DB: Final = (-3.0, 12.0)
FIRST_REFLECTION_SECONDS: Final = (0.002, 0.012)


@in_passages
def reverb(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Add reverberation of a room, another for each passage.

    A room's response is the direct sound and, some milliseconds later, Gaussian noise that decays by 60 dB in
    RT60 (J.-D. Polack, "La transmission de l'énergie sonore dans les salles", 1988). RT60 is drawn from 0.15
    to 1 s, evenly in its logarithm, the direct sound from 3 dB below to 12 dB above the rest. The direct
    sound comes without delay.
    """
    rt60 = float(np.exp(rng.uniform(np.log(SHORTEST_RT60_SECONDS), np.log(LONGEST_RT60_SECONDS))))
    response = room_response(sample_rate, rt60, rng.uniform(*DIRECT_TO_REVERBERANT_DB), rng)
    wet = oaconvolve(samples.astype(np.float64), response)[: len(samples)]
    before, after = (float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) for sound in (samples, wet))
    return np.asarray(wet * (before / max(after, 1e-12)), dtype=np.float32)


def room_response(
    sample_rate: int, rt60_seconds: float, ratio_db: float, rng: np.random.Generator
) -> Samples:
    """Make the response of one room: the direct sound, 1, then a decay of 60 dB in `rt60_seconds`."""
    times = np.arange(round(rt60_seconds * sample_rate)) / sample_rate
    tail = rng.standard_normal(len(times)) * 10.0 ** (-3.0 * times / rt60_seconds)
    tail *= 10.0 ** (-ratio_db / 20.0) / np.sqrt(np.sum(tail**2))
    silence = np.zeros(round(rng.uniform(*FIRST_REFLECTION_SECONDS) * sample_rate))
    return np.concatenate([[1.0], silence, tail]).astype(np.float32)


FULL_SCALE: Final = 8192
"""A sample of 1.0 in the 14-bit units of the recommendation."""

BIAS: Final = 33
LARGEST: Final = 8158
"""Greatest magnitude that the highest code stands for, in the same units."""


def encode_mu_law(samples: Samples) -> NDArray[np.uint8]:
    """Encode by ITU-T G.711 (11/1988), table 2a and 2b: sign, segment and step, inverted; 255 is silence."""
    units = np.floor(np.abs(samples.astype(np.float64)) * FULL_SCALE).clip(0, LARGEST).astype(np.int64) + BIAS
    # Segment s covers 2**(s + 5) <= units < 2**(s + 6): its number is the place of the highest bit.
    segment = np.frexp(units)[1].astype(np.int64) - 6
    step = (units >> (segment + 1)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    return np.asarray(~(sign | segment << 4 | step) & 0xFF, dtype=np.uint8)


def decode_mu_law(codes: NDArray[np.uint8]) -> Samples:
    """Decode by ITU-T G.711 (11/1988), table 2a and 2b."""
    inverted = ~codes.astype(np.int64) & 0xFF
    segment, step = inverted >> 4 & 0x07, inverted & 0x0F
    units = ((2 * step + BIAS) << segment) - BIAS
    return (np.where(inverted & 0x80, -units, units) / FULL_SCALE).astype(np.float32)


LOW_HZ: Final = 300.0
HIGH_HZ: Final = 3400.0
"""Here the filter is 6 dB down; the band is that of ITU-T G.712."""

LINE_RATE_HZ: Final = 8000

_TAP_SECONDS: Final = 0.032


def phone(samples: Samples, sample_rate: int, _: np.random.Generator) -> Samples:
    """Send speech over a telephone line: 300 to 3400 Hz, 8 kHz, µ-law, and back.

    The filter is a linear-phase FIR of 32 ms (Hamming), the resampler soxr's, the coding ITU-T G.711. All
    delay is taken out.
    """
    return _over_the_line(samples, sample_rate, lambda line: decode_mu_law(encode_mu_law(line)))


def _over_the_line(samples: Samples, sample_rate: int, code: Callable[[Samples], Samples]) -> Samples:
    line = resample(band_pass(samples, sample_rate), sample_rate, LINE_RATE_HZ) if len(samples) else samples
    if not len(line):
        return np.zeros_like(samples)
    coded = of_length(code(line), len(line))
    return of_length(resample(coded, LINE_RATE_HZ, sample_rate), len(samples))


def band_pass(samples: Samples, sample_rate: int) -> Samples:
    """Keep the telephone band, without delay; before and after the sound lie zeros."""
    half = round(_TAP_SECONDS * sample_rate / 2)
    taps = firwin(2 * half + 1, [LOW_HZ, HIGH_HZ], pass_zero=False, fs=sample_rate)
    filtered = oaconvolve(samples.astype(np.float64), taps)[half : half + len(samples)]
    return np.asarray(filtered, dtype=np.float32)


def of_length(samples: Samples, num_samples: int) -> Samples:
    """Cut the end off, or put zeros there."""
    missing = max(0, num_samples - len(samples))
    return np.concatenate([samples[:num_samples], np.zeros(missing, dtype=np.float32)])


def through_file(
    samples: Samples, sample_rate: int, file_format: str, subtype: str, compression: float | None = None
) -> Samples:
    """Write sound into a file in memory and read it again."""
    content = io.BytesIO()
    with soundfile.SoundFile(
        content, "w", sample_rate, 1, format=file_format, subtype=subtype, compression_level=compression
    ) as file:
        file.write(samples.clip(-1.0, 1.0))
    content.seek(0)
    with soundfile.SoundFile(content) as file:
        # GSM cannot be sought in, so soundfile needs the number of frames.
        read: Samples = file.read(file.frames, dtype="float32")
    return read


def gsm(samples: Samples, sample_rate: int, _: np.random.Generator) -> Samples:
    """Send speech through GSM 06.10 full rate (13 kbit/s) and back.

    The codec is libsndfile's (ETSI EN 300 961); before it comes the telephone band, as in a handset. The
    codec itself adds no delay; what fills its last block is cut off.
    """
    return _over_the_line(
        samples, sample_rate, lambda line: through_file(line, LINE_RATE_HZ, "WAV", "GSM610")
    )


COMPRESSIONS: Final = (1.0, 0.99, 0.98, 0.96)
"""As libsndfile takes them: it asks Opus for about 6, 8.5, 11 and 16 kbit/s a channel."""


@in_passages
def opus(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Send speech through Opus (RFC 6716) at 6 to 16 kbit/s, drawn anew for each passage.

    The encoder is libsndfile's; it takes its own delay out.
    """
    compression = float(rng.choice(COMPRESSIONS))
    return of_length(through_file(samples, sample_rate, "OGG", "OPUS", compression), len(samples))
