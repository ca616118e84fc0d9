"""The voices of a user: read, held against a model, written, deleted."""

import errno
from collections.abc import Callable
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import BinaryIO, Final

from emotion.access import PRIVATE
from emotion.errors import OutputError, VoiceError
from emotion.folder_lock import Locked, locked_folder
from emotion.json_values import JsonValueError
from emotion.model import EmotionModel
from emotion.model_file import MODEL_NAME
from emotion.whole_file import replace
from streamer.voices.saved_voice import SavedVoice, read_voice, voice_json
from streamer.voices.voice_places import is_voice_name, voice_name, voices_folder

SUFFIX: Final = ".json"
_MAX_FILE_BYTES: Final = 200_000
PATIENCE_SECONDS: Final = 10.0
"""How long to wait for others that write or forget voices."""


def digest_of(model: EmotionModel) -> str:
    """Give what a voice of this model must name.

    Parameters
    ----------
    model : EmotionModel
        Loaded, so that its digest was checked.

    Returns
    -------
    str
        SHA-256 of its arrays, in hexadecimal.
    """
    return model.card.digests[MODEL_NAME]


class VoiceFolder:
    """Voices as files, one each, readable by their owner alone.

    Parameters
    ----------
    path : Path, optional
        `voices_folder` unless given.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or voices_folder()

    def path_of(self, name: str) -> Path:
        """Give the place of a voice.

        Parameters
        ----------
        name : str
            As `voice_name` lets it pass.

        Returns
        -------
        Path
            Of a file that need not be there.

        Raises
        ------
        UsageError
            If it is no name for a voice.
        """
        return self.path / f"{voice_name(name)}{SUFFIX}"

    def names(self) -> list[str]:
        """List the voices by name; empty where no folder is yet. What no voice can be called is none."""
        found = (path.name.removesuffix(SUFFIX) for path in self.path.glob(f"[!.]*{SUFFIX}"))
        return sorted(name for name in found if is_voice_name(name))

    def read(self, name: str) -> SavedVoice | None:
        """Read a voice.

        Parameters
        ----------
        name : str
            As `path_of` takes it.

        Returns
        -------
        SavedVoice or None
            None where there is none of this name.

        Raises
        ------
        VoiceError
            If the file cannot be read or is damaged.
        """
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
        """Read a voice that a model is to go on with.

        Parameters
        ----------
        name : str
            As `path_of` takes it.
        model : EmotionModel
            To hear with.

        Returns
        -------
        SavedVoice or None
            Its state opens with this model; None where there is none of this name.

        Raises
        ------
        VoiceError
            If it is damaged, or another model learned it.
        """
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
        """Give the error for a voice that is not there.

        Parameters
        ----------
        name : str
            As it was asked for.

        Returns
        -------
        VoiceError
            To be raised; it names those that are there.
        """
        known = ", ".join(self.names()) or "none yet"
        return VoiceError(f"there is no voice {name!r} in {self.path}; there are {known}")

    def write(self, voice: SavedVoice) -> Path:
        """Write a voice whole, in place of whatever has its name.

        Parameters
        ----------
        voice : SavedVoice
            With its name.

        Returns
        -------
        Path
            Where it lies now.

        Raises
        ------
        OutputError
            If it cannot be written; what was there is still there then.
        """
        return self._write(voice, lambda: None)

    def write_after(self, before: SavedVoice | None, voice: SavedVoice) -> Path:
        """Write a voice that was learned from another one, unless that one was replaced meanwhile.

        What two sessions learned cannot be summed up: each window counts by what was known before it. So the
        first one that ends is kept, and the other is told.

        Parameters
        ----------
        before : SavedVoice or None
            The voice as it was read; None where there was none. Where it was deleted, the new one is written.
        voice : SavedVoice
            With the same name.

        Returns
        -------
        Path
            Where it lies now.

        Raises
        ------
        OutputError
            If there is another voice of this name by now, or it cannot be written; what is there stays.
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
        """Delete a voice for good.

        Parameters
        ----------
        name : str
            As `path_of` takes it.

        Raises
        ------
        VoiceError
            If there is none of this name, or it cannot be deleted.
        """
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
