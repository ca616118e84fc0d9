"""Python and the libraries, held against what callmood asks for."""

import platform
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from callmood import __version__
from callmood.doctor.finding import Finding
from callmood.doctor.requirement import Requirement


class Needs(NamedTuple):
    """What callmood asks for.

    Attributes
    ----------
    python : Requirement
        The interpreter.
    libraries : tuple of Requirement
        What listening needs; extras are left out.
    """

    python: Requirement
    libraries: tuple[Requirement, ...]


def needs() -> Needs:
    """Read what callmood asks for: in a checkout from pyproject.toml, else from what pip has installed.

    Returns
    -------
    Needs
        The versions that will do.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If there is neither.
    """
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    if pyproject.is_file():
        project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
        python, lines = project["requires-python"], project["dependencies"]
    else:
        python = metadata.metadata("callmood")["Requires-Python"]
        lines = [line for line in metadata.requires("callmood") or () if "extra ==" not in line]
    return Needs(Requirement("python", python), tuple(map(Requirement.parse, lines)))


def look_at_python() -> Iterator[Finding]:
    """Look at the interpreter, and say where this is.

    Yields
    ------
    Finding
        One.
    """
    wanted, version = needs().python, platform.python_version()
    found = (
        f"{version}, needs {wanted.versions}; callmood {__version__}, {platform.system()} "
        f"{platform.release()} {platform.machine()}"
    )
    ok = wanted.allows(version)
    yield Finding("python", ok, found, None if ok else f"install callmood with a Python {wanted.versions}")


def look_at_libraries() -> Iterator[Finding]:
    """Look at the versions of the libraries that listening needs; nothing is imported.

    Yields
    ------
    Finding
        One for all that will do, and one for each that will not.
    """
    fitting = []
    for wanted in needs().libraries:
        try:
            # Damaged metadata have no version at all.
            version: str | None = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            version = None
        if version is not None and wanted.allows(version):
            fitting.append(f"{wanted.name} {version}")
            continue
        found = f"{wanted.name} {version or 'is missing'}, needs {wanted.versions}"
        advice = f"{sys.executable} -m pip install '{wanted.name}{wanted.versions}'"
        yield Finding("library", False, found, f"type: {advice}")
    if fitting:
        yield Finding("library", True, ", ".join(fitting))
