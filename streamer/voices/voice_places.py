"""Where voices lie, and what they may be called."""

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from emotion.errors import UsageError

_NAME: Final = re.compile(r"\w[\w.-]{0,63}")


def voices_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Find the user's folder of voices.

    Parameters
    ----------
    environment : mapping of str to str
        ``CALLMOOD_VOICES`` names it; else it is ``callmood/voices`` in ``XDG_DATA_HOME``, or in
        ``~/.local/share``.

    Returns
    -------
    Path
        It need not be there.
    """
    if named := environment.get("CALLMOOD_VOICES"):
        return Path(named)
    home = environment.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")  # noqa: PTH111 - Path.expanduser raises without a home
    return Path(home) / "callmood" / "voices"


def is_voice_name(name: str) -> bool:
    """Tell whether a voice may be called so; see `voice_name`."""
    return _NAME.fullmatch(unicodedata.normalize("NFC", name)) is not None


def voice_name(name: str) -> str:
    """Look whether a voice may be called so.

    Parameters
    ----------
    name : str
        As typed.

    Returns
    -------
    str
        The same to the eye, in Unicode's normal form C.

    Raises
    ------
    UsageError
        If there is anything in it but letters and digits of any script, ``.``, ``-`` and ``_``, or it is
        empty or longer than 64 characters.
    """
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:70]!a} is no name for a voice; use letters, digits, . - and _, at most 64")
    return name
