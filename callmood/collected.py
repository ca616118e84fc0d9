"""An option that may be given several times."""

import argparse
from collections.abc import Sequence
from typing import Any


class Collected(argparse.Action):
    """Collects values into a list; those on the command line replace those of a configuration file.

    argparse's own "append" would add to the file's, and nobody could leave one of them out.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse calls it so
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        """Add a value.

        Parameters
        ----------
        parser : ArgumentParser
            Not looked at.
        namespace : Namespace
            Where the list is.
        values : str
            The value.
        option_string : str
            Not looked at.
        """
        before = getattr(namespace, self.dest)
        kept = [] if before is None or before is self.default else before
        setattr(namespace, self.dest, [*kept, values])
