"""The checks of `callmood doctor`, in order: versions, sound, model files, disk, terminal, self-test."""

import hashlib
import math
import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import callmood
from callmood.doctor.runner import REPORT_IT, Check, Finding, found_error
from callmood.model_choice import DEFAULT_MODEL
from emotion.errors import DeviceError, ModelError

if TYPE_CHECKING:
    from emotion.arrays import Samples
    from streamer.session_info import Summary
    from streamer.sources.base import Source


def check_python(wanted: str | None = None) -> Iterator[Finding]:
    """Check the interpreter, against the versions that callmood requires unless others are given."""
    from packaging.specifiers import SpecifierSet

    versions = _required()[0] if wanted is None else wanted
    version = platform.python_version()
    found = (
        f"{version}, needs {versions}; callmood {callmood.__version__}, {platform.system()} "
        f"{platform.release()} {platform.machine()}"
    )
    ok = SpecifierSet(versions).contains(version, prereleases=True)
    yield Finding("python", ok, found, None if ok else f"install callmood with a Python {versions}")


def check_libraries(wanted: Iterable[str] | None = None) -> Iterator[Finding]:
    """Check the installed libraries, against those that listening requires unless others are given."""
    from packaging.requirements import Requirement
    from packaging.version import InvalidVersion, Version

    fitting = []
    for requirement in map(Requirement, _required()[1] if wanted is None else wanted):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        name, versions = requirement.name, requirement.specifier
        try:
            version: str | None = metadata.version(name)
            # Damaged metadata have no version, or none that is one.
            fits = version is not None and versions.contains(Version(version), prereleases=True)
        except metadata.PackageNotFoundError:
            version, fits = None, False
        except InvalidVersion:
            fits = False
        if fits:
            fitting.append(f"{name} {version}")
            continue
        found = f"{name} {version or 'is missing'}, needs {versions}"
        advice = f"{sys.executable} -m pip install '{name}{versions}'"
        yield Finding("library", False, found, f"type: {advice}")
    if fitting:
        yield Finding("library", True, ", ".join(fitting))


def _required() -> tuple[str, list[str]]:
    """Give the required Python and libraries: of pyproject.toml in a checkout, else as pip knows them."""
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    if pyproject.is_file():
        project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
        return project["requires-python"], project["dependencies"]
    return metadata.metadata("callmood")["Requires-Python"], metadata.requires("callmood") or []


NO_DEVICE: Final = (
    "plug a microphone in, or start the sound server; without one there are callmood listen --system, "
    "callmood listen - and callmood replay FILE"
)


def check_portaudio() -> Iterator[Finding]:
    """Check the library and the host APIs that it finds."""
    from streamer.sources.microphone import portaudio

    sounddevice = portaudio()
    try:
        version = str(sounddevice.get_portaudio_version()[1]).partition(",")[0]
        host_apis = ", ".join(str(host_api["name"]) for host_api in sounddevice.query_hostapis())
    except sounddevice.PortAudioError as error:
        raise DeviceError(
            f"PortAudio does not answer: {error}; start the sound server, or this machine, again"
        ) from error
    advice = None if host_apis else "install PortAudio anew: sudo apt install --reinstall libportaudio2"
    yield Finding("portaudio", bool(host_apis), f"{version}, host APIs: {host_apis or 'none'}", advice)


def check_devices() -> Iterator[Finding]:
    """List the inputs; none is opened."""
    from streamer.sources.devices import list_inputs

    devices = list_inputs()
    if not devices:
        yield Finding("device", False, "no device delivers sound", NO_DEVICE)
    for device in devices:
        channels = f"{device.channels} channel{'s' * (device.channels > 1)}"
        number = "" if device.number is None else f"{device.number}: "
        found = f"{number}{device.name}, {device.host_api}, {channels}, {device.sample_rate} Hz"
        yield Finding("device", True, found + ", the default" * device.is_default)


