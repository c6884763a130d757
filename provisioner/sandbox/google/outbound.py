"""HTTP requests that the sandbox's Google sends: pushes of Pub/Sub, targets of Cloud Scheduler, alerts.

Nothing leaves the machine: a request goes to a loopback address, or back into the sandbox for a host that it plays
(``*.run.app``, ``*.googleapis.com``); every other address counts as one that does not answer.
"""

from __future__ import annotations

import http.client
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from provisioner.sandbox.google.catalog import services_of
from provisioner.sandbox.google.identity.keys import GOOGLE, signing_key
from provisioner.sandbox.http import Application, Request
from provisioner.sandbox.store import Document, Transaction

_LIFETIME = timedelta(hours=1)


class Undelivered(Exception):
    """Nobody answered; the text says why."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request on its way out. ``seconds`` is how long to wait for the answer."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 10.0


def deliver(application: Application, outgoing: Outgoing) -> int:
    """Send a request; return the status of the answer. Raises Undelivered."""
    host = host_of(outgoing.url)
    parts = urlsplit(outgoing.url) if host else urlsplit("")
    if is_loopback(host):
        return _over_the_wire(outgoing)
    if not services_of(host):
        raise Undelivered(f"the sandbox reaches loopback addresses and the hosts it plays, not {host}")
    headers = {name.lower(): value for name, value in outgoing.headers.items()} | {"host": host}
    request = Request(outgoing.method, host, parts.path or "/", parts.query, headers, outgoing.body)
    return application(request).status


def host_of(url: str) -> str:
    """Return the host of an http or https address in lower case, empty for what is no such address."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        return ""
    return (parts.hostname or "").lower() if usable else ""


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def identity_token(tx: Transaction, account: Document, audience: str, now: datetime) -> str:
    """Return an OpenID Connect token of a service account, as Google's own senders attach it.

    https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions#jwt-format.
    """
    issued = int(now.timestamp())
    claims = {
        "iss": f"https://{GOOGLE}",
        "aud": audience,
        "azp": account["uniqueId"],
        "sub": account["uniqueId"],
        "email": account["email"],
        "email_verified": True,
        "iat": issued,
        "exp": issued + int(_LIFETIME.total_seconds()),
    }
    return signing_key(tx, GOOGLE).sign_jwt(claims)


def _over_the_wire(outgoing: Outgoing) -> int:
    parts = urlsplit(outgoing.url)
    if parts.scheme != "http":
        raise Undelivered(f"{parts.scheme} to a loopback address is not spoken: use http")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=outgoing.seconds)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(outgoing.method, target, outgoing.body, dict(outgoing.headers))
        answer = connection.getresponse()
        answer.read()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Undelivered(str(error) or type(error).__name__) from None
    finally:
        connection.close()
    return answer.status
