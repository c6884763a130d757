"""The attribute mapping: the composite attributes as defined, every optional claim guarded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_ENV = "(has(assertion.environment) ? assertion.environment : '')"

BOUND: Mapping[str, str] = {
    "google.subject": (
        "assertion.repository_id + (has(assertion.environment) ? ':env:' + assertion.environment"
        " : ':event:' + assertion.event_name)"
    ),
    "attribute.repo_event": f"assertion.repository_id + ':' + {_ENV} + ':' + assertion.event_name",
    "attribute.repo_env_ref_event": (
        f"assertion.repository_id + ':' + {_ENV} + ':' + assertion.ref + ':' + assertion.event_name"
    ),
}
"""The attributes that grants rest on, word for word; spaces do not count."""

FOR_AUDIT = frozenset({"repository_id", "repository", "ref", "actor_id", "job_workflow_ref"})
ATTRIBUTES_LIMIT = 50
EXPRESSION_LIMIT = 2048
_ALWAYS = frozenset({"repository_id", "repository_owner_id", "event_name", "ref", "sub", "aud", "iss"})
_CLAIM = re.compile(r"(?<!has\()assertion\.(\w+)")
_GUARD = re.compile(r"has\(\s*assertion\.(\w+)\s*\)")


def mapping_problems(mapping: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with a provider's mapping, in sentences."""
    if len(mapping) > ATTRIBUTES_LIMIT:
        yield f"{len(mapping)} attributes are mapped, Google allows {ATTRIBUTES_LIMIT}"
    for attribute, expression in BOUND.items():
        if attribute not in mapping:
            yield f"{attribute} is not mapped"
        elif _squeezed(mapping[attribute]) != _squeezed(expression):
            yield f"{attribute} is not built from repository id, environment, ref and event as bindings expect"
    for attribute, expression in mapping.items():
        if attribute not in BOUND:
            yield from _extra_problems(attribute, expression)


def _extra_problems(attribute: str, expression: str) -> Iterator[str]:
    if attribute.removeprefix("attribute.") not in FOR_AUDIT or not attribute.startswith("attribute."):
        yield f"{attribute} is neither an attribute that bindings use nor one for the audit log"
    if len(expression) > EXPRESSION_LIMIT:
        yield f"{attribute} has {len(expression)} characters, Google allows {EXPRESSION_LIMIT}"
    open_claims = set(_CLAIM.findall(expression)) - set(_GUARD.findall(expression)) - _ALWAYS
    if open_claims:
        yield f"{attribute} reads assertion.{min(open_claims)} without has(): a token without it could not be exchanged"


def _squeezed(expression: str) -> str:
    """Drop the spaces outside quotes."""
    parts = re.split(r"('[^']*')", expression)
    return "".join(part if part.startswith("'") else re.sub(r"\s+", "", part) for part in parts)
