"""Are the packages with plain names ours?

`emotion` or `trainer` could be anybody's. Before anything of them is imported, the front door looks where
Python would take them from: docs/decisions/0011-plain-package-names.md.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

ROOMS: Final = ("emotion", "evaluation", "streamer", "trainer")


class ShadowedRoomError(ImportError):
    """Python would import something else under the name of one of callmood's packages.

    It stands outside the tree in emotion/errors.py, because that package may be the very one that is hidden.
    """


def check_rooms() -> None:
    """Look for every room beside this package, without importing one.

    Raises
    ------
    ShadowedRoomError
        If a package of that name is found elsewhere, or none at all.
    """
    home = Path(__file__).resolve().parents[1]
    for room in ROOMS:
        wanted = home / room / "__init__.py"
        spec = find_spec(room)
        if spec is None:
            raise ShadowedRoomError(f"{wanted.parent} is missing; install callmood anew")
        found = Path(spec.origin).resolve() if spec.origin else None
        if found != wanted:
            other = found or ", ".join(spec.submodule_search_locations or ("nowhere",))
            raise ShadowedRoomError(
                f"{other} hides callmood's own package {wanted.parent}; "
                f"give callmood an environment of its own, or start it from another folder"
            )
