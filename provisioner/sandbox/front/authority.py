"""The certificate authority of one sandbox: made on first start, one leaf per host asked for."""

from __future__ import annotations

import os
import ssl
import threading
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

_MOST_CONTEXTS = 256
_LEAF_DAYS = 397  # what clients at Apple accept at most


class Authority:
    """Issues TLS contexts for hosts. The key stays in ``folder`` (0700), readable by the owner alone."""

    def __init__(self, folder: Path) -> None:
        """Read the authority from ``folder``, or make one there."""
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()
        self._lock = threading.Lock()
        self._ca = self._read() or self._make(folder)

    def context(self, host: str) -> ssl.SSLContext:
        """Return the server side of TLS for a host name; HTTP/1.1 only."""
        with self._lock:
            context = self._contexts.get(host)
            if context is None:
                context = self._contexts[host] = self._issue(host)
                if len(self._contexts) > _MOST_CONTEXTS:
                    self._contexts.popitem(last=False)
            self._contexts.move_to_end(host)
            return context

    def _issue(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        end = datetime.now(UTC) + timedelta(days=_LEAF_DAYS)
        self._ca.issue_cert(host, not_after=end).configure_cert(context)
        return context

    def _read(self) -> trustme.CA | None:
        if not (self.certificate.exists() and self._key.exists()):
            return None
        return trustme.CA.from_pem(self.certificate.read_bytes(), self._key.read_bytes())

    def _make(self, folder: Path) -> trustme.CA:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        authority = trustme.CA(organization_name="provision-env sandbox", organization_unit_name="local only")
        # The certificate is written last: a crash in between leaves no pair that does not fit.
        _write_private(self._key, authority.private_key_pem.bytes())
        _write_private(self.certificate, authority.cert_pem.bytes())
        return authority


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
