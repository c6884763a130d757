"""The smallest request that is valid, from a few answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.request.scalars import ambiguity, plain_value

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@+-")


@dataclass(frozen=True, slots=True)
class Answers:
    """What ``init`` asks for; ``projects`` is environment -> project id, in the order of promotion."""

    team: str
    owner: str
    cost_center: str
    data_class: str
    projects: Mapping[str, str]


def minimal_request(answers: Answers, *, schema: str = "") -> str:
    """Return a request as YAML text; ``schema`` is the address that an editor completes from.

    The answers are not checked here: the text goes through the same loading as every other request.
    """
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    lines += [
        f"team: {_scalar(answers.team)}",
        f"owner: {_scalar(answers.owner)}",
        f"cost_center: {_scalar(answers.cost_center)}",
        f"data_class: {_scalar(answers.data_class)}",
        "environments:",
    ]
    lines += [f"  {_scalar(name)}: {{project: {_scalar(project)}}}" for name, project in answers.projects.items()]
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """Write text so that every YAML reader takes it for the same text."""
    bare = text[:1].isalpha() and set(text) <= _PLAIN and plain_value(text) == text and not ambiguity(text)
    return text if bare else json.dumps(text, ensure_ascii=False)
