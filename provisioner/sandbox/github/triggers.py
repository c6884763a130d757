"""What sets a workflow off: its ``on`` section against an event. Pure.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#on
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from provisioner.sandbox.github.patterns import matches

_LARGEST = 512 * 1024  # bytes of a workflow file


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow file: its name, and what it says under ``on`` (event -> filters)."""

    path: str
    name: str
    on: Mapping[str, Any]


def parse(path: str, content: bytes) -> Workflow | None:
    """Read a workflow file; None when it is no workflow (GitHub records a failed run for it)."""
    if len(content) > _LARGEST:
        return None
    try:
        document = YAML(typ="safe", pure=True).load(content)
    except (YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("jobs"), dict):
        return None
    return Workflow(path, str(document.get("name") or path), _events(document.get("on")))


def _events(section: object) -> dict[str, Any]:
    if isinstance(section, str):
        return {section: {}}
    if isinstance(section, list):
        return {str(name): {} for name in section}
    return {str(name): filters or {} for name, filters in section.items()} if isinstance(section, dict) else {}


def dispatch_inputs(workflow: Workflow) -> dict[str, dict[str, Any]]:
    """Return the inputs a workflow declares for being dispatched."""
    trigger = workflow.on.get("workflow_dispatch")
    declared = trigger.get("inputs") if isinstance(trigger, dict) else None
    if not isinstance(declared, dict):
        return {}
    return {str(name): about if isinstance(about, dict) else {} for name, about in declared.items()}


def starts_on_push(workflow: Workflow, ref: str, changed: Sequence[str]) -> bool:
    """Tell whether a push to a ref with these changed files starts a workflow."""
    if "push" not in workflow.on:
        return False
    filters = workflow.on["push"]
    if not isinstance(filters, dict):
        return False
    if not _ref_fits(filters, ref):
        return False
    return _paths_fit(filters, changed) if ref.startswith("refs/heads/") else True


def starts_on_pull_request(workflow: Workflow, base: str) -> bool:
    """Tell whether opening a pull request into a branch starts a workflow."""
    filters = workflow.on.get("pull_request")
    if not isinstance(filters, dict):
        return False
    return chosen(filters.get("types", ["opened"]), "opened") and _ref_fits(filters, f"refs/heads/{base}")


def _ref_fits(filters: Mapping[str, Any], ref: str) -> bool:
    names = ("branches", "tags") if ref.startswith("refs/heads/") else ("tags", "branches")
    own, other = names
    name = ref.split("/", 2)[2]
    if own in filters:
        return chosen(filters[own], name)
    if f"{own}-ignore" in filters:
        return not chosen(filters[f"{own}-ignore"], name)
    return other not in filters and f"{other}-ignore" not in filters


def _paths_fit(filters: Mapping[str, Any], changed: Sequence[str]) -> bool:
    if "paths" in filters:
        return any(chosen(filters["paths"], path) for path in changed)
    if "paths-ignore" in filters:
        return any(not chosen(filters["paths-ignore"], path) for path in changed)
    return True


def chosen(patterns: object, name: str) -> bool:
    """Tell whether a pattern or a list of them ends up including a name; ``!`` takes out again what came before."""
    included = False
    for pattern in patterns if isinstance(patterns, list) else [patterns or ""]:
        text = str(pattern)
        if matches(text.removeprefix("!"), name):
            included = not text.startswith("!")
    return included
