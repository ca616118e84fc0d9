"""Two soft-phones in a call with each other, on this machine, over its loopback and nothing else.

*Me* sits at a machine with a microphone and a loudspeaker; *them* is far away. Both are real: SIP, RTP and
8 kHz μ-law lie between them. Each hears and speaks through null sinks of a private sound server.
"""

import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import pulse as sound_server
from tests.pulse import PulseServer
from tests.running import Lines, running

PHONE = "baresip"
WHAT_TO_INSTALL = f"{sound_server.WHAT_TO_INSTALL} baresip-core"

SPEAKERS = {"me": "my_speaker", "them": "their_speaker"}
MICROPHONES = {"me": "my_microphone", "them": "their_microphone"}
SINKS = (*SPEAKERS.values(), *MICROPHONES.values())
"""Null sinks for `pulse_server`; the first is what my machine plays."""

START_TIMEOUT_SECONDS = 20.0
LONGEST_CALL_SECONDS = 300
"""A phone hangs up by itself after so long, should the test be killed and nobody else stop it."""

NUM_TRIES = 50

# Its audio path is an empty folder, so that no tone of ringing is ever played; it resolves no names.
CONFIG = """\
sip_listen 127.0.0.1:{port}
net_interface 127.0.0.1
dns_server 127.0.0.1:9
audio_path {folder}/no-tones
audio_source alsa,microphone
audio_player alsa,loudspeaker
audio_alert alsa,loudspeaker
statmode_default off
ringback_disabled yes
module_path {modules}
module g711.so
module alsa.so
module_tmp account.so
module_app menu.so
"""
ACCOUNT = "<sip:{name}@127.0.0.1:{port}>;regint=0;audio_codecs=PCMU/8000/1;answermode={answers}\n"
ASOUNDRC = """\
pcm.microphone {{ type pulse device {microphone}.monitor }}
pcm.loudspeaker {{ type pulse device {speaker} }}
"""


@dataclass(frozen=True)
class Call:
    """A call that is up: sound goes both ways.

    Attributes
    ----------
    me, them : Lines
        What the two phones say.
    """

    me: Lines
    them: Lines

    def check(self) -> None:
        """Fail where a phone has ended, with its last words."""
        for phone in (self.me, self.them):
            code = phone.process.poll()
            assert code is None, f"{phone.process.args!r} ended with {code}: {phone.last_words}"


def missing_programs() -> list[str]:
    """Name what is not installed; empty where a call can be made."""
    return sound_server.missing_programs() + ([] if shutil.which(PHONE) else [PHONE])


@contextmanager
def call(pulse: PulseServer, folder: Path) -> Iterator[Call]:
    """Let me call them; they answer at once; hang up at the end.

    Parameters
    ----------
    pulse : PulseServer
        With the `SINKS`: what is spoken into a microphone here is heard from the loudspeaker there.
    folder : Path
        Gets a folder for each phone.

    Yields
    ------
    Call
        Once each phone has had sound from the other, by the loopback.

    Raises
    ------
    AssertionError
        When the call does not come about, or a phone ends before it, or does not hear that it is over.
    """
    my_port, their_port = _free_ports()
    with ExitStack() as stack:
        at_their_side = _Phone("them", their_port, answers="auto")
        them = stack.enter_context(at_their_side.running(pulse, folder))
        them.wait_for("baresip is ready", timeout_seconds=START_TIMEOUT_SECONDS)
        at_my_side = _Phone("me", my_port, answers="manual")
        with at_my_side.running(pulse, folder, calls=at_their_side) as me:
            for phone in (me, them):
                phone.wait_for(
                    "Call established",
                    "incoming rtp for 'audio' established, receiving from 127.0.0.1:",
                    timeout_seconds=START_TIMEOUT_SECONDS,
                )
            now = Call(me, them)
            yield now
            now.check()
        them.wait_for("terminated (duration", timeout_seconds=START_TIMEOUT_SECONDS)


@dataclass(frozen=True)
class _Phone:
    name: str
    port: int
    answers: str

    @property
    def address(self) -> str:
        return f"sip:{self.name}@127.0.0.1:{self.port}"

    @contextmanager
    def running(self, pulse: PulseServer, folder: Path, *, calls: "_Phone | None" = None) -> Iterator[Lines]:
        home = folder / self.name
        (home / "no-tones").mkdir(parents=True)
        modules = Path(shutil.which(PHONE) or PHONE).parents[1] / "lib" / "baresip" / "modules"
        (home / "config").write_text(CONFIG.format(port=self.port, folder=home, modules=modules))
        (home / "accounts").write_text(ACCOUNT.format(name=self.name, port=self.port, answers=self.answers))
        (home / ".asoundrc").write_text(
            ASOUNDRC.format(microphone=MICROPHONES[self.name], speaker=SPEAKERS[self.name])
        )
        command = [PHONE, "-4", "-f", str(home), "-t", str(LONGEST_CALL_SECONDS)]
        if calls is not None:
            command += ["-e", f"/dial {calls.address}"]
        with running(command, pulse.environment | {"HOME": str(home)}, pipe="both") as lines:
            yield lines


def _free_ports() -> tuple[int, int]:
    """Find a port for each phone; it takes the next one as well, for TLS."""
    for _ in range(NUM_TRIES):
        with closing(socket.socket()) as first, ExitStack() as stack:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            wanted = [(socket.SOCK_STREAM, port + more) for more in (1, 2, 3)]
            wanted += [(socket.SOCK_DGRAM, port + more) for more in (0, 2)]
            try:
                for kind, number in wanted:
                    stack.enter_context(closing(socket.socket(type=kind))).bind(("127.0.0.1", number))
            except (OSError, OverflowError):
                continue
            return port, port + 2
    raise AssertionError(f"no four free ports in a row after {NUM_TRIES} tries")
