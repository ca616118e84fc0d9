"""Saved voices: one JSON file each, readable by its owner only, bound to the model that learned it.

A file holds a few sums, never sound. Its arrays read back bit-equal; a file is checked as untrusted input.
"""

import errno
import json
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from dataclasses import replace as replace_fields
from math import prod
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import numpy as np
from msgspec import Meta, Struct
from msgspec.structs import asdict
from numpy.typing import NDArray

from emotion.atomic_files import PRIVATE, locked_folder, replace
from emotion.decision import VoiceState
from emotion.errors import OutputError, UsageError, VoiceError
from emotion.model import MODEL_NAME, EmotionModel
from emotion.untrusted import JsonValueError, Positive, SecondsSum, Text, Versioned, convert, parse_object

_VOICE_NAME: Final = re.compile(r"\w[\w.-]{0,63}")


def voices_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the user's folder of voices."""
    if named := environment.get("CALLMOOD_VOICES"):
        return Path(named)
    home = environment.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")  # noqa: PTH111 - Path.expanduser raises without a home
    return Path(home) / "callmood" / "voices"


def voice_name(name: str) -> str:
    """Check and normalise the name of a voice."""
    name = unicodedata.normalize("NFC", name)
    if not _VOICE_NAME.fullmatch(name):
        raise UsageError(f"{name[:70]!a} is no name for a voice; use letters, digits, . - and _, at most 64")
    return name


RESERVED_NAME: Final = "last"
"""`callmood forget last` means a session."""


def refuse_reserved(name: str) -> None:
    """Refuse a name that no voice may get; one that has it from before can still be listed and deleted."""
    if voice_name(name) == RESERVED_NAME:
        raise UsageError(
            f"{RESERVED_NAME} is no name for a voice: it means the session that began last; give another"
        )


_DTYPES: Final = ("<f4", "<f8", "<i8")
_MAX_AXIS_LENGTH: Final = 100_000
_MAX_AXES: Final = 4


class _StoredArray(Struct, frozen=True, forbid_unknown_fields=True):
    dtype: Text
    shape: Annotated[tuple[Annotated[int, Meta(ge=0, le=_MAX_AXIS_LENGTH)], ...], Meta(max_length=_MAX_AXES)]
    values: list[int | float]


def _array_of(stored: _StoredArray) -> NDArray[Any]:
    dtype, shape, numbers = stored.dtype, stored.shape, stored.values
    if dtype not in _DTYPES or len(numbers) != prod(shape):
        raise JsonValueError(f"{len(numbers)} values of type {dtype[:8]!a} are no array of shape {shape}")
    try:
        with np.errstate(over="raise"):
            array: NDArray[Any] = np.array(numbers, dtype=dtype).reshape(shape)
    except (OverflowError, FloatingPointError) as error:
        raise JsonValueError(f"a number is too big for type {dtype}") from error
    return array


VOICE_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class SavedVoice:
    """The content of a voice's file.

    `model_digest` is the SHA-256 of the arrays of the model that learned it; the times are ISO 8601, UTC;
    `state` is what `Voice.state` gave.
    """

    name: str
    model: str
    model_digest: str
    callmood_version: str
    created: str
    updated: str
    speech_seconds: float
    state: VoiceState


class _StoredVoice(Struct, frozen=True, forbid_unknown_fields=True):
    format: Positive
    name: Text
    model: Text
    model_digest: Text
    callmood_version: Text
    created: Text
    updated: Text
    speech_seconds: SecondsSum
    state: dict[str, _StoredArray]


def voice_json(voice: SavedVoice) -> bytes:
    """Encode a voice; its numbers read back bit-equal."""
    values = {"format": VOICE_FORMAT} | {each.name: getattr(voice, each.name) for each in fields(voice)}
    values["state"] = {
        name: {"dtype": array.dtype.str, "shape": array.shape, "values": array.ravel().tolist()}
        for name, array in voice.state.items()
    }
    return (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read_voice(raw: bytes) -> SavedVoice:
    """Parse and check what `voice_json` wrote."""
    values = parse_object(raw)
    version = convert(values, Versioned).format
    if version > VOICE_FORMAT:
        raise JsonValueError(f"it is of format {version}, this callmood reads up to {VOICE_FORMAT}")
    stored = asdict(convert(values, _StoredVoice))
    del stored["format"]
    return SavedVoice(**stored | {"state": {name: _array_of(each) for name, each in stored["state"].items()}})


SUFFIX: Final = ".json"
_MAX_FILE_BYTES: Final = 200_000
PATIENCE_SECONDS: Final = 10.0
"""How long to wait for other processes that write or forget voices."""


def digest_of(model: EmotionModel) -> str:
    """Give the digest that a voice of this model must have."""
    return model.card.digests[MODEL_NAME]


class VoiceFolder:
    """The user's voices, a private file each."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or voices_folder()

    def path_of(self, name: str) -> Path:
        """Give the file of a voice."""
        return self.path / f"{voice_name(name)}{SUFFIX}"

    def names(self) -> list[str]:
        """List the names of the voices; files with other names are left out."""
        found = (path.name.removesuffix(SUFFIX) for path in self.path.glob(f"[!.]*{SUFFIX}"))
        return sorted(name for name in found if _VOICE_NAME.fullmatch(unicodedata.normalize("NFC", name)))

    def read(self, name: str) -> SavedVoice | None:
        """Read a voice; None if there is none."""
        path = self.path_of(name)
        try:
            with _opened(path) as file:
                raw = file.read(_MAX_FILE_BYTES)
            # Renaming the file renames the voice.
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
        """Read a voice and check that a model can continue it; None if there is none."""
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
        """Give the error for a voice that does not exist."""
        known = ", ".join(self.names()) or "none yet"
        return VoiceError(f"there is no voice {name!r} in {self.path}; there are {known}")

    def write(self, voice: SavedVoice) -> Path:
        """Write a voice atomically; replace one of the same name."""
        return self._write(voice, lambda: None)

    def write_after(self, before: SavedVoice | None, voice: SavedVoice) -> Path:
        """Write a voice that continues `before`, unless the file has changed since `before` was read.

        What two sessions learned cannot be added up: the weight of a window depends on those before it.
        So the first session to end is kept, and the other one fails.
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

    def _write(self, voice: SavedVoice, check: Callable[[], None]) -> Path:
        """Write a voice if `check` does not raise; no other process writes in between."""
        refuse_reserved(voice.name)
        path = self.path_of(voice.name)
        try:
            PRIVATE.make_folder(self.path)
            with locked_folder(self.path, PATIENCE_SECONDS) as locked:
                if locked != "another's":
                    check()
                    replace(path, voice_json(voice), PRIVATE)
                    return path
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(
                f"voice {voice.name} cannot be saved: {path}: {error.strerror}; "
                "set CALLMOOD_VOICES to another folder"
            ) from error
        raise OutputError(
            f"voice {voice.name} is not saved: another callmood has been writing in {self.path} for "
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
    """Open a voice's file; a pipe would wait for its writer, and a device would never end."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return path.open("rb")


def _advice(name: str) -> str:
    return f"make it anew with `callmood enroll {name} --replace`"
