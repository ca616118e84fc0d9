"""Through a lossy file format and back, in memory."""

import io

import soundfile

from emotion.arrays import Samples


def through_file(
    samples: Samples, sample_rate: int, file_format: str, subtype: str, compression: float | None = None
) -> Samples:
    """Write sound into a file in memory and read it again.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Mono; n >= 1. What is beyond full scale is clipped.
    sample_rate : int
        Hz; the format must know it.
    file_format, subtype : str
        As libsndfile names them.
    compression : float, optional
        0 to 1, as libsndfile takes it.

    Returns
    -------
    ndarray, shape (m,), float32
        At the same rate; m may be greater than n where the format knows whole blocks only.
    """
    content = io.BytesIO()
    with soundfile.SoundFile(
        content, "w", sample_rate, 1, format=file_format, subtype=subtype, compression_level=compression
    ) as file:
        file.write(samples.clip(-1.0, 1.0))
    content.seek(0)
    with soundfile.SoundFile(content) as file:
        # GSM cannot be sought in, so that soundfile must be told how much there is.
        read: Samples = file.read(file.frames, dtype="float32")
    return read
