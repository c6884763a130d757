"""Takes secrets out of what the request log keeps."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from provisioner.sandbox.http import Request, Response

HIDDEN = "[redacted]"
_LONGEST = 2048
_SECRET_NAMES = frozenset(
    (
        *("accesstoken", "idtoken", "token", "subjecttoken", "actortoken", "refreshtoken", "assertion", "signedjwt"),
        *("signedblob", "jwt", "payload", "data", "privatekeydata", "privatekey", "clientsecret", "secret", "password"),
        *("encryptedvalue", "sensitivelabels", "uploadid", "oauthtoken", "key", "credential", "pem"),
    )
)
_TOKEN_SHAPES = re.compile(
    r"ya29\.[\w.-]+|gh[pousr]_\w+|github_pat_\w+|eyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----"
)
_TOKEN_HOSTS = ("token.actions.githubusercontent.com",)


def shown_query(query: str) -> str:
    """Return a query string with the values of secret parameters hidden."""
    pairs = [(name, HIDDEN if _secret(name) else shown_text(value)) for name, value in parse_qsl(query, True)]  # noqa: FBT003 - keep_blank_values
    return urlencode(pairs, safe="[]/:@,*")


def shown_request_body(request: Request) -> str:
    """Return what may be kept of a request body: the start of JSON or a form without secrets, else the size."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return shown_query(request.body.decode("utf-8", "replace"))
    return _shown_body(request.body, kind)


def shown_response_body(request: Request, response: Response) -> str:
    """Return what may be kept of a response body."""
    if not isinstance(response.body, bytes):
        return "(stream)"
    if request.host in _TOKEN_HOSTS and "/.well-known/" not in request.path:
        return HIDDEN
    kind = next((value for name, value in response.headers if name.lower() == "content-type"), "")
    return _shown_body(response.body, kind)


def shown_text(text: str) -> str:
    """Return a text without anything that looks like a token or a private key."""
    return _TOKEN_SHAPES.sub(HIDDEN, text)


def _shown_body(body: bytes, kind: str) -> str:
    if not body:
        return ""
    if "json" not in kind:
        return f"({len(body)} bytes of {kind or 'unknown type'})"
    try:
        document = _without_secrets(json.loads(body))
    except (ValueError, RecursionError):
        return f"({len(body)} bytes that are no JSON)"
    text = json.dumps(document, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _without_secrets(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {
            name: HIDDEN if _secret(name) and inner not in (None, "", {}) else _without_secrets(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    return shown_text(value) if isinstance(value, str) else value


def _secret(name: str) -> bool:
    return name.lower().replace("_", "").replace("-", "") in _SECRET_NAMES
