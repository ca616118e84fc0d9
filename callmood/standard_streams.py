"""Standard input, output and error where the caller has closed them."""

import os
import sys


def open_standard_streams() -> None:
    """Give the process each standard stream that it was started without, leading nowhere.

    Otherwise the next file to be opened, a recording perhaps, gets the free descriptor, and with it whatever
    a library prints.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process
