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
from streamer.sources.base import BlockReceiver, SourceInfo
from streamer.sources.clock import StreamClock
from streamer.sources.device_names import Device, choose_device

LATENCY_SECONDS: Final = 0.1
"""What the system may hold back: room for a moment in which no Python thread gets to run."""

MAX_REAL_CHANNELS: Final = 8
SOFTWARE_CHANNELS: Final = 2
"""A device with more channels than any card has is software that makes up as many as one asks for."""

FULL_SCALE: Final = np.float32(32768)

CLOSE_SECONDS: Final = 0.5
"""How long a device that is released is waited for: nobody needs its answer."""

_PORTAUDIO: Final = CallThread("portaudio")
"""PortAudio is one for the whole process, is not thread-safe, and on Windows wants one thread for all."""

T = TypeVar("T")


def portaudio() -> ModuleType:
    """Import sounddevice, which starts PortAudio."""
    try:
        # It redirects standard error itself meanwhile.
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
    import sounddevice  # noqa: PLC0415 - it starts PortAudio: only where there is to be a microphone

    # Its own handler would wait at the exit for a call that hangs.
    atexit.unregister(sounddevice._exit_handler)
    atexit.unregister(_end_portaudio)
    atexit.register(_end_portaudio, sounddevice._exit_handler)
    module: ModuleType = sounddevice
    return module


def is_hanging() -> bool:
    """Tell whether PortAudio is in a call that nobody waits for any more."""
    return not _PORTAUDIO.is_idle


def _end_portaudio(end: Callable[[], None]) -> None:
    if _PORTAUDIO.is_idle:
        _PORTAUDIO.begin(end).wait(CLOSE_SECONDS)


def _answer(function: Callable[[], T], *, redirects: bool = False) -> T:
    """Make a call into PortAudio and wait for it; Ctrl-C interrupts the wait."""
    # A call that fails makes PortAudio and ALSA write lines of their own: the error says it in one.
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
    """List what delivers sound."""
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
    """Let PortAudio find what was plugged in since it started; no stream may be open."""
    sounddevice = portaudio()
    try:
        # sounddevice has no public name for it; PortAudio looks at the devices only when it starts.
        _answer(sounddevice._terminate)
        _answer(sounddevice._initialize, redirects=True)
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"PortAudio does not start again: {error}; is the sound server running?") from error


class Microphone:
    """Delivers what an input device hears, at the device's own rate, in 16 bits."""

    def __init__(self, device: str | int | Device | None = None, *, like: SourceInfo | None = None) -> None:
        self._device = device if isinstance(device, Device) else choose_device(input_devices(), device)
        channels = self._device.channels
        self._channels = channels if channels <= MAX_REAL_CHANNELS else SOFTWARE_CHANNELS
        self._sample_rate = self._device.sample_rate
        if like is not None:
            self._channels, self._sample_rate = like.channels, like.sample_rate
        self._clock = StreamClock(self._sample_rate)
        self._stream: Any = None
        self._is_asked_for = False
        self._queue: BlockReceiver | None = None
        self._stopping = False

    @property
    def info(self) -> SourceInfo:
        """What is known of the device."""
        return SourceInfo(
            name=self._device.name,
            sample_rate=self._sample_rate,
            channels=self._channels,
            sample_format="PCM_16",
            seconds=None,
            live=True,
        )

    @property
    def non_finite_samples(self) -> int:
        """None: there are no such numbers in 16 bits."""
        return 0

    def open(self) -> None:
        """Open the device; it does not deliver yet."""
        sounddevice = portaudio()
        self._is_asked_for = True
        try:
            _answer(partial(self._open_stream, sounddevice))
        except (sounddevice.PortAudioError, ValueError) as error:
            raise self._refusal(error) from error

    def start(self, queue: BlockReceiver) -> None:
        """Begin to deliver, from PortAudio's thread."""
        self._queue = queue
        sounddevice = portaudio()
        try:
            _answer(self._start_stream)
        except sounddevice.PortAudioError as error:
            raise self._refusal(error) from error

    def stop(self) -> None:
        """Release the device and close the queue; a second call does nothing.

        A device that hangs is left behind: it is released as soon as it answers.
        """
        self._stopping = True
        if self._is_asked_for:
            self._is_asked_for = False
            # Also where it is still being opened: this comes after.
            with quiet_stderr():
                closing = _PORTAUDIO.begin(self._close_stream)
                has_ended = closing.wait(CLOSE_SECONDS)
            if has_ended:
                closing.result()
        if self._queue is not None:
            self._queue.close()

    def _open_stream(self, sounddevice: ModuleType) -> None:
        self._stream = sounddevice.InputStream(
            device=self._device.number,
            samplerate=self._sample_rate,
            channels=self._channels,
            dtype="int16",
            latency=LATENCY_SECONDS,
            callback=self._take,
            finished_callback=self._finished,
        )

    def _start_stream(self) -> None:
        self._stream.start()

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _take(self, taken: NDArray[np.int16], num_samples: int, times: Any, flags: Any) -> None:
        """Copy, stamp and hand over; PortAudio calls this and must never see it raise."""
        queue = self._queue
        if queue is None:
            return
        try:
            arrived = time.monotonic()
            samples = taken.astype(np.float32)
            samples /= FULL_SCALE
            place = self._clock.place(
                num_samples, times.inputBufferAdcTime, arrived, overflowed=flags.input_overflow
            )
            queue.put(AudioBlock(read_only(samples), place.first_sample, arrived, overrun=place.overrun))
        except Exception as error:  # noqa: BLE001 - the session raises it in the main thread
            queue.close(error)

    def _finished(self) -> None:
        """Tell of an end that nobody asked for: the device or the sound server has gone."""
        if self._queue is not None and not self._stopping:
            self._queue.close(
                DeviceError(
                    f"{self._device.name} delivers no more: it was unplugged, or the sound server stopped; "
                    "see `callmood devices`, then start again"
                )
            )

    def _refusal(self, error: Exception) -> DeviceError:
        device = self._device
        return DeviceError(
            f"{device.name} will not open at {self._sample_rate} Hz with {self._channels} channels: "
            f"{error}; close what else uses it, or choose another: `callmood devices`"
        )
