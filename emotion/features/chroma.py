"""Chroma: how much of a frame's power lies at each of the twelve pitch classes."""

import numpy as np

from emotion.arrays import FloatArray

NUM_CLASSES = 12
A4_HZ = 440.0
CENTRE_OCTAVE = 5.0
OCTAVE_WIDTH = 2.0
TINIEST = float(np.finfo(np.float32).tiny)


def chroma_filterbank(sample_rate: int, frame_length: int) -> FloatArray:
    """Give the weight of each bin in each pitch class, C first, tuned to A4 = 440 Hz.

    A Gaussian over the distance in pitch, as wide as a bin or a semitone, whichever is wider; each bin's
    weights have unit length, and a Gaussian over octaves favours the middle ones. The definition is that of
    D. Ellis, "Chroma feature analysis and synthesis" (2007), in the form that librosa made common.

    Parameters
    ----------
    sample_rate : int
        Hz.
    frame_length : int
        Samples in a frame.

    Returns
    -------
    ndarray, shape (frame_length // 2 + 1, 12), float32
        For ``power @ filterbank``.
    """
    bins_hz = np.arange(1, frame_length) * (sample_rate / frame_length)
    pitches = NUM_CLASSES * np.log2(bins_hz / (A4_HZ / 16))
    # 0 Hz has no pitch: it is put one and a half octaves under bin 1, where the octave Gaussian mutes it.
    pitches = np.concatenate([[pitches[0] - 1.5 * NUM_CLASSES], pitches])
    widths = np.concatenate([np.maximum(np.diff(pitches), 1.0), [1.0]])
    half = NUM_CLASSES / 2
    distances = pitches[:, np.newaxis] - np.arange(NUM_CLASSES)
    distances = np.remainder(distances + half + 10 * NUM_CLASSES, NUM_CLASSES) - half
    weights = np.exp(-0.5 * (2 * distances / widths[:, np.newaxis]) ** 2)
    weights /= np.sqrt(np.sum(weights**2, axis=1, keepdims=True))
    octaves = pitches / NUM_CLASSES
    weights *= np.exp(-0.5 * ((octaves - CENTRE_OCTAVE) / OCTAVE_WIDTH) ** 2)[:, np.newaxis]
    from_c = np.roll(weights, -3, axis=1)
    filterbank: FloatArray = from_c[: frame_length // 2 + 1].astype(np.float32)
    return filterbank


def normalise_by_loudest(chroma: FloatArray) -> FloatArray:
    """Divide each frame by its loudest pitch class.

    Parameters
    ----------
    chroma : ndarray, shape (num_frames, 12), float32
        Power per pitch class, >= 0.

    Returns
    -------
    ndarray, shape (num_frames, 12), float32
        In 0..1; a frame without power stays as it is.
    """
    loudest = chroma.max(axis=1, keepdims=True)
    loudest[loudest < TINIEST] = 1
    scaled: FloatArray = chroma / loudest
    return scaled
