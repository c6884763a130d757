"""Avro schemas as Pub/Sub uses them: whether a definition is one, and whether a message fits it.

https://avro.apache.org/docs/1.11.1/specification/ (schema declaration, JSON encoding, binary encoding). Logical
types are notes on a type and do not change what fits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Node = Any  # a name of a primitive, or a dictionary or list as declared
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_PRIMITIVES = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))
_NAMED = frozenset(("record", "error", "enum", "fixed"))
_DEEPEST = 64


class AvroError(ValueError):
    """The definition is no Avro schema, or a message does not fit; the text says where."""


class AvroSchema:
    """A parsed definition: the root type and the named types in it."""

    def __init__(self, definition: str) -> None:
        """Parse a definition; raises AvroError."""
        self._names: dict[str, Node] = {}
        try:
            document = json.loads(definition)
        except (ValueError, RecursionError) as error:
            raise AvroError(f"the definition is no JSON: {error}") from None
        self._root = self._declared(document, "", 0)

    def check_json(self, content: bytes) -> None:
        """Raise AvroError unless the bytes are one value in Avro's JSON encoding."""
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise AvroError(f"the message is no JSON: {error}") from None
        self._fit(self._root, value, "message")

    def check_binary(self, content: bytes) -> None:
        """Raise AvroError unless the bytes are exactly one value in Avro's binary encoding."""
        reader = _Reader(content)
        self._read(self._root, reader, 0)
        reader.end()

    def _declared(self, node: Node, space: str, depth: int) -> Node:
        """Return a type with its named types registered and every name in full."""
        if depth > _DEEPEST:
            raise AvroError("the definition is nested too deeply")
        if isinstance(node, str):
            return self._reference(node, space)
        if isinstance(node, list):
            return self._union(node, space, depth)
        if not isinstance(node, dict) or "type" not in node:
            raise AvroError(f"{json.dumps(node)[:80]} is no type")
        kind = node["type"]
        if isinstance(kind, str) and kind in _NAMED:
            return self._named(node, space, depth)
        if kind in ("array", "map"):
            inner = "items" if kind == "array" else "values"
            if inner not in node:
                raise AvroError(f"an {kind} needs {inner!r}")
            return {"type": kind, inner: self._declared(node[inner], space, depth + 1)}
        return self._declared(kind, space, depth + 1)

    def _reference(self, name: str, space: str) -> Node:
        if name in _PRIMITIVES:
            return name
        full = name if "." in name or not space else f"{space}.{name}"
        if full not in self._names and name not in self._names:
            raise AvroError(f"unknown type {name!r}")
        return {"type": "reference", "name": full if full in self._names else name}

    def _union(self, node: list[Node], space: str, depth: int) -> Node:
        branches = [self._declared(branch, space, depth + 1) for branch in node]
        labels = [_label(branch) for branch in branches]
        if not branches or "union" in labels or len(set(labels)) != len(labels):
            raise AvroError("a union has several branches of one type, a union inside, or none at all")
        return branches

    def _named(self, node: Mapping[str, Any], space: str, depth: int) -> Node:
        name = node.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise AvroError(f"{name!r} is no name")
        space = node.get("namespace") or ("" if "." not in name else name.rpartition(".")[0]) or space
        full = name if "." in name or not space else f"{space}.{name}"
        if full in self._names or full in _PRIMITIVES:
            raise AvroError(f"{full!r} is declared twice")
        declared: dict[str, Any] = {"type": node["type"], "name": full}
        self._names[full] = declared
        declared |= {"enum": self._enum, "fixed": _fixed}.get(
            node["type"], lambda given: self._record(given, space, depth)
        )(node)
        return declared

    def _record(self, node: Mapping[str, Any], space: str, depth: int) -> dict[str, Any]:
        fields = node.get("fields")
        if not isinstance(fields, list) or not all(isinstance(field, dict) for field in fields):
            raise AvroError("a record needs 'fields'")
        names = [field.get("name") for field in fields]
        if len(set(map(str, names))) != len(names) or not all(
            isinstance(name, str) and _NAME.fullmatch(name) and "." not in name for name in names
        ):
            raise AvroError("a record's fields need different names")
        if not all("type" in field for field in fields):
            raise AvroError("a record's fields need types")
        return {"fields": [(field["name"], self._declared(field["type"], space, depth + 1)) for field in fields]}

    def _enum(self, node: Mapping[str, Any]) -> dict[str, Any]:
        symbols = node.get("symbols")
        if not isinstance(symbols, list) or not symbols or len(set(map(str, symbols))) != len(symbols):
            raise AvroError("an enum needs different symbols")
        return {"symbols": symbols}

    def _fit(self, node: Node, value: object, where: str) -> None:
        if isinstance(node, list):
            self._fit_union(node, value, where)
            return
        node = self._resolved(node)
        if isinstance(node, str):
            if not _FITS[node](value):
                raise AvroError(f"{where} is no {node}")
            return
        kind = node["type"]
        if kind in ("record", "error"):
            self._fit_record(node, value, where)
        elif kind in ("array", "map"):
            self._fit_many(node, value, where)
        elif kind == "enum" and value not in node["symbols"]:
            raise AvroError(f"{where} is none of the symbols of {node['name']}")
        elif kind == "fixed" and not (_FITS["bytes"](value) and len(str(value)) == node["size"]):
            raise AvroError(f"{where} has not {node['size']} bytes")

    def _fit_union(self, branches: list[Node], value: object, where: str) -> None:
        if value is None and "null" in branches:
            return
        if isinstance(value, dict) and len(value) == 1:
            label, inner = next(iter(value.items()))
            for branch in branches:
                if branch != "null" and _label(self._resolved(branch)) == label:
                    self._fit(branch, inner, where)
                    return
        raise AvroError(f"{where} is no branch of its union")

    def _fit_record(self, node: Mapping[str, Any], value: object, where: str) -> None:
        names = [name for name, _ in node["fields"]]
        if not isinstance(value, dict) or sorted(value) != sorted(names):
            raise AvroError(f"{where} has not exactly the fields {', '.join(names)}")
        for name, inner in node["fields"]:
            self._fit(inner, value[name], f"{where}.{name}")

    def _fit_many(self, node: Mapping[str, Any], value: object, where: str) -> None:
        wanted = list if node["type"] == "array" else dict
        if not isinstance(value, wanted):
            raise AvroError(f"{where} is no {node['type']}")
        pairs = enumerate(value) if isinstance(value, list) else value.items()
        for key, inner in pairs:
            self._fit(node["items" if wanted is list else "values"], inner, f"{where}[{key}]")

    def _read(self, node: Node, reader: _Reader, depth: int) -> None:
        if depth > _DEEPEST:
            raise AvroError("the message is nested too deeply")
        if isinstance(node, list):
            self._read(node[reader.choice(len(node), "a branch of a union")], reader, depth + 1)
            return
        node = self._resolved(node)
        if isinstance(node, str):
            _READS[node](reader)
        else:
            self._read_complex(node, reader, depth)

    def _read_complex(self, node: Mapping[str, Any], reader: _Reader, depth: int) -> None:
        if node["type"] in ("record", "error"):
            for _, inner in node["fields"]:
                self._read(inner, reader, depth + 1)
        elif node["type"] == "fixed":
            reader.take(node["size"])
        elif node["type"] == "enum":
            reader.choice(len(node["symbols"]), f"a symbol of {node['name']}")
        else:
            self._read_blocks(node, reader, depth)

    def _read_blocks(self, node: Mapping[str, Any], reader: _Reader, depth: int) -> None:
        while (count := reader.number()) != 0:
            if count < 0:
                count, _ = -count, reader.number()
            for _ in range(count):
                if node["type"] == "map":
                    reader.text()
                before = reader.at
                self._read(node.get("items", node.get("values")), reader, depth + 1)
                if reader.at == before and count > reader.size:
                    raise AvroError("the message claims more items than it has bytes")

    def _resolved(self, node: Node) -> Node:
        while isinstance(node, dict) and node["type"] == "reference":
            node = self._names[node["name"]]
        return node


