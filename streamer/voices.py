"""Saved voices: the speaker baseline of a person, by name, to go on with in a later session."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emotion.errors import OutputError, VoiceError
from emotion.model import EmotionModel
from emotion.untrusted import SecondsSum
from streamer.saved_states import (
    SUFFIX,
    SavedState,
    StateFile,
    StateFolder,
    StoredState,
    checked_name,
    is_name,
    read_state,
    refuse_reserved,
    state_json,
)

_KEYS: Final = ("name", "model", "model_digest", "callmood_version", "created", "updated", "speech_seconds")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SavedVoice(SavedState):
    """The content of a voice's file; `state` is what `Voice.state` gave, after so much speech, s."""

    speech_seconds: float


class _StoredVoice(StoredState, frozen=True, forbid_unknown_fields=True, kw_only=True):
    speech_seconds: SecondsSum


def voice_json(voice: SavedVoice) -> bytes:
    """Encode a voice; its numbers read back bit-equal."""
    return state_json(voice, _KEYS)


def read_voice(raw: bytes) -> SavedVoice:
    """Parse and check what `voice_json` wrote."""
    return read_state(raw, SavedVoice, _StoredVoice)


class VoiceFolder(StateFolder):
    """The user's voices."""

    def path_of(self, name: str) -> Path:
        """Give the file of a voice."""
        return self.path / f"{checked_name(name, 'voice')}{SUFFIX}"

    def _file(self, name: str) -> StateFile:
        advice = f"make it anew with `callmood enroll {name} --replace`"
        return StateFile(self.path_of(name), f"voice {name}", advice)

    def names(self) -> list[str]:
        """List the names of the voices; files with other names are left out."""
        return [name for name in self.stems() if is_name(name)]

    def read(self, name: str) -> SavedVoice | None:
        """Read a voice; None if there is none."""
        voice = self.read_file(self._file(name), read_voice)
        # Renaming the file renames the voice.
        return None if voice is None else replace(voice, name=checked_name(name, "voice"))

    def for_model(self, name: str, model: EmotionModel) -> SavedVoice | None:
        """Read a voice and check that a model can continue it; None if there is none."""
        voice = self.read(name)
        if voice is not None:
            self._file(name).check(voice, model, lambda: model.open_voice(voice.state))
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
        refuse_reserved(voice.name, "voice")
        file = self._file(voice.name)

        def content() -> bytes:
            check()
            return voice_json(voice)

        self.write_file(file, content)
        return file.path

    def delete(self, name: str) -> None:
        """Delete a voice for good."""
        if not self.delete_file(self.path_of(name)):
            raise self.missing(name)
