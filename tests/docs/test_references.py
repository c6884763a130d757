"""The references of both files are those of their schemas, and say something about every field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.request.schema import Kind, schema_text
from tests.docs.reference import fields, generated


@pytest.mark.parametrize(("path", "content"), list(generated()), ids=lambda value: getattr(value, "name", ""))
def test_a_reference_is_current(path: Path, content: str) -> None:
    assert path.read_text(encoding="utf-8") == content, "run: python -m tests.docs.reference"


@pytest.mark.parametrize("kind", ["request", "platform"])
def test_every_field_says_what_it_is_for(kind: Kind) -> None:
    every = fields(json.loads(schema_text(kind)))
    assert [f"{section}.{name}" for section, name, field in every if "description" not in field] == []
