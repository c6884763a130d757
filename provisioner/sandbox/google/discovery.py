"""Google's discovery documents, cut down to what routing and validation need.

google-api-python-client carries the documents (``googleapiclient/discovery_cache/documents``). Descriptions are
thrown away while parsing, so that the largest one (Compute Engine, 5 MB) costs no lasting memory.
Format: https://developers.google.com/discovery/v1/reference/apis.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

Schema = dict[str, Any]
_PROSE = frozenset(
    ("description", "enumDescriptions", "documentationLink", "title", "annotations", "enumDeprecated", "deprecated")
)
_PART = re.compile(r"\{(\+?)([^}]+)\}")


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """One method of an API. ``request`` and ``response`` name schemas of the API, empty where there is none.

    ``parameters`` maps discovery names to their (cut down) descriptions. ``upload`` tells that this route is the
    upload form of the method, ``template`` its path with ``{names}`` in it.
    """

    id: str
    verb: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    parameters: dict[str, Schema]
    request: str
    response: str
    upload: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A method and the path parameters of one request, decoded."""

    spec: MethodSpec
    path: dict[str, str]


class Api:
    """One version of one API: its routes and schemas."""

    def __init__(self, name: str, document: dict[str, Any]) -> None:
        """Index a parsed document; ``name`` is its file name, e.g. ``storage.v1``."""
        self.name = name
        self.schemas: dict[str, Schema] = document.get("schemas", {})
        self.parameters: dict[str, Schema] = document.get("parameters", {})
        base = "/" + document.get("servicePath", "")
        # The APIs that predate One Platform have a service path, keep nulls in PATCH bodies and know no status.
        self.legacy = bool(document.get("servicePath"))
        self._by_shape: dict[tuple[str, int], list[MethodSpec]] = {}
        self._open_ended: list[MethodSpec] = []
        for raw in _methods(document):
            for spec in _specs(raw, base):
                self._add(spec)
        for specs in (*self._by_shape.values(), self._open_ended):
            specs.sort(key=_generality)

    def match(self, verb: str, path: str) -> Match | None:
        """Find the method of a raw (percent-encoded) path, or None."""
        for spec in (*self._by_shape.get((verb, path.count("/")), ()), *self._open_ended):
            found = spec.pattern.fullmatch(path) if spec.verb == verb else None
            if found:
                return Match(
                    spec, {name: unquote(value) for name, value in zip(spec.names, found.groups(), strict=True)}
                )
        return None

    def method_ids(self) -> list[str]:
        """Return the ids of all methods, sorted."""
        return sorted({spec.id for spec in self.specs()})

    def specs(self) -> list[MethodSpec]:
        """Return all methods, the upload forms apart."""
        return [spec for shape in self._by_shape.values() for spec in shape] + self._open_ended

    def _add(self, spec: MethodSpec) -> None:
        if ".*" in spec.pattern.pattern:
            self._open_ended.append(spec)
        else:
            # A class such as [^/]+ holds a slash that is no separator.
            shape = spec.pattern.pattern.replace("[^/]", "").count("/")
            self._by_shape.setdefault((spec.verb, shape), []).append(spec)


def load(name: str) -> Api:
    """Read a document by its name (``iam.v1``). Raises FileNotFoundError."""
    text = (_folder() / f"{name}.json").read_text(encoding="utf-8")
    return Api(name, json.loads(text, object_pairs_hook=_without_prose))


@cache
def known_services() -> frozenset[str]:
    """Return the names of all APIs that have a discovery document (``run``, ``storage``)."""
    return frozenset(path.name.partition(".")[0] for path in _folder().glob("*.json"))


def _folder() -> Path:
    # Found without importing googleapiclient: its import costs more than a start of the sandbox may.
    spec = importlib.util.find_spec("googleapiclient")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("google-api-python-client is not installed")
    return Path(spec.submodule_search_locations[0]) / "discovery_cache" / "documents"


def _without_prose(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # A property may itself be called description: its value is a dictionary and stays.
    return {key: value for key, value in pairs if key not in _PROSE or isinstance(value, dict)}


def _methods(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from node.get("methods", {}).values()
    for child in node.get("resources", {}).values():
        yield from _methods(child)


def _specs(raw: dict[str, Any], base: str) -> Iterator[MethodSpec]:
    yield _spec(raw, base + raw["path"], "")
    for protocol, upload in raw.get("mediaUpload", {}).get("protocols", {}).items():
        if protocol == "simple" or not upload["path"].startswith("/upload/"):
            yield _spec(raw, upload["path"], protocol)


def _spec(raw: dict[str, Any], template: str, upload: str) -> MethodSpec:
    parameters: dict[str, Schema] = raw.get("parameters", {})
    return MethodSpec(
        id=raw["id"],
        verb=raw["httpMethod"],
        pattern=re.compile(_regex(template, parameters)),
        names=tuple(name for _, name in _PART.findall(template)),
        parameters=parameters,
        request=raw.get("request", {}).get("$ref", ""),
        response=raw.get("response", {}).get("$ref", ""),
        upload=upload,
        template=template,
    )


def _regex(template: str, parameters: dict[str, Schema]) -> str:
    pieces, end = [], 0
    for part in _PART.finditer(template):
        pieces.append(re.escape(template[end : part.start()]).replace(r"\-", "-"))
        pieces.append(f"({_value_pattern(part, parameters)})")
        end = part.end()
    return "".join(pieces) + re.escape(template[end:])


def _value_pattern(part: re.Match[str], parameters: dict[str, Schema]) -> str:
    pattern = str(parameters.get(part[2], {}).get("pattern", ""))
    if part[1] and pattern:
        return pattern.removeprefix("^").removesuffix("$")
    return "[^/]+"


def _generality(spec: MethodSpec) -> tuple[int, int]:
    """Sort key: the more literal text a route has, the earlier it is tried (``{name}:verb`` before ``{name}``)."""
    literal = spec.pattern.pattern.replace("[^/]+", "").replace(".*", "")
    return -len(literal), len(spec.pattern.pattern)
