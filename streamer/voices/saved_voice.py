"""What is kept of a voice: a few sums, whose they are, and which model they belong to. Never sound."""

import json
from dataclasses import dataclass
from typing import Final

from emotion.decision import VoiceState
from emotion.json_values import (
    OBJECT,
    SECONDS_SUM,
    TEXT,
    JsonValueError,
    parse_object,
    refuse_unknown,
    take,
    whole,
)
from streamer.voices.array_json import array_of, array_values

VOICE_FORMAT: Final = 1
_TEXTS: Final = ("name", "model", "model_digest", "callmood_version", "created", "updated")
_FIELDS: Final = ("format", *_TEXTS, "speech_seconds", "state")


@dataclass(frozen=True, slots=True, eq=False)
class SavedVoice:
    """One voice, as it lies on disk.

    Attributes
    ----------
    name : str
        As the user calls it.
    model, model_digest : str
        Name of the model that learned it, and SHA-256 of that model's arrays.
    callmood_version : str
        The program that wrote it last.
    created, updated : str
        ISO 8601, UTC.
    speech_seconds : float
        Speech that it was learned from, s.
    state : mapping of str to ndarray
        As ``Voice.state`` gave it.
    """

    name: str
    model: str
    model_digest: str
    callmood_version: str
    created: str
    updated: str
    speech_seconds: float
    state: VoiceState


def voice_json(voice: SavedVoice) -> bytes:
    """Write a voice down; its numbers read back as the same bits.

    Parameters
    ----------
    voice : SavedVoice
        To be written.

    Returns
    -------
    bytes
        UTF-8, a newline at the end.

    Raises
    ------
    ValueError
        If a number of the state is not finite.
    """
    values = {
        "format": VOICE_FORMAT,
        "name": voice.name,
        "model": voice.model,
        "model_digest": voice.model_digest,
        "callmood_version": voice.callmood_version,
        "created": voice.created,
        "updated": voice.updated,
        "speech_seconds": voice.speech_seconds,
        "state": {name: array_values(array) for name, array in voice.state.items()},
    }
    return (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read_voice(raw: bytes) -> SavedVoice:
    """Read what `voice_json` wrote, trusting nothing.

    Parameters
    ----------
    raw : bytes
        All of the file.

    Returns
    -------
    SavedVoice
        Valid in itself; whether a model takes its state, only that model knows.

    Raises
    ------
    JsonValueError
        If it is anything else.
    """
    values = parse_object(raw)
    version = take(values, "format", whole(1))
    if version > VOICE_FORMAT:
        raise JsonValueError(f"it is of format {version}, this callmood reads up to {VOICE_FORMAT}")
    refuse_unknown(values, _FIELDS)
    state = take(values, "state", OBJECT)
    return SavedVoice(
        **{name: take(values, name, TEXT) for name in _TEXTS},
        speech_seconds=take(values, "speech_seconds", SECONDS_SUM),
        state={name: array_of(value) for name, value in state.items()},
    )
