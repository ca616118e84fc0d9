"""What happens at an alert: `--on-alert` runs a program, `--post-alerts` sends JSON over HTTP; both bounded.

HTTP and TLS are slow to load: import this only where an alert has an action.
"""

import http.client
import os
import secrets
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, cast
from urllib.parse import urlsplit

from emotion.errors import OutputError, UsageError, printable
from streamer.events import Alert
from streamer.session_info import SessionClock, SessionInfo
from streamer.sinks.base import BackgroundSink, DeliveryLimits
from streamer.sinks.journal import event_values, to_json

_SHOWN_CHARACTERS: Final = 200


RUN_VARIABLE: Final = "CALLMOOD_RUN"
"""Marks a run in its environment: what it starts inherits it, and has it still outside the process group."""

_POLL_SECONDS: Final = 0.02
_READ_BYTES: Final = 65_536
_KEPT_BYTES: Final = 2048
_REAP_SECONDS: Final = 1.0


def run_command(
    words: Sequence[str], environment: Mapping[str, str], seconds: float, given_up: threading.Event
) -> None:
    """Run a program and wait for it; kill it, and what it started, where it takes too long.

    The program has no input and no terminal. Its output is discarded; the last line of its standard error is
    kept. A process that it leaves running is waited for while that holds the standard error: `player &` in a
    script is waited for, `player 2>/dev/null &` is not.

    All processes of its group are killed and, where the system has ``/proc``, all that inherited
    `RUN_VARIABLE` in other sessions and groups. A process that left the group and cleared its environment, or
    runs as another user, is not found.
    """
    run = secrets.token_hex()
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command, and no shell
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**environment, RUN_VARIABLE: run},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot be started: {printable(str(error))}") from error
    stderr_tail: bytes | None = None
    with cast("IO[bytes]", process.stderr) as stderr:
        os.set_blocking(stderr.fileno(), False)
        try:
            stderr_tail = _follow(process, stderr.fileno(), time.monotonic() + seconds, given_up)
        finally:
            if stderr_tail is None:
                _kill(process, run)
    if stderr_tail is None:
        raise OutputError(
            "killed, as the session ended before it did"
            if given_up.is_set()
            else f"killed after {seconds:g} s with what was found of what it had started; let it end sooner"
        )
    if process.returncode:
        raise OutputError(f"{_ending(process.returncode)}{_last_line(stderr_tail)}")


def _follow(
    process: "subprocess.Popen[bytes]", stderr: int, deadline: float, given_up: threading.Event
) -> bytes | None:
    """Wait until a program has ended and its standard error is closed; give the end of that.

    None where that takes too long.
    """
    stderr_tail, is_open = b"", True
    while True:
        has_ended = process.poll() is not None
        if is_open:
            with suppress(BlockingIOError):
                new = os.read(stderr, _READ_BYTES)
                is_open = bool(new)
                stderr_tail = (stderr_tail + new)[-_KEPT_BYTES:]
        if has_ended and not is_open:
            return stderr_tail
        # One read a turn: a program that writes without end must not keep us from the deadline.
        if given_up.wait(_POLL_SECONDS) or time.monotonic() > deadline:
            return None


