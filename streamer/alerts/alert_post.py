"""Alerts sent to a web address, as JSON."""

import urllib.request
from typing import Final
from urllib.parse import urlsplit

from emotion.errors import UsageError
from streamer.alerts.alert import Alert
from streamer.alerts.background import NUM_WAITING, PATIENCE_SECONDS, BackgroundSink
from streamer.alerts.bounded_http import BoundedHttp
from streamer.lines.journal_lines import alert_line, to_json
from streamer.session_clock import SessionClock
from streamer.session_facts import SessionFacts

POST_SECONDS: Final = 5.0
"""An exchange that takes longer is given up, whatever the server answers until then."""

_SCHEMES: Final = ("http", "https")


class AlertPost(BackgroundSink):
    """Sends each alert as a POST: the line of the journal, with the session and the time.

    It is sent to the address given and to no other: a redirect is refused, for it would turn the POST into
    a GET, or take it where nobody asked for. Complaints name the server alone: the rest of such an address
    often is a secret.

    Parameters
    ----------
    url : str
        ``http://`` or ``https://``.
    post_seconds : float, optional
        How long an alert may take in all, from the lookup of the name to the answer, s.
    num_waiting : int, optional
        How many alerts may wait while one is sent.
    patience_seconds : float, optional
        How long the end of the session waits for the server, s.

    Raises
    ------
    UsageError
        If it is no such address, or holds a user or password.
    """

    def __init__(
        self,
        url: str,
        *,
        post_seconds: float = POST_SECONDS,
        num_waiting: int = NUM_WAITING,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._url = url
        self._http = BoundedHttp(post_seconds)
        super().__init__(
            f"alert post to {_server(url)}", num_waiting=num_waiting, patience_seconds=patience_seconds
        )

    def deliver(self, alert: Alert, facts: SessionFacts) -> None:
        """Send it; see `BackgroundSink.deliver`."""
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
            self._url,
            data=_body(alert, facts),
            headers={
                "Content-Type": "application/json",
                "User-Agent": f"callmood/{facts.callmood_version}",
            },
            method="POST",
        )
        self._http.send(request)


def _body(alert: Alert, facts: SessionFacts) -> bytes:
    """Give the alert as one JSON object."""
    clock = SessionClock.from_epoch(facts.started).at(alert.at_seconds)
    about = {"session": facts.session, "clock": clock.isoformat(timespec="milliseconds")}
    return to_json({**alert_line(alert), **about}, ascii_only=True).encode("ascii")


def _server(url: str) -> str:
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
