"""Parts that only an extra installs: imported where first used, missed with the command to type."""

import importlib
from types import ModuleType

from emotion.errors import MissingExtraError


def require(module: str, extra: str) -> ModuleType:
    """Import a module that one of callmood's extras brings.

    Parameters
    ----------
    module : str
        Its dotted name, such as ``matplotlib.pyplot``.
    extra : str
        The extra that installs it, such as ``plot``.

    Returns
    -------
    ModuleType
        The module itself.

    Raises
    ------
    MissingExtraError
        If the package is not installed; the message has the command that installs it. An installed package
        that fails on something else keeps its own error.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise MissingExtraError(
            f"this needs {package}, which is not installed; type: pip install 'callmood[{extra}]'"
        ) from error
