"""What is worth a line about a recording: coded otherwise than we compute, or cut."""

from pathlib import Path
from typing import Final

from emotion.wav_header import data_chunk

_SUBTYPE_WORDS: Final = {
    "PCM_S8": "8-bit samples",
    "PCM_U8": "8-bit samples",
    "PCM_24": "24-bit samples",
    "PCM_32": "32-bit samples",
    "FLOAT": "floating-point samples",
    "DOUBLE": "64-bit floating-point samples",
    "ULAW": "µ-law",
    "ALAW": "A-law",
    "GSM610": "GSM 6.10",
    "VORBIS": "Ogg Vorbis",
    "OPUS": "Opus",
    "MPEG_LAYER_I": "MPEG layer I",
    "MPEG_LAYER_II": "MPEG layer II",
    "MPEG_LAYER_III": "MP3",
}
_ONE_SAMPLE_BLOCKS: Final = frozenset(
    {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"}
)


def format_note(subtype: str) -> tuple[str, ...]:
    """Say how the sound was coded, where that is not the usual 16 bits.

    Parameters
    ----------
    subtype : str
        libsndfile's name.

    Returns
    -------
    tuple of str
        One line, or nothing for 16-bit PCM.
    """
    return () if subtype == "PCM_16" else (f"converted from {_SUBTYPE_WORDS.get(subtype, subtype)}",)


def rate_note(sample_rate: int, model_rate: int) -> tuple[str, ...]:
    """Say that the sound is resampled, where it is.

    Parameters
    ----------
    sample_rate, model_rate : int
        Hz: what the recording has, and what the model hears.

    Returns
    -------
    tuple of str
        One line, or nothing for equal rates.
    """
    return () if sample_rate == model_rate else (f"resampled from {sample_rate} to {model_rate} Hz",)


def cut_note(path: Path, subtype: str, num_samples: int, announced_samples: int) -> tuple[str, ...]:
    """Say how much of the sound is missing, where the header promises more.

    Parameters
    ----------
    path : Path
        The file.
    subtype : str
        libsndfile's name.
    num_samples, announced_samples : int
        Samples that can be read, and that libsndfile announced; it knows nothing of a cut WAV.

    Returns
    -------
    tuple of str
        One line, or nothing for a whole file.
    """
    chunk = data_chunk(path)
    if chunk is not None and chunk.present < chunk.announced:
        if subtype not in _ONE_SAMPLE_BLOCKS:
            return (f"file is cut: {_grouped(chunk.present)} of {_grouped(chunk.announced)} bytes are there",)
        announced_samples = chunk.announced // chunk.block_align
    if num_samples < announced_samples:
        return (f"file is cut: {_grouped(num_samples)} of {_grouped(announced_samples)} samples are there",)
    return ()


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", " ")
