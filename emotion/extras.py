"""Modules of optional extras: imported where first used; the error names the missing extra."""

import importlib
from types import ModuleType

from emotion.errors import MissingExtraError


def require(module: str, extra: str) -> ModuleType:
    """Import a module that one of callmood's extras brings."""
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise MissingExtraError(
            f"this needs {package}, which is not installed; type: pip install 'callmood[{extra}]'"
        ) from error
