"""Alerts posted to a real server: one that takes them, and those that refuse, wait, hang up or send on."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from emotion.errors import UsageError
from streamer.alerts.alert_post import AlertPost
from tests.session_material import SESSION, facts
from tests.streamer.alerts.alert_rows import alert

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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(("POST", self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(int(self.path.strip("/")))
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
    sink = AlertPost(url, post_seconds=post_seconds, patience_seconds=LONG_SECONDS)
    sink.open(facts())
    for number in range(num):
        sink.take_alert(alert(15.0 + number))
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


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (500, "the server answered 500 Internal Server Error"),
        (404, "the server answered 404 Not Found"),
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
    assert complaints == tuple(
        f"alert post to {server.url}, alert at {at:.1f} s: {what}" for at in (15.0, 16.0)
    )
    assert [got[0] for got in server.got] == ["POST", "POST"]


def test_a_server_that_never_answers_delays_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/secret"
        (complaint,) = posted(url, post_seconds=0.2)
        assert complaint.endswith("alert at 15.0 s: no answer within 0.2 s")
        assert "secret" not in complaint

        sink = AlertPost(url, post_seconds=LONG_SECONDS, patience_seconds=0.1)
        sink.open(facts())
        began = time.monotonic()
        sink.take_alert(alert())
        server.settimeout(LONG_SECONDS)
        server.accept()[0].close()
        connection = server.accept()[0]
        sink.take_alert(alert(16.0))
        sink.close(None)
        assert time.monotonic() - began < 3.0
        connection.close()
        for thread in threading.enumerate():
            if thread.name == "callmood-alerts":
                thread.join(LONG_SECONDS)
    assert sink.complaints[0].endswith("alert at 16.0 s: not delivered: the session ended before its turn")
    assert sink.complaints[1].endswith("the session ended before it was known whether an alert arrived")


@pytest.mark.parametrize("answer", [b"", b"SIP/2.0 200 OK\r\n\r\n", b"\xff\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_a_server_that_speaks_no_http_is_complained_of(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_once() -> None:
            with server.accept()[0] as connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=answer_once)
        thread.start()
        (complaint,) = posted(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert ": not sent: " in complaint
    assert complaint.isprintable()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (complaint,) = posted(f"http://127.0.0.1:{port}")
    assert complaint.endswith("alert at 15.0 s: not sent: Connection refused")


def test_a_server_without_tls_is_none_for_https() -> None:
    with serving() as server:
        (complaint,) = posted(server.url.replace("http:", "https:") + "/200")
    assert ": not sent: " in complaint
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


def test_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError, match="a user or a password") as caught:
        AlertPost("https://me:hunter2@example.org/")
    assert "hunter2" not in str(caught.value)
