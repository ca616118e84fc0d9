"""Saved voices: one JSON file each, readable by its owner alone, bound to the model that learned it.

A file holds a few sums, never sound. Its arrays read back to the bit; nothing in it is trusted.
"""

import errno
import json
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from emotion.atomic_files import PRIVATE, Locked, locked_folder, replace
from emotion.decision import VoiceState
from emotion.errors import OutputError, UsageError, VoiceError
from emotion.model import MODEL_NAME, EmotionModel
from emotion.untrusted_text import (
    OBJECT,
    SECONDS_SUM,
    TEXT,
    JsonValueError,
    Kind,
    parse_object,
    refuse_unknown,
    take,
    whole,
)

_VOICE_NAME: Final = re.compile(r"\w[\w.-]{0,63}")


def voices_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Find the user's folder of voices."""
    if named := environment.get("CALLMOOD_VOICES"):
        return Path(named)
    home = environment.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")  # noqa: PTH111 - Path.expanduser raises without a home
    return Path(home) / "callmood" / "voices"


def is_voice_name(name: str) -> bool:
    """Tell whether a voice may be called so; see `voice_name`."""
    return _VOICE_NAME.fullmatch(unicodedata.normalize("NFC", name)) is not None


def voice_name(name: str) -> str:
    """Look whether a voice may be called so."""
    name = unicodedata.normalize("NFC", name)
    if not _VOICE_NAME.fullmatch(name):
        raise UsageError(f"{name[:70]!a} is no name for a voice; use letters, digits, . - and _, at most 64")
    return name


_DTYPES: Final = ("<f4", "<f8", "<i8")
_MAX_AXIS_LENGTH: Final = 100_000
_MAX_AXES: Final = 4


