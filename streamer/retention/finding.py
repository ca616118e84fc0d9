"""Which session or voice is meant by a name."""

from pathlib import Path
from typing import Final

from emotion import wall_clock
from emotion.errors import OutputError, UsageError
from emotion.printable import printable
from streamer.recorder.session_folder import SESSION_FILE
from streamer.retention.forgetting import Forgettable, ForgettableSession, ForgettableVoice
from streamer.retention.layout import SESSION_ID
from streamer.retention.opened_folder import entries, opened_folder
from streamer.retention.survey import Survey
from streamer.voices.voice_folder import VoiceFolder

_NUM_NAMED: Final = 3


def find_forgettable(name: str, out_dir: Path, voices: VoiceFolder) -> Forgettable:
    """Find what a name means.

    Parameters
    ----------
    name : str
        A session's id or the beginning of one alone, or a voice's name.
    out_dir : Path
        The folder of all recordings.
    voices : VoiceFolder
        The user's.

    Returns
    -------
    Forgettable
        The session or the voice.

    Raises
    ------
    UsageError
        If nothing is called so, or more than one thing, or it is a link.
    OutputError
        If the session is being recorded, or a folder cannot be looked into.
    """
    try:
        sessions = _sessions(name, out_dir)
        voice = _voice(name, voices)
        if voice is not None and sessions:
            raise UsageError(
                f"{name!a} is a voice, and means session {printable(sessions[0])} as well; type more of "
                f"the session's id, or for the voice callmood voices --delete {name}"
            )
        if len(sessions) > 1:
            more = f" and {len(sessions) - _NUM_NAMED} more" if len(sessions) > _NUM_NAMED else ""
            named = ", ".join(printable(session) for session in sessions[:_NUM_NAMED])
            raise UsageError(f"{name!a} begins {len(sessions)} sessions, {named}{more}; type more of one")
        if sessions:
            return _session(sessions[0], out_dir)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"cannot look into {printable(out_dir)}: {error.strerror or error}; check its rights"
        ) from error
    if voice is None:
        raise UsageError(
            f"{name[:70]!a} is neither a session in {printable(out_dir)} nor a voice in "
            f"{printable(voices.path)}; callmood sessions and callmood voices list them"
        )
    return voice


def _sessions(name: str, out_dir: Path) -> list[str]:
    """List the session of this name, or else those whose ids begin so."""
    if not name:
        return []
    try:
        with opened_folder(out_dir) as recordings:
            found = sorted(
                entry.name
                for entry in entries(recordings)
                if entry.name.startswith(name) and (out_dir / entry.name / SESSION_FILE).is_file()
            )
    except FileNotFoundError:
        return []
    return [name] if name in found else found


def _session(session: str, out_dir: Path) -> ForgettableSession:
    path = out_dir / session
    if path.is_symlink():
        raise UsageError(f"{printable(path)} is a link; remove it, and what it leads to, yourself")
    survey, now = Survey(), wall_clock.now()
    survey.begin_pass(now)
    with opened_folder(out_dir) as recordings:
        held = survey.look_at(session, recordings)
        # Whoever has given the folder another name can still forget it; session.json may be damaged.
        if held is None or not SESSION_ID.fullmatch(held.named or session):
            raise UsageError(f"{printable(path)} is not callmood's: its session.json tells of no session")
        found = ForgettableSession(out_dir, held)
        with opened_folder(session, recordings) as folder:
            found.refuse_recorded(folder, now)
    return found


def _voice(name: str, voices: VoiceFolder) -> ForgettableVoice | None:
    try:
        path = voices.path_of(name)
    except UsageError:
        return None
    if path.is_symlink():
        raise UsageError(f"{printable(path)} is a link; remove it, and what it leads to, yourself")
    return ForgettableVoice(path, name) if path.is_file() else None
