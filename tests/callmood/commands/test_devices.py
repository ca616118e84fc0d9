"""What `callmood devices` prints."""

import json
from dataclasses import replace

from callmood.commands.devices import as_json, as_table
from streamer.sources.base import Device

DEVICES = [
    Device(None, "alsa_input.usb", "sound server", 1, 48_000, is_default=False, title="Headset Mono"),
    Device(0, "HDA Intel: ALC257", "ALSA", 2, 48_000, is_default=False),
    Device(11, "default", "ALSA", 32, 44_100, is_default=True),
]


def test_a_person_gets_a_table_with_the_default_marked() -> None:
    assert as_table(DEVICES).splitlines() == [
        "number  name               host API      channels  Hz              title",
        "        alsa_input.usb     sound server  1         48000           Headset Mono",
        "0       HDA Intel: ALC257  ALSA          2         48000",
        "11      default            ALSA          32        44100  default",
    ]


def test_a_program_gets_a_list() -> None:
    assert json.loads(as_json(DEVICES))[2] == {
        "number": 11,
        "name": "default",
        "host_api": "ALSA",
        "channels": 32,
        "sample_rate": 44_100,
        "is_default": True,
        "title": "",
    }
    assert json.loads(as_json([])) == []


def test_no_device_is_told_in_words() -> None:
    assert as_table([]).startswith("no device delivers sound; ")


def test_what_is_plugged_in_moves_no_cursor() -> None:
    (device, *_) = DEVICES
    assert "?[2J" in as_table([replace(device, name="\x1b[2J")])
