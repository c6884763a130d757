"""A sandbox server and programs in its environment: what the client tests of Cloud Run use."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provisioner.sandbox.handle import Handle
from tests.sandbox.identity.cloud import Answer

ROOT = Path(__file__).parents[3]


class Live:
    """Requests through the proxy, with the signature that the tests without a server use; and programs."""

    def __init__(self, handle: Handle, folder: Path) -> None:
        self.handle = handle
        self.folder = folder
        own = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        self.environment = own | handle.environment()
        context = ssl.create_default_context(cafile=str(handle.ca_file))
        proxies = urllib.request.ProxyHandler({"https": handle.proxy_url})
        self._opener = urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=context))

    def call(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        verb: str,
        url: str,
        body: Any = None,
        *,
        token: str | None = "",
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        sent = {"content-type": "application/json"} | dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token or self.environment['GOOGLE_OAUTH_ACCESS_TOKEN']}"
        data = json.dumps(body).encode() if body is not None else content
        request = urllib.request.Request(f"https://{url}", data, sent, method=verb)
        try:
            with self._opener.open(request, timeout=60) as got:
                status, content, given = got.status, got.read(), got.headers
        except urllib.error.HTTPError as error:
            with error:
                status, content, given = error.code, error.read(), error.headers
        known = {name.lower(): value for name, value in given.items()}
        is_json = "json" in known.get("content-type", "")
        return Answer(status, json.loads(content) if content and is_json else {}, known, content or b"")

    def ok(self, verb: str, url: str, body: Any = None) -> dict[str, Any]:
        answer = self.call(verb, url, body)
        assert answer.status == 200, (verb, url, answer.status, answer.content)
        return answer.body

    def run(self, *command: str, folder: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder or self.folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def gcloud(self, *arguments: str) -> str:
        """Run gcloud in the project and region; return what it prints, checked to have worked."""
        ended = self.run("gcloud", *arguments, "--quiet")
        assert ended.returncode == 0, (arguments, ended.stderr)
        return ended.stdout
