"""Alerts posted to real servers: those that accept, refuse, redirect, hang up, wait, drip or never end."""

import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest

from emotion.errors import OutputError, UsageError
from streamer.sinks.alert_actions import AlertPost, BoundedHttp
from streamer.sinks.base import DeliveryLimits
from tests.alert_material import alert
from tests.session_material import SESSION, facts

LONG_SECONDS = 30.0
"""Never reached where things work."""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


class Server(HTTPServer):
    """Answers each POST with the status in its path, and keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, str, str | None, Any]] = []
        self.agents: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.agents.append(self.headers["User-Agent"])
        self.server.got.append(("POST", self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(int(self.path.rpartition("/")[2]))
        self.send_header("Location", "file:///etc/passwd" if self.path == "/301" else "/200")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.got.append(("GET", self.path, None, None))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is its class's
        pass


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def posted(url: str, *, num: int = 1, post_seconds: float = LONG_SECONDS) -> tuple[str, ...]:
    """Post so many alerts; give the complaints."""
    sink = AlertPost(url, DeliveryLimits(post_seconds, close_seconds=LONG_SECONDS))
    sink.open(facts())
    for number in range(num):
        sink.handle(alert(15.0 + number))
    sink.close(None)
    return sink.complaints


def test_the_alert_arrives_as_json() -> None:
    with serving() as server:
        assert posted(f"{server.url}/200", num=2) == ()
    (kind, path, content_type, first), (*_, second) = server.got
    assert (kind, path, content_type) == ("POST", "/200", "application/json")
    assert first.pop("clock")[13:].startswith(":00:14.250")
    assert first == {
        "type": "alert",
        "session": SESSION,
        "leg": "customer",
        "rule": "angry>0.7 for 5s",
        "label": "angry",
        "onset": 10.0,
        "at": 15.0,
        "delay_seconds": 5.0,
        "probability": 0.82,
        "window": 26,
        "onset_sample": 80_000,
        "end_sample": 120_000,
    }
    assert second["at"] == 16.0
    assert server.agents == [f"callmood/{facts().callmood_version}"] * 2


def test_a_leg_whose_name_is_not_ascii_arrives_under_it() -> None:
    with serving() as server:
        AlertPost(f"{server.url}/200").deliver(replace(alert(), leg="Jürgen"), facts())
    assert [got[3]["leg"] for got in server.got] == ["Jürgen"]


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (500, "the server answered 500 Internal Server Error"),
        (404, "the server answered 404 Not Found"),
        (400, "the server answered 400 Bad Request"),
        (599, "the server answered 599"),
        (300, "the server sends on to another address (300); give that one"),
        (301, "the server sends on to another address (301); give that one"),
        (302, "the server sends on to another address (302); give that one"),
        (307, "the server sends on to another address (307); give that one"),
    ],
)
def test_a_server_that_does_not_take_it_is_complained_of_and_no_other_is_asked(
    status: int, what: str
) -> None:
    with serving() as server:
        complaints = posted(f"{server.url}/{status}", num=2)
    assert complaints == (
        *(f"alert post to {server.url}, alert at {at:.1f} s: {what}" for at in (15.0, 16.0)),
        f"alert post to {server.url}: 2 of 2 alerts not delivered",
    )
    assert [got[0] for got in server.got] == ["POST", "POST"]


def test_a_server_that_never_answers_delays_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/secret"
        complaint, count = posted(url, post_seconds=0.2)
        assert complaint.endswith("alert at 15.0 s: no complete answer within 0.2 s")
        assert count.endswith(": 1 of 1 alert not delivered")
        assert "secret" not in complaint + count

        sink = AlertPost(url, DeliveryLimits(LONG_SECONDS, close_seconds=0.1))
        sink.open(facts())
        began = time.monotonic()
        sink.handle(alert())
        server.settimeout(LONG_SECONDS)
        server.accept()[0].close()
        connection = server.accept()[0]
        sink.handle(alert(16.0))
        sink.close(None)
        complaints = sink.complaints
        sink.close(None)
        assert sink.complaints == complaints, "a second close does nothing, though the thread still waits"
        assert time.monotonic() - began < 3.0
        connection.close()
        for thread in threading.enumerate():
            if thread.name == "callmood-alerts":
                thread.join(LONG_SECONDS)
    assert sink.complaints[0].endswith("alert at 16.0 s: not delivered: the session ended before its turn")
    assert sink.complaints[1].endswith("the session ended before it was known whether an alert arrived")
    assert sink.complaints[-1].endswith("2 of 2 alerts not delivered")


Answer = Callable[[socket.socket], object]


def take_request(connection: socket.socket) -> None:
    """Take a request with its body, which is one JSON object: a close before that would be a reset."""
    taken = b""
    while not taken.endswith(b"}"):
        new = connection.recv(65_536)
        if not new:
            raise ConnectionError(taken)
        taken += new


@contextmanager
def answering(answer: Answer, *, taken: bool = True) -> Iterator[int]:
    """Let a server answer what it likes, by default once it has taken what it is sent; give its port."""
    connections = []

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                with server.accept()[0] as connection, suppress(OSError):
                    connections.append(connection)
                    if taken:
                        take_request(connection)
                    answer(connection)

    server = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, args=(server,))
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        for each in (server, *connections):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        thread.join()
        server.close()


def silence(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def drip(answer: bytes) -> Answer:
    """Answer a byte at a time, with less between them than a deadline, and for much longer than that."""

    def dripping(connection: socket.socket) -> None:
        for byte in answer:
            connection.sendall(bytes([byte]))
            time.sleep(DRIP_SECONDS)

    return dripping


def endless(begin: bytes, again: bytes) -> Answer:
    """Answer as fast as it is read, without an end."""

    def pouring(connection: socket.socket) -> None:
        connection.sendall(begin)
        while True:
            connection.sendall(again)

    return pouring


DRIP_SECONDS = 0.1
SHORT_SECONDS = 0.5
OK = b"HTTP/1.1 200 OK\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TLS_RECORD = b"\x16\x03\x03\x40\x00"
LATE = f"no complete answer within {SHORT_SECONDS} s"


@pytest.mark.parametrize(
    ("scheme", "answer"),
    [
        ("http", silence),
        ("http", drip(OK + b"X: 1\r\n" * 90)),
        ("http", drip(CONTINUE * 30)),
        ("https", silence),
        ("https", drip(TLS_RECORD + bytes(500))),
    ],
    ids=["silence", "a drip", "a drip of continues", "silence for TLS", "a drip for TLS"],
)
def test_one_deadline_holds_for_the_whole_exchange(scheme: str, answer: Answer) -> None:
    with answering(answer, taken=scheme == "http") as port:
        began = time.monotonic()
        complaint, count = posted(f"{scheme}://127.0.0.1:{port}", post_seconds=SHORT_SECONDS)
        assert SHORT_SECONDS <= time.monotonic() - began < 10.0
    assert complaint.endswith(f"127.0.0.1:{port}, alert at 15.0 s: {LATE}")
    assert count.endswith(f"127.0.0.1:{port}: 1 of 1 alert not delivered")


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (endless(b"", CONTINUE * 100), "no complete answer within 65536 bytes"),
        (
            endless(b"HTTP/1.1 100 Continue\r\n", b"X: 1\r\n" * 100),
            "not delivered: got more than 100 headers",
        ),
        (endless(OK, b"X: 1\r\n" * 100), "not delivered: got more than 100 headers"),
        (endless(OK + b"X: ", b"1" * 10_000), "no complete answer within 65536 bytes"),
        (endless(b"", b"1" * 10_000), "no complete answer within 65536 bytes"),
    ],
    ids=["continues", "headers of a continue", "headers", "a header", "a status line"],
)
def test_an_answer_without_an_end_is_given_up_after_a_few_bytes(answer: Answer, what: str) -> None:
    with answering(answer) as port:
        complaint, _ = posted(f"http://127.0.0.1:{port}")
    assert complaint.endswith(f"alert at 15.0 s: {what}")


def test_the_bytes_of_each_answer_are_counted_anew() -> None:
    with answering(lambda connection: connection.sendall(OK + b"X: " + b"1" * 40_000 + b"\r\n\r\n")) as port:
        assert posted(f"http://127.0.0.1:{port}", num=3) == ()


def test_of_a_body_without_an_end_nothing_is_read() -> None:
    with answering(endless(OK + b"\r\n", b"body" * 1000)) as port:
        assert posted(f"http://127.0.0.1:{port}", num=2) == ()


@pytest.mark.parametrize("answer", [b"", b"SIP/2.0 200 OK\r\n\r\n", b"\xff\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_a_server_that_speaks_no_http_is_complained_of(answer: bytes) -> None:
    with answering(lambda connection: connection.sendall(answer)) as port:
        complaint, _ = posted(f"http://127.0.0.1:{port}")
    assert "alert at 15.0 s: not delivered: " in complaint
    assert complaint.isprintable()


def test_a_name_that_is_not_resolved_is_given_up_and_looked_up_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No resolver of a test's own can be had: what the system's does is put off here, by its public name."""
    lookups, resolved, look_up = [], threading.Event(), socket.getaddrinfo

    def slow(host: str, *arguments: Any, **more: Any) -> Any:
        lookups.append(host)
        assert resolved.wait(LONG_SECONDS)
        return look_up("127.0.0.1", *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with serving() as server:
        sink = AlertPost(f"http://slow.invalid:{server.server_port}/200", DeliveryLimits(SHORT_SECONDS))
        for _ in range(2):
            with pytest.raises(OutputError, match=f"slow.invalid was not resolved within {SHORT_SECONDS} s"):
                sink.deliver(alert(), facts())
        daemons = {thread.daemon for thread in threading.enumerate() if thread.name == "callmood-lookup"}
        assert daemons == {True}, "it keeps no program from ending"
        resolved.set()
        sink.deliver(alert(), facts())
    assert lookups == ["slow.invalid"], "one thread waits, however many alerts there are"
    assert len(server.got) == 1


def test_what_the_resolver_says_is_complained_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    complaint, _ = posted("http://no-such-host.invalid/")
    assert complaint.endswith("alert at 15.0 s: not delivered: Name or service not known")


def test_a_name_without_an_address_is_complained_of() -> None:
    complaint, _ = posted("http://no-such-host.invalid/")
    assert "alert at 15.0 s: not delivered: " in complaint


def test_an_address_that_does_not_answer_leaves_time_for_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_up = socket.getaddrinfo

    def both(_host: str, port: int, **more: Any) -> Any:
        return [*look_up("127.0.0.1", full_port, **more), *look_up("127.0.0.1", port, **more)]

    with serving() as server, socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as held:
        full_port = full.getsockname()[1]
        for _ in range(4):  # Nobody accepts them: the system lets a few in, and drops the rest.
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", full_port))
        monkeypatch.setattr(socket, "getaddrinfo", both)
        assert posted(f"http://two.invalid:{server.server_port}/200", post_seconds=2.0) == ()


def test_addresses_that_do_not_answer_have_all_of_the_time_together(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as held:
        port = full.getsockname()[1]
        for _ in range(4):  # Nobody accepts them: the system lets a few in, and drops the rest.
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        twice = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM) * 2
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: twice)
        began = time.monotonic()
        complaint, _ = posted(f"http://two.invalid:{port}", post_seconds=SHORT_SECONDS)
        assert SHORT_SECONDS <= time.monotonic() - began < 10.0
    assert complaint.endswith(LATE)


