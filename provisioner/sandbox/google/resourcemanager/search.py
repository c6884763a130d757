"""The filter and query language of Resource Manager.

Terms side by side are all required: ``parent.type:folder parent.id:123``, ``lifecycleState:ACTIVE``, ``id=acme-*``,
``labels.env:dev``; ``AND``, ``OR``, ``NOT`` and parentheses join them. Anything else is refused.
https://cloud.google.com/resource-manager/reference/rest/v1/projects/list, …/v3/projects/search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument
from provisioner.sandbox.store import Document

Test = Callable[[Document], bool]
Fields = Mapping[str, Callable[[Document], Any]]
_TOKEN = re.compile(
    r"\s*(?:(?P<word>AND|OR|NOT)(?=[\s(])|(?P<sign>[()]|-(?=\w))"
    r"|(?P<field>[\w.-]+)\s*[:=]\s*(?P<value>\"[^\"]*\"|[^\s()]+))"
)
_DEEPEST = 20
_ALIASES: Fields = {
    "id": lambda found: found["projectId"],
    "projectid": lambda found: found["projectId"],
    "projectnumber": lambda found: found["projectNumber"],
    "name": lambda found: found["name"],
    "displayname": lambda found: found["name"],
    "lifecyclestate": lambda found: found["lifecycleState"],
    "state": lambda found: found["lifecycleState"],
    "parent.type": lambda found: found.get("parent", {}).get("type", ""),
    "parent.id": lambda found: found.get("parent", {}).get("id", ""),
    "parent": lambda found: f"{found['parent']['type']}s/{found['parent']['id']}" if "parent" in found else "",
}
_CONTAINERS: Fields = {
    "displayname": lambda found: found.get("displayName", ""),
    "domain": lambda found: found.get("displayName", ""),
    "directorycustomerid": lambda found: found.get("directoryCustomerId", ""),
    "owner.directorycustomerid": lambda found: found.get("directoryCustomerId", ""),
    "name": lambda found: found["name"],
    "parent": lambda found: found.get("parent", ""),
    "state": lambda found: found["state"],
    "lifecyclestate": lambda found: found["state"],
}


def project_filter(text: str) -> Test:
    """Return a test for projects (in the fields of v1). Raises ApiError INVALID_ARGUMENT for what it does not know."""
    return _filter(text, _ALIASES)


def container_filter(text: str) -> Test:
    """Return a test for folders and organisations (in the fields of v3). Raises ApiError INVALID_ARGUMENT."""
    return _filter(text, _CONTAINERS)


def _filter(text: str, fields: Fields) -> Test:
    tokens = _tokens(text)
    if not tokens:
        return lambda _: True
    return _Parser(tokens, fields).whole()


def _tokens(text: str) -> list[re.Match[str]]:
    found, place, text = [], 0, text.strip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise _refused(text[place:].strip())
        found.append(token)
        place = token.end()
    return found


class _Parser:
    """Recursive descent over the tokens; OR binds less than AND, which may be left out."""

    def __init__(self, tokens: list[re.Match[str]], fields: Fields) -> None:
        self._tokens = tokens
        self._fields = fields
        self._place = 0
        self._depth = 0

    def whole(self) -> Test:
        test = self._either()
        if self._place < len(self._tokens):
            raise _refused(self._shown())
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("OR"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda found: any(test(found) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("AND") or (self._place < len(self._tokens) and self._shown() not in {"OR", ")"}):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda found: all(test(found) for test in tests)

    def _one(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _refused(self._shown())
        try:
            if self._take("NOT") or self._take("-"):
                inner = self._one()
                return lambda found: not inner(found)
            if self._take("("):
                inner = self._either()
                if not self._take(")"):
                    raise _refused(self._shown())
                return inner
            return self._term()
        finally:
            self._depth -= 1

    def _term(self) -> Test:
        token = self._tokens[self._place] if self._place < len(self._tokens) else None
        if token is None or not token["field"]:
            raise _refused(self._shown())
        self._place += 1
        return _term(token, self._fields)

    def _take(self, wanted: str) -> bool:
        taken = self._shown() == wanted
        self._place += taken
        return taken

    def _shown(self) -> str:
        return self._tokens[self._place][0].strip() if self._place < len(self._tokens) else "the end"


def _refused(rest: str) -> ApiError:
    return invalid_argument(f"Invalid filter: cannot understand '{rest}'")


def _term(found: re.Match[str], fields: Fields) -> Test:
    field, wanted = found["field"], found["value"].strip('"').lower()
    if field.startswith("labels."):
        label = field.removeprefix("labels.")
        return lambda project: label in project.get("labels", {}) and fnmatchcase(project["labels"][label], wanted)
    read = fields.get(field.lower())
    if read is None:
        raise invalid_argument(f"Invalid filter: unknown field '{field}'")
    return lambda project: fnmatchcase(str(read(project)).lower(), wanted)
