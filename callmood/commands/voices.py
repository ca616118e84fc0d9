"""`callmood voices`: list the saved voices and lines, or delete one."""

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeVar

from callmood.commands import table

if TYPE_CHECKING:
    from pathlib import Path

    from streamer.lines import LineFolder
    from streamer.saved_states import SavedState
    from streamer.voices import VoiceFolder

Key = TypeVar("Key")
Saved = TypeVar("Saved", bound="SavedState")

SUMMARY: Final = "List the saved voices and lines, or delete one."

_COLUMNS: Final = ("voice", "model", "learned from", "last heard")
_LINE_COLUMNS: Final = ("line", "model", "learned from", "last heard")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--delete", metavar="NAME", help="delete this voice or line for good (default: list all)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of the table")
    parser.epilog = (
        "`callmood enroll` and `callmood listen --voice NAME` save a voice, `callmood listen --line NAME` "
        "a line: what is usual on a microphone, trunk or room, from the callers so far. The name of a line "
        "ends with its codec: office@wideband; --delete office deletes all codecs, unless a voice is called "
        "so. Deleting a line is "
        "its reset. Both are a few sums, no sound, in files that only you can read: in $CALLMOOD_VOICES, or "
        "callmood/voices in $XDG_DATA_HOME (~/.local/share).\n"
        "\n"
        "examples:\n"
        "  callmood voices\n"
        "  callmood voices --delete anna\n"
        "  callmood voices --delete office@wideband\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """List the voices and lines, or delete one."""
    import json

    from streamer.lines import LineFolder
    from streamer.sinks.base import counted
    from streamer.voices import VoiceFolder

    voice_folder = VoiceFolder()
    line_folder = LineFolder(voice_folder.path)
    if arguments.delete is not None:
        for path in _delete(arguments.delete, voice_folder, line_folder):
            sys.stdout.write(f"deleted {path}\n")
        return 0
    voices, code = _readable(voice_folder.read, voice_folder.names())
    lines, code_of_lines = _readable(line_folder.read, line_folder.keys())
    if arguments.json:
        facts = [
            _facts("voice", voice, voice_folder.path_of(voice.name))
            | {"speech_seconds": voice.speech_seconds}
            for voice in voices
        ]
        facts += [
            _facts("line", line, line_folder.path_of(line.key))
            | {"codec": line.codec, "voices": line.num_voices}
            for line in lines
        ]
        sys.stdout.write(json.dumps(facts, indent=2) + "\n")
        return code or code_of_lines
    rows = [_row(voice.name, voice, f"{voice.speech_seconds:.1f} s") for voice in voices]
    line_rows = [_row(str(line.key), line, counted(line.num_voices, "voice")) for line in lines]
    tables = [[columns, *each] for columns, each in ((_COLUMNS, rows), (_LINE_COLUMNS, line_rows)) if each]
    nothing = f"no voices in {voice_folder.path}; make one with callmood enroll NAME\n"
    sys.stdout.write("\n".join(map(table, tables)) if tables else nothing)
    return code or code_of_lines


def _readable(read: "Callable[[Key], Saved | None]", keys: Iterable[Key]) -> tuple[list[Saved], int]:
    """Read all; report those that are damaged, and give the exit code."""
    from callmood.process import complain
    from emotion.errors import VoiceError

    found: list[Saved] = []
    code = 0
    for key in keys:
        try:
            saved = read(key)
        except VoiceError as error:
            code = complain(error)
        else:
            found += [] if saved is None else [saved]
    return found, code


def _facts(kind: str, saved: "SavedState", path: "Path") -> dict[str, object]:
    return {
        "kind": kind,
        "name": saved.name,
        "file": str(path),
        "model": saved.model,
        "model_digest": saved.model_digest,
        "callmood_version": saved.callmood_version,
        "created": saved.created,
        "updated": saved.updated,
    }


def _row(name: str, saved: "SavedState", learned_from: str) -> tuple[str, ...]:
    return (name, saved.model, learned_from, saved.updated.replace("T", " ")[:16])


def _delete(name: str, voices: "VoiceFolder", lines: "LineFolder") -> "list[Path]":
    """Delete a voice, or the line where there is no voice of that name."""
    if "@" in name or (lines.named(name) and not voices.path_of(name).exists()):
        return lines.delete(name)
    voices.delete(name)
    return [voices.path_of(name)]