def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy")
    with serving() as server:
        monkeypatch.setenv("http_proxy", server.url)
        assert posted("http://far.invalid/200") == ()
        complaint, _ = posted("http://far.invalid/500")
    assert [got[:2] for got in server.got] == [
        ("POST", "http://far.invalid/200"),
        ("POST", "http://far.invalid/500"),
    ]
    assert complaint == (
        "alert post to http://far.invalid, alert at 15.0 s: the server answered 500 Internal Server Error"
    )


def test_the_deadline_holds_for_a_proxy_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy")
    with answering(drip(OK + b"X: 1\r\n" * 90), taken=False) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        complaint, _ = posted("https://far.invalid", post_seconds=SHORT_SECONDS)
    assert complaint == f"alert post to https://far.invalid, alert at 15.0 s: {LATE}"


def test_a_proxy_that_is_slow_leaves_less_time_for_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 2.0

    def connect_late(connection: socket.socket) -> None:
        time.sleep(0.8 * seconds)
        connection.sendall(OK + b"\r\n")
        silence(connection)

    monkeypatch.delenv("no_proxy")
    with answering(connect_late, taken=False) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        sink = AlertPost("https://far.invalid", DeliveryLimits(seconds))
        began = time.monotonic()
        with pytest.raises(OutputError, match="no complete answer within 2 s"):
            sink.deliver(alert(), facts())
        assert time.monotonic() - began < 1.7 * seconds, "not 0.8 and then 1"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a key and a certificate of 127.0.0.1, in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", path, "-out", path.with_suffix(".crt")),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


