"""What a session kept of its sound, put together again."""

from pathlib import Path

import numpy as np

from emotion.arrays import Samples
from emotion.audio_file import read_mono
from emotion.resampling import resample
from evaluation.streams.sound import RATE_HZ
from streamer.recorder.sound_names import sound_files


def session_sound(session: Path) -> Samples:
    """Read what `--record-session` kept, each file in its place in the stream; gaps are silence.

    Parameters
    ----------
    session : Path
        The session's folder in recordings, with sound in it.

    Returns
    -------
    ndarray, shape (n,), float32
        Mono at `RATE_HZ`, from the first sample of the stream on.

    Raises
    ------
    AudioFileError
        If a file cannot be read.
    """
    pieces: list[Samples] = []
    at = 0
    rate = RATE_HZ
    for file in sound_files(session):
        sound = read_mono(file.path)
        rate = sound.sample_rate
        pieces += [np.zeros(file.first_sample - at, np.float32), sound.samples]
        at = file.first_sample + len(sound.samples)
    return resample(np.concatenate(pieces), rate, RATE_HZ)
