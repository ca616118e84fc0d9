"""Files of what was learned of people: a few sums each, never sound, readable by their owner only.

`streamer.voices` and `streamer.lines` say what the sums are of. A file is bound to the model that learned it.
Its arrays read back bit-equal; it is checked as untrusted input.
"""

import errno
import json
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final, TypeVar

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from emotion.atomic_files import PRIVATE, locked_folder, replace
from emotion.decision import VoiceState
from emotion.errors import OutputError, UsageError, VoiceError
from emotion.untrusted import JsonValueError, Positive, Text, Versioned, convert, parse_object

if TYPE_CHECKING:
    from emotion.model import EmotionModel

FORMAT: Final = 1
SUFFIX: Final = ".json"
PATIENCE_SECONDS: Final = 10.0
"""How long to wait for other processes that write or forget voices and lines."""
RESERVED_NAME: Final = "last"
"""`callmood forget last` means a session."""

_NAME: Final = re.compile(r"\w[\w.-]{0,63}")
_MAX_FILE_BYTES: Final = 200_000
_DTYPES: Final = ("<f4", "<f8", "<i8")
_MAX_AXIS_LENGTH: Final = 100_000
_MAX_AXES: Final = 4


def voices_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the user's folder of voices and lines."""
    if named := environment.get("CALLMOOD_VOICES"):
        return Path(named)
    home = environment.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")  # noqa: PTH111 - Path.expanduser raises without a home
    return Path(home) / "callmood" / "voices"


def is_name(text: str) -> bool:
    """Tell whether a voice or a line may have this name."""
    return _NAME.fullmatch(unicodedata.normalize("NFC", text)) is not None


def checked_name(name: str, noun: str) -> str:
    """Check and normalise the name of a voice or a line."""
    if not is_name(name):
        raise UsageError(f"{name[:70]!a} is no name for a {noun}; use letters, digits, . - and _, at most 64")
    return unicodedata.normalize("NFC", name)


def refuse_reserved(name: str, noun: str) -> None:
    """Refuse a name that nothing new may get; what has it from before can still be listed and deleted."""
    if checked_name(name, noun) == RESERVED_NAME:
        raise UsageError(
            f"{RESERVED_NAME} is no name for a {noun}: it means the session that began last; give another"
        )


@dataclass(frozen=True, slots=True, eq=False)
class SavedState:
    """What files of voices and of lines have in common.

    Attributes
    ----------
    name : str
        As the user calls it.
    model, model_digest : str
        Name of the model that learned it, and the SHA-256 of its arrays.
    callmood_version, created, updated : str
        The program's own; the times are ISO 8601, UTC.
    state : mapping of str to ndarray
        What the model gave.
    """

    name: str
    model: str
    model_digest: str
    callmood_version: str
    created: str
    updated: str
    state: VoiceState


class StoredArray(Struct, frozen=True, forbid_unknown_fields=True):
    """An array in JSON."""

    dtype: Text
    shape: Annotated[tuple[Annotated[int, Meta(ge=0, le=_MAX_AXIS_LENGTH)], ...], Meta(max_length=_MAX_AXES)]
    values: list[int | float]


