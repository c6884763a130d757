"""Write the references of the request and of platform.yaml from their schemas.

usage: python -m tests.docs.reference
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provisioner.request.schema import Kind, schema_text

Json = dict[str, Any]
PROJECT = Path(__file__).parents[2]
_REQUEST = """# A team's request

Every field of `teams/<team>.yaml`. Required ones are marked; all others have a safe default. `provision-env init`
writes a first file, `provision-env validate FILE` says what follows from it, and editors complete it from the
[schema](../schemas/request.schema.json).
"""
_PLATFORM = """# platform.yaml

What the platform team settles for all teams. `provision-env new-platform DIR` writes a first one; editors complete it
from the [schema](../schemas/platform.schema.json).
"""
_PAGES: tuple[tuple[Kind, str, str], ...] = (
    ("request", "request.md", _REQUEST),
    ("platform", "platform-settings.md", _PLATFORM),
)
_SIMPLE = {"string": "text", "integer": "number", "boolean": "true, false"}


# Filled in by the program while it reads; nobody writes them.
_OWN = {("PolicySettings", "files"), ("RuleFile", "name"), ("RuleFile", "text")}


def generated() -> Iterator[tuple[Path, str]]:
    """Yield each page with the content that it should have."""
    for kind, name, head in _PAGES:
        schema = json.loads(schema_text(kind))
        yield PROJECT / "docs" / name, head + "".join(_sections(schema))


def fields(schema: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield section, name and schema of every field."""
    for section, part in [("", schema), *schema["$defs"].items()]:
        for name, field in part.get("properties", {}).items():
            yield section, name, field


def _sections(schema: Json) -> Iterator[str]:
    yield _table("", schema)
    for name, part in schema["$defs"].items():
        if {(name, each) for each in part.get("properties", {})} <= _OWN:
            continue
        first = part["description"].split("\n\n")[0].replace("\n", " ").replace("``", "`")
        yield f"\n## {name}\n\n{first}\n{_table(name, part)}"


def _table(section: str, part: Json) -> str:
    required = part.get("required", [])
    rows = "".join(
        f"| `{name}` | {_kind(field)} | {'**required**' if name in required else _default(field)} | {_text(field)} |\n"
        for name, field in part["properties"].items()
        if (section, name) not in _OWN
    )
    return f"\n| field | type | default | what |\n|---|---|---|---|\n{rows}"


def _text(field: Json) -> str:
    own = field.get("description") or next((each.get("description") for each in field.get("anyOf", [])), "") or ""
    return " ".join(filter(None, [own.replace("\n", " ").replace("|", "\\|"), _bounds(field)]))


def _bounds(field: Json) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low is None or high is None:
        return ""
    return f"{low} to {high}."


def _kind(field: Json) -> str:
    """Return a type for people: a link for a section, values for an enumeration."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_kind(each) for each in field["anyOf"] if each.get("type") != "null")
    values = field.get("enum", [field["const"]] if "const" in field else [])
    if values:
        return ", ".join(f"`{value}`" for value in values)
    return _SIMPLE.get(field["type"]) or _collection(field)


def _collection(field: Json) -> str:
    if field["type"] == "array":
        return f"list of {_kind(field['items'])}"
    inner = field.get("additionalProperties") or next(iter(field["patternProperties"].values()))
    return f"map of {_kind(inner)}"


def _default(field: Json) -> str:
    value = field.get("default")
    if value in (None, [], {}, "") or isinstance(value, dict):
        return ""
    shown = ", ".join(str(each) for each in value) if isinstance(value, list) else json.dumps(value).strip('"')
    return f"`{shown}`"


if __name__ == "__main__":
    for path, content in generated():
        path.write_text(content, encoding="utf-8")
