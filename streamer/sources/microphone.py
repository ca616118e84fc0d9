"""The microphone, through PortAudio: the only module that imports sounddevice."""

import atexit
import time
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from emotion.arrays import read_only
from emotion.errors import DeviceError
from streamer.blocking_calls import ANSWER_SECONDS, CallThread, NoAnswerError, quiet_stderr
from streamer.events import AudioBlock
from streamer.sources.base import BlockReceiver, Device, SourceInfo
from streamer.sources.clock import StreamClock
from streamer.sources.pcm import FULL_SCALE

LATENCY_SECONDS: Final = 0.1
"""How much the system buffers: room for a moment in which no Python thread runs."""

MAX_REAL_CHANNELS: Final = 8
SOFTWARE_CHANNELS: Final = 2
"""A device with more channels than any card has is software that gives as many as one asks for."""

CLOSE_SECONDS: Final = 0.5
"""How long to wait for a device to be released: nobody needs its answer."""

_PORTAUDIO: Final = CallThread("portaudio")
"""PortAudio has one state for the process, is not thread-safe, and on Windows needs one thread."""

T = TypeVar("T")


def portaudio() -> ModuleType:
    """Import sounddevice, which starts PortAudio."""
    try:
        # sounddevice redirects standard error itself while it loads.
        return _answer(_load, redirects=True)
    except NoAnswerError:
        raise
    except OSError as error:
        raise DeviceError("PortAudio is not installed; type: sudo apt install libportaudio2") from error
    except Exception as error:
        # sounddevice.PortAudioError, which cannot be named while the module does not load.
        if type(error).__name__ != "PortAudioError":
            raise
        raise DeviceError(
            f"PortAudio does not start: {error}; is the sound server running? See `callmood doctor`"
        ) from error


def _load() -> ModuleType:
    import sounddevice  # noqa: PLC0415 - it starts PortAudio: only for a microphone

    # Its own handler would wait at the exit for a call that hangs.
    atexit.unregister(sounddevice._exit_handler)
    atexit.unregister(_end_portaudio)
    atexit.register(_end_portaudio, sounddevice._exit_handler)
    module: ModuleType = sounddevice
    return module


def is_hanging() -> bool:
    """Tell whether PortAudio is in a call that nobody waits for."""
    return not _PORTAUDIO.is_idle


def _end_portaudio(end: Callable[[], None]) -> None:
    if _PORTAUDIO.is_idle:
        _PORTAUDIO.begin(end).wait(CLOSE_SECONDS)


def _answer(function: Callable[[], T], *, redirects: bool = False) -> T:
    """Make a call into PortAudio and wait for it; Ctrl-C interrupts the wait."""
    # If a call fails, PortAudio and ALSA write lines of their own; the error says it in one.
    with quiet_stderr(redirected=not redirects):
        call = _PORTAUDIO.begin(function)
        try:
            has_ended = call.wait(ANSWER_SECONDS)
        finally:
            call.drop()
    if not has_ended:
        raise NoAnswerError(
            f"PortAudio does not answer within {ANSWER_SECONDS:g} s: the sound server or a device hangs; "
            "start the sound server again: systemctl --user restart pipewire-pulse, or pulseaudio --kill; "
            "pulseaudio --start"
        )
    return call.result()


def input_devices() -> list[Device]:
    """List PortAudio's inputs."""
    sounddevice = portaudio()
    try:
        found = _answer(sounddevice.query_devices)
        host_apis = [host_api["name"] for host_api in _answer(sounddevice.query_hostapis)]
        default = sounddevice.default.device["input"]
    except sounddevice.PortAudioError as error:
        raise DeviceError(
            f"PortAudio cannot list the devices: {error}; is the sound server running?"
        ) from error
    return [
        Device(
            number=int(device["index"]),
            name=str(device["name"]),
            host_api=host_apis[device["hostapi"]],
            channels=int(device["max_input_channels"]),
            sample_rate=round(device["default_samplerate"]),
            is_default=device["index"] == default,
        )
        for device in found
        if device["max_input_channels"] > 0
    ]


