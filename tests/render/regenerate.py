"""Write again what is generated and committed: schemas, the rendered example, the input tables of the modules.

usage: python -m tests.render.regenerate
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from provisioner.render import render
from provisioner.request.schema import schema_text
from tests.render.teams import IDS, PROJECT, committed_example

MODULES = PROJECT / "terraform" / "modules"
_VARIABLE = re.compile(r'^variable "(?P<name>[a-z_]+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
_OUTPUT = re.compile(r'^output "(?P<name>[a-z_]+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
_DESCRIPTION = re.compile(r'^  description = "(?P<text>.*)"$', re.MULTILINE)


def generated() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with the content that it should have."""
    yield PROJECT / "schemas" / "request.schema.json", schema_text("request")
    yield PROJECT / "schemas" / "platform.schema.json", schema_text("platform")
    for path, content in render(committed_example(), IDS).files.items():
        yield PROJECT / "terraform" / path, content.decode()
    for readme in sorted(MODULES.glob("*/README.md")):
        yield readme, with_tables(readme)


def with_tables(readme: Path) -> str:
    """Return a module's README with its tables of inputs and outputs as the module has them."""
    prose = readme.read_text().split("\n## Inputs\n")[0].rstrip()
    inputs = _rows(_VARIABLE, (readme.parent / "variables.tf").read_text())
    outputs = _rows(_OUTPUT, (readme.parent / "outputs.tf").read_text())
    return f"{prose}\n\n## Inputs\n\n{_table(inputs)}\n## Outputs\n\n{_table(outputs)}"


def _rows(pattern: re.Pattern[str], text: str) -> list[tuple[str, str]]:
    return [(found["name"], _described(found["name"], found["body"])) for found in pattern.finditer(text)]


def _described(name: str, body: str) -> str:
    found = _DESCRIPTION.search(body)
    if found is None:
        raise ValueError(f"{name} has no description")
    required = "" if "\n  default " in body or "\n  default=" in body or "value " in body else " **Required.**"
    return found["text"].replace('\\"', '"').replace("|", "\\|") + required


def _table(rows: list[tuple[str, str]]) -> str:
    lines = "".join(f"| `{name}` | {text} |\n" for name, text in rows)
    return f"| name | what |\n|---|---|\n{lines}"


if __name__ == "__main__":
    for path, content in generated():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
