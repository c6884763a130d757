"""What sets a workflow off: its ``on`` section against an event. Pure.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#on
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.sandbox.github.actions.definition import load
from provisioner.sandbox.github.actions.evaluation import to_text
from provisioner.sandbox.github.actions.filters import chosen, listed

_PULL_TYPES = ("opened", "synchronize", "reopened")
_SKIPS = ("[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]")


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow file: its name, what it says under ``on`` (event -> filters), and the whole document."""

    path: str
    name: str
    on: Mapping[str, Any]
    document: Mapping[str, Any] = field(default_factory=dict)


class InputRefused(Exception):
    """An input of a dispatch that the workflow does not take; the text is GitHub's."""


def parse(path: str, content: bytes) -> Workflow | None:
    """Read a workflow file; None when it is no workflow."""
    document = load(content)
    if document is None or not isinstance(document.get("jobs"), dict):
        return None
    return Workflow(path, str(document.get("name") or path), _events(document.get("on")), document)


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


def accepted_inputs(workflow: Workflow, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a dispatch with defaults filled in and types applied. Raises InputRefused."""
    known = dispatch_inputs(workflow)
    unexpected = sorted(set(given) - set(known))
    if unexpected:
        raise InputRefused(f"Unexpected inputs provided: {unexpected}")
    found = {}
    for name, about in known.items():
        if about.get("required") and "default" not in about and name not in given:
            raise InputRefused(f"Required input '{name}' not provided")
        found[name] = _typed(name, about, given.get(name, about.get("default")))
    return found


def _typed(name: str, about: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    kind, text = about.get("type", "string"), to_text(value)
    if kind == "boolean":
        if text not in {"true", "false", ""}:
            raise InputRefused(f"Provided value '{text}' for input '{name}' is not a boolean")
        return text == "true"
    if kind == "number":
        try:
            return float(text) if text else 0
        except ValueError:
            raise InputRefused(f"Provided value '{text}' for input '{name}' is not a number") from None
    options = [to_text(option) for option in about.get("options") or ()]
    if kind == "choice" and text not in (options if value is not None else ["", *options]):
        raise InputRefused(f"Provided value '{text}' for input '{name}' not in the list of allowed values")
    return (options[0] if options else "") if kind == "choice" and value is None else text


def skipped_by_message(message: str) -> bool:
    """Tell whether the message of the head commit says that push and pull_request start nothing."""
    return any(mark in message for mark in _SKIPS) or "\nskip-checks: true" in message.replace(
        "skip-checks:true", "skip-checks: true"
    )


def starts_on_push(workflow: Workflow, ref: str, changed: Sequence[str]) -> bool:
    """Tell whether a push to a ref with these changed files starts a workflow."""
    filters = workflow.on.get("push")
    if not isinstance(filters, dict) or not _ref_fits(filters, ref):
        return False
    return _paths_fit(filters, changed) if ref.startswith("refs/heads/") else True


def starts_on_pull_request(
    workflow: Workflow, base: str, action: str = "opened", changed: Sequence[str] | None = None
) -> bool:
    """Tell whether an activity on a pull request into a branch starts a workflow; ``changed`` None: not looked at."""
    filters = workflow.on.get("pull_request")
    if not isinstance(filters, dict):
        return False
    fits = action in (listed(filters.get("types")) or _PULL_TYPES) and _ref_fits(filters, f"refs/heads/{base}")
    return fits and (changed is None or _paths_fit(filters, changed))


def starts_on_completion(workflow: Workflow, name: str, branch: str, activity: str) -> bool:
    """Tell whether the end (or start) of another workflow's run starts this one."""
    filters = workflow.on.get("workflow_run")
    if not isinstance(filters, dict) or name not in listed(filters.get("workflows")):
        return False
    types = listed(filters.get("types")) or ["requested", "completed"]
    return activity in types and _ref_fits(filters, f"refs/heads/{branch}")


def starts_on_repository_dispatch(workflow: Workflow, kind: str) -> bool:
    """Tell whether a repository dispatch of a type starts a workflow."""
    filters = workflow.on.get("repository_dispatch")
    if not isinstance(filters, dict):
        return False
    types = listed(filters.get("types"))
    return not types or kind in types


def crons(workflow: Workflow) -> list[str]:
    """Return the cron lines of a workflow."""
    rows = workflow.on.get("schedule")
    return (
        [str(row["cron"]) for row in rows if isinstance(row, dict) and "cron" in row] if isinstance(rows, list) else []
    )


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
