"""Jobs that call another workflow: its jobs join the plan, with inputs, secrets and permissions of their own.

https://docs.github.com/actions/how-tos/reuse-automations/reuse-workflows
"""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.github.actions import ending
from provisioner.sandbox.github.actions.contexts import github_context, job_scope, variables
from provisioner.sandbox.github.actions.definition import Definition, InvalidWorkflow, needs_of, permissions_of, read
from provisioner.sandbox.github.actions.evaluation import Scope, interpolate, to_text
from provisioner.sandbox.github.actions.matrix import Combination, label
from provisioner.sandbox.github.actions.records import Board
from provisioner.sandbox.github.bare import GitRefused
from provisioner.sandbox.store import Document

_DEEPEST = 10
_LOCAL = re.compile(r"\./(\.github/workflows/[^/@]+\.ya?ml)")
_TYPES: tuple[tuple[str, tuple[type, ...]], ...] = (("boolean", (bool,)), ("number", (int, float)), ("string", (str,)))


class CallRefused(Exception):
    """A workflow that cannot be called so; the text says why, in GitHub's words where they are known."""


def nodes_of(definition: Definition, scope: str, prefix: str = "", inner: tuple[str, ...] = ()) -> dict[str, Document]:
    """Return a workflow's jobs as nodes of a plan; ``inner`` are the paths of the jobs that call it."""
    start = "".join(f"{name}/" for name in inner)
    return {
        f"{start}{name}": {
            "id": name,
            "path": f"{start}{name}",
            "scope": scope,
            "prefix": prefix,
            "definition": job,
            "needs": [f"{start}{needed}" for needed in needs_of(job)],
            "call": "uses" in job,
            "state": "blocked",
            "result": "",
            "outputs": {},
            "jobs": [],
            "children": [],
        }
        for name, job in definition.jobs.items()
    }


def scope_of(definition: Definition, inputs: dict[str, Any], **more: Any) -> Document:  # noqa: ANN401 - members of a scope
    """Return what all jobs of a workflow share."""
    return {
        "file": definition.path,
        "inputs": inputs,
        "env": definition.section("env") or {},
        "defaults": definition.section("defaults") or {},
        "permissions": permissions_of(definition.section("permissions")),
        "outputs": {},
        "secrets": None,
        "parent": None,
        **more,
    }


def expand(board: Board, path: str, node: Document, rows: list[Combination]) -> None:
    """Put the jobs of a called workflow into the plan, once per combination. Raises CallRefused."""
    if path.count("/") + 1 > _DEEPEST:
        raise CallRefused(f"Reusable workflows can be nested {_DEEPEST} levels deep at most")
    definition = _called(board, str(node["definition"]["uses"]))
    declared = definition.section("on")
    trigger = declared.get("workflow_call", False) if isinstance(declared, dict) else False
    if trigger is False and "workflow_call" not in (declared if isinstance(declared, list) else [declared]):
        raise CallRefused(f"The workflow {definition.path} has no `workflow_call` trigger")
    trigger = trigger if isinstance(trigger, dict) else {}
    for index, row in enumerate(rows):
        scope = job_scope(board, node, matrix=row)
        given = interpolate(node["definition"].get("with") or {}, scope)
        own = f"{path}#{index}"
        board.plan["scopes"][own] = scope_of(
            definition,
            _inputs(trigger.get("inputs") or {}, given),
            outputs=_declared_outputs(trigger),
            secrets=_secrets(trigger.get("secrets") or {}, node["definition"].get("secrets")),
            parent=node["path"],
        )
        name = to_text(interpolate(node["definition"].get("name") or node["id"], scope))
        prefix = f"{name} ({label(row)})" if row else name
        prefix = f"{node['prefix']} / {prefix}" if node["prefix"] else prefix
        inner = (*path.split("/")[:-1], f"{node['id']}#{index}" if len(rows) > 1 else node["id"])
        children = nodes_of(definition, own, prefix, inner)
        board.nodes.update(children)
        node["children"] = [*node["children"], {"scope": own, "paths": list(children)}]


def _called(board: Board, uses: str) -> Definition:
    match = _LOCAL.fullmatch(uses)
    if match is None:
        raise CallRefused(
            f"The sandbox calls workflows of the same repository only (./.github/workflows/…), not {uses!r}"
        )
    try:
        content = board.git.run("cat-file", "blob", f"{board.run['sha']}:{match[1]}")
        return read(match[1], content)
    except GitRefused:
        raise CallRefused(f"error parsing called workflow {uses!r}: workflow was not found.") from None
    except InvalidWorkflow as problem:
        raise CallRefused(f"error parsing called workflow {uses!r}: {problem}") from None


def _inputs(declared: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise CallRefused(f"Invalid input, {unknown[0]} is not defined in the referenced workflow.")
    found = {}
    for name, about in declared.items():
        about = about if isinstance(about, dict) else {}  # noqa: PLW2901 - `name:` without anything is a declaration
        if about.get("required") and name not in given:
            raise CallRefused(f"Input {name} is required, but not provided while calling.")
        kind = str(about.get("type", "string"))
        empty = {"boolean": False, "number": 0}.get(kind, "")
        found[name] = _typed(name, kind, given.get(name, about.get("default", empty)))
    return found


def _typed(name: str, kind: str, value: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if kind == "string" and isinstance(value, int | float | bool):
        return to_text(value)
    right = isinstance(value, dict(_TYPES).get(kind, (str,))) and not (kind == "number" and isinstance(value, bool))
    if not right:
        raise CallRefused(f"Invalid input, {name}: expected a {kind}.")
    return value


def _declared_outputs(trigger: dict[str, Any]) -> dict[str, str]:
    return {str(name): str((about or {}).get("value", "")) for name, about in (trigger.get("outputs") or {}).items()}


def _secrets(declared: dict[str, Any], given: object) -> object:
    if given == "inherit":
        return "inherit"
    mapped = given if isinstance(given, dict) else {}
    for name, about in declared.items():
        if isinstance(about, dict) and about.get("required") and name not in mapped:
            raise CallRefused(f"Secret {name} is required, but not provided while calling.")
    return mapped


def finish(board: Board, path: str, node: Document) -> bool:
    """Give a calling job its result once the called jobs are over."""
    del path
    paths = [inner for child in node["children"] for inner in child["paths"]]
    if any(board.nodes[inner]["state"] != "done" for inner in paths):
        return False
    node |= {"state": "done", "result": ending.combined([board.nodes[inner]["result"] for inner in paths])}
    for child in node["children"]:
        node["outputs"] = node["outputs"] | _outputs(board, node, child)
    return True


def _outputs(board: Board, node: Document, child: Document) -> dict[str, str]:
    scope = board.plan["scopes"][child["scope"]]
    jobs = {
        board.nodes[path]["id"]: {"result": board.nodes[path]["result"], "outputs": board.nodes[path]["outputs"]}
        for path in child["paths"]
    }
    contexts = {
        "jobs": jobs,
        "inputs": scope["inputs"],
        "github": github_context(board, node),
        "vars": variables(board.tx, board.repository, None),
    }
    return {name: to_text(interpolate(text, Scope(contexts))) for name, text in scope["outputs"].items()}
