"""What is worth a line about a recording: coded otherwise than we compute, or cut."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from emotion.decoding import open_file
from emotion.sound_header import sound_bytes
from emotion.sound_streams import Stream

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
_SAMPLE_BYTES: Final = {
    "PCM_S8": 1,
    "PCM_U8": 1,
    "PCM_16": 2,
    "PCM_24": 3,
    "PCM_32": 4,
    "FLOAT": 4,
    "DOUBLE": 8,
    "ULAW": 1,
    "ALAW": 1,
}
"""Of the codings that take as many bytes for every sample."""


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


def cut_note(path: Path, streams: Sequence[Stream]) -> tuple[str, ...]:
    """Say how much of the sound is missing, where the header promises more.

    Parameters
    ----------
    path : Path
        The file.
    streams : sequence of Stream
        What was found in it. libsndfile knows of no more samples than a cut WAV, AIFF or the like has.

    Returns
    -------
    tuple of str
        One line, or nothing for a whole file.
    """
    first = streams[0]
    num_samples = sum(stream.num_samples for stream in streams)
    announced_samples = sum(stream.num_announced for stream in streams)
    with open_file(path) as file:
        found = sound_bytes(file, first.span.start)
    if found is not None and found.present < found.announced:
        if first.layout.subtype not in _SAMPLE_BYTES:
            return (f"file is cut: {_grouped(found.present)} of {_grouped(found.announced)} bytes are there",)
        announced_samples = found.announced // (_SAMPLE_BYTES[first.layout.subtype] * first.layout.channels)
    if num_samples < announced_samples:
        return (f"file is cut: {_grouped(num_samples)} of {_grouped(announced_samples)} samples are there",)
    return ()


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", " ")
