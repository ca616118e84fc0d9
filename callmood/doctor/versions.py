"""Check Python and the libraries against the versions that callmood requires."""

import platform
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from operator import eq, ge, gt, le, lt, ne
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from callmood import __version__
from callmood.doctor.runner import Finding

Release: TypeAlias = tuple[int, ...]

_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9][\w.-]*)\s*([^;]*)")
_CLAUSE: Final = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)")
_RELEASE: Final = re.compile(r"\d+(?:\.\d+)*")
_COMPARE: Final[Mapping[str, Callable[[Release, Release], bool]]] = MappingProxyType(
    {">=": ge, "<=": le, "==": eq, "!=": ne, ">": gt, "<": lt}
)
_MAX_PARTS: Final = 8


@dataclass(frozen=True, slots=True)
class Requirement:
    """A library, and the versions that will do.

    Attributes
    ----------
    name : str
        Of the distribution.
    versions : str
        Such as ``>=2.0,<3``; empty where any will do.
    """

    name: str
    versions: str

    @classmethod
    def parse(cls, text: str) -> "Requirement":
        """Read a line of pyproject.toml or of an installed package's metadata."""
        match = _REQUIREMENT.match(text.strip())
        if match is None:
            raise ValueError(f"{text!r} names no library")
        return cls(match[1], match[2].strip())

    def allows(self, version: str) -> bool:
        """Tell whether a version will do."""
        match = _RELEASE.match(version)
        if match is None:
            return False
        release = _parts(match[0])
        for text in filter(None, (part.strip() for part in self.versions.split(","))):
            clause = _CLAUSE.fullmatch(text)
            if clause is None:
                raise ValueError(f"{self.name} asks for {text!r}, which is no version clause known here")
            if not _COMPARE[clause[1]](release, _parts(clause[2])):
                return False
        return True


def _parts(numbers: str) -> Release:
    """Give the numbers, filled up with zeros: 2 and 2.0 are the same."""
    parts = tuple(int(number) for number in numbers.split("."))[:_MAX_PARTS]
    return parts + (0,) * (_MAX_PARTS - len(parts))


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
    """Read what callmood asks for: in a checkout from pyproject.toml, else from what pip has installed."""
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    if pyproject.is_file():
        project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
        python, lines = project["requires-python"], project["dependencies"]
    else:
        python = metadata.metadata("callmood")["Requires-Python"]
        lines = [line for line in metadata.requires("callmood") or () if "extra ==" not in line]
    return Needs(Requirement("python", python), tuple(map(Requirement.parse, lines)))


def look_at_python() -> Iterator[Finding]:
    """Look at the interpreter, and say where this is."""
    wanted, version = needs().python, platform.python_version()
    found = (
        f"{version}, needs {wanted.versions}; callmood {__version__}, {platform.system()} "
        f"{platform.release()} {platform.machine()}"
    )
    ok = wanted.allows(version)
    yield Finding("python", ok, found, None if ok else f"install callmood with a Python {wanted.versions}")


def look_at_libraries() -> Iterator[Finding]:
    """Look at the versions of the libraries that listening needs; nothing is imported."""
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