class StoredState(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The object in a file; that of a kind has the other fields of its `SavedState`."""

    format: Positive
    name: Text
    model: Text
    model_digest: Text
    callmood_version: Text
    created: Text
    updated: Text
    state: dict[str, StoredArray]


def stored_arrays(state: VoiceState) -> dict[str, dict[str, Any]]:
    """Give arrays as values that JSON has; they read back bit-equal."""
    return {
        name: {"dtype": array.dtype.str, "shape": array.shape, "values": array.ravel().tolist()}
        for name, array in state.items()
    }


def arrays_of(stored: Mapping[str, StoredArray]) -> dict[str, NDArray[Any]]:
    """Give the arrays again; JsonValueError where they cannot be."""
    return {name: _array_of(each) for name, each in stored.items()}


def _array_of(stored: StoredArray) -> NDArray[Any]:
    dtype, shape, numbers = stored.dtype, stored.shape, stored.values
    if dtype not in _DTYPES or len(numbers) != prod(shape):
        raise JsonValueError(f"{len(numbers)} values of type {dtype[:8]!a} are no array of shape {shape}")
    try:
        with np.errstate(over="raise"):
            array: NDArray[Any] = np.array(numbers, dtype=dtype).reshape(shape)
    except (OverflowError, FloatingPointError) as error:
        raise JsonValueError(f"a number is too big for type {dtype}") from error
    return array


def state_json(saved: SavedState, order: tuple[str, ...]) -> bytes:
    """Encode the content of a file, its keys in this order, and the sums last."""
    values = {"format": FORMAT} | {name: getattr(saved, name) for name in order}
    values["state"] = stored_arrays(saved.state)
    return (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


Saved = TypeVar("Saved", bound=SavedState)


def read_state(raw: bytes, kind: type[Saved], stored_kind: type[StoredState]) -> Saved:
    """Parse and check what `state_json` wrote; JsonValueError where it is none."""
    values = parse_object(raw)
    version = convert(values, Versioned).format
    if version > FORMAT:
        raise JsonValueError(f"it is of format {version}, this callmood reads up to {FORMAT}")
    stored = convert(values, stored_kind)
    found = {field.name: getattr(stored, field.name) for field in fields(kind)}
    return kind(**found | {"state": arrays_of(stored.state)})


def digest_of(model: "EmotionModel") -> str:
    """Give the digest that a voice or a line of this model must have."""
    from emotion.model import MODEL_NAME  # noqa: PLC0415 - whoever has a model has imported it

    return model.card.digests[MODEL_NAME]


@dataclass(frozen=True, slots=True)
class StateFile:
    """Where a voice or a line lies, what messages call it, and what they advise where it cannot be used."""

    path: Path
    what: str
    advice: str

    def check(self, saved: SavedState, model: "EmotionModel", open_voice: Callable[[], object]) -> None:
        """Raise VoiceError where another model learned it, or where `open_voice` does not take the sums."""
        if saved.model_digest != digest_of(model):
            raise VoiceError(
                f"{self.what} was learned by model {saved.model} (SHA-256 {saved.model_digest[:12]}), "
                f"this is {model.card.name} ({digest_of(model)[:12]}); choose that model, or {self.advice}"
            )
        try:
            open_voice()
        except ValueError as error:
            raise VoiceError(f"{self.what}: {self.path}: {error}; {self.advice}") from error


class StateFolder:
    """The user's folder of voices and lines, a private file each."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or voices_folder()

    def stems(self) -> list[str]:
        """List the names of all files, sorted, without their suffix; some may be nobody's."""
        return sorted(path.name.removesuffix(SUFFIX) for path in self.path.glob(f"[!.]*{SUFFIX}"))

    def read_file(self, file: StateFile, parse: Callable[[bytes], Saved]) -> Saved | None:
        """Read a file; None if there is none, VoiceError if it cannot be used."""
        try:
            with _opened(file.path) as opened:
                return parse(opened.read(_MAX_FILE_BYTES))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VoiceError(
                f"{file.what}: {file.path} cannot be read ({error.strerror}); check its rights"
            ) from error
        except JsonValueError as error:
            raise VoiceError(f"{file.what}: {file.path}: {error}; {file.advice}") from error

    def write_file(self, file: StateFile, content: Callable[[], bytes | None]) -> Path | None:
        """Write what `content` gives, atomically; None from it writes nothing.

        No other process writes or forgets in this folder while `content` runs.
        """
        try:
            PRIVATE.make_folder(self.path)
            with locked_folder(self.path, PATIENCE_SECONDS) as locked:
                if locked != "another's":
                    raw = content()
                    if raw is None:
                        return None
                    replace(file.path, raw, PRIVATE)
                    return file.path
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(
                f"{file.what} cannot be saved: {file.path}: {error.strerror}; "
                "set CALLMOOD_VOICES to another folder"
            ) from error
        raise OutputError(
            f"{file.what} is not saved: another callmood has been writing in {self.path} for "
            f"{PATIENCE_SECONDS:g} s; end it"
        )

    def delete_file(self, path: Path) -> bool:
        """Delete a file for good; False if there is none."""
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise VoiceError(f"{path} cannot be deleted ({error.strerror}); check its rights") from error
        return True


def _opened(path: Path) -> BinaryIO:
    """Open a regular file; a pipe would wait for its writer, and a device would never end."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return path.open("rb")