def check_monitors() -> Iterator[Finding]:
    """Check whether what the sound server plays can be recorded."""
    from streamer.sources.pulse import MONITOR, monitor_of_default_sink, pulse_program, pulse_sources

    chosen = monitor_of_default_sink()
    pulse_program("parec")
    monitors = {source.name: source for source in pulse_sources() if source.name.endswith(MONITOR)}
    facts = monitors.pop(chosen, None)
    rate = "" if facts is None else f", {facts.sample_rate} Hz"
    others = f"; there are also {', '.join(monitors)}" if monitors else ""
    yield Finding("monitor", True, f"--system hears {chosen}{rate}{others}")


LISTEN_SECONDS: Final = 1.5
WAIT_SECONDS: Final = 3.0
"""How long a device may deliver nothing before and between blocks."""

TENTH_SECONDS: Final = 0.1
CLIPPED_SHARE: Final = 0.002
"""Loud clean speech has at most this share of its samples at full scale."""

NOTHING_BUT_ZEROS: Final = (
    "it is muted, or the system refuses this program the microphone: unmute it (its own switch, the mixer), "
    "allow it for this terminal in the system's privacy settings, or choose another with --device; the "
    "monitor of a sink gives zeros while nothing is played"
)
TOO_LOUD: Final = "turn its level down in the mixer, or move away from it, until nothing is at full scale"
TOO_QUIET: Final = (
    "if somebody spoke just now, turn its level up in the mixer, or choose another with --device: nothing "
    "under -60 dBFS is taken for speech"
)


def check_level(device: str | None) -> Iterator[Finding]:
    """Listen to a device for 1.5 s."""
    from streamer.sources.devices import open_input

    microphone = open_input(device, reconnects=False)
    info = microphone.info
    yield level_finding(info.name, listen(microphone), info.sample_rate)


def listen(microphone: "Source") -> "Samples":
    """Record the first 1.5 s of a microphone, and close it."""
    import numpy as np

    from streamer.sources.queue import BlockQueue

    info = microphone.info
    queue = BlockQueue(2 * LISTEN_SECONDS, info.sample_rate)
    heard: list[Samples] = []
    try:
        microphone.open()
        microphone.start(queue)
        while sum(map(len, heard)) < LISTEN_SECONDS * info.sample_rate:
            block = queue.get(WAIT_SECONDS)
            if block is None:
                raise queue.error or DeviceError(
                    f"{info.name} delivers nothing within {WAIT_SECONDS:g} s; plug it in again, start the "
                    "sound server again, or choose another: `callmood devices`"
                )
            heard.append(block.samples)
    finally:
        microphone.stop()
    return np.concatenate(heard)


def level_finding(name: str, samples: "Samples", sample_rate: int) -> Finding:
    """Tell whether recorded sound is usable: not muted, clipped or too quiet."""
    import numpy as np

    from emotion.signal import FLOOR_DBFS, SILENCE_DBFS, level_dbfs, mix_down
    from streamer.analysis.gate import ClippingMeter

    about = f"{len(samples) / sample_rate:.1f} s of {name} at {sample_rate} Hz"
    if np.all(samples == samples[0]):
        what = "zeros" if not np.any(samples) else "one and the same value"
        return Finding("level", False, f"nothing but {what} in {about}", NOTHING_BUT_ZEROS)
    mono = mix_down(samples)
    tenth = max(1, round(TENTH_SECONDS * sample_rate))
    loudest = max(level_dbfs(mono[start : start + tenth]) for start in range(0, len(mono), tenth))
    peak = max(FLOOR_DBFS, 20 * math.log10(float(np.abs(samples).max())))
    meter = ClippingMeter()
    meter.push(samples, 0)
    share = meter.share(0, len(samples))
    found = f"{loudest:.0f} dBFS at its loudest, peak {peak:.0f} dBFS, in {about}"
    if share > CLIPPED_SHARE:
        return Finding("level", True, f"{found}: {share:.1%} of it clipped", TOO_LOUD)
    return Finding("level", True, found, TOO_QUIET if loudest < SILENCE_DBFS else None)


LEAST_BYTES: Final = 1_000_000_000


