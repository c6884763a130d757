"""The control interface as an ``Application``: JSON in and out under ``/_sandbox/``, with the control token."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any

from provisioner.errors import InvalidInput, ProvisionError
from provisioner.sandbox.http import Request, Response, json_response

Json = dict[str, Any]
Action = Callable[[Request], Any]
_PREFIX = "/_sandbox/"


class ControlApplication:
    """Answers ``VERB /_sandbox/<name>``; every action is a function from the request to a JSON value."""

    def __init__(self, token: str, actions: Mapping[tuple[str, str], Action]) -> None:
        """``actions`` maps (verb, name) to what to do."""
        self._expected = f"Bearer {token}"
        self._actions = actions

    def __call__(self, request: Request) -> Response:
        """Answer one request; refuse one without the token."""
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self._expected.encode()):
            return json_response({"error": "the control token is missing or wrong"}, 401)
        action = self._actions.get((request.method, request.path.removeprefix(_PREFIX)))
        if action is None or not request.path.startswith(_PREFIX):
            return self._unknown(request)
        try:
            answer = action(request)
        except ProvisionError as error:
            return json_response({"error": error.reason, "fix": error.fix}, 400)
        return answer if isinstance(answer, Response) else json_response(answer)

    def _unknown(self, request: Request) -> Response:
        known = sorted(f"{verb} {_PREFIX}{name}" for verb, name in self._actions)
        return json_response({"error": f"no control action {request.method} {request.path}", "known": known}, 404)


def document_of(request: Request) -> Json:
    """Return the JSON object of a control request. Raises InvalidInput."""
    try:
        document = request.json()
    except ValueError as error:
        raise InvalidInput(f"the body is no JSON: {error}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise InvalidInput("the body is no JSON object")
    return document


def text_of(document: Mapping[str, Any], name: str) -> str:
    """Return a required text of a control request. Raises InvalidInput."""
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"{name!r} is missing or no text")
    return value
