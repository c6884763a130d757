"""A cloud that keeps what it is given and gives it back: no rules, no defaults, only REST.

What it forgets or confuses is the stand-in's fault, never a rule's; so it can hold any value of any attribute.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote

from provisioner.sandbox.http import Request, Response, json_response

Json = dict[str, Any]
_NAMED_BY = ("datasetReference.datasetId", "tableReference.tableId", "name", "accountId", "id")


class Shelf:
    """Documents by host and path."""

    def __init__(self) -> None:
        self.documents: dict[str, Json] = {}
        self._numbers: Iterator[int] = count(1)

    def __call__(self, request: Request) -> Response:
        if request.host == "openidconnect.googleapis.com":
            return json_response({"email": "someone@example.com"})
        query = {name: found[-1] for name, found in parse_qs(request.query, keep_blank_values=True).items()}
        path = request.host + unquote(request.path)
        return getattr(self, f"_{request.method.lower()}")(path, query, request)  # type: ignore[no-any-return]

    def _get(self, path: str, _query: dict[str, str], _request: Request) -> Response:
        if path.endswith((":getIamPolicy", "/iam")):
            return json_response(self._policy(path))
        if ":" in path.rsplit("/", 1)[-1]:  # another verb, as in pools/x:listAttestationRules
            return json_response({})
        return _found(self.documents.get(path))

    def _policy(self, path: str) -> Json:
        return self.documents.setdefault(path.rpartition("/" if path.endswith("/iam") else ":")[0] + " policy", {})

    def _post(self, path: str, query: dict[str, str], request: Request) -> Response:
        if path.endswith(":getIamPolicy"):
            return json_response(self._policy(path))
        if path.endswith(":setIamPolicy"):
            self._policy(path).update(request.json()["policy"])
            return json_response(self._policy(path))
        if ":" in path.rsplit("/", 1)[-1]:  # another verb, as in jobs/x:resume
            return json_response(_changed(self.documents.get(path.rpartition(":")[0], {})))
        body = request.json() or {}
        body = body.get("serviceAccount", body) if "accountId" in body else body
        name = next((value for key, value in query.items() if key.endswith(("Id", "_id"))), None) or _name(body)
        place = f"{path}/{(name or f'made-{next(self._numbers)}').rsplit('/', 1)[-1]}"
        full = place.split("/", 1)[1].removeprefix("storage/v1/").partition("/")[2]
        self.documents[place] = {"name": full if name is None or query else body.get("name", full), **body}
        return json_response(_changed(self.documents[place]))

    def _put(self, path: str, _query: dict[str, str], request: Request) -> Response:
        if path.endswith("/iam"):
            self._policy(path).update(request.json())
            return json_response(self._policy(path))
        body = request.json()
        self.documents[path] = {**{key: self.documents.get(path, body).get(key) for key in ("name",)}, **body}
        return json_response(_changed(self.documents[path]))

    def _patch(self, path: str, query: dict[str, str], request: Request) -> Response:
        if path not in self.documents:
            return _found(None)
        body = request.json()
        wrapped = next((body[key] for key in ("topic", "subscription", "serviceAccount") if _wraps(body, key)), body)
        mask = query.get("updateMask") or (body.get("updateMask") if wrapped is not body else None)
        if mask is None and not path.startswith("storage."):  # the whole; of a bucket only what is named
            return self._put(path, query, request)
        document = self.documents[path]
        for part in mask.split(",") if mask else sorted(wrapped):
            _copy(document, wrapped, _camel(part).split("."))
        return json_response(_changed(document))

    def _delete(self, path: str, _query: dict[str, str], _request: Request) -> Response:
        return _found(self.documents.pop(path, None))


def _wraps(body: Json, key: str) -> bool:
    return isinstance(body.get(key), dict) and set(body) <= {key, "updateMask"}


def _copy(document: Json, body: Json, path: list[str]) -> None:
    *parents, last = path
    for part in parents:
        document = document.setdefault(part, {}) or {}
        body = body.get(part) or {}
    if body.get(last) is None:
        document.pop(last, None)
    else:
        document[last] = body[last]


def _camel(path: str) -> str:
    def one(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(part.capitalize() for part in rest)

    return ".".join(map(one, path.split(".")))


def _name(body: Json) -> str | None:
    for path in _NAMED_BY:
        found: Any = body
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, str) and found:
            return found
    return None


def _changed(document: Json) -> Json:
    """Answer a change: for those who wait, it is over."""
    return {**document, "done": True, "status": "DONE"}


def _found(document: Json | None) -> Response:
    if document is None:
        return json_response({"error": {"code": 404, "message": "not here", "status": "NOT_FOUND"}}, 404)
    return json_response(document)