def look_for_devices_again() -> None:
    """Make PortAudio find what was plugged in since it started; no stream may be open."""
    sounddevice = portaudio()
    try:
        # sounddevice has no public name for it; PortAudio looks at the devices only when it starts.
        _answer(sounddevice._terminate)
        _answer(sounddevice._initialize, redirects=True)
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"PortAudio does not start again: {error}; is the sound server running?") from error


class Microphone:
    """Delivers what an input device records, at the device's own rate, in 16 bits."""

    non_finite_samples = 0

    def __init__(self, device: Device, *, like: SourceInfo | None = None) -> None:
        self._device = device
        self.info: Final = like or SourceInfo(
            name=device.name,
            sample_rate=device.sample_rate,
            channels=SOFTWARE_CHANNELS if device.channels > MAX_REAL_CHANNELS else device.channels,
            sample_format="PCM_16",
            seconds=None,
            live=True,
        )
        self._callback = CaptureCallback(self.info.sample_rate)
        self._stream: Any = None
        self._must_close = False
        self._stopping = False

    def open(self) -> None:
        """Open the device; it does not deliver yet."""
        self._call(self._open_stream)

    def start(self, queue: BlockReceiver) -> None:
        """Begin to deliver, from PortAudio's thread."""
        self._callback.receiver = queue
        self._call(lambda _: self._stream.start())

    def stop(self) -> None:
        """Release the device and close the queue; a second call does nothing.

        A device that hangs is not waited for: it is released as soon as it answers.
        """
        self._stopping = True
        if self._must_close:
            self._must_close = False
            # Also while it is still being opened: PortAudio's thread closes it after that.
            with quiet_stderr():
                closing = _PORTAUDIO.begin(self._close_stream)
                has_ended = closing.wait(CLOSE_SECONDS)
            if has_ended:
                closing.result()
        if self._callback.receiver is not None:
            self._callback.receiver.close()

    def _call(self, function: Callable[[ModuleType], None]) -> None:
        """Make a call into PortAudio that it may refuse for this device."""
        sounddevice = portaudio()
        self._must_close = True
        try:
            _answer(partial(function, sounddevice))
        except (sounddevice.PortAudioError, ValueError) as error:
            info = self.info
            raise DeviceError(
                f"{info.name} will not open at {info.sample_rate} Hz with {info.channels} channels: "
                f"{error}; close what else uses it, or choose another: `callmood devices`"
            ) from error

    def _open_stream(self, sounddevice: ModuleType) -> None:
        self._stream = sounddevice.InputStream(
            device=self._device.number,
            samplerate=self.info.sample_rate,
            channels=self.info.channels,
            dtype="int16",
            latency=LATENCY_SECONDS,
            callback=self._callback,
            finished_callback=self._finished,
        )

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _finished(self) -> None:
        """Report an end that nobody asked for: the device or the sound server has gone."""
        if self._callback.receiver is not None and not self._stopping:
            self._callback.receiver.close(
                DeviceError(
                    f"{self._device.name} delivers no more: it was unplugged, or the sound server stopped; "
                    "see `callmood devices`, then start again"
                )
            )


class CaptureCallback:
    """Copies, stamps and hands over each block; PortAudio calls it, so it never waits and never raises."""

    def __init__(self, sample_rate: int) -> None:
        self.receiver: BlockReceiver | None = None
        self._clock = StreamClock(sample_rate)

    def __call__(self, captured: NDArray[np.int16], num_samples: int, times: Any, flags: Any) -> None:
        """Take 16-bit samples, ``(num_samples, channels)``, that PortAudio overwrites afterwards."""
        receiver = self.receiver
        if receiver is None:
            return
        try:
            arrived = time.monotonic()
            samples = captured.astype(np.float32)
            samples /= FULL_SCALE
            place = self._clock.place(
                num_samples, times.inputBufferAdcTime, arrived, overflowed=flags.input_overflow
            )
            receiver.put(AudioBlock(read_only(samples), place.first_sample, arrived, overrun=place.overrun))
        except Exception as error:  # noqa: BLE001 - the session raises it in the main thread
            receiver.close(error)
