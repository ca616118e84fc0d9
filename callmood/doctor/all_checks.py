"""The checks of `callmood doctor`, in their order."""

from functools import partial
from pathlib import Path
from typing import Final

from callmood.doctor.check import Check
from callmood.doctor.disk import look_at_disk
from callmood.doctor.microphone_level import LISTEN_SECONDS, look_at_level
from callmood.doctor.model_files import look_at_encoders, look_at_models, look_at_voice_network
from callmood.doctor.self_test import look_at_the_path
from callmood.doctor.sound_devices import look_at_devices, look_at_portaudio
from callmood.doctor.system_monitors import look_at_monitors
from callmood.doctor.terminal import look_at_terminal
from callmood.doctor.versions import look_at_libraries, look_at_python

SOUND_HANGS: Final = (
    "the sound server hangs: start it again (systemctl --user restart pipewire-pulse, or pulseaudio --kill; "
    "pulseaudio --start), or plug the device in again"
)
FILES_HANG: Final = "the file system hangs, or is very slow: see to it, or install callmood on another"
DISK_HANGS: Final = "the file system hangs: record elsewhere, with --out DIR"
TOO_SLOW: Final = (
    "this machine is far too slow, or busy: end what else is running, or use --model speech-light"
)


def all_checks(device: str | None, out: Path, *, with_sound: bool) -> list[Check]:
    """List what is to be looked at.

    Parameters
    ----------
    device : str or None
        To be listened to; None for the default.
    out : Path
        Where recordings would go.
    with_sound : bool
        Open a device. Without, PortAudio and devices are no more than advice: whoever asks for no sound can
        do without a microphone.

    Returns
    -------
    list of Check
        The slowest last.
    """
    level = Check(
        "level",
        partial(look_at_level, device),
        f"listening for {LISTEN_SECONDS:g} s: say something",
        15.0,
        SOUND_HANGS,
    )
    return [
        Check("python", look_at_python, "looking at Python", 10.0, FILES_HANG),
        Check("library", look_at_libraries, "looking at the libraries", 20.0, FILES_HANG),
        Check("portaudio", look_at_portaudio, "starting PortAudio", 15.0, SOUND_HANGS, needed=with_sound),
        Check("device", look_at_devices, "looking for devices", 15.0, SOUND_HANGS, needed=with_sound),
        Check("monitor", look_at_monitors, "asking the sound server", 10.0, SOUND_HANGS, needed=False),
        *([level] if with_sound else []),
        Check("model", look_at_models, "reading the models", 60.0, FILES_HANG),
        Check("encoder", look_at_encoders, "reading the encoders", 30.0, FILES_HANG),
        Check("voice-activity", look_at_voice_network, "reading the network of the gate", 30.0, FILES_HANG),
        Check("disk", partial(look_at_disk, out), "looking at the disk", 10.0, DISK_HANGS, needed=False),
        Check("terminal", look_at_terminal, "looking at the terminal", 10.0, TOO_SLOW, needed=False),
        Check("self-test", look_at_the_path, "replaying ten seconds", 120.0, TOO_SLOW),
    ]
