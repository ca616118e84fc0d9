"""The folder of one session in recordings/, and the file that says what it is."""

import errno
import json
from pathlib import Path
from typing import Final

from emotion.access import PRIVATE, Access
from emotion.errors import OutputError
from emotion.whole_file import replace, write_new
from emotion.write_errors import output_error
from streamer.lines.journal_lines import Line, facts_values, summary_values
from streamer.session_facts import SessionFacts, Summary

SESSION_FILE: Final = "session.json"


class SessionFolder:
    """`out_dir/session`, made when the first sink opens it; the sinks of a session share it.

    Parameters
    ----------
    out_dir : Path
        The folder of all recordings; made, with its parents, where it is missing.
    access : Access, optional
        Who may read what is written in it; by default the user alone.

    Attributes
    ----------
    path : Path
        The session's own folder, once it is open.
    access : Access
        As given.
    """

    def __init__(self, out_dir: Path, access: Access = PRIVATE) -> None:
        self.access = access
        self._out_dir = out_dir
        self.path = out_dir
        self._values: Line | None = None
        self._num_users = 0
        self._made: tuple[Path, ...] = ()

    def open(self, facts: SessionFacts) -> None:
        """Make the folder and write session.json, unless another sink has done so.

        Parameters
        ----------
        facts : SessionFacts
            What the session will be.

        Raises
        ------
        OutputError
            If the folder exists already, or cannot be made.
        """
        if self._values is not None:
            self._num_users += 1
            return
        self.path = self._out_dir / facts.session
        values = facts_values(facts)
        try:
            self._made = self.access.make_folder(self._out_dir)
            self.path.mkdir(self.access.folder_mode)
            self.path.chmod(self.access.folder_mode)
        except OSError as error:
            raise output_error(self.path, error) from error
        try:
            write_new(self.path / SESSION_FILE, _bytes(values), self.access)
        except OSError as error:
            self._withdraw()
            raise output_error(self.path / SESSION_FILE, error) from error
        self._values = values
        self._num_users = 1

    def explained(self, error: OutputError) -> OutputError:
        """Say so where nothing can be written because the folder has been taken away.

        Parameters
        ----------
        error : OutputError
            Of a file in it.

        Returns
        -------
        OutputError
            The same one where the folder is there.
        """
        if self.path.is_dir():
            return error
        return OutputError(f"{self.path} was taken away; put it back and saving goes on, or start again")

    def close(self, summary: Summary | None) -> None:
        """Add the summary to session.json.

        To be called once for each `open`. Where there is no summary, the last call removes a folder that
        holds nothing but session.json: a session that never began leaves no trace.

        Parameters
        ----------
        summary : Summary or None
            None where the session, or the sink that closes, was given up.

        Raises
        ------
        OutputError
            If the summary cannot be written, what the session is stays written; or if the folder cannot be
            removed.
        """
        if self._values is None:
            return
        self._num_users -= 1
        if summary is None:
            if not self._num_users and [entry.name for entry in self.path.glob("*")] == [SESSION_FILE]:
                self._withdraw()
            return
        try:
            values = {**self._values, "summary": summary_values(summary)}
            replace(self.path / SESSION_FILE, _bytes(values), self.access)
        except OSError as error:
            raise self.explained(output_error(self.path / SESSION_FILE, error)) from error

    def _withdraw(self) -> None:
        """Remove session.json and the folder, and those above it that were made for it and are empty."""
        try:
            (self.path / SESSION_FILE).unlink(missing_ok=True)
            for folder in (self.path, *self._made):
                folder.rmdir()
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
                raise output_error(self.path, error) from error


def _bytes(values: Line) -> bytes:
    """Write what people may want to read as well."""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    return text.encode("utf-8", "backslashreplace")
