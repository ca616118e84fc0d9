"""What a package asks of another's version, as pyproject.toml writes it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from types import MappingProxyType
from typing import Final, TypeAlias

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
        """Read a line of pyproject.toml or of an installed package's metadata.

        Parameters
        ----------
        text : str
            Such as ``numpy>=2.0,<3``; what stands after a semicolon is not looked at.

        Returns
        -------
        Requirement
            With its clauses as they are written.

        Raises
        ------
        ValueError
            If it does not begin with a name.
        """
        match = _REQUIREMENT.match(text.strip())
        if match is None:
            raise ValueError(f"{text!r} names no library")
        return cls(match[1], match[2].strip())

    def allows(self, version: str) -> bool:
        """Tell whether a version will do.

        Parameters
        ----------
        version : str
            Its numbers are compared as PEP 440 does; a release candidate counts as its release.

        Returns
        -------
        bool
            False also for what begins with no number.

        Raises
        ------
        ValueError
            If a clause is none that is known here.
        """
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
