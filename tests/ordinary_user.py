"""Folders that may not be written to, also where the tests run as root."""

import os

AS_ORDINARY_USER = (
    ()
    if os.geteuid()
    else (
        "setpriv",
        "--bounding-set=-dac_override,-dac_read_search",
        "--inh-caps=-dac_override,-dac_read_search",
    )
)
"""Put before a command: root, too, is held to the rights of files then."""
