"""What GitHub refuses in a change of a reference, and its words for it. Pure: facts in, sentences out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.github.callers import Caller

LARGEST_FILE = 100 * 1024 * 1024
_MEGABYTE = 1024 * 1024
DECLINED = "push declined due to repository rule violations"
HOOK_DECLINED = "pre-receive hook declined"


@dataclass(frozen=True, slots=True)
class Change:
    """What is known of one reference to change.

    ``through_pull_request`` is set when a merge makes the change; ``approvals`` and ``passed`` (status checks that
    succeeded on the new commit) count then and otherwise.
    """

    ref: str
    creates: bool = False
    deletes: bool = False
    fast_forward: bool = True
    merge_commits: bool = False
    through_pull_request: bool = False
    approvals: int = 0
    passed: frozenset[str] = frozenset()


def violations(rules: Sequence[Mapping[str, Any]], change: Change) -> list[str]:
    """Return the sentences for the rules a change breaks, in the order of the rules."""
    found = [_violation(rule["type"], rule.get("parameters") or {}, change) for rule in rules]
    return [sentence for sentences in found for sentence in sentences]


def _violation(kind: str, parameters: Mapping[str, Any], change: Change) -> list[str]:
    thing = "tag" if change.ref.startswith("refs/tags/") else "branch"
    if change.deletes:
        return [f"Cannot delete this {thing}"] if kind == "deletion" else []
    broken = {
        "creation": change.creates and "Cannot create ref due to creations being restricted.",
        "update": not change.creates and "Cannot update this protected ref.",
        "non_fast_forward": not change.creates and not change.fast_forward and f"Cannot force-push to this {thing}",
        "required_linear_history": change.merge_commits and f"This {thing} must not contain merge commits.",
        "required_signatures": "Commits must have verified signatures.",
    }
    if kind == "pull_request":
        return _pull_request(parameters, change)
    if kind == "required_status_checks":
        return _checks(parameters, change)
    return [sentence] if (sentence := broken.get(kind)) else []


def _pull_request(parameters: Mapping[str, Any], change: Change) -> list[str]:
    if not change.through_pull_request:
        return ["Changes must be made through a pull request."]
    wanted = int(parameters.get("required_approving_review_count", 0))
    if change.approvals >= wanted:
        return []
    plural = "" if wanted == 1 else "s"
    return [f"At least {wanted} approving review{plural} is required by reviewers with write access."]


def _checks(parameters: Mapping[str, Any], change: Change) -> list[str]:
    if change.creates and parameters.get("do_not_enforce_on_create"):
        return []
    names = [check["context"] for check in parameters.get("required_status_checks", ())]
    missing = [name for name in names if name not in change.passed]
    if len(missing) == 1:
        return [f'Required status check "{missing[0]}" is expected.']
    return [f"{len(missing)} of {len(names)} required status checks are expected."] if missing else []


def rule_text(ref: str, sentences: Sequence[str]) -> str:
    """Return what a client's terminal shows for broken rules."""
    lines = [f"error: GH013: Repository rule violations found for {ref}.", ""]
    return "\n".join([*lines, *(f"- {sentence}\n" for sentence in sentences), ""])


def bypass_text(ref: str, sentences: Sequence[str]) -> str:
    """Return what a client's terminal shows for rules that were passed by."""
    return "\n".join([f"Bypassed rule violations for {ref}:", "", *(f"- {sentence}\n" for sentence in sentences), ""])


def large_file_text(files: Sequence[tuple[str, int]]) -> str:
    """Return what a client's terminal shows for files that are too large."""
    lines = [
        "error: GH001: Large files detected. You may want to try Git Large File Storage - https://git-lfs.github.com.",
        "error: See https://gh.io/lfs for more information.",
    ]
    for path, size in files:
        limit = f"this exceeds GitHub's file size limit of {LARGEST_FILE / _MEGABYTE:.2f} MB"
        lines.append(f"error: File {path} is {size / _MEGABYTE:.2f} MB; {limit}")
    return "\n".join([*lines, ""])


def workflow_refusal(caller: Caller, paths: Sequence[str]) -> str:
    """Return why a caller may not push these workflow files, or nothing."""
    if not paths:
        return ""
    if caller.kind == "classic":
        missing = "" if "workflow" in caller.scopes else "`workflow` scope"
    else:
        missing = "" if caller.permissions.get("workflows") == "write" else "`workflows` permission"
    who = "GitHub App" if caller.kind == "installation" else "Personal Access Token"
    return f"refusing to allow a {who} to create or update workflow `{paths[0]}` without {missing}" if missing else ""
