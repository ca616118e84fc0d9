"""Saved lines: what is usual on a microphone, trunk or room, by name and codec, from the callers so far.

A line sums up several people. One of them cannot be taken out again: a line is removed as a whole.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emotion.decision import LineState, line_voices
from emotion.errors import OutputError, UsageError, VoiceError
from emotion.model import EmotionModel
from emotion.untrusted import Text
from streamer.saved_states import (
    SUFFIX,
    SavedState,
    StateFile,
    StateFolder,
    StoredState,
    checked_name,
    is_name,
    read_state,
    state_json,
)

NARROWBAND: Final = "narrowband"
WIDEBAND: Final = "wideband"
CODECS: Final = (NARROWBAND, WIDEBAND)
"""What `codec_of` gives; a line may have others."""

_NARROWBAND_RATE: Final = 8000
_KEYS: Final = ("name", "codec", "model", "model_digest", "callmood_version", "created", "updated")
_SIGN: Final = "@"
"""Between name and codec; no name of a voice has it."""


def codec_of(sample_rate: int) -> str:
    """Name what the line does to sound, as far as the sample rate of the source tells."""
    return NARROWBAND if sample_rate <= _NARROWBAND_RATE else WIDEBAND


@dataclass(frozen=True, slots=True)
class LineKey:
    """A name and a codec: lines with another codec, or another name, have nothing in common."""

    name: str
    codec: str

    def __post_init__(self) -> None:
        """Check both."""
        for field, noun in (("name", "line"), ("codec", "codec")):
            object.__setattr__(self, field, checked_name(getattr(self, field), noun))

    def __str__(self) -> str:
        """Give it as lists and messages have it: ``office@wideband``."""
        return f"{self.name}{_SIGN}{self.codec}"

    @classmethod
    def parse(cls, text: str) -> "LineKey | None":
        """Read what `str` gave; None for anything else."""
        name, sign, codec = text.rpartition(_SIGN)
        return cls(name, codec) if sign and is_name(name) and is_name(codec) else None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SavedLine(SavedState):
    """The content of a line's file; `state` is what `Voice.line_state` gave."""

    codec: str

    @property
    def key(self) -> LineKey:
        """Which line it is."""
        return LineKey(self.name, self.codec)

    @property
    def num_voices(self) -> int:
        """How many callers it sums up."""
        return line_voices(self.state)


class _StoredLine(StoredState, frozen=True, forbid_unknown_fields=True, kw_only=True):
    codec: Text


def line_json(line: SavedLine) -> bytes:
    """Encode a line; its numbers read back bit-equal."""
    return state_json(line, _KEYS)


def read_line(raw: bytes) -> SavedLine:
    """Parse and check what `line_json` wrote."""
    return read_state(raw, SavedLine, _StoredLine)


class LineFolder(StateFolder):
    """The user's lines, in the folder of voices; their files have an @ in their names."""

    def path_of(self, key: LineKey) -> Path:
        """Give the file of a line."""
        return self.path / f"{key}{SUFFIX}"

    def _file(self, key: LineKey) -> StateFile:
        advice = f"begin the line anew with `callmood voices --delete {key}`"
        return StateFile(self.path_of(key), f"line {key}", advice)

    def keys(self) -> list[LineKey]:
        """List the lines; files with other names are left out."""
        return [key for key in map(LineKey.parse, self.stems()) if key is not None]

    def named(self, text: str) -> list[LineKey]:
        """List the lines that a user means: all codecs of a name, or the one of ``name@codec``."""
        text = unicodedata.normalize("NFC", text)
        return [key for key in self.keys() if text in {key.name, str(key)}]

    def read(self, key: LineKey) -> SavedLine | None:
        """Read a line; None if there is none."""
        line = self.read_file(self._file(key), read_line)
        # Renaming the file renames the line.
        return None if line is None else replace(line, name=key.name, codec=key.codec)

    def for_model(self, key: LineKey, model: EmotionModel) -> SavedLine | None:
        """Read a line and check that a model can use it; None if there is none."""
        line = self.read(key)
        if line is not None:
            self._file(key).check(line, model, lambda: model.open_voice(line=line.state))
        return line

    def add_voice(
        self, fresh: SavedLine, model: EmotionModel, add: Callable[[LineState], LineState | None]
    ) -> Path | None:
        """Add a voice to the line as it is now; None where `add` changes nothing.

        Voices on a line are independent, so that those of several sessions at once all count: the file is
        read again under the lock. `fresh` is what a line without a file begins with.
        """
        key = fresh.key

        def content() -> bytes | None:
            try:
                found = self.for_model(key, model)
            except VoiceError as error:
                raise OutputError(f"the voice is not added: {error}") from error
            before = {} if found is None else found.state
            after = add(before)
            if after is None or line_voices(after) == 0 or _is_same(before, after):
                return None
            created = fresh.created if found is None else found.created
            return line_json(replace(fresh, created=created, state=after))

        return self.write_file(self._file(key), content)

    def delete(self, text: str) -> list[Path]:
        """Delete a line for good, ``name@codec``, or all codecs of a name."""
        paths = [path for key in self.named(text) if self.delete_file(path := self.path_of(key))]
        if not paths:
            raise self.missing(text)
        return paths

    def missing(self, text: str) -> VoiceError:
        """Give the error for a line that does not exist."""
        known = ", ".join(map(str, self.keys())) or "none yet"
        return VoiceError(f"there is no line {text!r} in {self.path}; there are {known}")


def _is_same(one: LineState, other: LineState) -> bool:
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)


def refuse_line_for(model: EmotionModel) -> None:
    """Stop where a line is named and the model can do nothing with it."""
    if not model.knows_lines:
        raise UsageError(f"model {model.card.name} knows no lines; leave --line out, or choose another")
