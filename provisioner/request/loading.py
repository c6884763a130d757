"""Read a team's request and the platform's settings from YAML, with every problem in its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from provisioner.errors import InvalidInput
from provisioner.request.check import Finding, check_request
from provisioner.request.document import Document
from provisioner.request.explain import dotted, explain
from provisioner.request.models import Platform, Request
from provisioner.request.parsing import parse
from provisioner.request.parts import Model
from provisioner.request.platform_check import check_platform
from provisioner.request.problems import Problem, refuse
from provisioner.request.rule_files import with_rule_files
from provisioner.request.schema import Kind, json_schema
from provisioner.request.source import read_text

_Input = TypeVar("_Input", bound=Model)


def load_platform(path: Path) -> Platform:
    """Return the platform's settings, rule files included; InvalidInput holds every problem with file:line:column."""
    return with_rule_files(parse_platform(read_text(path), str(path)), path)


def load_request(path: Path, platform: Platform) -> Request:
    """Return a team's request, checked against the platform's settings; InvalidInput as above."""
    return parse_request(read_text(path), str(path), platform)


def parse_platform(text: str, name: str) -> Platform:
    """Return the platform's settings from YAML text; ``name`` is the place that problems show."""
    document = parse(text, name)
    platform = _validated(Platform, "platform", document)
    refuse(_placed(check_platform(platform), document), name)
    return platform


def parse_request(text: str, name: str, platform: Platform | None) -> Request:
    """Return a team's request from YAML text; ``name`` is the place that problems show.

    Without a platform only what a request says by itself is checked.
    """
    document = parse(text, name)
    request = _validated(Request, "request", document)
    if platform is not None:
        refuse(_placed(check_request(request, platform), document), name)
    return request


def _validated(model: type[_Input], kind: Kind, document: Document) -> _Input:
    if not isinstance(document.value, dict):
        raise InvalidInput(
            "the file holds no fields",
            fix="write fields as 'name: value'; see the examples, or run: provision-env init",
            where=document.where(()),
        )
    try:
        # By way of JSON: there pydantic's strict mode takes lists and dates, and refuses "8080" for a number.
        return model.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as error:
        refuse(explain(error, document, json_schema(kind)), document.name)
        raise


def _placed(findings: tuple[Finding, ...], document: Document) -> tuple[Problem, ...]:
    return tuple(
        Problem(document.where(finding.path, key=finding.key), f"{dotted(finding.path)}: {finding.reason}", finding.fix)
        for finding in findings
    )
