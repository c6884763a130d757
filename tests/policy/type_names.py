"""Bring the list of Google's types up to date.

usage: python -m tests.policy.type_names SCHEMA.json …

Each file is what `terraform providers schema -json` printed in a root with hashicorp/google or hashicorp/google-beta.
Names are only added: plans of older providers keep theirs. FIRST and LAST in known_types.py are to follow by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from provisioner.policy import known_types

LIST = Path(known_types.__file__).with_name("google_types.txt")


def names(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of one provider's schema as the list writes them."""
    yield from schema["resource_schemas"]
    yield from (f"data.{name}" for name in schema["data_source_schemas"])


def main(files: list[str]) -> None:
    """Add the names of these files."""
    head = LIST.read_text(encoding="ascii").splitlines()[0]
    found = set(known_types.google_types())
    for file in files:
        for provider, schema in json.loads(Path(file).read_text(encoding="utf-8"))["provider_schemas"].items():
            if provider.rpartition("/")[2] in {"google", "google-beta"}:
                found |= set(names(schema))
    lines = [head, *sorted(found, key=lambda name: (name.startswith("data."), name))]
    LIST.write_text("\n".join((*lines, "")), encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1:])
