"""The monitor sources of the sound server: what `--system` hears."""

from collections.abc import Iterator

from callmood.doctor.finding import Finding


def look_at_monitors() -> Iterator[Finding]:
    """Ask the sound server for what it plays, and whether that can be recorded.

    Yields
    ------
    Finding
        One.

    Raises
    ------
    DeviceError
        If there is no sound server, no sink with a monitor, or no program to record it with.
    """
    from streamer.pactl import pulse_program
    from streamer.pulse_list import MONITOR, pulse_sources
    from streamer.system_sound import monitor_of_default_sink

    chosen = monitor_of_default_sink()
    pulse_program("parec")
    monitors = {source.name: source for source in pulse_sources() if source.name.endswith(MONITOR)}
    facts = monitors.pop(chosen, None)
    rate = "" if facts is None else f", {facts.sample_rate} Hz"
    others = f"; there are also {', '.join(monitors)}" if monitors else ""
    yield Finding("monitor", True, f"--system hears {chosen}{rate}{others}")
