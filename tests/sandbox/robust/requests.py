"""Requests that a discovery document allows, and the same with something wrong in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from provisioner.sandbox.google.catalog import SERVICES
from provisioner.sandbox.google.discovery import Api, MethodSpec, load

Json = dict[str, Any]
_DEEP = 3
_WORDS = (
    *(
        "",
        "-",
        "*",
        "acme-payments-dev",
        "420000000042",
        "projects/acme-payments-dev",
        "bucket-one",
        "eu",
        "EU",
        "global",
    ),
    *(
        "europe-west1",
        "name",
        "labels",
        "updateMask",
        "user:ada@example.com",
        "roles/viewer",
        "allUsers",
        "ACAB",
        "true",
    ),
    *(
        "2026-11-21T03:00:00Z",
        "3600s",
        "1e3",
        "0",
        "-1",
        "99999999999999999999",
        "\x00",
        "ünï",
        "😀",
        "a/b",
        "..",
        "%2F",
    ),
    *("organizations/123456789012", "folders/888888888888", "billingAccounts/000000-111111-222222", "b" * 300),
)
_KNOWN = ("acme-payments-dev", "420000000042", "bucket-one", "europe-west1", "global", "thing-one", "1", "latest", "-")
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(_WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_LITERALS = (b"", b"{", b"[]", b"null", b"1e999", b'{"name": NaN}', b'"\\ud800"', b"\xff\xfe", b"[" * 400 + b"]" * 400)


@dataclass(frozen=True)
class Sent:
    """One request without its credentials."""

    verb: str
    host: str
    path: str
    query: str
    body: bytes
    kind: str = "application/json"


def every_method() -> list[tuple[str, Api, MethodSpec]]:
    """Return (host, API, method) of every method of every document that is played."""
    found = []
    for service in SERVICES:
        host = service.hosts[0].replace("*", "europe-west1")
        for name in dict.fromkeys(service.documents.values()):
            api = load(name)
            found += [(host, api, spec) for spec in api.specs()]
    return found


def requests_of(host: str, api: Api, spec: MethodSpec) -> st.SearchStrategy[Sent]:
    """Return requests for one method: most are nearly right, some are not."""
    return st.builds(_sent, st.just(host), st.just(spec), _path(spec), _query(api, spec), _body(api, spec))


def _sent(host: str, spec: MethodSpec, path: str, query: str, body: bytes) -> Sent:
    return Sent(spec.verb, host, path, query, body)


def _path(spec: MethodSpec) -> st.SearchStrategy[str]:
    def filled(values: list[str]) -> str:
        path = spec.template
        for name, value in zip(spec.names, values, strict=True):
            path = path.replace("{+" + name + "}", quote(value, safe="/")).replace(
                "{" + name + "}", quote(value, safe="")
            )
        return path

    return st.tuples(*(_segment(spec.parameters.get(name, {})) for name in spec.names)).map(lambda v: filled(list(v)))


def _segment(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    pattern = schema.get("pattern")
    word = st.sampled_from(_WORDS)
    if not pattern or "{" in pattern:
        return st.sampled_from(_KNOWN) | st.sampled_from(_KNOWN) | word
    text = pattern.removeprefix("^").removesuffix("$")
    first = st.sampled_from(_KNOWN[:2]) | st.sampled_from(_KNOWN)
    rest = st.lists(
        st.sampled_from(_KNOWN) | word.map(lambda each: each.replace("/", "") or "x"), min_size=8, max_size=8
    )
    known = st.builds(lambda one, more: _following(text, [one, *more]), first, rest)
    return known | known | known | word


def _following(pattern: str, words: list[str]) -> str:
    """Put words in the places of a pattern such as ``projects/[^/]+/secrets/[^/]+``."""
    for each in words:
        pattern = pattern.replace("[^/]+", each, 1)
    return pattern.replace(".*", "x").replace("\\", "")


def _query(api: Api, spec: MethodSpec) -> st.SearchStrategy[str]:
    declared = {name: schema for name, schema in spec.parameters.items() if name not in spec.names}
    names = [*declared, "fields", "alt", "pageToken", "unknown"]
    pairs = st.lists(
        st.tuples(st.sampled_from(names), st.sampled_from((*_KNOWN, *_WORDS)) | st.text(max_size=6)), max_size=4
    )
    del api
    return pairs.map(lambda given: urlencode(given, errors="replace"))


def _body(api: Api, spec: MethodSpec) -> st.SearchStrategy[bytes]:
    if not spec.request:
        return st.just(b"") | st.sampled_from(_LITERALS)
    good = _object(api, api.schemas[spec.request], 0)
    return good.map(_encoded) | good.map(_encoded) | _ANYTHING.map(_encoded) | st.sampled_from(_LITERALS)


def _encoded(value: object) -> bytes:
    return json.dumps(value, default=str).encode()


def _object(api: Api, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
    properties = schema.get("properties", {})
    if not properties or depth > _DEEP:
        return st.dictionaries(st.text(max_size=4), st.sampled_from(_WORDS), max_size=2)
    some = st.lists(st.sampled_from(sorted(properties)), max_size=5, unique=True)
    return some.flatmap(
        lambda names: st.fixed_dictionaries({name: _value(api, properties[name], depth) for name in names})
    )


def _value(api: Api, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
    return st.one_of(_right(api, schema, depth), _right(api, schema, depth), _right(api, schema, depth), _ANYTHING)


def _right(api: Api, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return st.deferred(lambda: _object(api, api.schemas[schema["$ref"]], depth + 1))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return st.lists(_value(api, schema["items"], depth + 1), max_size=2)
    if kind == "object":
        return _object(api, schema, depth + 1)
    return _SCALARS.get(kind, _ANYTHING)


_SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(_WORDS) | st.text(max_size=6),
    "integer": st.integers(-(2**65), 2**65),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
}
