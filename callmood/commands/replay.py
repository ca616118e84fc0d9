"""`callmood replay`: a recording through the path that a microphone takes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.process import compute_on_one_thread
from callmood.session_options import add_session_arguments, check_ended, parse_started
from emotion.atomic_files import is_file
from emotion.errors import printable

if TYPE_CHECKING:
    from datetime import datetime

    from streamer.recordings.lookup import StoredSession

SUMMARY: Final = "Replay a recording through the path that a microphone takes."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "file",
        metavar="FILE|SESSION",
        type=Path,
        help="recording in any format that libsndfile reads: WAV, FLAC, Opus, MP3; or a session that "
        "--record-session recorded: its id, a unique beginning of it, its folder, its journal, or `last`",
    )
    parser.add_argument(
        "--fast", action="store_true", help="analyse as fast as possible (default: at real speed)"
    )
    parser.add_argument(
        "--started",
        metavar="TIME",
        help="when the recording began, as ISO 8601 such as 2026-07-01T07:12:00+02:00, or without an offset "
        "in local time: stamps are then its time (default: a session's own; of a recording unknown, and "
        "stamps are stream time)",
    )
    add_session_arguments(parser)
    parser.epilog = (
        "The channels of a stereo recording are two legs, left and right, unless they are identical; "
        "`--legs mono` mixes them down. A session is replayed with its own legs, its gaps, and its lines as "
        "they were, to which nothing is added; a file of the same name is preferred.\n"
        "\n"
        "examples:\n"
        "  callmood replay call.wav --spectrogram\n"
        "  callmood replay call.wav --fast -q --journal call.jsonl\n"
        "  callmood replay call.wav --moments angry,sad --started 2026-07-01T07:12:00\n"
        "  callmood replay last --fast --model speech-light\n"
        "  callmood replay call.wav -l left=customer,right=agent --analyse customer\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Replay."""
    compute_on_one_thread()
    from callmood.session_builder import check_session

    check_session(arguments)
    started = None if arguments.started is None else parse_started(arguments.started)
    if (stored := _session_of(arguments)) is not None:
        return _replay_session(arguments, stored, started)
    return _replay_file(arguments, started)


def _session_of(arguments: argparse.Namespace) -> "StoredSession | None":
    """Find the session that is meant; None for a recording."""
    import os

    from emotion.errors import UsageError
    from streamer.recordings.lookup import find_session, is_journal_file
    from streamer.recordings.session_folder import JOURNAL_FILE

    given = arguments.file
    is_there = is_file(given)
    if os.path.exists(given) and not given.is_dir() and not (is_there and is_journal_file(given)):  # noqa: PTH110
        return None
    try:
        stored = find_session(str(given), Path(arguments.out))
    except UsageError:
        # Something with an ending or a folder in its name is meant as a file, which is not there.
        if given.suffix or len(given.parts) > 1:
            return None
        raise
    if is_there and stored.folder is None and given.name != JOURNAL_FILE:
        raise UsageError(
            f"{printable(given)} is a journal, and its session's sound is not in {printable(arguments.out)}; "
            "name the folder of recordings with --out"
        )
    return stored


def _replay_file(arguments: argparse.Namespace, started: "datetime | None") -> int:
    from callmood.session_builder import claim_outputs, run_session
    from emotion.audio_io import AudioFile
    from streamer.leg_plan import LegPlan
    from streamer.recordings.session_folder import kept_while_read
    from streamer.sources.file import FileSource, are_channels_same

    path = arguments.file
    outputs = claim_outputs(arguments, [path])
    with kept_while_read(path):
        audio = AudioFile(path)
        if started is not None:
            check_ended(started, audio.num_samples / audio.sample_rate)
        # One voice written twice is one leg.
        usual = (LegPlan(),) if audio.channels > 1 and are_channels_same(AudioFile(path)) else ()
        return run_session([FileSource(audio, fast=arguments.fast)], arguments, outputs, usual, started)


def _replay_session(
    arguments: argparse.Namespace, stored: "StoredSession", started: "datetime | None"
) -> int:
    """Replay the whole sound of a session through its own legs."""
    from callmood.session_builder import claim_outputs, run_session
    from emotion.errors import UsageError
    from streamer.recordings.journal_reader import read_session_info
    from streamer.recordings.session_folder import SESSION_FILE, kept_while_read
    from streamer.recordings.sound_reader import kept_sounds
    from streamer.session_info import SessionClock
    from streamer.sources.file import BLOCK_SECONDS, FileSource, Playback

    if stored.folder is None:
        raise UsageError(f"session {printable(stored.name)} has no folder; name the folder of recordings")
    session_file = stored.folder / SESSION_FILE
    outputs = claim_outputs(arguments, [stored.folder, session_file])
    with kept_while_read(session_file):
        info = read_session_info(session_file)
        legs, sounds = kept_sounds(stored.folder, info)
        if not sounds:
            raise UsageError(
                f"session {printable(stored.name)} has no whole sound, which a replay needs; record with "
                "--record-session, or replay one of its clips"
            )
        if started is not None:
            check_ended(started, max(sound.num_samples / sound.sample_rate for sound in sounds))
        elif info.clock != "stream":
            started = SessionClock.of(info).started
        playback = Playback(len(sounds))
        # Blocks are short where legs of two sources are compared.
        seconds = BLOCK_SECONDS if len(sounds) > 1 else None
        sources = [
            FileSource(sound, fast=arguments.fast, block_seconds=seconds, turn=(playback, number))
            for number, sound in enumerate(sounds)
        ]
        return run_session(sources, arguments, outputs, legs, started, usual_lines=info.lines)
