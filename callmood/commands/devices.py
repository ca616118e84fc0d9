"""`callmood devices`: the microphones there are."""

import argparse
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamer.sources.device_names import Device

SUMMARY: Final = "List the microphones and other inputs that can be listened to."
COLUMNS: Final = ("number", "name", "host API", "channels", "Hz", "", "title")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--json", action="store_true", help="one JSON list on standard output")
    parser.epilog = (
        "examples:\n"
        "  callmood devices\n"
        "  callmood listen --device headset\n"
        "\n"
        "Numbers move when something is plugged in: a name, or a part of one, lasts longer.\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """List the devices."""
    from streamer.sources.devices import list_inputs

    devices = list_inputs()
    sys.stdout.write(as_json(devices) if arguments.json else as_table(devices))
    return 0


def as_json(devices: "Sequence[Device]") -> str:
    """Write the list for a program."""
    import json
    from dataclasses import asdict

    return json.dumps([asdict(device) for device in devices], ensure_ascii=False, indent=2) + "\n"


def as_table(devices: "Sequence[Device]") -> str:
    """Write the list for a person."""
    from emotion.untrusted_text import printable

    if not devices:
        return "no device delivers sound; plug a microphone in, or start the sound server\n"
    rows = [COLUMNS] + [
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
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    # What is plugged in says its own name.
    lines = [
        "  ".join(printable(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)
