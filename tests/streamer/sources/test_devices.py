"""A device is named by number, by name, or by a part of a name that only it has."""

import pytest

from emotion.errors import DeviceError
from streamer.sources.base import Device
from streamer.sources.devices import choose_device

DEVICES = [
    Device(0, "HDA Intel: ALC257", "ALSA", 2, 48_000, is_default=False),
    Device(3, "pulse", "ALSA", 32, 44_100, is_default=False),
    Device(4, "default", "ALSA", 32, 44_100, is_default=True),
    Device(7, "USB Headset", "ALSA", 1, 16_000, is_default=False),
    Device(8, "USB Headset pro", "JACK Audio", 1, 16_000, is_default=False),
]


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        (None, 4),
        ("7", 7),
        ("3", 3),
        (" 3 ", 3),
        ("pulse", 3),
        ("PULSE", 3),
        ("intel", 0),
        ("usb headset", 7),
        ("headset pro", 8),
        ("jack", 8),
    ],
)
def test_a_device_is_found(wanted: str | None, number: int) -> None:
    assert choose_device(DEVICES, wanted).number == number


def test_an_ambiguous_name_lists_whom_it_may_mean() -> None:
    with pytest.raises(
        DeviceError,
        match=r"'headset' .*more of the name: 7: USB Headset \(ALSA\), 8: USB Headset pro \(JACK Audio\)$",
    ):
        choose_device(DEVICES, "headset")


@pytest.mark.parametrize("wanted", ["5", "99", "kazoo", "", "²"])
def test_an_unknown_device_lists_those_there_are(wanted: str) -> None:
    with pytest.raises(DeviceError, match=r"there are 0: HDA Intel: ALC257 \(ALSA\), 3: pulse"):
        choose_device(DEVICES, wanted)


def test_no_device_at_all_is_told() -> None:
    with pytest.raises(DeviceError, match="no device delivers sound"):
        choose_device([], None)


def test_a_system_without_a_default_asks_to_choose() -> None:
    with pytest.raises(DeviceError, match="no default input device; choose one of 0: HDA"):
        choose_device(DEVICES[:2], None)