def over_tls(certificate: Path, answer: Answer) -> Answer:
    """Answer over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])

    def secure(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            take_request(secured)
            if secured.selected_alpn_protocol() == "http/1.1":
                answer(secured)

    return secure


def test_over_tls_a_server_is_verified_and_kept_to_the_deadline(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(over_tls(certificate, lambda secured: secured.sendall(OK + b"\r\n")), taken=False) as port:
        complaint, _ = posted(f"https://127.0.0.1:{port}")
        assert "CERTIFICATE_VERIFY_FAILED" in complaint
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert posted(f"https://127.0.0.1:{port}", num=2) == ()
        complaint, _ = posted(f"https://localhost:{port}")
        assert "Hostname mismatch" in complaint, "the certificate is another's"
    with answering(over_tls(certificate, drip(OK + b"X: 1\r\n" * 90)), taken=False) as port:
        complaint, _ = posted(f"https://127.0.0.1:{port}", post_seconds=1.0)
        assert complaint.endswith("no complete answer within 1 s")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_reads_nothing_is_kept_to_the_deadline(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    given_up = threading.Event()

    def read_nothing(connection: socket.socket) -> None:
        if scheme == "https":
            connection = context.wrap_socket(connection, server_side=True)
        given_up.wait(LONG_SECONDS)
        connection.close()

    with answering(read_nothing, taken=False) as port:
        # More than the system keeps for those who do not read.
        request = Request(f"{scheme}://127.0.0.1:{port}", data=bytes(50_000_000))  # noqa: S310
        try:
            with pytest.raises(OutputError, match=r"^no complete answer within 1 s$"):
                BoundedHttp(1.0).send(request)
        finally:
            given_up.set()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    complaint, _ = posted(f"http://127.0.0.1:{port}")
    assert complaint.endswith("alert at 15.0 s: not delivered: Connection refused")


def test_a_server_without_tls_is_none_for_https() -> None:
    with serving() as server:
        complaint, _ = posted(server.url.replace("http:", "https:") + "/200")
    assert "alert at 15.0 s: not delivered: " in complaint
    assert server.got == []


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("", "does not begin with http"),
        ("example.org/alerts", "does not begin with http"),
        ("file:///etc/passwd", "does not begin with http"),
        ("ftp://example.org", "does not begin with http"),
        ("http://", "does not begin with http"),
        ("http:///alerts", "does not begin with http"),
        ("http://example.org:port/", "is no address"),
        ("http://example.org:70000/", "is no address"),
        ("http://[::1/", "is no address"),
        ("http://example.org/a b", "blanks or characters"),
        ("http://example.org/é", "blanks or characters"),
        ("http://example.org/\r\nX-Evil: 1", "blanks or characters"),
    ],
)
def test_what_is_no_address_is_refused_before_the_session(url: str, what: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        AlertPost(url)
    assert repr(url) in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("who", ["me:hunter2", "hunter2", ":hunter2"])
def test_a_password_is_refused_and_not_shown(who: str) -> None:
    with pytest.raises(UsageError, match="a user or a password") as caught:
        AlertPost(f"https://{who}@example.org/")
    assert "hunter2" not in str(caught.value)


def test_an_address_in_brackets_is_shown_in_them() -> None:
    complaint, _ = posted("http://[::1]:1/secret")
    assert complaint.startswith("alert post to http://[::1]:1, alert at 15.0 s: not delivered: ")
