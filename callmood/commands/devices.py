"""`callmood devices`: list the inputs."""

import argparse
import sys
from typing import TYPE_CHECKING, Final

from callmood.commands import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamer.sources.base import Device

SUMMARY: Final = "List the microphones and other inputs."
COLUMNS: Final = ("number", "name", "host API", "channels", "Hz", "", "title")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of the table")
    parser.epilog = (
        "Numbers change when a device is plugged in; a name, or a part of one, does not.\n"
        "\n"
        "examples:\n"
        "  callmood devices\n"
        "  callmood devices --json\n"
        "  callmood listen -d headset\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """List the devices."""
    from streamer.sources.devices import list_inputs

    devices = list_inputs()
    sys.stdout.write(as_json(devices) if arguments.json else as_table(devices))
    return 0


def as_json(devices: "Sequence[Device]") -> str:
    """Format the list for a program."""
    import json
    from dataclasses import asdict

    return json.dumps([asdict(device) for device in devices], ensure_ascii=False, indent=2) + "\n"


def as_table(devices: "Sequence[Device]") -> str:
    """Format the list for a person."""
    from emotion.errors import printable

    if not devices:
        return "no device delivers sound; plug a microphone in, or start the sound server\n"
    rows = [
        (
            "" if device.number is None else str(device.number),
            device.name,
            device.host_api,
            str(device.channels),
            str(device.sample_rate),
            "default" if device.is_default else "",
            device.title,
        )
        for device in devices
    ]
    # A device names itself, with any characters.
    return table([COLUMNS, *([printable(cell) for cell in row] for row in rows)])