def _shape(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > _MAX_AXES:
        raise TypeError
    for side in value:
        if type(side) is not int or not 0 <= side <= _MAX_AXIS_LENGTH:
            raise TypeError
    return tuple(value)


def _numbers(value: object) -> list[float]:
    if not isinstance(value, list) or any(type(number) not in {int, float} for number in value):
        raise TypeError
    return value


_SHAPE: Final = Kind(f"a list of up to {_MAX_AXES} sides", _shape)
_NUMBERS: Final = Kind("a list of numbers", _numbers)


def array_values(array: NDArray[Any]) -> dict[str, object]:
    """Write an array down."""
    return {"dtype": array.dtype.str, "shape": list(array.shape), "values": array.ravel().tolist()}


def array_of(value: object) -> NDArray[Any]:
    """Read what `array_values` gave."""
    values = take({"an array": value}, "an array", OBJECT)
    refuse_unknown(values, ("dtype", "shape", "values"))
    dtype = take(values, "dtype", TEXT)
    shape, numbers = take(values, "shape", _SHAPE), take(values, "values", _NUMBERS)
    if dtype not in _DTYPES or len(numbers) != prod(shape):
        raise JsonValueError(f"{len(numbers)} values of type {dtype[:8]!a} are no array of shape {shape}")
    try:
        with np.errstate(over="raise"):
            array: NDArray[Any] = np.array(numbers, dtype=dtype).reshape(shape)
    except (OverflowError, FloatingPointError) as error:
        raise JsonValueError(f"a number is too big for type {dtype}") from error
    return array


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
    """Write a voice down; its numbers read back as the same bits."""
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
    """Read what `voice_json` wrote, trusting nothing."""
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


SUFFIX: Final = ".json"
_MAX_FILE_BYTES: Final = 200_000
PATIENCE_SECONDS: Final = 10.0
"""How long to wait for others that write or forget voices."""


def digest_of(model: EmotionModel) -> str:
    """Give what a voice of this model must name."""
    return model.card.digests[MODEL_NAME]


class VoiceFolder:
    """Voices as files, one each, readable by their owner alone."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or voices_folder()

    def path_of(self, name: str) -> Path:
        """Give the place of a voice."""
        return self.path / f"{voice_name(name)}{SUFFIX}"

    def names(self) -> list[str]:
        """List the voices by name; empty where no folder is yet. What no voice can be called is none."""
        found = (path.name.removesuffix(SUFFIX) for path in self.path.glob(f"[!.]*{SUFFIX}"))
        return sorted(name for name in found if is_voice_name(name))

    def read(self, name: str) -> SavedVoice | None:
        """Read a voice."""
        path = self.path_of(name)
        try:
            with _opened(path) as file:
                raw = file.read(_MAX_FILE_BYTES)
            # Whoever renames the file renames the voice.
            return replace_fields(read_voice(raw), name=voice_name(name))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VoiceError(
                f"voice {name}: {path} cannot be read ({error.strerror}); check its rights"
            ) from error
        except JsonValueError as error:
            raise VoiceError(f"voice {name}: {path}: {error}; {_advice(name)}") from error

    def for_model(self, name: str, model: EmotionModel) -> SavedVoice | None:
        """Read a voice that a model is to go on with."""
        voice = self.read(name)
        if voice is None:
            return None
        if voice.model_digest != digest_of(model):
            raise VoiceError(
                f"voice {name} was learned by model {voice.model} (SHA-256 {voice.model_digest[:12]}), "
                f"this is {model.card.name} ({digest_of(model)[:12]}); choose that model, or {_advice(name)}"
            )
        try:
            model.open_voice(voice.state)
        except ValueError as error:
            raise VoiceError(f"voice {name}: {self.path_of(name)}: {error}; {_advice(name)}") from error
        return voice

    def missing(self, name: str) -> VoiceError:
        """Give the error for a voice that is not there."""
        known = ", ".join(self.names()) or "none yet"
        return VoiceError(f"there is no voice {name!r} in {self.path}; there are {known}")

    def write(self, voice: SavedVoice) -> Path:
        """Write a voice whole, in place of whatever has its name."""
        return self._write(voice, lambda: None)

    def write_after(self, before: SavedVoice | None, voice: SavedVoice) -> Path:
        """Write a voice that was learned from another one, unless that one was replaced meanwhile.

        What two sessions learned cannot be summed up: each window counts by what was known before it. So the
        first one that ends is kept, and the other is told.
        """

        def refuse_another() -> None:
            try:
                found = self.read(voice.name)
            except VoiceError as error:
                raise OutputError(f"what was learned is not saved: {error}") from error
            if found is not None and (before is None or voice_json(found) != voice_json(before)):
                raise OutputError(
                    f"voice {voice.name} was saved by another callmood meanwhile, and what this one learned "
                    "is not; learn a voice in one session at a time"
                )

        return self._write(voice, refuse_another)

    def _write(self, voice: SavedVoice, look: Callable[[], None]) -> Path:
        """Write a voice once `look` has passed what is there; nobody else writes in between."""
        path = self.path_of(voice.name)
        try:
            PRIVATE.make_folder(self.path)
            with locked_folder(self.path, PATIENCE_SECONDS) as locked:
                self._refuse_held(voice.name, locked)
                look()
                replace(path, voice_json(voice), PRIVATE)
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(
                f"voice {voice.name} cannot be saved: {path}: {error.strerror}; "
                "set CALLMOOD_VOICES to another folder"
            ) from error
        return path

    def _refuse_held(self, name: str, locked: Locked) -> None:
        if locked == "another's":
            raise OutputError(
                f"voice {name} is not saved: another callmood has been writing in {self.path} for "
                f"{PATIENCE_SECONDS:g} s; end it"
            )

    def delete(self, name: str) -> None:
        """Delete a voice for good."""
        path = self.path_of(name)
        try:
            path.unlink()
        except FileNotFoundError as error:
            raise self.missing(name) from error
        except OSError as error:
            raise VoiceError(f"{path} cannot be deleted ({error.strerror}); check its rights") from error


def _opened(path: Path) -> BinaryIO:
    """Open a voice's file; a pipe would wait for its writer, and a device never end."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return path.open("rb")


def _advice(name: str) -> str:
    return f"make it anew with `callmood enroll {name} --replace`"