class _Reader:
    """Bytes read from front to back."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0
        self.size = len(content)

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > self.size:
            raise AvroError("the message ends too early")
        self.at += count
        return self._content[self.at - count : self.at]

    def number(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 - the top bit tells that more follows
                return (value >> 1) ^ -(value & 1)
            if shift > 63:  # noqa: PLR2004 - ten bytes hold 64 bits
                raise AvroError("the message has a number of more than 64 bits")

    def choice(self, count: int, what: str) -> int:
        number = self.number()
        if not 0 <= number < count:
            raise AvroError(f"the message names {what} that is not there")
        return number

    def text(self) -> None:
        try:
            self.take(self.number()).decode()
        except UnicodeDecodeError:
            raise AvroError("the message has a string that is no UTF-8") from None

    def end(self) -> None:
        if self.at != self.size:
            raise AvroError("the message is longer than its schema says")


def _label(node: Node) -> str:
    if isinstance(node, list):
        return "union"
    return node if isinstance(node, str) else str(node.get("name", node["type"]))


def _fixed(node: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(node.get("size"), int) or node["size"] < 0:
        raise AvroError("a fixed needs a size")
    return {"size": node["size"]}


def _whole(bits: int) -> Callable[[object], bool]:
    limit = 2 ** (bits - 1)
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit


def _boolean(reader: _Reader) -> None:
    if reader.take(1) not in (b"\0", b"\1"):
        raise AvroError("the message has a boolean that is neither true nor false")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_FITS: Mapping[str, Callable[[object], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "int": _whole(32),
    "long": _whole(64),
    "float": _is_number,
    "double": _is_number,
    "string": lambda value: isinstance(value, str),
    "bytes": lambda value: isinstance(value, str) and all(ord(each) < 256 for each in value),  # noqa: PLR2004 - a byte
}
_READS: Mapping[str, Callable[[_Reader], object]] = {
    "null": lambda reader: None,  # noqa: ARG005 - nothing is written for it
    "boolean": _boolean,
    "int": _Reader.number,
    "long": _Reader.number,
    "float": lambda reader: reader.take(4),
    "double": lambda reader: reader.take(8),
    "string": _Reader.text,
    "bytes": lambda reader: reader.take(reader.number()),
}