def check_disk(out: Path, least_bytes: int = LEAST_BYTES) -> Iterator[Finding]:
    """Check the file system on which recordings would be written; nothing is written."""
    try:
        whole = out.absolute()
        there = next(folder for folder in (whole, *whole.parents) if folder.exists())
        free = shutil.disk_usage(there).free
    except OSError as error:
        found = f"{out} cannot be looked at ({error.strerror})"
        yield Finding("disk", False, found, "record elsewhere, with --out DIR")
        return
    found = f"{free / 1e9:.1f} GB free for {out}"
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        yield Finding("disk", False, f"{out} cannot be written", "record elsewhere, with --out DIR")
    elif free < least_bytes:
        yield Finding("disk", False, found, "make room, or record elsewhere with --out DIR")
    else:
        yield Finding("disk", True, found)


WIDTH, HEIGHT = 80, 24
DUMB: Final = "set TERM to what your terminal is, such as xterm-256color, and stay in the foreground"


def check_terminal() -> Iterator[Finding]:
    """Check size, colours and encoding, if there is a terminal."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        yield Finding("terminal", True, "none here: listen and replay print lines instead of the panel")
        return
    from streamer.terminal import TerminalColours, is_panel_possible

    colours = TerminalColours.of_environment()
    name = "no colours" if colours.system is None else f"{colours.system.name.lower()} colours"
    encoding = (sys.stdout.encoding or "ascii").lower()
    is_unicode = encoding.replace("-", "").startswith("utf")
    no_color = "" if colours.coloured else ", NO_COLOR is set"
    # A serial line does not know its size.
    known = size.columns > 0 and size.lines > 0
    measure = f"{size.columns} columns, {size.lines} rows" if known else "of unknown size"
    found = f"{measure}, {name}{no_color}, {encoding}"
    advice = []
    if not is_panel_possible():
        found += f", no panel with TERM={os.environ.get('TERM', '')!r} here"
        advice.append(DUMB)
    elif colours.coloured and not colours.paints:
        advice.append("set TERM=xterm-256color where the terminal has 256 colours: the panel uses them")
    if not is_unicode:
        advice.append(
            "choose a locale with UTF-8, such as LANG=C.UTF-8: the panel is drawn with its characters"
        )
    if known and (size.columns < WIDTH or size.lines < HEIGHT):
        advice.append(f"make it {WIDTH} x {HEIGHT} or larger: a smaller panel leaves things out")
    yield Finding("terminal", not advice, found, "; ".join(advice) or None)


ENCODERS: Final = ("encoder", "turn-encoder")


def check_models() -> Iterator[Finding]:
    """Check the files of every listed model against the digests of its card."""
    from emotion.model import as_path, model_folders, own_model_folders

    folders = model_folders()
    if DEFAULT_MODEL not in [folder.name for folder in folders]:
        advice = "install callmood again, or choose another with --model"
        yield Finding("model", False, f"the default model, {DEFAULT_MODEL}, is not there", advice)
    for folder in folders:
        yield check_model(folder, folder.name)
    for folder in own_model_folders():
        yield check_model(folder, as_path(folder))


def check_model(folder: Path, name: str) -> Finding:
    """Load a model as listening does, and check the digests of all files that its card names."""
    from emotion.model import load_model, read_model_card

    try:
        card = read_model_card(folder)
        for file, promised in card.digests.items():
            _refuse_other_digest(folder, file, promised)
        load_model(folder)
    except ModelError as error:
        return found_error("model", error)
    files = " and ".join(card.digests)
    found = f"{name}: card and {files} as they were written by callmood {card.callmood_version}, in {folder}"
    return Finding("model", True, found)


def check_encoders() -> Iterator[Finding]:
    """Check the encoders that came with callmood against their cards."""
    from emotion.encoders import network_folder

    for name in ENCODERS:
        yield check_encoder(network_folder(name))


def check_encoder(folder: Path) -> Finding:
    """Check an encoder against its card."""
    from emotion.encoders import read_encoder

    try:
        encoder = read_encoder(folder)
    except ModelError as error:
        return found_error("encoder", error)
    return Finding("encoder", True, f"{folder.name}: {len(encoder.graph) / 1e6:.1f} MB as its card says")


def check_voice_network() -> Iterator[Finding]:
    """Check the network of the gate against its card."""
    from emotion.encoders import network_folder
    from streamer.analysis.vad import FOLDER, read_vad_arrays

    arrays = read_vad_arrays(network_folder(FOLDER))
    yield Finding("voice-activity", True, f"{len(arrays)} arrays as its card says")


def _refuse_other_digest(folder: Path, name: str, promised: str) -> None:
    from emotion.card import WHAT_TO_DO

    # A card is untrusted: it must not have other files read, nor a device or pipe.
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise ModelError(f"{folder}: the card promises a file {name[:60]!r} that is not in it; {WHAT_TO_DO}")
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); {WHAT_TO_DO}") from error
    if found != promised:
        raise ModelError(
            f"{path} was changed: it has SHA-256 {found[:12]}, its card promises {promised[:12]}; "
            f"{WHAT_TO_DO}"
        )


SECONDS: Final = 10.0
SPEECH: Final = Path(callmood.__file__).parent / "demo" / "speech.flac"
LEGS_OF_A_CALL: Final = 2
LIGHTER: Final = "--model speech-light costs a tenth"


def run_self_test() -> Iterator[Finding]:
    """Replay the beginning of the demo in a session with the default model; nothing is written."""
    from emotion.audio_io import AudioFile
    from emotion.model import find_model
    from streamer.pipeline import SessionOptions
    from streamer.session import Session
    from streamer.sources.file import FileSource
    from streamer.terminal_io import Screen

    model = find_model(DEFAULT_MODEL)
    grid = model.card.grid()
    session = Session(
        [FileSource(AudioFile(SPEECH), fast=True)],
        model,
        grid,
        sinks=(),
        screen=Screen(),
        options=SessionOptions(callmood_version=callmood.__version__, duration_seconds=SECONDS),
    )
    yield speed_finding(session.run(), grid.num_windows(round(SECONDS * grid.sample_rate)), model.card.name)


def speed_finding(summary: "Summary", expected_rows: int, model: str) -> Finding:
    """Tell from the self-test whether this machine is fast enough."""
    voiced = summary.states["speech"] + summary.states["unsure"]
    factor = summary.real_time_factor
    found = (
        f"{summary.windows} rows of {expected_rows} in {SECONDS:g} s of sound, {voiced} of them speech, with "
        f"{model}: real-time factor {factor:.3f}, longest lag {summary.max_lag_seconds:.2f} s at full speed"
    )
    if summary.windows != expected_rows or not voiced:
        return Finding("self-test", False, found, REPORT_IT)
    if factor >= 1:
        return Finding(
            "self-test", False, f"{found}: too slow to listen", f"end what else is running; {LIGHTER}"
        )
    legs = int(1 / max(factor, 1e-3))
    found += f": this machine follows {legs} leg{'s' * (legs > 1)}"
    too_few = f"a call has two legs: end what else is running; {LIGHTER}"
    return Finding("self-test", True, found, too_few if legs < LEGS_OF_A_CALL else None)


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
    """List the checks in their order."""
    level = Check(
        "level",
        partial(check_level, device),
        f"listening for {LISTEN_SECONDS:g} s: say something",
        15.0,
        SOUND_HANGS,
    )
    return [
        Check("python", check_python, "looking at Python", 10.0, FILES_HANG),
        Check("library", check_libraries, "looking at the libraries", 20.0, FILES_HANG),
        Check("portaudio", check_portaudio, "starting PortAudio", 15.0, SOUND_HANGS, needed=with_sound),
        Check("device", check_devices, "looking for devices", 15.0, SOUND_HANGS, needed=with_sound),
        Check("monitor", check_monitors, "asking the sound server", 10.0, SOUND_HANGS, needed=False),
        *([level] if with_sound else []),
        Check("model", check_models, "reading the models", 60.0, FILES_HANG),
        Check("encoder", check_encoders, "reading the encoders", 30.0, FILES_HANG),
        Check("voice-activity", check_voice_network, "reading the network of the gate", 30.0, FILES_HANG),
        Check("disk", partial(check_disk, out), "looking at the disk", 10.0, DISK_HANGS, needed=False),
        Check("terminal", check_terminal, "looking at the terminal", 10.0, TOO_SLOW, needed=False),
        Check("self-test", run_self_test, "replaying ten seconds", 120.0, TOO_SLOW),
    ]
