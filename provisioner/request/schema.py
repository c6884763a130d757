"""JSON Schemas of the two inputs, for editors, forms and error messages."""

from __future__ import annotations

import json
from typing import Any, Literal

from provisioner.request.models import Platform, Request

Kind = Literal["request", "platform"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = {"request": "A team's request", "platform": "The platform team's settings"}


def json_schema(kind: Kind) -> dict[str, Any]:
    """Return the schema of ``teams/<team>.yaml`` or of ``platform.yaml``."""
    model = Request if kind == "request" else Platform
    return {"$schema": _DIALECT, **model.model_json_schema(), "title": _TITLES[kind]}


def schema_text(kind: Kind) -> str:
    """Return the schema as the committed file ``schemas/<kind>.schema.json`` has it."""
    return json.dumps(json_schema(kind), indent=2, ensure_ascii=False) + "\n"