def _kill(process: "subprocess.Popen[bytes]", run: str) -> None:
    """Kill a program, its group, and all that inherited its environment; errors are ignored."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + _REAP_SECONDS
    # Again, for those that were started meanwhile.
    while (found := _inheritors(run)) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_REAP_SECONDS)


def _inheritors(run: str) -> list[int]:
    """Find the processes with a run in their environment; none without ``/proc``."""
    variable = f"{RUN_VARIABLE}={run}".encode()  # pragma: no mutate
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        # A process may end meanwhile, or be another user's.
        with suppress(OSError):
            # No mutant of this: its opposite kills every process that the user has.
            if variable in path.read_bytes().split(b"\0"):  # pragma: no mutate
                found.append(int(path.parent.name))
    return found


def _ending(status: int) -> str:
    """Describe how a program failed."""
    if status > 0:
        return f"exit status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"


def _last_line(stderr_tail: bytes) -> str:
    """Give the last line of standard error after a colon; nothing where there is none."""
    lines = stderr_tail.decode("utf-8", "replace").strip().splitlines()
    return f": {printable(lines[-1].strip())[:_SHOWN_CHARACTERS]}" if lines else ""


COMMAND_LIMITS: Final = DeliveryLimits(delivery_seconds=10.0)
"""A command that runs longer is killed."""


class AlertCommand(BackgroundSink):
    """Runs a program, never through a shell, with the alert in its environment."""

    def __init__(self, command: str, limits: DeliveryLimits = COMMAND_LIMITS) -> None:
        self._words = _command_words(command)
        self._seconds = limits.delivery_seconds
        super().__init__(f"alert command {shlex.quote(self._words[0])}", limits)

    def deliver(self, alert: Alert, info: SessionInfo) -> None:
        """Run the program; see `BackgroundSink.deliver`."""
        environment = {**os.environ, **alert_variables(alert, info)}
        run_command(self._words, environment, self._seconds, self.given_up)


def alert_variables(alert: Alert, info: SessionInfo) -> Mapping[str, str]:
    """Give the environment variables that describe an alert."""
    return {
        "CALLMOOD_LEG": alert.leg,
        "CALLMOOD_LABEL": alert.label,
        "CALLMOOD_PROBABILITY": f"{alert.probability:.3f}",
        "CALLMOOD_RULE": alert.rule,
        "CALLMOOD_ONSET_SECONDS": f"{alert.onset_seconds:.3f}",
        "CALLMOOD_AT_SECONDS": f"{alert.at_seconds:.3f}",
        "CALLMOOD_SESSION": info.session,
        "CALLMOOD_CLOCK": SessionClock.of(info).text_at(alert.at_seconds),
    }


def _command_words(command: str) -> tuple[str, ...]:
    """Split a command as a shell would, and find its program."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(
            f"--on-alert {command!r} cannot be split into words ({error}); close every quote"
        ) from error
    if not words or not words[0]:
        raise UsageError(f"--on-alert {command!r} names no program; give one, such as 'notify-send angry'")
    found = shutil.which(words[0])
    if found is None:
        raise UsageError(
            f"--on-alert {command!r}: there is no program {words[0]!r} that can be run; install it, give its "
            "whole path, or make it executable"
        )
    return (found, *words[1:])


MAX_ANSWER_BYTES: Final = 65_536
"""No more is read, of a server and a proxy together: the status is all that is wanted."""


class BoundedHttp:
    """Sends requests, through a proxy where the environment names one; follows no redirect, reads no body."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._bounds = _Bounds(seconds)
        self._lookup: _Lookup | None = None
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            _Handler(self._connect, _tls_context(self._bounds)),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
        ):
            self._opener.add_handler(handler)

    def send(self, request: urllib.request.Request) -> None:
        """Send a request and wait for the status of the answer."""
        self._bounds.restart()
        try:
            self._opener.open(request).close()
        except urllib.error.HTTPError as error:
            with error:
                raise OutputError(_answered(error.code, error.reason)) from error
        except urllib.error.URLError as error:
            raise self._failure(error.reason) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._failure(error) from error

    def _failure(self, reason: object) -> OutputError:
        if isinstance(reason, OutputError):
            return reason
        if isinstance(reason, TimeoutError):
            return OutputError(f"no complete answer within {self._seconds:g} s")
        what = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
        return OutputError(f"not delivered: {printable(what)[:_SHOWN_CHARACTERS]}")

    def _connect(self, address: tuple[str, int], *_: object) -> socket.socket:
        """Open a connection; in place of `socket.create_connection`, which waits for each address anew."""
        found = self._look_up(*address)
        for number, (family, kind, protocol, _name, place) in enumerate(found, 1):
            try:
                # An equal share of the time for each: one that is silent must not use up that of the others.
                share = self._bounds.seconds_left() / (len(found) - number + 1)
                return self._connected(_Socket(family, kind, protocol), place, share)
            except OSError:
                if number == len(found):
                    raise
        raise OSError(f"{address[0]} has no address")

    def _connected(self, connection: "_Socket", place: Any, seconds: float) -> socket.socket:
        connection.bounds = self._bounds
        try:
            connection.settimeout(seconds)
            connection.connect(place)
        except BaseException:
            connection.close()
            raise
        return connection

    def _look_up(self, host: str, port: int) -> Sequence["_Found"]:
        """Look a name up; a lookup that is late is waited for next time, so that there never are two."""
        if self._lookup is None or self._lookup.address != (host, port):
            self._lookup = _Lookup(host, port)
            self._lookup.start()
        self._lookup.join(self._bounds.seconds_left())
        if self._lookup.is_alive():
            raise OutputError(f"the name {printable(host)} was not resolved within {self._seconds:g} s")
        lookup, self._lookup = self._lookup, None
        if lookup.error is not None:
            raise lookup.error
        return lookup.found


class _Bounds:
    """What an exchange may still take."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        self._deadline = time.monotonic() + self._seconds
        self._bytes_left = MAX_ANSWER_BYTES

    def seconds_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def count(self, num_bytes: int) -> None:
        self._bytes_left -= num_bytes
        if self._bytes_left < 0:
            raise OutputError(f"no complete answer within {MAX_ANSWER_BYTES} bytes")


_Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""What `socket.getaddrinfo` gives for an address."""


class _Lookup(threading.Thread):
    """Asks for the addresses of a name; nothing can interrupt the system's resolver."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(name="callmood-lookup", daemon=True)
        self.address = (host, port)
        self.found: Sequence[_Found] = ()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.found = socket.getaddrinfo(*self.address, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            self.error = error


class _Socket(socket.socket):
    """Waits in all its calls together until the deadline; what else the time would begin anew with each."""

    bounds: _Bounds

    def recv_into(self, *arguments: Any) -> int:
        self.settimeout(self.bounds.seconds_left())
        num_bytes = super().recv_into(*arguments)
        self.bounds.count(num_bytes)
        return num_bytes

    def send(self, *arguments: Any) -> int:
        self.settimeout(self.bounds.seconds_left())
        return super().send(*arguments)

    def sendall(self, *arguments: Any) -> None:
        self.settimeout(self.bounds.seconds_left())
        super().sendall(*arguments)


def _tls_context(bounds: _Bounds) -> ssl.SSLContext:
    """Give a context that verifies servers, and whose sockets keep to the bounds."""

    class TlsSocket(_Socket, ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            self.settimeout(self.bounds.seconds_left())
            super().do_handshake(block)

    TlsSocket.bounds = bounds
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = TlsSocket
    return context


class _Handler(urllib.request.AbstractHTTPHandler):
    """Speaks HTTP over connections that are opened by a function."""

    def __init__(self, connect: Callable[..., socket.socket], tls: ssl.SSLContext) -> None:
        super().__init__()
        self._connect = connect
        self._tls = tls
        self.http_request = self.https_request = self.do_request_

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(self._opened, http.client.HTTPConnection), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(self._opened, http.client.HTTPSConnection), request, context=self._tls)

    def _opened(
        self, kind: type[http.client.HTTPConnection], host: str, /, **others: Any
    ) -> http.client.HTTPConnection:
        connection = kind(host, **others)
        # The library's own place for it: what a proxy is asked for goes through it as well.
        connection._create_connection = self._connect  # type: ignore[attr-defined]
        return connection


def _answered(code: int, reason: str) -> str:
    """Say what a server answered that does not take the request."""
    if 300 <= code < 400:
        return f"the server sends on to another address ({code}); give that one"
    return f"the server answered {code} {printable(reason)[:_SHOWN_CHARACTERS]}".rstrip()


POST_LIMITS: Final = DeliveryLimits(delivery_seconds=5.0)
"""An exchange that takes longer is given up, whatever the server answers until then."""

_SCHEMES: Final = ("http", "https")


class AlertPost(BackgroundSink):
    """Sends each alert as a POST: the line of the journal, with the session and the time.

    It is sent to the address given and to no other: a redirect is refused, for it would turn the POST into
    a GET, or take it where nobody asked for. Complaints name the server alone: the rest of such an address
    often is a secret.
    """

    def __init__(self, url: str, limits: DeliveryLimits = POST_LIMITS) -> None:
        self._url = url
        self._http = BoundedHttp(limits.delivery_seconds)
        super().__init__(f"alert post to {_checked_server(url)}", limits)

    def deliver(self, alert: Alert, info: SessionInfo) -> None:
        """Send it; see `BackgroundSink.deliver`."""
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
            self._url,
            data=_body(alert, info),
            headers={
                "Content-Type": "application/json",
                "User-Agent": f"callmood/{info.callmood_version}",
            },
            method="POST",
        )
        self._http.send(request)


def _body(alert: Alert, info: SessionInfo) -> bytes:
    """Give the alert as one JSON object."""
    clock = SessionClock.of(info)
    line = event_values(alert, clock) | {"session": info.session, "clock": clock.text_at(alert.at_seconds)}
    return to_json(line, ascii_only=True).encode("ascii")


def _checked_server(url: str) -> str:
    """Look at an address; give scheme, host and port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refusal(f"{url!r} is no address ({error})") from error
    if parts.username is not None or parts.password is not None:
        raise _refusal("the address holds a user or a password, which would not be sent")
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise _refusal(f"{url!r} does not begin with http:// or https:// and a host")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise _refusal(f"{url!r} has blanks or characters that an address must write as %20 or the like")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{'' if port is None else f':{port}'}"


def _refusal(wrong: str) -> UsageError:
    return UsageError(f"alerts cannot be posted: {wrong}; give an address such as https://example.org/alerts")
