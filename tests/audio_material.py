"""Real audio files, made where a test wants them."""

from pathlib import Path

import numpy as np
import soundfile

from emotion.arrays import Samples
from emotion.audio_io import AudioFile

RATE = 16_000


def noise(num_samples: int = RATE, channels: int = 1) -> Samples:
    rng = np.random.default_rng(7)
    return (0.1 * rng.standard_normal((num_samples, channels))).astype(np.float32)


def write(path: Path, samples: Samples, subtype: str = "PCM_16", form: str = "WAV", rate: int = RATE) -> Path:
    soundfile.write(path, samples, rate, subtype=subtype, format=form)
    return path


def all_of(file: AudioFile, block_samples: int = 1000) -> Samples:
    return np.concatenate(list(file.blocks(block_samples)))


def cut(path: Path, num_bytes: int) -> Path:
    path.write_bytes(path.read_bytes()[:num_bytes])
    return path
