"""The repository template: files in, files out, nothing else. Equal answers give equal bytes.

Marks are ``<[ value ]>``, ``<% statement %>`` and ``<# comment #>``, so that ``${{ }}`` of GitHub Actions is text like
any other. An answer that does not exist is an error, never an empty string.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from ruamel.yaml import YAML

from provisioner.errors import ProvisionError
from provisioner.repository.answers import answers
from provisioner.repository.facts import EnvironmentOutputs, RepositoryFacts
from provisioner.request.data import data_folder
from provisioner.request.resolve import Team

ANSWERS_FILE = ".provision-env/answers.yml"
MARKS = ("<[", "]>", "<%", "%>", "<#", "#>")
_PLAIN, _EXECUTABLE = 0o100644, 0o100755
_PER_ENVIRONMENT = "{environment}"
_SUFFIX = ".jinja"

Files = dict[str, tuple[bytes, int]]


@dataclass(frozen=True)
class Template:
    """A template folder: its manifest and its files as text or bytes by path."""

    folder: Path
    version: str
    executable: frozenset[str]
    pins: Mapping[str, str]


def load_template(folder: Path) -> Template:
    """Read ``template.yaml`` of a template folder; raises ProvisionError when it is not one."""
    manifest = folder / "template.yaml"
    if not manifest.is_file():
        raise ProvisionError("there is no template.yaml", where=str(folder), fix="name a folder that holds a template")
    document = YAML(typ="safe", pure=True).load(manifest.read_text(encoding="utf-8"))
    return Template(folder, str(document["version"]), frozenset(document["executable"]), dict(document["pins"]))


def render_template(team: Team, facts: RepositoryFacts, outputs: Mapping[str, EnvironmentOutputs]) -> Files:
    """Render the built-in template for a team: path -> (content, git file mode)."""
    return render_answers(load_template(data_folder("repo-template")), answers(team, facts, outputs))


def render_answers(template: Template, given: Mapping[str, Any]) -> Files:
    """Render a template from recorded or fresh answers; the answers become a file of the result."""
    environment = _jinja()
    files: Files = {}
    for path, source in _sources(template.folder / "content"):
        for target, values in _targets(path, given):
            content = source.read_bytes()
            if path.endswith(_SUFFIX):
                content = _render(environment, path, content, {**given, **values, "pins": template.pins})
            files[target] = (content, _EXECUTABLE if target in template.executable else _PLAIN)
    files[ANSWERS_FILE] = (_recorded(template, given), _PLAIN)
    return dict(sorted(files.items()))


def _sources(content: Path) -> Iterator[tuple[str, Path]]:
    for source in sorted(content.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            yield source.relative_to(content).as_posix(), source


def _targets(path: str, given: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    target = path.removesuffix(_SUFFIX)
    if _PER_ENVIRONMENT not in target:
        yield target, {}
        return
    for environment in given["environments"]:
        yield target.replace(_PER_ENVIRONMENT, environment["name"]), {"environment": environment}


def _render(environment: jinja2.Environment, path: str, content: bytes, values: Mapping[str, Any]) -> bytes:
    try:
        return environment.from_string(content.decode()).render(values).encode()
    except jinja2.TemplateError as problem:
        raise ProvisionError(f"the template does not render: {problem}", where=path) from problem


def _recorded(template: Template, given: Mapping[str, Any]) -> bytes:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.width = 4096
    stream = io.StringIO()
    stream.write("# What this repository was rendered from. provision-env reads it for updates; leave it as it is.\n")
    writer.dump({"template": {"source": "builtin", "version": template.version}, "answers": dict(given)}, stream)
    return stream.getvalue().encode()


def _jinja() -> jinja2.Environment:
    environment = jinja2.Environment(
        variable_start_string="<[",
        variable_end_string="]>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - the files are code and YAML; their values come from checked patterns
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["json"] = _json_text
    return environment


def _json_text(value: object) -> str:
    """Quote a value for YAML and TOML, both of which read a JSON string."""
    return json.dumps(value, ensure_ascii=False)
